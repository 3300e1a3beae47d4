"""Pictures of the docs, taken by the tests that make what they show: `make pictures` says where they go.

What is shown is looked at by axe, whether a picture is taken or not.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tests.pages.axe import looked_at
from tests.pages.phone import AT_REST, Phone

ROOT: Final = Path(__file__).parents[2]
PLAYED: Final = ("entrance", "clue", "solved", "clues", "locked", "offline", "board", "team", "feed", "ended")
HOSTED: Final = (
    "host-sign-in", "host-doors", "host-faults", "host-editor", "host-try", "host-before", "host-run", "host-accept",
    "clue-picture", "host-team", "host-results", "board-live", "board-frozen", "board-ceremony", "board-winner",
)  # fmt: skip
STATES: Final = (
    "first-visit", "invited", "name-taken", "wrong-code", "team-full", "hunt-full", "doors-closed", "no-such-hunt",
    "taken-out-joining", "before", "running", "paused", "over", "receipt", "frozen", "taken-out", "kicked", "asks",
    "wait", "code-wait", "two-waiting", "back-online", "restarting", "other-tab", "expired", "no-storage", "no-camera",
    "camera-denied", "not-secure", "vague", "place-denied", "five-hundred", "wide-names", "right-to-left",
    "twice-as-large", "keyboard", "dark", "german", "newer-version", "pairing", "pairing-refused", "renaming", "member",
)  # fmt: skip
"""Of the player's page; each stands in `docs/proof/states.md`."""


def picture(phone: Phone, name: str, *, focused: bool = False) -> None:
    """Let axe look, and take a picture if asked to; all that are taken stand in the docs.

    `focused`: what has the focus is shown.
    """
    assert name in PLAYED + HOSTED or name.removeprefix("state-") in STATES
    folder = os.environ.get("HUNTSERVER_PICTURES")
    if folder:
        if not focused:
            phone.page.evaluate("document.activeElement.blur()")
        phone.page.evaluate(AT_REST)
        phone.page.screenshot(path=Path(folder) / f"{name}.png", scale="css")
    found = looked_at(phone)
    assert found == [], (name, found)


def state(phone: Phone, name: str, *, focused: bool = False) -> None:
    """Take the picture of a state."""
    picture(phone, f"state-{name}", focused=focused)
