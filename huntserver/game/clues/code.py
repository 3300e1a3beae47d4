"""Clues that are solved by a code found in the world: printed as QR, on an NFC tag, or to be typed. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import parse_qs, urlsplit

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Wrong
from huntserver.game.judging.letters import IGNORABLE


class CodeKeys(Part, frozen=True):
    """Each of the codes solves the clue."""

    codes: list[str] = []


DASHES: Final = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014\u2212_"))


_UNSEEN: Final = dict.fromkeys(IGNORABLE)


def code_key(code: str) -> str:
    """Return the form in which codes are compared: case, width, spaces and dashes do not count.

    Nor does what a messenger pastes along unseen; digits of all scripts are one, as the i's of Turkish keyboards are.

    Of a link that has a code (`...?hunt=ID&code=CODE`) the code counts: what a phone's camera reads may be pasted.
    """
    if "code=" in code and "?" in code:
        code = parse_qs(urlsplit(code.strip()).query).get("code", [code])[0]
    if not code.isascii():
        code = unicodedata.normalize("NFKC", code).translate(_UNSEEN).replace("\u0130", "I")
        code = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in code)
    return "".join(code.translate(DASHES).split()).upper()


def check(wrong: Wrong, path: str, clue: CodeKeys) -> None:
    """Report codes that are easily guessed, or too long for a picture."""
    for i, code in enumerate(clue.codes):
        if not 4 <= len(code_key(code)) <= 64:
            what = f"has {len(code_key(code))} characters beside spaces and dashes"
            wrong(f"{path}.codes[{i}]", what, "allowed is 4 to 64")


KIND: Final = Kind(
    "code",
    CodeKeys,
    owns=("codes",),
    check=check,
    ranges={"codes": (0, 50)},
    codes=lambda clue: [code_key(code) for code in clue.codes],
)
