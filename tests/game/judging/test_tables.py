"""The tracked tables are what CLDR and pint give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pint

from huntserver.game.judging.units import units_named
from tools.judging_tables import FOLDER, tables


def test_the_tracked_tables_are_made_of_the_pinned_sources() -> None:
    made = tables()
    assert {path.name for path in FOLDER.iterdir()} == set(made)
    for name, text in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: run tools/judging_tables.py"


def test_conversions_agree_with_pint() -> None:
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry()
    for ours, theirs, base in [
        ("mile", "mile", "meter"), ("lb", "pound", "kilogram"), ("°F", "degF", "kelvin"), ("knots",
         "knot", "meter/second"),
        ("ha", "hectare", "meter**2"), ("psi", "psi", "pascal"), ("kWh", "kilowatt_hour", "joule"),
         ("ft", "foot", "meter"),
    ]:  # fmt: skip
        (unit,) = (u for u in units_named(ours) if not u.name.startswith("duration"))
        expected = registry.Quantity(12.5, theirs).to(base).magnitude
        assert abs(float(unit.base(Fraction("12.5"))) - expected) < 1e-9 * abs(expected)
