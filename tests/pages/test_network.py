"""The page on networks that fail: one socket whose life it knows, and nothing lost, whatever becomes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Route, WebSocketRoute, expect

from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.pictures import state
from tests.pages.proxy import Proxy
from tests.pages.restarts import restarting, start_again
from tests.pages.talker import Cast

Phones = Callable[..., Phone]
COUNT_SOCKETS = """
    const Real = WebSocket;
    window.sockets = [];
    window.WebSocket = class extends Real { constructor(...given) { super(...given); window.sockets.push(this); } };
"""


def test_a_guess_made_without_a_network_goes_out_when_it_is_back(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    proxy.gone()
    ada.offline()
    ada.guess("coffee")
    ada.answer("clue:a", "waits for the connection")
    ada.clue("b")
    ada.guess("tea")
    ada.sees("[data-strip='lost']", "2 things wait")
    state(ada, "two-waiting")
    proxy.back()
    ada.online()
    ada.answer("clue:b", "Correct")
    ada.celebrated()
    state(ada, "back-online")
    ada.clue("a")
    ada.answer("clue:a", "is not it")
    assert [row["score"] for row in cast.talker("admin").ask("board", hunt=hunt)["rows"]] == [10]
    ada.well(lost=True)


def test_what_waits_is_still_sent_after_the_page_was_closed(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    url = f"{proxy.url}?hunt={hunt}"
    ada.play(url, "Ada", team="Reds")
    ada.clue("a")
    proxy.gone()
    ada.offline()
    ada.guess("tea")
    ada.answer("clue:a", "waits for the connection")
    ada.page.close()
    proxy.back()
    ada.page = ada.tab()
    ada.open(url)
    ada.sees(".progress", "1 of 2 solved")
    ada.online()


def test_a_phone_that_comes_back_in_two_ways_at_once_has_one_socket(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.context.add_init_script(COUNT_SOCKETS)
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    proxy.gone()
    ada.context.set_offline(True)
    ada.offline()
    proxy.back()
    ada.context.set_offline(False)  # the browser's `online` and the page's own timer both connect
    ada.page.evaluate(
        "for (let i = 0; i < 5; i++) { dispatchEvent(new Event('online')); dispatchEvent(new Event('pageshow')) }"
    )
    ada.online()
    ada.clue("a")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")
    ada.online()
    assert ada.page.evaluate("window.sockets.filter((socket) => socket.readyState === 1).length") == 1


def test_a_dead_socket_that_looks_alive_is_found_out(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    proxy.swallow()  # nobody is told
    ada.guess("tea")
    ada.page.evaluate("dispatchEvent(new Event('online'))")  # a hint: the page looks, and hears nothing
    proxy.swallowing = False
    ada.answer("clue:a", "Correct")
    ada.online()


def test_a_page_that_heard_nothing_for_a_while_misses_nothing(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.go("team")
    code = ada.page.locator("p.code").inner_text()
    ada.go("clues")
    mate = cast.player(hunt, "Bo", invite=code)
    proxy.gone()
    ada.offline()
    mate.ask("guess", hunt=hunt, clue="a", text="tea")
    host.ask("announce", hunt=hunt, text="Beware of the dog.")
    host.ask("adjust", hunt=hunt, team="t1", points=7, reason="a song")
    proxy.back()
    ada.online()
    ada.sees(".progress", "1 of 2 solved · 17 points")
    ada.go("feed")
    ada.sees("main", "Beware of the dog.")
    ada.sees("main", "a song")


def test_a_server_that_restarts_is_waited_for_and_nothing_is_lost(phone: Phones, tmp_path: Path) -> None:
    with restarting(tmp_path) as live, Proxy(live.port) as proxy:
        cast = Cast(live)
        hunt, _ = cast.hunt(teams())
        ada = phone()
        ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
        ada.clue("a")
        cast.close()
        live.stop()
        ada.offline()
        ada.guess("tea")
        start_again(live)
        ada.answer("clue:a", "Correct")
        ada.online()
        ada.well(lost=True)


def test_a_planned_stop_is_said_in_words(phone: Phones, tmp_path: Path) -> None:
    with restarting(tmp_path) as live:
        cast = Cast(live)
        hunt, _ = cast.hunt(teams())
        ada = phone()
        ada.play(f"http://127.0.0.1:{live.port}/?hunt={hunt}", "Ada", team="Reds")
        cast.close()
        live.stop()
        ada.sees("[data-strip='lost']", "The server restarts")
        state(ada, "restarting")


def test_of_two_tabs_the_newer_plays_and_takes_over_what_waits(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    url = f"{proxy.url}?hunt={hunt}"
    ada.play(url, "Ada", team="Reds")
    first = ada.page
    ada.clue("a")
    proxy.gone()
    ada.offline()
    ada.guess("tea")
    ada.answer("clue:a", "waits for the connection")
    second = ada.page = ada.tab()
    proxy.back()
    ada.open(url)
    ada.sees(".progress", "1 of 2 solved")
    strip = "[data-strip='replaced']"  # in the tab whose hello came first: the first one may have tried again later
    deadline = time.monotonic() + WAIT_MS / 1000
    while not any(tab.locator(strip).is_visible() for tab in (first, second)):
        assert time.monotonic() < deadline, "neither tab gave way"
        second.wait_for_timeout(50)
    older, newer = (first, second) if first.locator(strip).is_visible() else (second, first)
    older.locator(f"{strip} button").click()
    expect(newer.locator(strip)).to_be_visible(timeout=WAIT_MS)
    ada.page = newer
    state(ada, "other-tab")
    ada.page = older
    ada.online()
    ada.clue("b")
    ada.guess("tea")
    ada.answer("clue:b", "Correct")


def test_many_guesses_without_a_network_arrive_each_once_and_in_order(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, host = cast.hunt(teams(*(clue(f"c{i}") for i in range(20))))
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    proxy.gone()
    ada.offline()
    for i in range(20):  # more than the window of 16
        ada.clue(f"c{i}")
        ada.guess("tea")
        ada.answer(f"clue:c{i}", "waits for the connection")
    proxy.back()
    ada.online()
    ada.page.evaluate("location.hash = 'clues'")
    ada.sees(".progress", "20 of 20 solved · 200 points")
    assert len(host.ask("overview", hunt=hunt)["top"]) == 1


def test_on_a_slow_network_whatever_comes_shows_that_the_connection_lives(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams())
    ada = phone()
    ada.page.clock.install()
    opened: list[str] = []
    pings: set[int] = set()

    def way(socket: WebSocketRoute) -> None:
        """All but the answers to a ping, which wait behind something large."""
        opened.append(socket.url)
        server = socket.connect_to_server()

        def up(text: str | bytes) -> None:
            message = json.loads(text)
            if message["op"] == "ping":
                pings.add(message["id"])
            server.send(text)

        def down(text: str | bytes) -> None:
            if json.loads(text).get("id") not in pings:
                socket.send(text)

        socket.on_message(up)
        server.on_message(down)

    ada.page.route_web_socket("**/ws", way)
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.online()
    pings.clear()
    ada.page.evaluate("dispatchEvent(new Event('online'))")  # a doubt: the page asks, and waits for a word
    host.ask("announce", hunt=hunt, text="Tea at four.")
    ada.sees(".strip.news", "Tea at four.")
    assert len(pings) == 1
    ada.page.clock.run_for(5000)
    ada.online()
    assert len(opened) == 1
    ada.well()


def test_a_clue_whose_text_is_on_its_way_says_so(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(*(clue(f"c{i}", text="A riddle. " * 60) for i in range(60))))
    ada = phone(service_workers="block")  # what it fetches is not held
    held: list[Route] = []
    ada.page.route("**/texts/*", lambda route: held.append(route))
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("c59")
    ada.sees("[data-coming]", "on its way")
    for route in held:
        route.continue_()
    ada.page.unroute("**/texts/*")
    ada.sees(".paper", "A riddle.")
    ada.no_more("[data-coming]")


def test_slow_and_stuttering_bytes_change_nothing(phone: Phones, cast: Cast, proxy: Proxy) -> None:
    hunt, _ = cast.hunt(teams())
    proxy.delay_s = 0.05
    ada = phone()
    ada.play(f"{proxy.url}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    for text in ("one", "two", "tea"):
        ada.guess(text)
    ada.answer("clue:a", "Correct")
    ada.well()
