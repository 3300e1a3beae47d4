"""Two players on phones play the museum hunt to its end through the page: the net is cut, the server killed in between.

With HUNTSERVER_PICTURES=FOLDER (`make pictures`) it takes the pictures of the docs on the way.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.machines.servers import LocalServer
from tests.pages.phone import Phone
from tests.pages.pictures import ROOT, picture
from tests.pages.proxy import Proxy
from tests.pages.restarts import restarting, start_again
from tests.pages.talker import Cast

Phones = Callable[..., Phone]


@pytest.fixture
def museum(tmp_path: Path) -> Iterator[LocalServer]:
    """A server with the museum hunt, that may be killed."""
    with restarting(tmp_path, "--hunt", str(ROOT / "examples" / "museum.toml")) as server:
        yield server


def solve(phone: Phone, clue: str, text: str) -> None:
    """Answer a clue and put the stamp away."""
    phone.clue(clue)
    phone.guess(text)
    phone.answer(f"clue:{clue}", "Correct")
    phone.celebrated()
    phone.page.locator("a.back").click()


def enter_code(phone: Phone, clue: str, code: str) -> None:
    """Type a code where it belongs."""
    phone.clue(clue)
    phone.page.locator("#code").fill(code)
    phone.page.locator("#code").press("Enter")
    phone.answer(f"clue:{clue}", "Correct")
    phone.celebrated()
    phone.page.locator("a.back").click()


def begins(ada: Phone, bo: Phone, museum: LocalServer, url: str) -> None:
    """Ada makes a team and solves the first clue; Bo joins with its code and solves the next."""
    ada.open(f"{url}?hunt=museum")
    ada.sees("#enter", "Play")
    picture(ada, "entrance")
    ada.join("Ada", team="The Night Owls")
    ada.inside()
    ada.clue("cloakroom")
    ada.guess("picture")
    ada.answer("clue:cloakroom", "useful kind of picture")
    ada.guess("atlas")
    ada.answer("clue:cloakroom", "is not it")
    picture(ada, "clue")
    ada.guess("map")
    ada.sees(".celebration", "First to solve!")
    picture(ada, "solved")
    ada.celebrated()
    ada.page.locator("a.back").click()
    ada.go("team")
    ada.page.locator(".qr path").wait_for()
    picture(ada, "team")
    code = ada.page.locator("p.code").inner_text()
    bo.play(f"http://127.0.0.1:{museum.port}/?hunt=museum&code={code}", "Bo")
    solve(bo, "legs", "forty-two")
    ada.sees(".celebration", "The beetle case")
    ada.celebrated()


def goes_on(ada: Phone, museum: LocalServer) -> None:
    """Rivals solve, the host speaks; Ada looks around."""
    cast = Cast(museum)
    for name in ("Lanterns", "Red Herrings", "The Beetles"):
        rival = cast.player("museum", "Cy", team=name)
        if name != "The Beetles":
            rival.ask("guess", hunt="museum", clue="cloakroom", text="map")
    cast.talker("admin").ask("announce", hunt="museum", text="The café closes at five.\nPlease bring your coats.")
    ada.go("clues")
    ada.sees(".news", "café")
    picture(ada, "clues")
    ada.sees("[data-locked='6']", "Opens after 2 of")
    ada.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    picture(ada, "locked")
    ada.go("board")
    ada.sees(".board", "The Beetles")
    picture(ada, "board")
    ada.go("feed")
    picture(ada, "feed")
    ada.go("clues")
    cast.close()


def fails(ada: Phone, museum: LocalServer, proxy: Proxy) -> None:
    """The net is cut and the server killed while a code is sent; nothing is lost."""
    ada.clue("bones")
    proxy.gone()
    ada.offline()
    ada.page.locator("#code").fill("bone-7319")
    ada.page.locator("#code").press("Enter")
    ada.answer("clue:bones", "waits for the connection")
    picture(ada, "offline")
    museum.signal(signal.SIGKILL)
    museum.wait()
    start_again(museum)
    proxy.back()
    ada.answer("clue:bones", "Correct")
    ada.celebrated()
    ada.page.locator("a.back").click()


def test_two_phones_play_the_museum_to_its_end(phone: Phones, museum: LocalServer) -> None:
    with Proxy(museum.port) as proxy:
        ada, bo = phone(device_scale_factor=1), phone(device_scale_factor=1)
        begins(ada, bo, museum, proxy.url)
        goes_on(ada, museum)
        fails(ada, museum, proxy)
        ada.online()
        bo.online()
        solve(ada, "label", "dream")
        enter_code(bo, "portrait", "GAZE-2084")
        solve(bo, "sky", "astronomer")
        solve(ada, "moon", "1969")
        solve(ada, "safe", "41852")
        bo.sees(".progress", "8 of 8 solved")
        ada.page.locator("[data-treasure='key'] button").click()
        ada.sees("[data-treasure='key']", "yours")
        cast = Cast(museum)
        cast.talker("admin").ask("end", hunt="museum")
        for one in (ada, bo):
            one.go("clues")
            one.sees(".ended", "1st place")
        ada.page.evaluate("scrollTo(0, 0)")
        picture(ada, "ended")
        cast.close()
        ada.well(lost=True)
        bo.well(lost=True)
