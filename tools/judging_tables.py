"""Writes the tables of `huntserver/game/judging/tables` anew: names of months, magnitudes and units in many languages.

Sources: CLDR through Babel, conversions through pint. Run it after an upgrade of either: `python
tools/judging_tables.py`. `tests/game/judging/test_tables.py` compares what it makes with what is tracked.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pint
from babel import Locale

from huntserver.game.judging.folding import folded, letters
from huntserver.game.judging.units import unit_key

FOLDER = Path(__file__).parents[1] / "huntserver" / "game" / "judging" / "tables"
_NAMES = """
    en de fr es it pt nl sv da nb fi is pl cs sk sl hr sr bs mk bg ru uk be lt lv et hu ro el tr az kk uz ka hy he ar
    fa ur hi bn mr gu pa ta te kn ml si ne th lo km my vi id ms fil ja ko zh zh_Hant ca eu gl ga cy gd mt sq af sw zu
    am mn
"""
LANGUAGES = _NAMES.split()
"""In CLDR's names. Earlier ones win where two languages use one word for different magnitudes."""

PINT_NAMES = {
    "mass-ton": "short_ton", "mass-tonne": "metric_ton", "mass-carat": "carat", "mass-ounce-troy": "troy_ounce",
    "temperature-celsius": "degC", "temperature-fahrenheit": "degF", "temperature-kelvin": "kelvin",
    "pressure-millimeter-ofhg": "mmHg", "pressure-inch-ofhg": "inHg", "pressure-pound-force-per-square-inch": "psi",
    "energy-foodcalorie": "kilocalorie", "energy-kilowatt-hour": "kilowatt_hour", "angle-arc-minute": "arcminute",
    "angle-arc-second": "arcsecond", "angle-revolution": "turn", "length-nautical-mile": "nautical_mile",
    "length-astronomical-unit": "astronomical_unit", "length-light-year": "light_year",
    "speed-light-speed": "speed_of_light",
    "pressure-atmosphere": "standard_atmosphere", "volume-fluid-ounce": "fluid_ounce", "length-point": None,
    "volume-gallon-imperial": "imperial_gallon", "volume-pint-imperial": "imperial_pint",
    "volume-quart-imperial": "imperial_quart", "volume-fluid-ounce-imperial": "imperial_fluid_ounce",
    "volume-dram": None, "volume-pinch": None,
    "length-mile-scandinavian": None, "duration-month": "month", "duration-quarter": None, "digital-bit": "bit",
}  # fmt: skip
KINDS = (
    "angle", "area", "digital", "duration", "electric", "energy", "force", "frequency", "length", "mass", "power",
    "pressure", "speed", "temperature", "volume",
)  # fmt: skip
MORE_NAMES = {
    "length-foot": ("'", "’", "ft", "feet", "foot"), "length-inch": ('"', "''", "in", "inch", "inches"),
    "angle-arc-minute": ("'", "′"), "angle-arc-second": ('"', "″"), "angle-degree": ("°", "deg"),
    "duration-minute": ("'", "min", "mins", "m"), "duration-second": ('"', "s", "sec", "secs"),
    "duration-hour": ("h", "hr", "hrs", "std"), "duration-day": ("d",), "temperature-celsius": ("c", "celsius", "degc"),
    "temperature-fahrenheit": ("f", "fahrenheit", "degf"), "temperature-kelvin": ("k",), "mass-pound": ("lb", "lbs"),
    "mass-kilogram": ("kilo", "kilos", "kgs"), "speed-kilometer-per-hour": ("kph", "kmh", "km/h"),
    "speed-mile-per-hour": ("mph",), "length-kilometer": ("kms",), "length-mile": ("mi", "miles"),
    "length-micrometer": ("um", "micron", "microns"), "volume-liter": ("l", "litre", "litres", "liter", "liters"),
    "mass-gram": ("g", "gr", "gramme", "grammes"), "length-meter": ("m", "metre", "metres", "meter", "meters"),
    "energy-calorie": ("cal",), "electric-ohm": ("Ω", "ohm", "ohms"), "mass-tonne": ("t", "ton", "tons", "to"),
    "speed-meter-per-second": ("m/s", "mps"), "volume-cubic-centimeter": ("cc", "ccm"), "area-hectare": ("ha",),
    "concentr-percent": ("%", "percent", "per cent", "pct", "pc"), "volume-milliliter": ("ml",),
    "length-centimeter": ("cm", "cms"), "speed-knot": ("kn", "kt", "kts", "knots"),
}  # fmt: skip


def locales() -> list[Locale]:
    """Return the languages' locales."""
    return [Locale.parse(name) for name in LANGUAGES]


def magnitudes() -> Iterator[tuple[str, int]]:
    """Yield (word, power of ten), such as ("mio", 6)."""
    found: dict[str, int] = {"k": 3, "bn": 9, "tsd": 3, "lakh": 5, "crore": 7, "cr": 7, "thsd": 3, "mille": 3}
    for locale in locales():
        for width in ("long", "short"):
            for rows in locale.compact_decimal_formats.get(width, {}).values():
                for number, pattern in rows.items():
                    text = str(pattern.pattern)
                    zeros = text.count("0")
                    word = word_of(re.sub("0", "", text).split(";")[0])
                    if zeros and word and not word.isdigit() and len(number) > zeros:
                        found.setdefault(word, len(number) - zeros)
    yield from sorted(found.items())


