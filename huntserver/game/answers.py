"""Judging answers: normalisation, accepted texts, numbers with tolerance, regular expressions. Pure.

A text is normalised by Unicode NFKC, casefold, removal of diacritics and of everything but letters, digits and
spaces, runs of spaces folded to one: "L'Été  2024!" becomes "lete 2024". Numbers are compared as decimals.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from decimal import Decimal, InvalidOperation
from typing import Final

GUESS_MAX: Final = 200
PATTERN_MAX: Final = 120
_NOT_WORD: Final = re.compile(r"[^\w\s]|_")
_SPACES: Final = re.compile(r"\s+")
_SIMPLE: Final = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*\Z")
_BACKREFERENCE: Final = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")
_QUANTIFIED_GROUP: Final = re.compile(r"\)(?:[*+]|\{\d*,\d*\})")


def normalise(text: str) -> str:
    """Return the form in which answers are compared; "" when nothing is left."""
    if _SIMPLE.match(text):
        return text
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return _SPACES.sub(" ", _NOT_WORD.sub("", text)).strip()


def mark(normalised: str) -> int:
    """Return 32 bits that stand for a guess in a team's memory of what it tried (CRC-32: the same everywhere)."""
    return zlib.crc32(normalised.encode())


def number(text: str) -> Decimal | None:
    """Return the text as a decimal (a comma counts as the point), or None. NaN and infinities are none."""
    cleaned = text.strip().replace(" ", "").replace(",", ".")
    if len(cleaned) > 40:
        return None
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def pattern_problem(pattern: str) -> str:
    """Return why a regular expression is not allowed, or "". What could run for ever is refused, not limited.

    Allowed are expressions without back-references and without a quantifier on a group, which cannot backtrack
    more than polynomially over the 200 characters of a guess; at most two unbounded quantifiers.
    """
    if len(pattern) > PATTERN_MAX:
        return f"has {len(pattern)} characters, allowed are {PATTERN_MAX}"
    if _BACKREFERENCE.search(pattern):
        return "has a back-reference or a condition, which could run for ever"
    if _QUANTIFIED_GROUP.search(pattern):
        return "repeats a group, which could run for ever; repeat single characters or classes instead"
    if len(re.findall(r"(?<!\\)[*+]|\{\d+,\}", pattern)) > 2:
        return "has more than two unbounded repetitions"
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is not a regular expression: {error}"
    return ""


class Judge:
    """The accepted and partial answers of one clue, prepared once."""

    __slots__ = ("_numbers", "_partial", "_patterns", "_texts")

    def __init__(
        self,
        texts: list[str],
        patterns: list[str],
        numbers: list[tuple[str, str]],
        partial: list[tuple[str, str]],
    ) -> None:
        self._texts = frozenset(normalise(t) for t in texts)
        self._patterns = [re.compile(p, re.IGNORECASE) for p in patterns]
        self._numbers = [(Decimal(v), Decimal(t)) for v, t in numbers]
        self._partial = {normalise(t): reply for t, reply in partial}

    def correct(self, raw: str, normalised: str) -> bool:
        """Tell whether the guess is accepted."""
        if normalised in self._texts:
            return True
        if self._numbers:
            value = number(raw)
            if value is not None and any(abs(value - v) <= t for v, t in self._numbers):
                return True
        return any(p.fullmatch(raw.strip()) for p in self._patterns)

    def partial(self, normalised: str) -> str | None:
        """Return the reply to a partial answer, or None."""
        return self._partial.get(normalised) if self._partial else None
