"""A person with a phone: a page in a real Chromium, and what a person does on it.

Owns one browser context. Notes every console error, refused policy and failed request: a test fails on any that it does
not expect.
"""

from __future__ import annotations

import os
import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

WAIT_MS = int(os.environ.get("HUNTSERVER_PAGES_WAIT_MS", "60000"))
EXECUTABLE = "/usr/bin/chromium"
INSECURE = "play.test"
"""A name for this machine that browsers do not trust without https."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream",
    f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
]  # fmt: skip
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True,
}  # fmt: skip
STATE = """async () => {
    const { modules } = await import(document.querySelector("script[type=module]").src);
    const { state } = modules["player/store.js"];
    return EXPRESSION;
}"""
AT_REST = """async () => {
    const ends = (one) => one.effect.getComputedTiming().endTime < Infinity;
    await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""
"""Waits until nothing moves or changes colour any more."""
LOST = re.compile(r"WebSocket connection to|net::ERR_|Failed to load resource: net::")
"""What Chromium writes to the console when a network is gone: no fault of a page."""


class Phone:
    """A page in a browser context of its own; `page` is the tab that the person looks at."""

    def __init__(self, browser: Browser | BrowserContext, **options: Any) -> None:
        given = {**PHONE, "locale": "en-GB", "reduced_motion": "reduce", **options}
        self.context: BrowserContext = browser if isinstance(browser, BrowserContext) else browser.new_context(**given)
        self.context.set_default_timeout(WAIT_MS)
        self.troubles: list[str] = []
        self.page = self.tab()

    def tab(self) -> Page:
        """Open another tab."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " (e) => console.error('policy', e.violatedDirective, e.blockedURI))"
        )
        return page

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.troubles.append(said.text)

    # ---- what a person does

    def open(self, url: str) -> None:
        """Go to an address."""
        self.page.goto(url)

    def join(self, name: str, *, team: str = "", code: str = "") -> None:
        """Fill in the entrance and press the button."""
        page = self.page
        page.locator("#name").fill(name)
        if code:
            page.get_by_text("Join with a code").click()
            page.locator("#invite").fill(code)
        elif team:
            page.locator("#team").fill(team)
        page.locator("#enter button.act").click()

    def inside(self) -> None:
        """Wait until the hunt is shown."""
        expect(self.page.locator("nav.views")).to_be_visible(timeout=WAIT_MS)

    def play(self, url: str, name: str, *, team: str = "", code: str = "") -> None:
        """Come in by a link."""
        self.open(url)
        self.join(name, team=team, code=code)
        self.inside()

    def go(self, view: str) -> None:
        """Follow the bar of views."""
        self.page.locator(f"nav.views a[href='#{view}']").click()

    def clue(self, id: str) -> None:
        """Open a clue's own page."""
        self.page.evaluate("id => { location.hash = `clue/${id}` }", id)
        expect(self.page.locator(f"article[data-clue='{id}']")).to_be_visible(timeout=WAIT_MS)

    def guess(self, text: str) -> None:
        """Answer the clue that is open."""
        self.page.locator("#guess").fill(text)
        self.page.locator("#guess").press("Enter")

    def celebrated(self) -> None:
        """Put the moment of a solve away, if it has not gone by itself."""
        self.page.evaluate("document.querySelector('.celebration')?.click()")
        self.no_more(".celebration")

    # ---- what a person sees

    def sees(self, where: str, words: str | re.Pattern[str]) -> None:
        """Wait until words stand at a place."""
        expect(self.page.locator(where).first).to_contain_text(words, timeout=WAIT_MS)

    def no_more(self, where: str) -> None:
        """Wait until there is no such thing."""
        expect(self.page.locator(where)).to_have_count(0, timeout=WAIT_MS)

    def answer(self, thing: str, words: str | re.Pattern[str]) -> None:
        """Wait for the answer at the thing that it is about."""
        self.sees(f"[data-answer='{thing}']", words)

    def state(self, expression: str) -> Any:
        """Return the value of an expression over the page's store, `state`."""
        return self.page.evaluate(STATE.replace("EXPRESSION", expression))

    def until(self, expression: str) -> None:
        """Wait until an expression over the page's store is true."""
        self.page.wait_for_function(STATE.replace("EXPRESSION", expression), timeout=WAIT_MS)

    def online(self) -> None:
        """Wait until the light is green and nothing waits."""
        expect(self.page.locator(".dot.good")).to_be_visible(timeout=WAIT_MS)

    def offline(self) -> None:
        """Wait until the page has noticed."""
        expect(self.page.locator("[data-strip='lost']")).to_be_visible(timeout=WAIT_MS)

    def well(self, *, lost: bool = False) -> None:
        """Check that nothing went wrong; `lost`: the network was taken away, which Chromium writes down too."""
        left = [trouble for trouble in self.troubles if not (lost and LOST.search(trouble))]
        assert left == [], left

    def close(self) -> None:
        """Put the phone away."""
        self.context.close()
