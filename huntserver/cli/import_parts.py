"""What all imports share: the tree that is made, what is noted on the way, ids out of titles, numbers out of texts."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

Tree = dict[str, Any]
"""A hunt file as nested tables."""


class ImportFault(ValueError):
    """A file that cannot be taken over; its text says where and what to do."""


class Notes:
    """What could not be taken over."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Note a line, once."""
        if line not in self.lines:
            self.lines.append(line)


class Ids:
    """Makes ids of titles, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, title: str) -> str:
        """Return a small-letter id that resembles a title."""
        bare = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
        base = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:24] or "clue"
        if not base[0].isalpha() or base in ("and", "or", "of", "after", "not"):
            base = f"c-{base}"
        id, n = base, 2
        while id in self._taken:
            id, n = f"{base}-{n}", n + 1
        self._taken.add(id)
        return id


def number(text: str, line: int, name: str) -> float:
    """Return a number of a file, with a point or a comma; `line` says where it stands."""
    try:
        value = float("".join(text.replace(",", ".").replace("\u2212", "-").split()))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ImportFault(f"line {line}: {name} is {text!r}, which is no number")
    return value
