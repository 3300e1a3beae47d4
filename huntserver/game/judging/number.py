"""Numbers as people write them: every way to read a guess, and whether one is near enough. Pure.

Points, commas, apostrophes and spaces are read as the world's locales use them (CLDR): "1,250.5", "1.250,5", "1 250,5",
"1'250.5", "12,34,567". Where a sign can part thousands or begin decimals ("1,250"), both readings count. Further:
typographic minus signs, digits of all scripts, fractions, percent, powers of ten in figures and words, units.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from huntserver.game.judging.folding import folded, letters
from huntserver.game.judging.number_words import number_words
from huntserver.game.judging.opening import said
from huntserver.game.judging.tables import magnitudes
from huntserver.game.judging.units import unit_key, units_named, units_of

DIGITS_MAX: Final = 40
PARTS_MAX: Final = 3
"""Hours, minutes, seconds: of so many numbers with units can a quantity be the sum."""
CONVERTED: Final = Fraction(1, 1000)
"""How far off, in proportion, a value may be that was given in another unit than the asked: conversions are rounded."""

_DIGITS: Final = r"\d+(?:(?:\s*[.,']\s*|\s+)\d+)*[.,]?|[.,]\d+"
_NUMBER: Final = re.compile(rf"\s*([-+]?)\s*({_DIGITS})")
_FEET: Final = re.compile(r"\s*([-+]?)\s*(\d+)(?=')")
_FRACTION: Final = re.compile(r"\s*([-+]?)\s*(?:(\d+)\s*(?:\+|\s)\s*)?(\d+)\s*[/÷]\s*(\d+)(?![\d/])")
_POWER: Final = re.compile(r"\s*(?:e\s*([-+]?\d+)|[x*·]\s*10\s*\^?\s*\(?([-+]?\d+)\)?|x?10\^\s*([-+]?\d+))(?!\d)")
_TEN: Final = re.compile(r"\s*([-+]?)\s*10\s*\^\s*\(?([-+]?\d+)\)?")
_ABOUT: Final = re.compile(
    r"\s*(?:[~≈=:#]|(?:ca|approx|circa|environ|etwa|rund)\.?\s|(?:about|exactly|roughly|approximately|nearly|genau)\s"
    r"|n[or]\.?\s?(?=\d))\s*"
)
_MINUS: Final = re.compile(r"(?:minus|negative|moins|menos|meno|минус|まいなす|负|負|سالب)\s*(?=[\d.])")
_AROUND: Final = re.compile(r"([\"'(\[]+)(.*?)[\"')\]]+", re.DOTALL)
"""Quotes and brackets around all of it."""
_BEFORE: Final = re.compile(r"([^\d\s.,+\-]+)\s*(?=\d)")
_NOUN: Final = re.compile(r"\s*([^\W\d_]{3,}(?:\s[^\W\d_]{3,})?)\.?")
"""What is counted, behind a number: 12 spikes."""
_COUNT: Final = """
and half third quarter dozen score pair pairs squared cubed plus minus times more less over under point percent
hundred thousand million und halb dutzend mal
"""
_COUNTS: Final = frozenset(_COUNT.split())
"""Words behind a number that make another of it."""
THING: Final = "\0"
"""Stands for the unit of what is merely counted."""
_WORDS_MAX: Final = 6
"""Words that a number is said in, at most."""
_WORD: Final = re.compile(r"\s*([^\d\s.,+\-]+\.?)")
_SMALLER: Final = {"duration-hour": "min", "length-foot": "in", "angle-degree": "'", "angle-arc-minute": '"',
                   "length-meter": "cm", "duration-minute": "s"}  # fmt: skip
"""What a last number without a unit is, after one in such a unit: 1 h 30."""


_OF_DEGREES: Final = ("temperature-celsius", "temperature-fahrenheit")
"""What "20 degrees" is in, where such a unit is asked."""


class Quantity(NamedTuple):
    """A number with what stood behind it: a unit's key, or ""."""

    value: Fraction
    unit: str


