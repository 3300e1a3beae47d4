"""A regular expression of Python's as one of RE2's, which matches in time linear in the guess. Pure; see ADR 0012.

RE2 reads some signs otherwise (`\\w` is ASCII there, case is folded by another table), so the parsed tree is written
anew with every class spelled out. What RE2 cannot say (look-around, back-references, word boundaries, atomic groups)
gives None: such an expression stays with Python's engine.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

REPEATS_MAX: Final = 200
"""As many as the characters of a guess: more repeats than that cannot be told apart."""
_SET_MAX: Final = 3_000
_SPACES: Final = r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_CLASSES: Final = {"DIGIT": r"\p{Nd}", "SPACE": _SPACES, "WORD": r"\p{L}\p{N}_"}
_ODD_CASES: Final = (
    "\u017f\u212a\u212b\u2126\u0131\u0130iIkKsS\u00b5\u03bc\u03c2\u03c3\u1e9e\u00df\u1e9b\u03d0\u03d1"
    "\u03d5\u03d6\u03f0\u03f1\u03f5\u0392\u03b2\u0398\u03b8\u03a6\u03c6\u03a0\u03c0\u039a\u03ba\u03a1\u03c1\u0395\u03b5\u0345\u03b9\u0399\u1fbe\u03a9\u03c9\u00e5\u00c5\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88\ua64b\ua64a\u13f0\u13f1\u13f2\u13f3\u13f4\u13f5\ufb05\ufb06\u01c5\u01c8\u01cb\u01f2\u1e96\u0390\u03b0\u1fd3\u1fe3"
)
"""Letters whose case another letter shares."""
_NORMAL_FLAGS: Final = re.UNICODE | re.IGNORECASE


class _CannotError(Exception):
    """RE2 has no way to say it."""


def linear(pattern: str) -> str | None:
    """Return an RE2 pattern that fully matches the same texts, case ignored, or None where there is none.

    For texts of at most 200 characters that do not end in a line end. Raises what `re` raises for no expression.
    """
    tree = re._parser.parse(pattern, re.IGNORECASE)  # type: ignore[attr-defined]
    if tree.state.flags & ~int(_NORMAL_FLAGS):
        return None
    try:
        return _sequence(tree)
    except _CannotError:
        return None


def _sequence(nodes: Any) -> str:
    return "".join(_node(str(name), value) for name, value in nodes)


def _node(name: str, value: Any) -> str:
    match name:
        case "LITERAL":
            return _class(sorted(same_case(value)))
        case "NOT_LITERAL":
            return _class(sorted(same_case(value)), "^")
        case "ANY":
            return r"[^\n]"
        case "IN":
            return _set(value)
        case "BRANCH":
            return "(?:" + "|".join(map(_sequence, value[1])) + ")"
        case "SUBPATTERN" if not value[1] and not value[2]:
            return "(?:" + _sequence(value[3]) + ")"
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _repeat(int(value[0]), int(value[1]), value[2])
        case "AT":
            return {"AT_BEGINNING": r"\A", "AT_BEGINNING_STRING": r"\A", "AT_END": r"\z", "AT_END_STRING": r"\z"}.get(
                str(value)
            ) or _cannot()
    return _cannot()


def _cannot() -> str:
    raise _CannotError


def _repeat(least: int, most: int, inner: Any) -> str:
    if least > REPEATS_MAX:
        return _cannot()
    body = "(?:" + _sequence(inner) + ")"
    if most > REPEATS_MAX:
        return body + {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return body + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


def _set(items: Any) -> str:
    negated, points, classes = "", set[int](), []
    for name, value in items:
        match str(name):
            case "NEGATE":
                negated = "^"
            case "LITERAL":
                points.add(value)
            case "RANGE":
                if value[1] - value[0] > _SET_MAX:
                    return _cannot()
                points.update(range(value[0], value[1] + 1))
            case "CATEGORY" if (word := str(value).removeprefix("CATEGORY_")) in _CLASSES:
                classes.append(_CLASSES[word])
            case "CATEGORY" if word in ("NOT_DIGIT", "NOT_WORD") and len(items) == 1:
                return f"[^{_CLASSES[word[4:]]}]"
            case "CATEGORY" if word == "NOT_SPACE" and len(items) == 1:
                return f"[^{_SPACES}]"
            case _:
                return _cannot()
    if len(points) > _SET_MAX:
        return _cannot()
    return _class(sorted({same for point in points for same in same_case(point)}), negated, "".join(classes))


def _class(points: list[int], negated: str = "", more: str = "") -> str:
    """Return a class of code points, runs as ranges."""
    if any(0xD800 <= point <= 0xDFFF for point in points):
        return _cannot()
    parts: list[str] = []
    at = 0
    while at < len(points):
        end = at
        while end + 1 < len(points) and points[end + 1] == points[end] + 1:
            end += 1
        parts.append(rf"\x{{{points[at]:x}}}" + (rf"-\x{{{points[end]:x}}}" if end > at else ""))
        at = end + 1
    return f"[{negated}{''.join(parts)}{more}]"


@lru_cache(4096)
def same_case(point: int) -> frozenset[int]:
    """Return the code points that Python's `re` matches with this one when case is ignored."""
    c = chr(point)
    if 0xD800 <= point <= 0xDFFF or (unicodedata.category(c)[0] not in "LMNS"):
        return frozenset((point,))
    near = {c}
    for _ in range(3):
        near |= {form for x in near for form in (x.lower(), x.upper(), x.title(), x.casefold()) if len(form) == 1}
    near.update(_ODD_CASES)
    one = re.compile(re.escape(c), re.IGNORECASE)
    return frozenset(ord(x) for x in near if one.fullmatch(x))
