"""What a phone has or has not: a camera, a place, a secure page; each said in words, and worked around."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, expect

from huntserver.gateway.pages import WEB
from lab.machines.servers import LocalServer
from tests.pages.apart import apart
from tests.pages.hunts import RICH, clue, solo
from tests.pages.phone import FLAGS, INSECURE, WAIT_MS, Phone
from tests.pages.pictures import state
from tests.pages.talker import Cast

Phones = Callable[..., Phone]
CODES = solo(clue("stone", kind="code", answers=[], codes=["STONE-17"]))


def picture_of(text: str, path: Path) -> None:
    """Write a film of one frame that shows a QR code, as Chromium's fake camera takes it."""
    program = (
        f"import {{ encodeQR }} from './vendor/qr/index.js'; console.log(JSON.stringify(encodeQR({text!r}, 'raw')))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program], capture_output=True, text=True, cwd=WEB, check=True
    )
    rows: list[list[bool]] = json.loads(done.stdout)
    width, height, size = 640, 480, 12
    left, top = (width - size * len(rows)) // 2, (height - size * len(rows)) // 2
    light = bytearray(b"\xeb" * width * height)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                for line in range(size):
                    start = (top + y * size + line) * width + left + x * size
                    light[start : start + size] = b"\x10" * size
    colours = b"\x80" * (width * height // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F5:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(light) + colours)


def test_a_code_before_the_camera_solves_its_clue(browser: Browser, cast: Cast, site: str, tmp_path: Path) -> None:
    hunt, _ = cast.hunt(CODES)
    film = tmp_path / "code.y4m"
    picture_of(f"{site}?hunt={hunt}&scan=STONE-17", film)
    flags = [*FLAGS, f"--use-file-for-fake-video-capture={film}"]
    with apart(browser.browser_type, tmp_path / "profile", flags) as ada:
        ada.context.grant_permissions(["camera"])
        ada.play(f"{site}?hunt={hunt}", "Ada")
        ada.clue("stone")
        ada.page.locator(".solve button.act").first.click()
        ada.answer("clue:stone", "Correct")
        ada.no_more("dialog")
        ada.well()


def test_a_camera_that_may_not_be_used_is_said_with_the_cure(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(CODES)
    ada = phone()
    ada.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.clue("stone")
    ada.page.locator(".solve button.act").first.click()
    ada.answer("clue:stone", "Allow “Camera”")
    state(ada, "camera-denied")
    ada.page.locator("#code").fill("nothing")
    ada.page.locator("#code").press("Enter")
    ada.answer("clue:stone", "belongs to nothing that is open to you")
    ada.page.locator("#code").fill("stone-17")
    ada.page.locator("#code").press("Enter")
    ada.answer("clue:stone", "Correct")


def test_a_device_without_a_camera_takes_the_code_typed(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(CODES)
    ada = phone()
    ada.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"
    )
    ada.play(f"{site}?hunt={hunt}", "Ada")
    ada.clue("stone")
    ada.page.locator(".solve button.act").first.click()
    ada.answer("clue:stone", "There is no camera here. Type the code instead.")
    state(ada, "no-camera")


def test_a_page_without_https_says_what_browsers_keep_from_it_and_plays_on(
    phone: Phones, cast: Cast, live: LocalServer
) -> None:
    hunt, _ = cast.hunt(RICH)
    ada = phone()
    ada.play(f"http://{INSECURE}:{live.port}/?hunt={hunt}", "Ada", team="Reds")
    ada.clue("pier")
    ada.page.locator(".here").click()
    ada.answer("clue:pier", "only to pages with https")
    state(ada, "not-secure")
    ada.clue("gate")
    ada.guess("tea")
    ada.answer("clue:gate", "Correct")
    ada.celebrated()
    ada.clue("stone")
    ada.page.locator(".solve button.act").first.click()
    ada.answer("clue:stone", "Type the code instead.")
    ada.page.locator("#code").fill("STONE-17")
    ada.page.locator("#code").press("Enter")
    ada.answer("clue:stone", "Correct")
    ada.well()


def test_a_place_is_found_by_being_there(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(RICH)
    ada = phone(permissions=["geolocation"], geolocation={"latitude": 54.002, "longitude": 10.0, "accuracy": 120})
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("pier")
    ada.page.locator(".here").click()
    ada.answer("clue:pier", "does not know its place well enough")
    ada.sees(".solve .help", "to within 120 m. That is vague")
    state(ada, "vague")
    ada.context.set_geolocation({"latitude": 54.0001, "longitude": 10.0, "accuracy": 8})
    ada.page.evaluate("new Promise((done) => navigator.geolocation.getCurrentPosition(done, done, { maximumAge: 0 }))")
    ada.page.locator(".here").click()
    ada.answer("clue:pier", "Correct")
    ada.celebrated()
    ada.page.locator("a.back").click()
    ada.go("map")
    expect(ada.page.locator(".map .spot")).to_have_count(2, timeout=WAIT_MS)


def test_a_place_that_may_not_be_asked_for_is_said_with_the_cure(phone: Phones, cast: Cast, site: str) -> None:
    hunt, _ = cast.hunt(RICH)
    ada = phone()
    ada.page.add_init_script(
        "navigator.geolocation.getCurrentPosition = (found, failed) => failed({ code: window.trouble })"
    )
    ada.play(f"{site}?hunt={hunt}", "Ada", team="Reds")
    ada.clue("pier")
    for code, words in ((1, "Allow “Location”"), (2, "switch location on"), (3, "in 20 seconds")):
        ada.page.evaluate("code => { window.trouble = code }", code)
        ada.page.locator(".here").click()
        ada.answer("clue:pier", words)
        if code == 1:
            state(ada, "place-denied")
