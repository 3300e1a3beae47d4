"""The team's page: a second phone for the same player; what a captain changes."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.pictures import state
from tests.pages.proxy import Proxy
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


def shown_code(ada: Phone) -> str:
    """Let a phone show the code for another one."""
    ada.go("team")
    ada.page.locator("#pair").click()
    ada.sees("[data-pair]", re.compile(r"[A-Z0-9]{8}"))
    return ada.page.locator("[data-pair]").inner_text().split()[-1]


def test_another_phone_plays_on_as_the_same_player_by_a_code_or_a_link(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada, new, third = phone(), phone(), phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    code = shown_code(ada)
    expect(ada.page.locator("dialog .qr svg")).to_be_visible(timeout=WAIT_MS)
    expect(ada.page.locator("dialog time-left")).to_have_text(re.compile(r"^[45]:\d\d$"))
    state(ada, "pairing")
    new.open(f"{site}?hunt={hunt}")
    new.page.locator("#pairs").click()
    new.page.locator("#enter button.act").click()
    new.sees("#pair-code-fault", "Type the code that your other phone shows.")
    new.page.locator("#pair-code").fill("WRONG-12")
    new.page.locator("#enter button.act").click()
    new.sees("#pair-code-fault", "let the other phone show a new one")
    state(new, "pairing-refused")
    new.page.locator("#pair-code").fill(f"{code[:4].lower()} {code[4:]}")
    new.page.locator("#enter button.act").click()
    new.inside()
    assert new.state("state.me.name") == "Ada"
    ada.page.keyboard.press("Escape")
    new.clue("a")
    new.guess("tea")
    new.answer("clue:a", "Correct")
    ada.sees("main", "10 points")  # both play on
    code = shown_code(ada)
    cy = third
    cy.play(f"{site}?hunt={hunt}", "Cy", team="Blues")
    cy.page.goto("about:blank")
    cy.open(f"{site}?hunt={hunt}#pair/{code}")
    expect(cy.page.locator("#pair-code")).to_have_value(code, timeout=WAIT_MS)
    cy.page.locator("#enter button.act").click()
    cy.inside()
    assert (cy.state("state.me.name"), cy.state("state.page.team.name")) == ("Ada", "Reds")
    assert code not in cy.page.url
    for one in (ada, cy):
        one.well()
    assert [trouble for trouble in new.troubles if "404" not in trouble] == []  # a wrong code


def test_a_code_that_has_run_out_or_cannot_be_had_says_so(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    first = shown_code(ada)
    ada.page.evaluate("""async () => {
        const { modules } = await import(document.querySelector("script[type=module]").src);
        const { server_now, set_now } = modules["player/pieces.js"];
        const ahead = server_now() - Date.now() + 300_000;
        set_now(() => Date.now() + ahead);
        document.querySelector("dialog time-left").draw();
    }""")
    ada.sees("[data-due]", "This code has run out.")
    ada.page.keyboard.press("Escape")
    ada.no_more("dialog")
    proxy.gone()
    ada.offline()
    ada.page.locator("#pair").click()
    ada.sees("dialog .notice", "The code comes when it is back.")
    proxy.back()
    ada.sees("[data-pair], #pair-again", re.compile("[A-Z]"))
    ada.online()
    assert first not in ada.page.locator("dialog").inner_text()
    ada.well(lost=True)


def test_a_captain_renames_the_team_and_hands_it_over(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    cast.player(hunt, "Di", team="Blues")
    ada, bo = phone(), phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    invite = ada.state("state.page.team.invite")
    bo.play(f"{site}?hunt={hunt}", "Bo", code=invite)
    ada.go("team")
    ada.sees(".members", "Bo")
    ada.page.locator("#rename").click()
    ada.page.locator("#team-name").fill("Blues")
    ada.page.locator("#team-name").press("Enter")
    ada.answer("rename", "Another team has this name.")
    expect(ada.page.locator("#team-name")).to_have_value("Blues")
    state(ada, "renaming")
    ada.page.locator("#team-name").fill("The Night Owls")
    ada.page.locator("#team-name").press("Enter")
    ada.sees(".hero h2", "The Night Owls")
    ada.no_more("#team-name")
    bo.go("team")
    bo.sees(".hero h2", "The Night Owls")
    bo.no_more("#rename")
    bo.no_more(".members button")
    ada.page.locator("#new-code").click()
    ada.page.locator("#sure-go").click()
    expect(bo.page.locator("p.code")).not_to_have_text(invite, timeout=WAIT_MS)
    ada.page.locator(".members button").click()
    ada.sees("dialog", "Bo leads the team then")
    state(ada, "member")
    ada.page.locator("#make-captain").click()
    ada.sees(".members li:nth-child(1)", "Bo")
    ada.no_more("#rename")
    bo.page.locator("#rename").click()
    bo.page.locator("#team-name").fill("Bats")
    bo.page.locator(".rename button.act").click()
    ada.sees(".hero h2", "Bats")
    ada.go("feed")
    ada.sees(".feed", "Bo leads your team now")
    for one in (ada, bo):
        one.well()


def test_a_new_name_that_was_sent_without_a_network_says_so_and_comes(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams(clue("a")))
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    proxy.gone()
    ada.offline()
    ada.page.locator("#rename").click()
    ada.page.locator("#team-name").fill("Owls")
    ada.page.locator("#team-name").press("Enter")
    ada.page.locator("#team-name").press("Enter")  # once more is not twice
    ada.answer("rename", "“Owls” waits for the connection")
    assert ada.state("state.waiting") == 1
    proxy.back()
    ada.sees(".hero h2", "Owls")
    ada.no_more("#team-name")
    ada.well(lost=True)


def test_a_code_whose_drawing_does_not_come_at_first_is_drawn_later(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(service_workers="block")  # which would have it
    asked: list[str] = []

    def way(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    ada.page.route("**/qr.js*", way)
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    expect(ada.page.locator(".qr svg")).to_be_visible(timeout=WAIT_MS)
    assert len(asked) == 2
    ada.well(lost=True)
