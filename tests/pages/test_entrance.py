"""The entrance while the rest of the page is still on its way, or does not come."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Route

from tests.pages.hunts import teams
from tests.pages.phone import Phone
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


def test_who_presses_play_while_the_network_is_gone_is_told_and_comes_in_when_it_is_back(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(service_workers="block")
    ada.page.route("**/player/inside.js*", lambda route: route.abort())
    ada.open(f"{site}?hunt={hunt}")
    ada.join("Ada", team="Reds")
    ada.sees("#fault-hunt", "The server does not answer. Check your network and press the button again.")
    assert ada.page.locator("#team").input_value() == "Reds"
    ada.page.unroute("**/player/inside.js*")
    ada.page.locator("#enter button.act").click()
    ada.inside()
    ada.well(lost=True)


def test_who_comes_while_the_server_does_not_know_yet_what_time_it_is_comes_in_a_moment_later(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(service_workers="block")
    refused: list[str] = []

    def busy(route: Route) -> None:
        if len(refused) == 2:
            route.continue_()
            return
        refused.append(route.request.url)
        said = {"code": "busy", "msg": "come back", "retry": True, "after_ms": 10}
        route.fulfill(status=503, content_type="application/json", body=json.dumps(said))

    ada.page.route("**/guest", busy)
    ada.open(f"{site}?hunt={hunt}")
    ada.join("Ada", team="Reds")
    ada.inside()
    assert len(refused) == 2
    assert all("503" in trouble for trouble in ada.troubles)


def test_a_language_that_does_not_come_leaves_english_in_the_hunt_and_is_asked_for_again(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone(locale="de-DE", service_workers="block")
    ada.page.route("**/strings/game/de.js*", lambda route: route.abort())
    ada.open(f"{site}?hunt={hunt}")
    ada.sees("#enter", "Mitspielen")  # the entrance has its words with it
    with ada.page.expect_event("requestfailed", lambda request: "strings/game" in request.url):
        ada.join("Ada", team="Reds")
    ada.inside()
    ada.sees("nav.views", "Clues")
    ada.page.unroute("**/strings/game/de.js*")
    ada.page.evaluate("dispatchEvent(new CustomEvent('language', { detail: 'de' }))")
    ada.sees("nav.views", "Rätsel")


def test_an_address_that_was_cut_off_in_the_middle_opens_the_hunt(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.page.evaluate("location.hash = 'clue/%E0%A4%A'")
    ada.sees("main .empty", "This clue is not open to your team.")
    ada.page.locator("a.back").click()
    ada.sees("[data-clue='a']", "Clue a")
    ada.well()
