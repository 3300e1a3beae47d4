"""What people and devices do to a page without meaning to: each leaves the hunt as it should be."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.pages.hunts import clue, solo, teams
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
    ada.answer("clue:a", "Sending “coffee”")
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


def test_an_answer_that_comes_too_late_is_said_at_its_clue_and_on_its_card(
    phone: Phones, cast: Cast, proxy: Proxy
) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    proxy.gone()
    ada.offline()
    ada.guess("tea")
    ada.page.evaluate("location.hash = 'clues'")
    ada.sees("[data-clue='a']", "tea waits for the connection")
    host.ask("end", hunt=hunt)
    proxy.back()
    ada.sees(".ended", "over")
    ada.sees("[data-clue='a']", "The hunt is over.")
    ada.clue("a")
    ada.answer("clue:a", "The hunt is over.")


def test_a_code_in_the_link_is_sent_once_by_who_plays_and_by_who_comes_in_by_it(
    phone: Phones, cast: Cast, site: str
) -> None:
    hunt, _ = cast.hunt(
        teams(clue("a", kind="code", answers=[], codes=["STONE-17"]))
        | {"tries": {"codes": {"free": 0, "cool_down_s": 300}}}
    )
    ada = phone()
    link = f"{site}?hunt={hunt}&scan="
    ada.play(f"{link}STONE-17", "Ada", team="Reds")
    ada.sees(".progress", "1 of 1 solved")
    assert "STONE" not in ada.page.url
    bo = phone()
    bo.play(f"{site}?hunt={hunt}", "Bo", team="Blues")
    bo.open(f"{link}STONE-18")
    bo.answer("scan", "belongs to nothing that is open to you")

    def waits_until() -> int:
        """Reload, and return what the server says: before, the page reckons by its own clock."""
        bo.page.reload()
        bo.inside()
        bo.online()
        return int(bo.state("state.page.team.codes_wait_until_ms"))

    assert waits_until() == waits_until()  # not tried once more
    for one in (ada, bo):
        one.well()


def test_two_taps_on_a_button_do_it_once_and_the_answer_stays(phone: Phones, cast: Cast, site: str) -> None:
    chest = {"id": "chest", "title": "A chest", "quantity": 5, "points": 5}
    hint = {"id": "h", "text": "Hot.", "price": 0}
    hunt, _ = cast.hunt(teams(clue("a", hints=[hint])) | {"treasures": [chest]})
    ada = phone(permissions=["geolocation"], geolocation={"latitude": 54.0, "longitude": 10.0, "accuracy": 5})
    sent: list[str] = []
    ada.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    twice = "button => { button.click(); button.click() }"
    ada.page.locator("[data-treasure='chest'] button").evaluate(twice)
    ada.sees("[data-treasure='chest']", "yours")
    ada.answer("treasure:chest", "Done.")
    ada.clue("a")
    ada.page.locator("[data-hint='h'] button").click()
    ada.page.locator("[data-hint='h'] button.act").evaluate(twice)
    ada.sees("[data-hint='h'].opened", "Hot.")
    for op in ("claim", "hint"):
        assert len([frame for frame in sent if f'"op":"{op}"' in frame]) == 1, op
    ada.well()


def test_the_next_player_on_a_phone_sees_nothing_of_the_one_before(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")
    ada.celebrated()
    ada.page.locator("a.back").click()
    ada.go("team")
    ada.page.locator("#next").click()
    ada.page.locator("#next-go").click()
    ada.open(f"{site}?hunt={hunt}")
    ada.join("Bo", team="Blues")
    ada.inside()
    host.ask("end", hunt=hunt)
    ada.page.evaluate("location.hash = 'receipt'")
    ada.sees(".receipt", "Blues")
    ada.sees(".receipt", "No clue was solved this time.")
    assert ada.state("[state.places, state.moments.length, state.tried.a]") == [
        [],
        ada.state("state.moments.length"),
        None,
    ]


def test_what_an_older_page_kept_is_not_shown_and_stops_nothing(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.page.evaluate("""(hunt) => {
        const { player } = JSON.parse(localStorage.getItem("huntserver.me"));
        const old = JSON.stringify({ page: { title: 7 }, at_ms: 1 });
        addEventListener("pagehide", () => localStorage.setItem(`huntserver.page.${hunt}.${player}`, old));
    }""", hunt)  # fmt: skip
    ada.page.reload()
    ada.sees("[data-clue='a']", "open")
    ada.online()
    ada.well()


def test_a_store_that_never_opens_keeps_nobody_from_playing(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.page.add_init_script("indexedDB.open = () => ({})")  # as some browsers do once in a while
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.sees("[data-strip='storage']", "keeps nothing")
    ada.clue("a")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")


def test_a_page_that_nobody_sees_is_drawn_when_it_is_looked_at(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.page.evaluate("Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true })")
    host.ask("announce", hunt=hunt, text="Beware of the dog.")
    ada.until("state.page.announcements.length === 1")
    expect(ada.page.locator(".news")).to_have_count(0)
    ada.page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    ada.sees(".news", "Beware of the dog.")
    ada.well()


def test_lists_keep_their_numbers_and_each_paragraph_runs_as_it_is_written(
    phone: Phones, cast: Cast, site: str
) -> None:
    text = "سؤال من المتحف\n\nTurn left at the pond.\n\n0. start\n1. left\n\n* a bench\n\n```\nx = 1\n```"
    hunt, _ = cast.hunt(solo(clue("a", text=text)))
    ada = phone(viewport={"width": 320, "height": 568})
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.clue("a")
    prose = ada.page.locator("article .prose").first
    assert prose.locator("ol").evaluate("list => [getComputedStyle(list).listStyleType, list.start]") == ["decimal", 0]
    assert prose.locator("ul").evaluate("list => getComputedStyle(list).listStyleType") == "disc"
    sides = prose.evaluate(
        """prose => [...prose.querySelectorAll("p, pre code")].map((one) => {
            const words = document.createRange();
            words.selectNodeContents(one);
            const [own, all] = [words.getBoundingClientRect(), prose.getBoundingClientRect()];
            return own.left - all.left < all.right - own.right ? "left" : "right";
        })"""
    )
    assert sides == ["right", "left", "left"]
    ada.well()
