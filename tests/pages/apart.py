"""A Chromium with a profile of its own, for what only a profile can say (site data blocked)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserType

from tests.pages.phone import EXECUTABLE, PHONE, Phone


@contextmanager
def apart(chromium: BrowserType, profile: Path, flags: Sequence[str]) -> Iterator[Phone]:
    """Start it on a phone; end it afterwards."""
    context = chromium.launch_persistent_context(
        profile, executable_path=EXECUTABLE, args=list(flags), locale="en-GB", reduced_motion="reduce", **PHONE
    )
    made = Phone(context)
    try:
        yield made
    finally:
        made.close()