class NumberAnswer(NamedTuple):
    """An accepted number: `tolerance` is absolute, or a proportion of the value where `relative`; `unit` may be ""."""

    value: Fraction
    tolerance: Fraction = Fraction(0)
    relative: bool = False
    unit: str = ""

    def fits(self, guess: str) -> bool:
        """Tell whether some reading of the guess is near enough, both ends included."""
        return any(self.near(quantity) for quantity in readings(guess))

    def near(self, given: Quantity) -> bool:
        """Tell whether a quantity is near enough. One without a unit is in the asked one."""
        within = abs(self.value) * self.tolerance if self.relative else self.tolerance
        if given.unit == THING:
            return not self.unit and abs(given.value - self.value) <= within
        if self._rounded(given):
            return True
        if given.unit == self.unit or not given.unit:
            return abs(given.value - self.value) <= within
        if not self.unit:
            percent = _ratio(given.unit)
            return percent is not None and (
                abs(given.value - self.value) <= within or abs(given.value * percent - self.value) <= within
            )
        return any(abs(value - self.value) <= max(within, slack) for value, slack in self._converted(given))

    def _rounded(self, given: Quantity) -> bool:
        """Tell whether a decimal of two places and more is a number that no decimal is, rounded or cut: 0.33, 0.67."""
        rest = self.value.denominator
        for factor in (2, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1 or given.unit not in ("", self.unit):
            return False
        places = next((n for n in range(2, DIGITS_MAX) if (given.value * 10**n).denominator == 1), 0)
        unit = Fraction(1, 10**places)
        less = abs(self.value) - abs(given.value)
        return bool(places) and given.value * self.value > 0 and (abs(less) * 2 <= unit or 0 <= less < unit)

    def _converted(self, given: Quantity) -> Iterator[tuple[Fraction, Fraction]]:
        """Yield the value in the asked unit, and what rounding may cost it, for each unit that it can be given in."""
        for asked in units_named(self.unit):
            if asked.name in _OF_DEGREES and any(u.name == "angle-degree" for u in units_named(given.unit)):
                yield given.value, Fraction(0)  # 20°, 20 degrees
            for unit in units_of(asked.dimension).get(given.unit, ()):
                value = (unit.base(given.value) - asked.offset) / asked.factor
                exact = unit.factor == asked.factor or _metric(unit.factor / asked.factor)
                yield value, Fraction(0) if exact else abs(self.value) * CONVERTED


def _metric(factor: Fraction) -> bool:
    """Tell whether a conversion moves the point alone, or multiplies a few (minutes, bytes): nobody rounds there."""
    return factor.numerator <= 10**12 and factor.denominator <= 10**12 and 1 in (factor.numerator, factor.denominator)


def _ratio(unit: str) -> Fraction | None:
    return next((u.factor for u in units_named(unit) if u.dimension == "ratio"), None)


def unit_problem(unit: str) -> str:
    """Return why a unit cannot be asked for, or ""."""
    return "" if units_named(unit) else f"{unit!r} is no unit that is known"


@lru_cache(256)
def readings(text: str) -> tuple[Quantity, ...]:
    """Return every quantity that a text can be read as; none if it is no number. Never fails."""
    plain = letters(said(text))
    plain = _in_figures("".join(c for c in plain if c != "_" and not _is_ornament(c)).strip().rstrip("!?;"))
    plain = around[2].strip() if (around := _AROUND.fullmatch(plain)) else plain.strip("[]")
    plain = plain[found.end() :] if (found := _ABOUT.match(plain)) else plain
    plain = _MINUS.sub("-", plain, count=1) if _MINUS.match(plain) else plain
    if len(plain) > 200:
        return ()
    found_all = list(_compound(plain, PARTS_MAX))
    if (word := _BEFORE.match(plain)) and (power := magnitudes().get(unit_key(word[1]))) is not None:
        rest = _compound(plain[word.end() :], 1)
        found_all += [Quantity(q.value * 10**power, q.unit) for q in rest]
    if not found_all and " " in plain:  # ". 5": a slip of the thumb
        found_all = [q for q in _compound("".join(plain.split()), 1) if q.unit != THING]
    if not found_all and "·" in plain:
        found_all = list(_compound(plain.replace("·", "."), 1))
    return tuple(dict.fromkeys(found_all))


def _is_ornament(c: str) -> bool:
    """Tell whether a sign says nothing of the number: of a currency, or a picture beside it."""
    return unicodedata.category(c) == "Sc" or (ord(c) >= 0x2600 and unicodedata.category(c) in ("So", "Sk"))


def _in_figures(text: str) -> str:
    """Return the text with a number in words that it begins with in figures: "twelve spikes", "one million"."""
    words = text.replace("-", " ").split()
    if not words or any(c.isdigit() for c in words[0]):
        return text
    first = 1 if words[0] in ("minus", "negative", "about") else 0
    for end in range(min(len(words), first + _WORDS_MAX), first, -1):
        for number in number_words().get(folded("".join(words[first:end])), ())[:1]:
            return " ".join([*words[:first], str(number), *words[end:]])
    return text


def _compound(text: str, parts: int) -> Iterator[Quantity]:
    """Yield the readings of a number with its unit, or of several that add up: 5 ft 6 in, 1 h 30."""
    for value, rest in _leading(text):
        for factor, unit, more in _behind(rest):
            if not more:
                yield Quantity(value * factor, unit)
            elif unit and parts > 1:
                yield from _sums(value * factor, unit, more, parts - 1)


def _sums(value: Fraction, unit: str, more: str, parts: int) -> Iterator[Quantity]:
    for first in units_named(unit):
        known = units_of(first.dimension)
        for given in _compound(more, parts):
            second = given.unit or unit_key(_SMALLER.get(first.name, ""))
            for other in known.get(second, ()):
                if other.factor < first.factor and given.value >= 0 and not first.offset:
                    part = given.value * other.factor / first.factor
                    yield Quantity(value - part if value < 0 else value + part, unit)


def _behind(rest: str) -> Iterator[tuple[Fraction, str, str]]:
    """Yield (factor, unit, what follows) for what stands behind a number."""
    rest = rest.strip()
    if not rest or rest == ".":
        yield Fraction(1), "", ""
        return
    key = unit_key(rest)
    if units_named(key):
        yield Fraction(1), key, ""
    if found := _WORD.match(rest):
        word, more = unit_key(found[1]), rest[found.end() :].strip()
        power = magnitudes().get(word)
        if power is not None and (not more or units_named(more)):
            yield Fraction(10**power), unit_key(more), ""
        if more and units_named(word):
            yield Fraction(1), word, more
    if (noun := _NOUN.fullmatch(rest)) and not units_named(key) and not _counts(noun[1]):
        yield Fraction(1), THING, ""


def _counts(words: str) -> bool:
    """Tell whether a word behind a number makes another of it, or is a unit that the number may be in."""
    return any(
        word in _COUNTS or folded(word) in number_words() or unit_key(word) in magnitudes() or units_named(word)
        for word in words.split()
    )


def _leading(text: str) -> Iterator[tuple[Fraction, str]]:
    """Yield (value, what follows) for every reading of the number that a text begins with."""
    if found := _FRACTION.match(text):
        sign, whole, above, below = found.groups()
        if int(below) and len(found[0]) <= DIGITS_MAX:
            value = int(whole or 0) + Fraction(int(above), int(below))
            yield (-value if sign == "-" else value), text[found.end() :]
    if found := _TEN.match(text):
        sign, power = found.groups()
        if len(power) <= 3 and abs(int(power)) <= DIGITS_MAX:
            yield (-1 if sign == "-" else 1) * Fraction(10) ** int(power), text[found.end() :]
    found = _NUMBER.match(text)
    if found is None:
        return
    sign, digits = found.groups()
    rest = text[found.end() :]
    if not _values(digits) and (feet := _FEET.match(text)):
        (sign, digits), rest = feet.groups(), text[feet.end() :]
    scale = Fraction(1)
    if power := _POWER.match(rest):
        exponent = next(group for group in power.groups() if group)
        if len(exponent) <= 3 and abs(int(exponent)) <= DIGITS_MAX:
            scale, rest = Fraction(10) ** int(exponent), rest[power.end() :]
    for value in _values(digits):
        yield (-value if sign == "-" else value) * scale, rest


def _values(digits: str) -> list[Fraction]:
    """Return the values that digits with points, commas, apostrophes and spaces can mean."""
    if re.search(r"\d\s*'\s*\d{1,2}(?!\d)", digits):
        return []  # 5'6 is feet and inches
    plain = re.sub(r"[\s']", "", digits)
    if len(plain) > DIGITS_MAX:
        return []
    marks = re.findall(r"[.,]", plain)
    groups = re.split(r"[.,]", plain)
    if not marks:
        return [Fraction(int(plain))]
    decimal = Fraction(int("".join(groups)), 10 ** len(groups[-1]))
    if len(marks) == 1:
        return [decimal, Fraction(int("".join(groups)))] if grouped(groups) else [decimal]
    if len(set(marks)) == 1:
        return [Fraction(int("".join(groups)))] if grouped(groups) else []
    return [decimal] if marks.count(marks[-1]) == 1 and grouped(groups[:-1]) else []


def grouped(groups: list[str]) -> bool:
    """Tell whether groups of digits are one number: by threes, by fours, or as in India (12,34,567)."""
    first, *middle, last = groups
    if not first or first[0] == "0" or not last:
        return False
    if len(last) == 3 and len(first) <= 3:
        widths = {len(group) for group in middle}
        return widths <= {3} or (widths <= {2} and len(first) <= 2)
    return len(last) == 4 and len(first) <= 4 and bool(middle) and {len(group) for group in middle} == {4}
