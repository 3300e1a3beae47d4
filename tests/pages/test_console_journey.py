"""Somebody signs in by the link, writes a hunt of three clues, opens it, runs it while two phones play, and ends it
with the ceremony; the net of one phone drops in the middle.

With HUNTSERVER_PICTURES=FOLDER (`make pictures`) it takes the pictures of the docs on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from lab.machines.servers import LocalServer
from tests.pages.desk import SCREEN, Desk, office_in, sign_in_link
from tests.pages.phone import WAIT_MS, Phone
from tests.pages.pictures import picture
from tests.pages.proxy import Proxy
from tests.pages.talker import Cast

Phones = Callable[..., Phone]
HUNT = "the-lighthouse-keeper"
ICON = Path(__file__).parents[2] / "huntserver" / "web" / "icon-512.png"
RIVALS = ("Lanterns", "Red Herrings", "The Beetles", "Möwe & Söhne", "Kraken", "Fog Horns", "Team Harbour")


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[LocalServer]:
    """A server as it is run: with its read models."""
    with office_in(tmp_path) as server:
        yield server


@pytest.fixture
def host(browser: Browser) -> Iterator[Desk]:
    made = Desk(browser)
    yield made
    made.close()


def signs_in(host: Desk, harbour: LocalServer) -> None:
    host.open(f"http://127.0.0.1:{harbour.port}/host")
    host.sees(".sign-in", "Run your hunts")
    picture(host, "host-sign-in")
    host.open("about:blank")
    host.open(sign_in_link(harbour))
    host.sees("h1", "Your first hunt")
    assert "#" not in host.page.url
    picture(host, "host-doors")


def writes(host: Desk) -> None:
    """From the example to a hunt that is open to join, with a fault on the way."""
    host.page.locator("[data-door='example']").click()
    host.sees(".verdict", "Can be played to its end")
    paper = host.page.locator("#source")
    text = paper.input_value()
    paper.fill(text.replace('title = "The lamp"', 'titel = "The lamp"'))
    host.sees(".faults", "titel")
    expect(host.page.locator("[data-act='save']")).to_be_disabled()
    picture(host, "host-faults")
    paper.fill(text.replace("Which colour", "Which bright colour"))
    host.sees("[data-clue='lamp']", "Which bright colour")
    host.sees(".verdict", "Can be played to its end")
    paper.evaluate("(field) => field.setSelectionRange(...Array(2).fill(field.value.indexOf('Count the spikes')))")
    files: list[FilePayload] = [
        {"name": "Iron gate.png", "mimeType": "image/png", "buffer": ICON.read_bytes()},
        {"name": "gate.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"},
    ]  # fmt: skip
    host.page.locator("[data-media='pick']").set_input_files(files)
    assert host.page.locator("#field-hunt").input_value() == HUNT
    host.agree()
    host.sees("[data-medium='Iron-gate.png']", "Iron-gate.png")
    host.sees("[data-sending='gate.svg']", "is no picture")
    assert [trouble for trouble in host.troubles if "415" not in trouble] == []  # Chromium writes refusals down
    host.troubles.clear()
    host.page.locator("[data-clue='gate'] .picture img").wait_for()
    paper.fill(paper.input_value().replace("![what is to be seen]", "![An iron gate]").replace(".png)", ".png)\n"))
    host.sees(".verdict", "Can be played to its end")
    host.button("save")
    host.noted("Saved.")
    assert paper.input_value().count("Which bright colour") == 1
    picture(host, "host-editor")
    host.page.locator("[data-try='simulate']").click()
    host.sees("[data-simulated='lamp']", "min")
    picture(host, "host-try")
    host.button("publish")
    host.agree()
    host.sees(".phase", "open to join")
    host.sees("[data-invite]", f"?hunt={HUNT}")
    picture(host, "host-before")


def begins(host: Desk, ada: Phone, bo: Phone, proxy: Proxy, harbour: LocalServer) -> Cast:
    ada.play(f"{proxy.url}?hunt={HUNT}", "Ada", team="The Night Owls")
    code = ada.state("state.page.team.invite")
    bo.play(f"http://127.0.0.1:{harbour.port}/?hunt={HUNT}&code={code}", "Bo")
    cast = Cast(harbour)
    rivals = [cast.player(HUNT, "Cy", team=name) for name in RIVALS]
    host.sees("big-board", "Team Harbour")
    host.button("start")
    host.sees("dialog", "8 teams with 9 players")
    host.agree()
    host.sees(".phase", "running")
    for n, rival in enumerate(rivals):
        rival.ask("guess", hunt=HUNT, clue="gate", text="four by six" if n % 2 else "12")
        if n < 3:
            rival.ask("guess", hunt=HUNT, clue="gate", text="24")
        if n < 2:
            rival.ask("guess", hunt=HUNT, clue="verse", text="tea")
    return cast


def plays(ada: Phone, bo: Phone, proxy: Proxy) -> None:
    """The net of one phone drops while it answers; the other goes on."""
    ada.clue("gate")
    expect(ada.page.get_by_alt_text("An iron gate")).to_have_js_property("naturalWidth", 512)
    room = "one => one.clientHeight - one.querySelector('img').clientHeight"  # nothing stands above or below a picture
    assert abs(ada.page.locator(".picture").evaluate(room)) <= 1
    ada.page.locator(".picture").click()
    expect(ada.page.locator("dialog.large img")).to_be_visible()
    picture(ada, "clue-picture")
    ada.page.locator("dialog.large button").click()
    proxy.gone()
    ada.offline()
    ada.guess("24")
    ada.answer("clue:gate", "waits for the connection")
    bo.clue("gate")
    bo.guess("23")
    bo.answer("clue:gate", "is not it")
    proxy.back()
    ada.answer("clue:gate", "Correct")
    ada.celebrated()
    bo.sees(".clue-page", "The gate creaks open.")


def runs(host: Desk, ada: Phone) -> None:
    """What a host does while they play: accept, announce, look at a team, give points, take that back, pause."""
    host.sees(".stream", "four by six")
    host.sees("[data-team='t1'] .score", "10")
    picture(host, "host-run")
    host.page.locator("[data-accept='four by six']").click()
    host.sees("dialog .numbers", "2 teams that tried it solve the clue · 20 points in all")
    picture(host, "host-accept")
    host.agree()
    host.sees(".trail", "answer accepted")
    host.key("n")
    host.fill(text="The tide comes in at five.")
    host.agree()
    ada.page.locator("a.back").click()
    ada.sees(".news", "The tide comes in")
    host.key("/")
    host.page.locator("#find").fill("night")
    expect(host.page.locator(".grid-row")).to_have_count(1, timeout=WAIT_MS)
    host.key("Escape")
    host.key("Enter")
    host.sees("dialog", "2 members")
    picture(host, "host-team")
    host.page.locator("[data-team-act='view_as']").click()
    host.sees("dialog .as-team", "What the wall says")
    host.key("Escape")
    host.key("Enter")
    host.page.locator("[data-team-act='adjust']").click()
    host.fill(points="7", reason="for the song")
    host.agree()
    host.sees("[data-team='t1'] .score", "17")
    host.page.locator("[data-undo='adjusted']").first.click()
    host.sees("[data-team='t1'] .score", "10")
    host.page.locator("#find").fill("")
    host.button("pause")
    host.sees(".phase", "paused")
    ada.sees(".clock", "Paused")
    host.button("unpause")
    host.sees(".phase", "running")


def ends(host: Desk, screen: Desk, ada: Phone, harbour: LocalServer) -> None:
    """The curtain falls, a last clue is solved behind it, and the places come one by one."""
    screen.open(f"http://127.0.0.1:{harbour.port}/board?hunt={HUNT}")
    screen.sees(".large", "The Night Owls")
    expect(screen.page.locator(".team")).to_have_count(8, timeout=WAIT_MS)
    picture(screen, "board-live")
    host.button("freeze")
    host.agree()
    host.sees("[data-frozen]", "standings frozen")
    screen.sees(".curtain", "Frozen")
    ada.go("board")
    ada.sees("[data-frozen]", "Frozen since")
    for clue, text in (("verse", "tea"), ("lamp", "red")):
        ada.clue(clue)
        ada.guess(text)
        ada.answer(f"clue:{clue}", "Correct")
        ada.celebrated()
    host.sees("[data-team='t1'] .score", "45")
    expect(screen.page.locator("[data-team='t1'] .score")).to_have_text("10")
    picture(screen, "board-frozen")
    host.button("end")
    host.sees("dialog", "8 teams with 9 players")
    host.agree()
    host.sees(".phase", "over")
    screen.key(" ")
    screen.sees("footer", "The host reveals the places")
    for left in range(8, -1, -1):
        host.button("reveal_next")
        expect(screen.page.locator("[data-hidden]")).to_have_count(left, timeout=WAIT_MS)
        if left == 5:
            picture(screen, "board-ceremony")
    screen.sees(".winner", "The Night Owls")
    picture(screen, "board-winner")


def test_a_host_makes_a_hunt_runs_it_and_ends_it_with_the_ceremony(
    phone: Phones, browser: Browser, host: Desk, harbour: LocalServer
) -> None:
    with Proxy(harbour.port) as proxy:
        signs_in(host, harbour)
        writes(host)
        ada, bo, screen = phone(), phone(), Desk(browser, **SCREEN)
        cast = begins(host, ada, bo, proxy, harbour)
        plays(ada, bo, proxy)
        runs(host, ada)
        ends(host, screen, ada, harbour)
        ada.go("clues") if ada.page.locator("nav.views").count() else ada.page.locator("a.back").click()
        ada.sees(".ended", "1st place")
        host.view("Results")
        host.sees(".standings", "The Night Owls")
        host.sees(".standings tbody tr:first-child", "45")
        picture(host, "host-results")
        with host.page.expect_download() as download:
            host.page.locator("[data-export='csv']").click()
        lines = Path(download.value.path()).read_text().splitlines()
        assert lines[1].startswith("1,The Night Owls,t1,")
        host.view("Hunts")
        host.sees(f"[data-hunt='{HUNT}']", "The lighthouse keeper")
        host.well()
        screen.well()
        bo.well()
        ada.well(lost=True)
        screen.close()
        cast.close()