def word_of(text: str) -> str:
    """Return a word as guesses are compared with it: folded, without quotes, spaces and points."""
    return folded(text.replace("'", ""))


def months() -> Iterator[tuple[str, int]]:
    """Yield (name, month); a name that stands for two months in two languages comes twice."""
    found = set()
    for locale in locales():
        for names in (locale.months["format"], locale.months["stand-alone"]):
            for width in ("wide", "abbreviated"):
                for month, name in names[width].items():
                    word = word_of(name)
                    if word and not word.isdigit() and not re.fullmatch(r"\d+\D", word):
                        found.add((word, month))
    yield from sorted(found)


def weekdays() -> Iterator[str]:
    """Yield the names of days of the week."""
    found = set()
    for locale in locales():
        for width in ("wide", "abbreviated"):
            found |= {word_of(name) for name in locale.days["format"][width].values()}
    yield from sorted(word for word in found if len(word) > 1)


def conjunctions() -> Iterator[str]:
    """Yield the words that part the last two things of a list, such as "and"."""
    found = {"&", "+"}
    for locale in locales():
        for key in ("2", "end"):
            pattern = str(locale.list_patterns["standard"].get(key, ""))
            word = letters(pattern.replace("{0}", "").replace("{1}", "")).strip(" ,،、")
            if word and word.isalpha():
                found.add(word)
    yield from sorted(found)


def units() -> Iterator[tuple[str, str, str, str, list[str]]]:
    """Yield (unit, kind, factor, offset, names): a value times the factor plus the offset is in the base unit."""
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(non_int_type=Fraction)
    names = unit_names()
    for name, part in (("concentr-percent", 100), ("concentr-permille", 1000)):
        yield name, "ratio", f"1/{part}", "0", sorted(names[name])
    for unit in sorted(names):
        kind, _, name = unit.partition("-")
        called = PINT_NAMES.get(unit, pint_name(name))
        if kind not in KINDS or called is None:
            continue
        try:
            zero, one = (registry.Quantity(Fraction(v), called).to_base_units() for v in (0, 1))
        except (pint.PintError, AttributeError, ValueError):
            continue
        dimension = "*".join(f"{base}^{float(Fraction(str(power))):g}" for base, power in sorted(one._units.items()))
        if not dimension:
            continue
        factor, offset = exact(one.magnitude - zero.magnitude), exact(zero.magnitude)
        yield unit, dimension, str(factor), str(offset), sorted(names[unit])


def exact(value: Any) -> Fraction:
    """Return a conversion as a fraction; those that hold pi to 15 digits."""
    return value if isinstance(value, Fraction) else Fraction(f"{float(value):.15g}")


def pint_name(name: str) -> str:
    """Return CLDR's name of a unit as pint reads it: square-meter is meter**2, meter-per-second is meter/second."""
    parts = [re.sub(r"^square-(.*)", r"(\1)**2", part) for part in name.split("-per-")]
    parts = [re.sub(r"^cubic-(.*)", r"(\1)**3", part) for part in parts]
    return "/".join(part.replace("square-", "").replace("-", "_") for part in parts)


def unit_names() -> dict[str, set[str]]:
    """Return the names of every unit, as `unit_key` gives them. A name that English has means what it means there."""
    english = names_in([Locale.parse("en")])
    for unit, more in MORE_NAMES.items():
        english[unit].update(map(unit_key, more))
    taken = {(unit.partition("-")[0], name) for unit, names in english.items() for name in names}
    found = names_in(locales())
    for unit, names in found.items():
        names -= {name for name in names if (unit.partition("-")[0], name) in taken}
        names |= english[unit]
    return found


def names_in(some: list[Locale]) -> dict[str, set[str]]:
    """Return the names of every unit in some languages."""
    found: dict[str, set[str]] = defaultdict(set)
    for locale in some:
        for unit, widths in locale._data["unit_patterns"].items():
            for width, patterns in widths.items():
                for form, pattern in patterns.items():
                    if form in ("per", "gender", "case") or not isinstance(pattern, str) or "{0}" not in pattern:
                        continue
                    name = unit_key(pattern.replace("{0}", " "))
                    if name and (width != "narrow" or len(name) > 1 or not name.isalpha()):
                        found[unit].add(name)
    return found


def tables() -> dict[str, str]:
    """Return the text of every table by its file's name."""
    return {
        "magnitudes.tsv": "".join(f"{word}\t{power}\n" for word, power in magnitudes()),
        "months.tsv": "".join(f"{word}\t{month}\n" for word, month in months()),
        "weekdays.tsv": "".join(f"{word}\n" for word in weekdays()),
        "conjunctions.tsv": "".join(f"{word}\n" for word in conjunctions()),
        "units.tsv": "".join("\t".join((*row[:4], " ".join(row[4]))) + "\n" for row in units()),
    }


def main() -> None:
    """Write the tables."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in tables().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}: {text.count(chr(10))} rows, {len(text.encode())} bytes\n")


if __name__ == "__main__":
    main()
