"""Clues that a host or a reviewer confirms with `award`: something is shown or done before them. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Wrong


class ManualKeys(Part, frozen=True):
    """Such a clue has no keys of its own: its text says what is to be done, and where it is shown."""


def check(wrong: Wrong, path: str, clue: ManualKeys) -> None:
    """There is nothing to be wrong."""


KIND: Final = Kind("manual", ManualKeys, owns=(), check=check, by_hand=True)
