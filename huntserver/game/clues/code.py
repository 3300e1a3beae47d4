"""Clues that are solved by a code found in the world: printed as QR, on an NFC tag, or to be typed. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Wrong


class CodeKeys(Part, frozen=True):
    """Each of the codes solves the clue."""

    codes: list[str] = []


def code_key(code: str) -> str:
    """Return the form in which codes are compared: without spaces around, in capitals."""
    return code.strip().upper()


def check(wrong: Wrong, path: str, clue: CodeKeys) -> None:
    """Report codes that are easily guessed, or too long for a picture."""
    for i, code in enumerate(clue.codes):
        if not 4 <= len(code.strip()) <= 64:
            wrong(f"{path}.codes[{i}]", f"has {len(code.strip())} characters", "allowed is 4 to 64")


KIND: Final = Kind(
    "code",
    CodeKeys,
    owns=("codes",),
    check=check,
    ranges={"codes": (0, 50)},
    codes=lambda clue: [code_key(code) for code in clue.codes],
)
