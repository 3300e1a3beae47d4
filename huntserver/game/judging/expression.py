"""Regular expressions as answers: what they see of a guess, and how long they may take. Pure.

Most run on RE2 (`linear`), in time linear in the guess; the others on Python's engine, if the ways in which all of a
clue's together can match are few (`problems`). Either way an expression matches the whole guess and ignores case.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from huntserver.game.judging.folding import TYPED, WIDE, typed
from huntserver.game.judging.linear import linear
from huntserver.game.patterns import PATTERN_MAX, WAYS_MAX, ways

Sees = Literal["typed", "folded", "raw"]
"""What an expression is matched with: the guess with quotes, dashes, spaces and composed letters alike (`typed`, the
default), then without what keyboards add; its folded form; or as it came (`raw`), without the spaces around."""

PROGRAM_MAX: Final = 5_000
"""Steps of an RE2 program, which bound its time: at most 0.2 ms on the worst guess of 200 characters."""
PROGRAMS_MAX: Final = 25_000
"""Steps of all of a clue's expressions together: at most 1 ms."""
_MEMORY_BYTES: Final = 1 << 22
_Fits = Callable[[str], Any]
_PLAIN: Final = {c: re.escape(sign) for c, sign in TYPED.items()}


class Expressions:
    """The expressions of one clue, compiled once. `sees` says for each which form it is matched with."""

    __slots__ = ("_folded", "_raw", "_typed")

    def __init__(self, patterns: Sequence[tuple[str, Sees]]) -> None:
        self._typed = [_compiled(alike(p)) for p, sees in patterns if sees == "typed"]
        self._folded = [_compiled(p) for p, sees in patterns if sees == "folded"]
        self._raw = [_compiled(p) for p, sees in patterns if sees == "raw"]

    def fit(self, raw: str, folded: str) -> bool:
        """Tell whether one matches the guess, given also in folded form."""
        if self._typed:
            text = typed(raw).strip()
            if any(fits(text) for fits in self._typed):
                return True
            plain = _plain(text)
            if plain and plain != text and any(fits(plain) for fits in self._typed):
                return True
        if self._raw and any(fits(raw.strip()) for fits in self._raw):
            return True
        return any(fits(folded) for fits in self._folded)


def _plain(text: str) -> str:
    """Return a guess in letters of the usual width, single spaces between, without quotes around or a point behind.

    That is what phones and keyboards add by themselves; an expression that asks for it has been tried before.
    """
    text = text if text.isascii() else text.translate(WIDE)
    text = " ".join(text.split()).rstrip(" .!?,;:")
    return text[1:-1].strip() if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text


def alike(pattern: str) -> str:
    """Return the pattern with its quotes, dashes and composed letters as `typed` leaves them in a guess."""
    return unicodedata.normalize("NFC", pattern).translate(_PLAIN)


def _compiled(pattern: str) -> _Fits:
    program = _program(pattern)
    if program is not None:
        return program.fullmatch  # type: ignore[no-any-return]
    return re.compile(pattern, re.IGNORECASE).fullmatch


def _program(pattern: str) -> Any:
    """Return the RE2 program of a pattern, or None where RE2 cannot say it or it is too large."""
    source = linear(pattern)
    if source is None:
        return None
    import re2  # loaded by the first hunt with an expression

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MEMORY_BYTES
    try:
        program = re2.compile(source, options)
    except re2.error:
        return None
    return program if program.programsize <= PROGRAM_MAX else None


def problems(patterns: Sequence[tuple[str, Sees]]) -> list[tuple[int, str]]:
    """Return (number, fault) for each expression of a clue that is none, or that makes judging a guess too slow."""
    found = []
    programs = product = 0
    for i, (pattern, sees) in enumerate(patterns):
        fault = _fault(pattern)
        if fault:
            found.append((i, fault))
            continue
        program = _program(alike(pattern) if sees == "typed" else pattern)
        if program is not None:
            programs += program.programsize
        else:
            fault, count = ways(pattern)
            product += count
        if fault:
            found.append((i, fault))
        elif product > WAYS_MAX or programs > PROGRAMS_MAX:
            found.append((i, "makes the clue's expressions together too slow to judge; join or simplify them"))
            break
    return found


def _fault(pattern: str) -> str:
    if len(pattern) > PATTERN_MAX:
        return f"has {len(pattern)} characters, allowed are {PATTERN_MAX}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what a later Python reads differently is refused now
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"is not a regular expression: {error}"
    return ""
