"""The page as an app: it opens without a network, and an old page on a new server says that it is old."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huntserver.gateway.pages import pages
from lab.machines.servers import LocalServer
from tests.pages.hunts import teams
from tests.pages.phone import Phone
from tests.pages.pictures import state
from tests.pages.restarts import restarting, start_again
from tests.pages.talker import Cast

Phones = Callable[..., Phone]
ROOT = Path(__file__).parents[2]
KEPT = """async () => {
    await navigator.serviceWorker.ready;
    const names = (await caches.keys()).filter((name) => name.startsWith("shell-"));
    const counts = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
    return Math.max(0, ...counts) > 8 && !!navigator.serviceWorker.controller;
}"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[LocalServer]:
    """A server that runs from a copy of the product, whose page can be changed."""
    for package in ("actors", "huntserver"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with restarting(tmp_path) as server:
        yield server


def test_a_page_opens_without_a_network_with_what_was_last_seen(phone: Phones, installed: LocalServer) -> None:
    cast = Cast(installed)
    hunt, _ = cast.hunt(teams())
    ada = phone()
    url = f"http://127.0.0.1:{installed.port}/?hunt={hunt}"
    ada.play(url, "Ada", team="Reds")
    ada.clue("a")
    ada.guess("tea")
    ada.answer("clue:a", "Correct")
    ada.celebrated()
    ada.page.wait_for_function(KEPT)
    ada.page.wait_for_function("(hunt) => Object.keys(localStorage).some((k) => k.includes(`page.${hunt}`)"
                               " && localStorage[k].includes('solved\":true'))", arg=hunt)  # fmt: skip
    cast.close()
    installed.stop()
    ada.page.goto(url)
    ada.sees(".progress", "1 of 2 solved")
    ada.offline()
    ada.clue("b")
    ada.guess("tea")
    ada.answer("clue:b", "waits for the connection")
    start_again(installed)
    ada.answer("clue:b", "Correct")
    ada.online()
    ada.well(lost=True)


def test_an_old_page_on_a_new_server_says_so_and_loses_nothing_by_reloading(
    phone: Phones, installed: LocalServer
) -> None:
    cast = Cast(installed)
    hunt, _ = cast.hunt(teams())
    ada = phone()
    ada.play(f"http://127.0.0.1:{installed.port}/?hunt={hunt}", "Ada", team="Reds")
    ada.page.wait_for_function(KEPT)
    ada.clue("a")
    ada.page.locator("#guess").fill("half a thought")
    cast.close()
    installed.stop()
    words = installed.folder / "huntserver" / "web" / "strings" / "game" / "en.js"
    words.write_text(words.read_text().replace("Your answer", "Your new answer"))
    start_again(installed)
    ada.online()
    ada.sees("[data-strip='newer']", "There is a newer version of this page")
    state(ada, "newer-version")
    ada.page.locator("[data-strip='newer'] button").click()
    ada.page.get_by_placeholder("Your new answer").wait_for()
    assert ada.page.locator("#guess").input_value() == "half a thought"
    ada.no_more("[data-strip='newer']")
    ada.online()


def test_an_entrance_that_stood_open_over_a_new_version_begins_again_with_what_was_typed(
    phone: Phones, installed: LocalServer
) -> None:
    cast = Cast(installed)
    hunt, _ = cast.hunt(teams())
    cast.close()
    ada = phone(service_workers="block")
    ada.page.route("**/player/inside.js*", lambda route: route.abort())
    ada.open(f"http://127.0.0.1:{installed.port}/?hunt={hunt}")
    ada.sees("#enter", "Play")
    installed.stop()
    words = installed.folder / "huntserver" / "web" / "strings" / "en.js"
    words.write_text(words.read_text().replace('"Your name"', '"Your new name"'))
    start_again(installed)
    ada.page.unroute("**/player/inside.js*")
    ada.join("Ada", team="Reds")
    ada.sees("#enter", "Your new name")
    assert ada.page.locator("#team").input_value() == "Reds"
    ada.page.locator("#enter button.act").click()
    ada.inside()
    ada.go("team")
    ada.sees("h2", "Reds")


def test_the_manifest_makes_it_an_app() -> None:
    file = pages().find("/manifest.webmanifest")
    assert file is not None
    manifest = json.loads(file.body)
    assert {"name", "short_name", "start_url", "display", "icons"} <= manifest.keys()
    assert manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    assert all(pages().find("/" + icon["src"]) for icon in manifest["icons"])


def test_chromium_takes_the_page_for_an_app(phone: Phones, site: str) -> None:
    ada = phone()
    ada.open(site)
    ada.sees("h1", "Treasure hunts")
    devtools = ada.context.new_cdp_session(ada.page)
    answer = devtools.send("Page.getAppManifest")
    assert answer["errors"] == []
    assert json.loads(answer["data"])["short_name"] == "Hunts"
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors] == ["in-incognito"]  # as every context of a test is
