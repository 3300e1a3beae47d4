"""How answers were judged before `huntserver.game.judging`: what it must still give for letters, digits and spaces."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final
from zlib import crc32

GUESS_MAX: Final = 200
DIGITS_MAX: Final = 40
_LOWER: Final = bytes(range(256)).lower()
_DROPPED: Final = bytes(c for c in range(128) if not chr(c).isalnum())
_ACCENTS: Final = dict.fromkeys(range(0x300, 0x370))


def normalise(text: str, *, accents: bool = False) -> str:
    """Return the form in which answers are compared; "" when nothing is left. With `accents` they matter."""
    if text.isascii():
        return text.encode().translate(_LOWER, _DROPPED).decode()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    if not accents:
        text = text.translate(_ACCENTS)
    return unicodedata.normalize("NFC", "".join(c for c in text if unicodedata.category(c)[0] in "LMN"))


def number(text: str) -> Decimal | None:
    """Return the text as a decimal, or None. A comma counts as the point, spaces do not count; no infinities."""
    cleaned = "".join(text.split()).replace(",", ".")
    if len(cleaned) > DIGITS_MAX:
        return None
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        return None
    # An exponent in the millions is a number too, but arithmetic on it can overflow.
    return value if value.is_finite() and abs(value.adjusted()) <= DIGITS_MAX else None


class Judge:
    """The accepted and partial answers of one clue, prepared once.

    `texts` are accepted, `partials` answered with a reply, both in normal form. `exact`: numbers or expressions are
    accepted, so signs, points and spaces tell guesses apart: "-3.5" is not "35".
    """

    __slots__ = ("_accents", "_numbers", "_patterns", "exact", "partials", "texts")

    nothing: Final = "the guess has no letter or digit"

    def __init__(
        self,
        texts: list[str],
        *,
        patterns: list[str],
        numbers: list[tuple[str, str]],
        partial: list[tuple[str, str]],
        accents: bool = False,
    ) -> None:
        self._accents = accents
        self.exact = bool(patterns or numbers)
        self.texts = frozenset(normalise(t, accents=accents) for t in texts)
        self._patterns = [re.compile(p, re.IGNORECASE) for p in patterns]
        self._numbers = [(Decimal(v), Decimal(t)) for v, t in numbers]
        self.partials = {normalise(t, accents=accents): reply for t, reply in partial}

    def normal(self, raw: str) -> str:
        """Return the guess's normal form under this clue's rules."""
        if raw.isascii():  # `normalise` written out: this is the hot path
            return raw.encode().translate(_LOWER, _DROPPED).decode()
        return normalise(raw, accents=self._accents)

    def mark(self, raw: str, normal: str) -> int:
        """Return 32 bits that stand for a guess in a team's memory of what it tried; 0: nothing was written.

        CRC-32, the same in every process. Two guesses may share one: what it decides is looked at again (`guess`).
        """
        if self.exact:
            normal = " ".join(raw.split()).casefold()
        return (crc32(normal.encode()) or 1) if normal else 0

    def fits(self, raw: str) -> bool:
        """Tell whether a number or an expression accepts the guess."""
        if self._numbers:
            value = number(raw)
            if value is not None and any(abs(value - v) <= t for v, t in self._numbers):
                return True
        return any(p.fullmatch(raw.strip()) for p in self._patterns)

    def correct(self, raw: str) -> bool:
        """Tell whether the guess is accepted."""
        return self.normal(raw) in self.texts or self.fits(raw)
