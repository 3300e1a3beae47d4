"""Which regular expressions a hunt may use as answers: those that cannot run for long on a guess. Pure.

Python's engine backtracks: `(a+)+` or thirty times `a?` take years on a guess of 200 characters. The expression's tree
is walked, the ways it can be matched in are counted, and more than `WAYS_MAX` are refused when the hunt is checked.
"""

from __future__ import annotations

import re
import warnings
from typing import Any, Final

from huntserver.game.answers import GUESS_MAX

PATTERN_MAX: Final = 120
WAYS_MAX: Final = 50_000
_BACKWARD: Final = "has a back-reference or a condition, which could run for ever"


class _TooManyError(Exception):
    """The expression is refused; the text says why."""


def pattern_problem(pattern: str) -> str:
    """Return why a regular expression is not allowed, or ""."""
    if len(pattern) > PATTERN_MAX:
        return f"has {len(pattern)} characters, allowed are {PATTERN_MAX}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what a later Python reads differently is refused now
            re.compile(pattern)
            tree = re._parser.parse(pattern)  # type: ignore[attr-defined]  # pinned by tests/game/test_patterns.py
        ways = _ways(tree)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"is not a regular expression: {error}"
    except _TooManyError as error:
        return str(error)
    if ways > WAYS_MAX:
        return f"can match in more than {WAYS_MAX} ways, which could run for ever; use fewer *, +, ? and |"
    return ""


def ways(pattern: str) -> tuple[str, int]:
    """Return why Python's engine may not run a pattern, or "", and in how many ways it can match at most."""
    fault = pattern_problem(pattern)
    return (fault, 0) if fault else ("", _ways(re._parser.parse(pattern)))  # type: ignore[attr-defined]


def _ways(nodes: Any) -> int:
    """Return in how many ways a sequence can match at most, up to a little over `WAYS_MAX`."""
    product = 1
    for name, value in nodes:
        product *= _ways_of(str(name), value)
        if product > WAYS_MAX:
            return product
    return product


def _ways_of(name: str, value: Any) -> int:
    match name:
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most = min(int(value[0]), GUESS_MAX), min(int(value[1]), GUESS_MAX)
            inner = _ways(value[2])
            if inner == 1:
                return most - least + 1
            return sum(min(inner, WAYS_MAX + 1) ** min(n, 20) for n in range(least, min(most, least + 20) + 1))
        case "SUBPATTERN":
            return _ways(value[-1])
        case "ATOMIC_GROUP":
            return _ways(value)
        case "ASSERT" | "ASSERT_NOT":
            return _ways(value[1])
        case "BRANCH":
            return sum(_ways(branch) for branch in value[1])
        case "GROUPREF" | "GROUPREF_EXISTS":
            raise _TooManyError(_BACKWARD)
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "AT" | "CATEGORY" | "RANGE":
            return 1
    raise _TooManyError(f"uses {name.lower()}, which hunts do not allow")
