"""How smoothly the pages draw, measured in Chromium and written to `docs/proof/frames.md`: `make frames` runs it.

Frame times are gaps between animation frames, beside those of an empty page of the same run. Not collected by
`make test`: they depend on the machine. Nothing is asserted but that what is measured was there.
"""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from lab.machines.servers import LocalServer, serving
from tests.pages.desk import Desk, sign_in_link
from tests.pages.hunts import clue, teams
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.talker import Cast, Talker
from tests.pages.test_budget import SLOW

Phones = Callable[..., Phone]
PAGE = Path(__file__).parents[2] / "docs" / "proof" / "frames.md"
TEAMS, PLAYERS, RATE, CLUES = 3000, 40, 200, 500
VISITS = 7
FRAMES = """async ({ seconds, scrolled }) => {
    const next = () => new Promise((done) => requestAnimationFrame(done));
    const one = scrolled && document.querySelector(scrolled);
    const gaps = [];
    let before = await next(), long = 0, way = 1;
    const watch = new PerformanceObserver((seen) => (long += seen.getEntries().length));
    watch.observe({ type: "longtask" });
    for (const end = before + seconds * 1000; before < end;) {
        if (one) {
            const was = one.scrollTop;
            one.scrollTop += 60 * way;
            if (one.scrollTop === was) way = -way;
        }
        const now = await next();
        gaps.push(now - before);
        before = now;
    }
    watch.disconnect();
    gaps.sort((a, b) => a - b);
    const at = (share) => Math.round(gaps[Math.floor(share * (gaps.length - 1))] * 10) / 10;
    return { frames: gaps.length, median: at(0.5), p95: at(0.95), worst: at(1), long };
}"""
USABLE = """
    new MutationObserver((_, watcher) => {
        if (!document.querySelector("#enter button")) return;
        window.usable = performance.now();
        watcher.disconnect();
    }).observe(document, { subtree: true, childList: true });
"""


