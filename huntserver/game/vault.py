"""Where what is personal is sealed before it is written, as a port; and what stands in its place once it is gone. Pure.

A vault holds a key per person, and one per team for what the team is called, by a text that names its *holder*.
"""

from __future__ import annotations

from typing import Final, Protocol

GONE: Final = "-"
"""Stands for what was sealed under a key that is destroyed."""
ERASED: Final = "(erased)"
"""What a person is called whose name is gone."""
MARK: Final = "\0sealed:"
"""What is sealed in a snapshot begins with this: no name does, and no text that is shown."""


class Vault(Protocol):
    """Keys by holder."""

    def seal(self, holder: str, plain: bytes) -> str:
        """Return the bytes sealed, as text without `~`; "" if the holder's key is destroyed. The same bytes of the
        same holder give the same text."""
        ...

    def open(self, holder: str, sealed: str) -> bytes | None:
        """Return what was sealed; None if the key is destroyed. Raises ValueError for what no key here made."""
        ...


def nameless(team: str) -> str:
    """Return what a team is called whose name is gone: another name for each team of a hunt."""
    return f"(erased {team})"


def team_holder(hunt: str, team: str, times: int) -> str:
    """Return who holds the key of a team's name, once that was erased so many times."""
    return f"t:{hunt}/{team}" + (f"~{times}" if times else "")
