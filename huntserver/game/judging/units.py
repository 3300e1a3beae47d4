"""Units of measure by the names that people give them in many languages, and their conversion. Pure.

The table is made by pint and CLDR (see `tables`); conversions are fractions, so that nothing is rounded.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import Final, NamedTuple

from huntserver.game.judging.folding import letters
from huntserver.game.judging.tables import rows

_SPACES: Final = re.compile(r"[\s.]+")


class Unit(NamedTuple):
    """A value times `factor` plus `offset` is in the base unit of its `dimension`."""

    name: str
    dimension: str
    factor: Fraction
    offset: Fraction

    def base(self, value: Fraction) -> Fraction:
        """Return a value of this unit in the base unit."""
        return value * self.factor + self.offset


def unit_key(text: str) -> str:
    """Return a unit's name as names are compared: letters folded, without spaces and points."""
    return _SPACES.sub("", letters(text))


def units_named(text: str) -> tuple[Unit, ...]:
    """Return every unit that people call so: "m" is metre and minute, "mw" milliwatt and megawatt."""
    return _table().get(unit_key(text), ())


def units_of(dimension: str) -> dict[str, tuple[Unit, ...]]:
    """Return the units of one dimension by their names."""
    return _of(dimension)


@cache
def _table() -> dict[str, tuple[Unit, ...]]:
    found: dict[str, tuple[Unit, ...]] = {}
    for name, dimension, factor, offset, names in rows("units.tsv"):
        unit = Unit(name, dimension, Fraction(factor), Fraction(offset))
        for key in names.split(" "):
            found[key] = (*found.get(key, ()), unit)
    return found


@cache
def _of(dimension: str) -> dict[str, tuple[Unit, ...]]:
    found = {}
    for key, units in _table().items():
        alike = tuple(unit for unit in units if unit.dimension == dimension)
        if alike:
            found[key] = alike
    return found
