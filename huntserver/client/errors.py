"""What a client raises."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The server said no. `code` is one of the protocol's, the text is for people, `after_ms`: when to try again."""

    def __init__(self, err: dict[str, Any]) -> None:
        super().__init__(err.get("msg") or err["code"])
        self.code: str = err["code"]
        self.after_ms: int | None = err.get("after_ms")


class Unreachable(Exception):
    """The server cannot be reached, or did not answer in time; the text names the address."""


class TooSlow(Exception):
    """More messages came than were read: `Client.messages` gives up rather than leave some out."""
