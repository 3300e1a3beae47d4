"""A wrapper around answers, such as `flag{...}`: taken off a guess that has it. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from huntserver.game.judging.folding import WIDE, typed

GAP: Final = "..."
_ENDS: Final = re.compile(r"(?<=\W)[\s.!,;]+\Z")


class Wrapper(NamedTuple):
    """What stands before and behind an answer. `needed`: a guess without it is wrong."""

    before: str
    behind: str
    needed: bool = False

    def off(self, text: str) -> str | None:
        """Return what is inside, or the text itself if it is not wrapped; None if it had to be.

        Case, width and the spaces around do not count; signs in the wrapper may be left at one side only by nobody.
        """
        plain = typed(text).strip()
        if self.behind and not plain.endswith(self.behind):
            plain = _ENDS.sub("", plain)  # the point that a phone puts after two spaces
        found = re.fullmatch(
            rf"{re.escape(self.before)}\s*(.*?)\s*{re.escape(self.behind)}",
            plain.translate(WIDE),
            re.IGNORECASE | re.DOTALL,
        )
        if found:
            return plain[slice(*found.span(1))]
        return None if self.needed else text

    def on(self, text: str) -> str:
        """Return the text in its wrapper."""
        return f"{self.before}{text}{self.behind}"


def wrapper_of(text: str, *, needed: bool = False) -> Wrapper | None:
    """Read a wrapper of a hunt file, `flag{...}` or `flag{}`; None if it says not where the answer goes."""
    before, gap, behind = text.partition(GAP)
    if not gap and len(text) >= 2 and text[-2:] in ("{}", "()", "[]", "<>"):
        before, gap, behind = text[:-1], GAP, text[-1]
    if not gap or GAP in behind or not (before.strip() or behind.strip()):
        return None
    return Wrapper(typed(before).translate(WIDE).strip(), typed(behind).translate(WIDE).strip(), needed)
