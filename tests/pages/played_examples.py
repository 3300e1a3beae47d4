"""Each example hunt, from its text to its end, through the pages alone: a host writes and runs it, two phones play it.

In the middle the net of one phone is cut while it answers, and the server is killed and started again. Not collected by
`make test`, which plays the museum (`test_journey.py`): `make pages` runs these.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from huntserver.game.definition.shape import Definition
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.scanning import Scan
from lab.machines.servers import LocalServer
from lab.rigs.game import definition
from tests.game.test_examples import EXAMPLES, answer
from tests.pages.desk import Desk, models_answer, sign_in_link
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.proxy import Proxy
from tests.pages.restarts import restarting, start_again

Phones = Callable[..., Phone]
HUNT = "example"
OPEN = "state.page.clues.filter(({ solved }) => !solved).map(({ id }) => id)"
LOOK = "new Promise((done) => navigator.geolocation.getCurrentPosition(done, done, { maximumAge: 0 }))"
"""The browser notices that the phone was carried on: the page takes a place that is some seconds old."""
STEPS_MAX = 60


def writes(host: Desk, live: LocalServer, text: str) -> None:
    """From an empty console to a hunt that is open to join."""
    models_answer(live)
    host.open(sign_in_link(live))
    host.page.locator("[data-door='new']").click()
    host.page.locator("#source").fill(text)
    host.sees(".verdict", "Can be played to its end")
    host.button("save")
    host.fill(hunt=HUNT)
    host.agree()
    host.noted("Saved.")
    host.button("publish")
    host.agree()
    host.sees(".phase", "open to join")


def acts(one: Phone, d: Definition, clue: str) -> None:
    """Do what solves a clue; whatever the network does with it."""
    command = answer(next(c for c in d.clues if c.id == clue))
    one.clue(clue)
    if isinstance(command, Scan):
        one.page.locator("#code").fill(command.code)
        one.page.locator("#code").press("Enter")
    elif isinstance(command, CheckIn):
        one.context.set_geolocation({"latitude": command.lat, "longitude": command.lon, "accuracy": 8})
        one.page.evaluate(LOOK)
        one.page.locator(".here").click()
    else:
        one.guess(command.text)  # type: ignore[attr-defined]


def solves(one: Phone, d: Definition, clue: str) -> None:
    acts(one, d, clue)
    one.answer(f"clue:{clue}", "Correct")


def cut(one: Phone, d: Definition, clue: str, live: LocalServer, proxy: Proxy) -> None:
    """The net goes while a clue is answered; before it is back the server is killed and started again."""
    proxy.gone()
    one.offline()
    acts(one, d, clue)
    one.sees("[data-strip='lost']", "waits")
    live.signal(signal.SIGKILL)
    live.wait()
    start_again(live)
    proxy.back()
    one.answer(f"clue:{clue}", "Correct")
    one.online()


def claims(one: Phone) -> None:
    """Take every treasure that is open to this phone and left."""
    one.page.evaluate("location.hash = 'clues'")
    for id in one.state("state.page.treasures.filter(({ mine, left }) => left && !mine).map(({ id }) => id)"):
        one.page.locator(f"[data-treasure='{id}'] button").click()
        one.sees(f"[data-treasure='{id}']", "yours")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_written_played_and_ended_through_the_pages(
    file: Path, phone: Phones, browser: Browser, tmp_path: Path
) -> None:
    d = definition(file.read_text())
    with restarting(tmp_path, "--projections", f"sqlite:{tmp_path}/models.db") as live, Proxy(live.port) as proxy:
        host = Desk(browser)
        here: dict[str, Any] = {"permissions": ["geolocation"]}
        ada, bo = phone(**here), phone(**here)
        writes(host, live, file.read_text())
        ada.play(f"{proxy.url}?hunt={HUNT}", "Ada", team="" if d.teams.mode == "solo" else "The Night Owls")
        code = ada.state("state.page.team.invite || ''")
        bo.play(f"http://127.0.0.1:{live.port}/?hunt={HUNT}" + (f"&code={code}" if code else ""), "Bo")
        host.sees("big-board", "Night Owls" if code else "Ada")
        host.button("start")
        host.agree()
        for one in (ada, bo):
            one.until("state.page.phase === 'running'")
        plays(d, ada, bo, live, proxy)
        host.sees(".phase", "running")
        host.button("end")
        host.agree()
        for one in (ada, bo):
            one.page.evaluate("location.hash = 'clues'")
            one.sees(".ended", f"{len(d.clues)} of {len(d.clues)} solved")
        places = {one.page.locator(".ended .huge").inner_text() for one in (ada, bo)}
        assert places == ({"1st place"} if code else {"1st place", "2nd place"})
        models_answer(live)
        host.view("Results")
        expect(host.page.locator(".standings tbody tr")).to_have_count(1 if code else 2, timeout=WAIT_MS)
        for one in (ada, bo, host):
            one.well(lost=True)
        host.close()


def plays(d: Definition, ada: Phone, bo: Phone, live: LocalServer, proxy: Proxy) -> None:
    """Both solve whatever is open to them, in turns; in the middle the net of one is cut."""
    was_cut = False
    for step in range(STEPS_MAX):
        one = (ada, bo)[step % 2]
        left = one.state(OPEN)
        if not left:
            if not (ada.state(OPEN) or bo.state(OPEN)):
                break
            continue
        if one is ada and not was_cut and len(ada.state("state.page.clues.filter(({ solved }) => solved)")) >= 2:
            cut(ada, d, left[0], live, proxy)
            bo.online()
            was_cut = True
        else:
            solves(one, d, left[0])
        if d.teams.mode == "teams":
            for each in (ada, bo):
                each.until(f"state.page.clues.some(({{ id, solved }}) => solved && id === '{left[0]}')")
    assert was_cut
    for one in (ada, bo):
        claims(one)
        one.until(f"state.page.clues.filter(({{ solved }}) => solved).length === {len(d.clues)}")
