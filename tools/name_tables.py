"""Writes the tables by which look-alike names are found: `huntserver/game/confusables.tsv` and `scripts.tsv`.

Source: Unicode's confusables.txt (UTS 39) and Scripts.txt, as the package `confusable-homoglyphs` carries them. Run it
after an upgrade of that package: `python tools/name_tables.py`. `tests/game/test_look_alikes.py` compares what it makes
with what is tracked.
"""

from __future__ import annotations

import json
import unicodedata
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "huntserver" / "game"
PACKAGE = "confusable-homoglyphs"
MARKS = "\u200e\u200f"
"""Put around examples of right-to-left letters in Unicode's file, and no part of them."""


def _read(name: str) -> Any:
    return json.loads((files("confusable_homoglyphs") / name).read_text(encoding="utf-8"))


def _head(source: str) -> str:
    return f"# {source}; {PACKAGE} {version(PACKAGE)}; made by tools/name_tables.py; licence: UNICODE-LICENSE.txt\n"


def confusables() -> str:
    """Return a line for each character that looks like something else: its code point, and what it looks like.

    Characters that look alike, directly or over others, have one prototype: the shortest way to say "these are one".
    """
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        parent.setdefault(text, text)
        while parent[text] != text:
            text = parent[text]
        return text

    for given, others in _read("confusables.json").items():
        for other in others:
            a, b = root(_plain(given)), root(_plain(other["c"]))
            if a != b:
                parent[max(a, b, key=_rank)] = min(a, b, key=_rank)
    found = {
        text: root(text)
        for text in sorted(parent)
        if len(text) == 1 and root(text) != text and unicodedata.normalize("NFD", text) == text
    }
    lines = [f"{ord(text):04X}\t{_settled(prototype, found)}" for text, prototype in found.items()]
    return _head("Unicode confusables.txt") + "\n".join(lines) + "\n"


def _settled(prototype: str, found: dict[str, str]) -> str:
    """Return a prototype whose own characters look like nothing else."""
    while True:
        again = "".join(found.get(c, c) for c in unicodedata.normalize("NFKD", prototype))
        if again == prototype:
            return prototype
        prototype = again


def _plain(text: str) -> str:
    return unicodedata.normalize("NFD", "".join(c for c in text if c not in MARKS) or text)


def _rank(text: str) -> tuple[bool, bool, int, str]:
    """Order prototypes: what is written in several characters, then ASCII letters, then all others."""
    return (len(text) == 1, not text.isascii(), -len(text), text)


def scripts() -> str:
    """Return a line for each stretch of code points of a script that has letters: first, last, name."""
    found = _read("categories.json")
    names = found["iso_15924_aliases"]
    stretches: list[tuple[int, int, str]] = []
    for first, last, name, _ in sorted(found["code_points_ranges"]):
        if names[name] in ("COMMON", "INHERITED"):
            continue
        if stretches and stretches[-1][1] == first - 1 and stretches[-1][2] == names[name]:
            stretches[-1] = (stretches[-1][0], last, names[name])
        else:
            stretches.append((first, last, names[name]))
    lines = (f"{first:04X}\t{last:04X}\t{name.replace('_', ' ').title()}" for first, last, name in stretches)
    return _head("Unicode Scripts.txt") + "\n".join(lines) + "\n"


def tables() -> dict[str, str]:
    """Return every table as text by the name of its file."""
    return {"confusables.tsv": confusables(), "scripts.tsv": scripts()}


if __name__ == "__main__":
    for name, text in tables().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
