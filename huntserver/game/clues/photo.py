"""Clues that are solved by a photo: a team hands one in, a host or a reviewer accepts it or says why not. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Wrong


class PhotoKeys(Part, frozen=True):
    """Such a clue has no keys of its own: its text says what is to be seen. `attempts` is what a rejected one costs."""


def check(wrong: Wrong, path: str, clue: PhotoKeys) -> None:
    """There is nothing to be wrong."""


KIND: Final = Kind("photo", PhotoKeys, owns=(), check=check, by_hand=True, reviewed=True)
