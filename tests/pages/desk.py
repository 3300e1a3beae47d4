"""A host at a desk: the console in a real Chromium, and what a host does there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from huntserver.auth import link_code
from lab.machines.servers import LocalServer, serving
from tests.pages.phone import WAIT_MS, Phone

DESK: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 800}, "device_scale_factor": 1, "is_mobile": False, "has_touch": False,
}  # fmt: skip
SCREEN: dict[str, Any] = {**DESK, "viewport": {"width": 1920, "height": 1080}}


def sign_in_link(live: LocalServer, subject: str = "host", name: str = "Ada Host", ttl_s: float = 900) -> str:
    """Return a link such as the server prints."""
    key = (live.folder / "data" / "token.key").read_bytes().strip()
    code = link_code(key, role="host", subject=subject, name=name, ttl_s=ttl_s)
    return f"http://127.0.0.1:{live.port}/host#{code}"


@contextmanager
def office_in(folder: Path) -> Iterator[LocalServer]:
    """Run a server with its read models, until they answer; end it afterwards."""
    with serving(folder, "--projections", f"sqlite:{folder}/models.db") as server:
        models_answer(server)
        yield server


def models_answer(server: LocalServer) -> None:
    """Wait until a server's read models answer."""
    while server.http("GET", "/api/hunts")[0] != 200:
        time.sleep(0.1)  # not for order: the projector is another process, and says nothing when it begins


class Desk(Phone):
    """A browser at a desk."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        super().__init__(browser, **{**DESK, **options})

    def view(self, name: str) -> None:
        """Follow the rail."""
        self.page.locator("nav.rail a", has_text=name).click()

    def button(self, name: str) -> None:
        """Press what moves the hunt."""
        self.page.locator(f"[data-act='{name}']").click()

    def fill(self, **values: str) -> None:
        """Fill in the form that lies above the page."""
        for name, value in values.items():
            field = self.page.locator(f"#field-{name}")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def agree(self) -> None:
        """Answer the question with yes; it goes away."""
        self.page.locator("#dialog-go").click()
        expect(self.page.locator("dialog")).to_have_count(0, timeout=WAIT_MS)

    def noted(self, words: str) -> None:
        """Wait for the word on what was done."""
        self.sees(".note", words)

    def key(self, name: str) -> None:
        """Press a key."""
        self.page.keyboard.press(name)
