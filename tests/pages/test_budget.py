"""Budgets: what a first visit loads, how soon it is usable on a slow phone, and what one push changes among 500 clues.

Bytes and changes are asserted; times depend on the machine and are printed alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from huntserver.gateway.pages import pages
from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.pictures import state
from tests.pages.talker import Cast

Phones = Callable[..., Phone]
BYTES_MAX = 100_000
ENTRANCE_BYTES_MAX = 31_000
"""What has come, with heads, when the entrance can be used; the rest comes while it is read."""
NODES_MAX = 60
"""Of some 20,000: two pushes, each drawn where it belongs."""
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
WATCH = """async () => {
    const clues = document.querySelector("ul.clues");
    const ticks = (node) => (node.closest ? node : node.parentElement)?.closest("time-left");  // as time goes by
    let last = performance.now();
    window.changes = 0;
    new MutationObserver((seen) => {
        const drawn = seen.filter(({ target }) => !ticks(target)).length;
        window.changes += drawn;
        if (drawn) last = performance.now();
    }).observe(clues, { subtree: true, childList: true, attributes: true, characterData: true });
    while (performance.now() - last < 1500) await new Promise((done) => setTimeout(done, 50));
    window.changes = 0;
}"""
"""Counts what is drawn among the clues, once what was drawn before has come to rest."""


def test_a_first_visit_loads_less_than_a_hundred_kilobytes(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(clue("a", text="A **hot** drink."), clue("b")))  # what reads marked texts counts, too
    ada = phone()
    devtools = ada.context.new_cdp_session(ada.page)
    devtools.send("Network.enable")
    loaded: dict[str, float] = {}
    names: dict[str, str] = {}
    devtools.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    devtools.on(
        "Network.loadingFinished", lambda event: loaded.update({event["requestId"]: event["encodedDataLength"]})
    )
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("a")
    ada.sees(".paper strong", "hot")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")
    ours = {names.get(request, ""): size for request, size in loaded.items() if "icon" not in names.get(request, "")}
    print(f"a first visit to a first solve: {sum(ours.values()):.0f} bytes in {len(ours)} requests")
    assert 10_000 < sum(ours.values()) <= BYTES_MAX


def test_the_entrance_needs_no_more_than_its_share_and_three_round_trips(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams(intro="Come in."))
    ada = phone()
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url.removeprefix(site)))
    ada.page.route("**/player/inside.js", lambda route: None)  # it never comes
    ada.open(f"{site}?hunt={hunt}")
    expect(ada.page.locator("#enter button.act")).to_be_enabled(timeout=WAIT_MS)
    named = [re.sub("^shell/[0-9a-f]+/", "", url) for url in asked if "icon" not in url and "manifest" not in url]
    assert sorted(named) == sorted(
        [f"?hunt={hunt}", "player.css", "player/app.js", "hunts", f"hunts/{hunt}", "contours.svg", "player/inside.js"]
    )
    files = [pages().find(f"/{url.partition('?')[0]}") for url in asked]
    sizes = [
        len(file.packed or file.body) for url, file in zip(asked, files, strict=True) if file and "inside" not in url
    ]
    print(f"the entrance: {sum(sizes)} bytes in {len(sizes)} files")
    assert 10_000 < sum(sizes) <= ENTRANCE_BYTES_MAX


def test_the_console_and_the_board_come_in_one_module_each(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(re.sub("^.*/shell/[0-9a-f]+/", "", request.url)))
    ada.open(f"{site}host")
    ada.sees("main", "huntserver token --link")
    ada.open(f"{site}board?hunt={hunt}")
    ada.sees("main", "A walk")
    assert [url for url in asked if url.endswith(".js")] == ["host/app.js", "board/app.js"]
    ada.well()


def test_how_soon_a_slow_phone_can_be_used(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(teams())
    ada = phone()
    devtools = ada.context.new_cdp_session(ada.page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    ada.page.add_init_script("""
        new MutationObserver((_, watcher) => {
            if (!document.querySelector("#enter button")) return;
            window.usable = performance.now();
            watcher.disconnect();
        }).observe(document, { subtree: true, childList: true });
    """)
    ada.open(f"{site}?hunt={hunt}")
    expect(ada.page.locator("#enter button.act")).to_be_enabled(timeout=WAIT_MS)
    first_ms = ada.page.evaluate("window.usable")
    ada.page.reload()
    expect(ada.page.locator("#enter button.act")).to_be_enabled(timeout=WAIT_MS)
    again_ms = ada.page.evaluate("window.usable")
    print(f"usable at 4x CPU and 1.6 Mbit/s: {first_ms:.0f} ms on a first visit, {again_ms:.0f} ms on the next")
    assert first_ms > 0


def test_a_push_changes_what_it_is_about_among_five_hundred_clues(phone: Phones, cast: Cast, site: str) -> None:
    hunt, host = cast.hunt(teams(*(clue(f"c{i}", text="A riddle.") for i in range(500))))
    ada = phone()
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    expect(ada.page.locator("ul.clues > li")).to_have_count(500, timeout=WAIT_MS)
    ada.until("state.page.clues.every(({ waits }) => !waits)")  # the texts of all have come
    state(ada, "five-hundred")
    mate = cast.player(hunt, "Bo", invite=ada.state("state.page.team.invite"))
    ada.until("state.page.team.members.length === 2")
    ada.page.evaluate(WATCH)
    mate.ask("guess", hunt=hunt, clue="c250", text="coffee")
    ada.sees("[data-clue='c250']", "tried once")
    host.ask("adjust", hunt=hunt, team="t1", points=5, reason="a song")
    ada.sees(".progress", "5 points")
    assert 0 < ada.page.evaluate("window.changes") <= NODES_MAX
    took: Any = ada.page.evaluate("""async () => {
        const { modules } = await import(document.querySelector("script[type=module]").src);
        const { changed, state } = modules["player/store.js"];
        const times = [];
        for (let i = 0; i < 20; i++) {
            state.page = { ...state.page, team: { ...state.page.team, score: i } };
            const start = performance.now();
            changed();
            await Promise.resolve();
            await Promise.resolve();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[10];
    }""")
    print(f"a change among 500 clues is drawn in {took:.1f} ms (median)")
