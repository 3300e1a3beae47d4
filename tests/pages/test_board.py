"""The board on a screen that nobody stands before: many windows, a sign-in that lapses, a screen that stays on."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.desk import Desk
from tests.pages.hunts import teams
from tests.pages.phone import WAIT_MS
from tests.pages.talker import Cast

Desks = Callable[..., Desk]
WATCH_LOCKS = """
    window.locks = [];
    navigator.wakeLock.request = (kind) => (window.locks.push(kind), Promise.resolve({}));
"""


def test_two_windows_of_one_browser_show_boards_beside_each_other(desk: Desks, cast: Cast, site: str) -> None:
    (one, host), (other, _) = cast.hunt(teams()), cast.hunt(teams())
    cast.player(one, "Ada", team="Owls")
    cast.player(other, "Bo", team="Bees")
    screen = desk()
    second = screen.tab()
    for page, hunt, team in ((screen.page, one, "Owls"), (second, other, "Bees")):
        page.goto(f"{site}board?hunt={hunt}")
        expect(page.locator(".large")).to_contain_text(team, timeout=WAIT_MS)
    screen.page.bring_to_front()
    host.ask("announce", hunt=one, text="Tea at four.")
    screen.sees("[data-told]", "Tea at four.")
    screen.sees(".large", "Owls")
    screen.well()


def test_a_guest_whose_sign_in_has_lapsed_sees_the_board_again_without_anybodys_hand(
    desk: Desks, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    cast.player(hunt, "Ada", team="Owls")
    screen = desk()
    lapsed = json.dumps({"player": "g-old", "token": cast.token("player", ttl_s=-3600)})
    screen.page.add_init_script(
        f"localStorage.getItem('x') || localStorage.setItem('huntserver.board.me', {lapsed!r});"
    )
    screen.page.add_init_script(WATCH_LOCKS)
    screen.open(f"{site}board?hunt={hunt}")
    screen.sees(".large", "Owls")
    assert screen.page.evaluate("window.locks") == ["screen"]
    screen.well()