@contextmanager
def guessing(players: list[Talker], hunt: str) -> Iterator[list[int]]:
    """Let players guess in vain, `RATE` times a second together; yields how many were answered."""
    answered, going = [0], threading.Event()

    def run() -> None:
        began = time.monotonic()
        for n, player in enumerate(itertools.cycle(players)):
            if going.is_set():
                return
            player.ask("guess", hunt=hunt, clue=f"c{n % 7}", text=f"nothing {n}")
            answered[0] += 1
            time.sleep(max(0.0, began + n / RATE - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield answered
    finally:
        going.set()
        thread.join()


def console(browser: Browser, cast: Cast, live: LocalServer) -> tuple[dict[str, Any], float]:
    """A board of 3,000 teams that is scrolled while 200 guesses a second come in."""
    many = [clue(f"c{i}", attempts={"free": 1000, "cool_down_s": 0}) for i in range(20)]
    definition = teams(*many)
    definition["teams"] = {**definition["teams"], "players_max": 10_000}
    hunt, host = cast.hunt(definition)
    invites = [host.ask("enroll", hunt=hunt, name=f"Team {n}")["invite"] for n in range(TEAMS)]
    players = [cast.player(hunt, f"Ada {n}", invite=invites[n * (TEAMS // PLAYERS)]) for n in range(PLAYERS)]
    desk = Desk(browser)
    desk.open(sign_in_link(live, subject=host.hello["player"][2:]))
    desk.page.evaluate("hunt => { location.hash = `run/${hunt}` }", hunt)
    expect(desk.page.locator(".counts")).to_contain_text(f"{TEAMS:,}", timeout=WAIT_MS)
    with guessing(players, hunt) as answered:
        began, before = time.monotonic(), answered[0]
        found = desk.page.evaluate(FRAMES, {"seconds": 15, "scrolled": "big-board"})
        rate = (answered[0] - before) / (time.monotonic() - began)
    desk.close()
    return found, rate


def player(browser: Browser, cast: Cast, site: str) -> dict[str, Any]:
    """A phone at a quarter of the CPU, scrolled among 500 clues while a mate guesses."""
    hunt, _ = cast.hunt(teams(*(clue(f"c{i}", text="A riddle.", attempts={"free": 1000}) for i in range(CLUES))))
    ada = Phone(browser)
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.until("state.page.clues.every(({ waits }) => !waits)")
    mate = cast.player(hunt, "Bo", invite=ada.state("state.page.team.invite"))
    ada.context.new_cdp_session(ada.page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    going = threading.Event()

    def guess() -> None:
        for n in itertools.count():
            if going.wait(0.5):
                return
            mate.ask("guess", hunt=hunt, clue=f"c{n % CLUES}", text=f"nothing {n}")

    thread = threading.Thread(target=guess)
    thread.start()
    found: dict[str, Any] = ada.page.evaluate(FRAMES, {"seconds": 15, "scrolled": "html"})
    going.set()
    thread.join()
    ada.close()
    return found


def visits(browser: Browser, cast: Cast, site: str) -> tuple[float, float]:
    """Median ms until the entrance can be used, on a first visit and on the next, at 1.6 Mbit/s and 4x CPU."""
    hunt, _ = cast.hunt(teams())
    first: list[float] = []
    again: list[float] = []
    for _ in range(VISITS):
        ada = Phone(browser)
        devtools = ada.context.new_cdp_session(ada.page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", SLOW)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        ada.page.add_init_script(USABLE)
        for times in (first, again):
            ada.open(f"{site}?hunt={hunt}")
            expect(ada.page.locator("#enter button.act")).to_be_enabled(timeout=WAIT_MS)
            times.append(float(ada.page.evaluate("window.usable")))
        ada.close()
    return statistics.median(first), statistics.median(again)


def test_frames_are_measured_and_written_down(browser: Browser, tmp_path: Path) -> None:
    config = tmp_path / "measured.toml"
    config.write_text("[limits]\ncommands_per_s = 5000.0\ncommands_burst = 20000\n")
    with serving(tmp_path, "--config", str(config)) as live:
        cast, site = Cast(live), f"http://127.0.0.1:{live.port}/"
        empty = Desk(browser)
        empty.open("about:blank")
        rows = [("an empty page", empty.page.evaluate(FRAMES, {"seconds": 5, "scrolled": ""}))]
        empty.close()
        board, rate = console(browser, cast, live)
        rows.append((f"console: {TEAMS:,} teams scrolled, {rate:.0f} guesses/s", board))
        rows.append((f"player: {CLUES} clues scrolled, 4x CPU", player(browser, cast, site)))
        first, again = visits(browser, cast, site)
        cast.close()
    told = page(rows, first, again)
    print(told)
    if os.environ.get("HUNTSERVER_WRITE"):
        PAGE.write_text(told)
    assert all(found["frames"] > 30 for _, found in rows)
    assert rate > 1


def page(rows: list[tuple[str, dict[str, Any]]], first: float, again: float) -> str:
    """Return the page of the docs."""
    base = rows[0][1]["median"]
    lines = [
        f"| {name} | {one['median']:.1f} | {one['median'] / base:.2f} | {one['p95']:.1f} | {one['worst']:.0f} "
        f"| {one['long']} |"
        for name, one in rows
    ]
    table = "\n".join(lines)
    machine = f"{os.cpu_count()} cores, {platform.machine()}; its load meanwhile: {os.getloadavg()[0]:.1f}"
    return f"""# How smoothly the pages draw

`make frames` measures in Chromium and writes this page. A frame is the gap between two animation frames, in ms: 16.7 is
60 a second. The ratio is to an empty page of the same run. Long tasks are those over 50 ms within 15 s. The server, the
players and the browser share the machine ({machine}).

| page | median | ratio | 95 % | worst | long tasks |
|---|---|---|---|---|---|
{table}

First visit, until the entrance can be used, at 1.6 Mbit/s, 150 ms, 4x CPU (median of {VISITS}): **{first:.0f} ms**; the
next one: **{again:.0f} ms**.
"""
