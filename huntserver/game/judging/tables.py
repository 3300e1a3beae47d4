"""Reads the tables that `tools/judging_tables.py` made of CLDR and pint. Pure but for reading the package's files.

Each is read by the first hunt that needs it, and kept.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> list[list[str]]:
    """Return the rows of a table, each as its fields."""
    text = (files("huntserver.game.judging") / "tables" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


@cache
def magnitudes() -> dict[str, int]:
    """Return words for powers of ten: {"mio": 6}."""
    return {word: int(power) for word, power in rows("magnitudes.tsv")}


@cache
def months() -> dict[str, tuple[int, ...]]:
    """Return the months (1 to 12) that a word stands for, in whatever language."""
    found: dict[str, tuple[int, ...]] = {}
    for word, month in rows("months.tsv"):
        found[word] = (*found.get(word, ()), int(month))
    return found


@cache
def weekdays() -> frozenset[str]:
    """Return the names of days of the week."""
    return frozenset(word for (word,) in rows("weekdays.tsv"))


@cache
def conjunctions() -> frozenset[str]:
    """Return the words for "and"."""
    return frozenset(word for (word,) in rows("conjunctions.tsv"))
