"""What people and devices do to a page without meaning to: each leaves the hunt as it should be."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.proxy import Proxy
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


def test_a_pasted_book_is_cut_to_what_an_answer_may_have(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(clue("a"), clue("b", kind="code", answers=[], codes=["STONE-17"])))
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    for id, field in (("a", "#guess"), ("b", "#code")):
        ada.clue(id)
        ada.page.locator(field).focus()
        ada.page.keyboard.insert_text("tea " * 25_000)
        assert len(ada.page.locator(field).input_value()) <= 200
        ada.page.locator(field).press("Enter")
        ada.answer(f"clue:{id}", re.compile("is not it|belongs to nothing"))
    ada.online()
    ada.well()


def test_two_taps_at_once_send_one_answer_and_join_one_team(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.open(f"{site}?hunt={hunt}")
    ada.page.locator("#name").fill("Ada")
    ada.page.locator("#enter button.act").evaluate("button => { button.click(); button.click(); button.click() }")
    ada.inside()
    ada.clue("a")
    ada.page.locator("#guess").fill("coffee")
    ada.page.locator(".solve button.act").evaluate("button => { button.click(); button.click() }")
    ada.answer("clue:a", "is not it")
    overview = host.ask("overview", hunt=hunt)
    assert (overview["players"], overview["teams"]) == (1, 1)
    ada.sees(".tries", "coffee")
    expect(ada.page.locator(".tries li")).to_have_count(1)
    ada.page.evaluate("location.hash = 'clues'")
    ada.sees("[data-clue='a']", "tried once")
    ada.well()


def test_a_clock_that_is_hours_wrong_changes_no_countdown(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(clue("a", attempts={"free": 0, "cool_down_s": 300}), schedule={"duration_s": 3600}))
    ada = phone()
    ada.page.add_init_script("const now = Date.now.bind(Date); Date.now = () => now() + 5 * 3600_000;")
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    expect(ada.page.locator(".bar time-left")).to_have_text(re.compile(r"^(5\d:\d\d|1:00:00)$"), timeout=WAIT_MS)
    ada.clue("a")
    ada.guess("coffee")
    expect(ada.page.locator(".solve .ring")).to_have_text(re.compile(r"^[45]:\d\d$"), timeout=WAIT_MS)


def test_a_reload_in_the_middle_of_an_answer_sends_it_once(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, host = cast.hunt(teams(clue("a", attempts={"free": 5})))
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    proxy.swallow()  # what is sent is not answered
    ada.guess("coffee")
    ada.answer("clue:a", "Sending coffee")
    ada.until("state.waiting === 1")
    proxy.swallowing = False
    ada.page.reload()
    ada.sees(".clue-page", "Clue a")
    ada.until("state.link.state === 'online' && state.waiting === 0")
    ada.page.evaluate("location.hash = 'clues'")
    ada.sees("[data-clue='a']", "tried once")
    assert host.ask("big_board", hunt=hunt)["clues"][0]["wrong"] == 1


def test_the_way_back_leads_through_the_views_and_to_where_one_had_scrolled(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams(*(clue(f"c{i}") for i in range(30))))
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.page.locator("[data-clue='c25']").scroll_into_view_if_needed()
    before = ada.page.evaluate("scrollY")
    assert before > 0
    ada.page.locator("[data-clue='c25']").click()
    ada.sees(".clue-page", "Clue c25")
    assert ada.page.evaluate("scrollY") == 0
    ada.page.go_back()
    expect(ada.page.locator("[data-clue='c25']")).to_be_in_viewport(timeout=WAIT_MS)
    ada.go("board")
    ada.go("feed")
    ada.page.go_back()
    ada.sees("main h2", "Board")
    ada.page.go_back()
    ada.sees("[data-clue='c0']", "Clue c0")
    ada.page.go_forward()
    ada.sees("main h2", "Board")
    ada.well()


def test_another_language_in_the_middle_keeps_what_is_typed_and_what_was_answered(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.guess("coffee")
    ada.answer("clue:a", "is not it")
    ada.page.locator("#guess").fill("half a thought")
    ada.page.locator(".dot").click()
    ada.page.get_by_role("button", name="Deutsch").click()
    ada.page.keyboard.press("Escape")
    ada.answer("clue:a", "ist es nicht")
    expect(ada.page.locator("#guess")).to_have_value("half a thought")
    ada.page.locator("#guess").press("Enter")
    ada.answer("clue:a", "half a thought")
    ada.well()
