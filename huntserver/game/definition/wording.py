"""What is wrong with the shape of a hunt file, in words: the value that was seen, what is allowed, what to write. Pure.

Reads the messages of msgspec. No message holds an answer or a code: it may be shown where others read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec

from huntserver.game.definition import key_words
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.suggestion import did_you_mean

WHEN: Final = "write it as 2030-05-01T10:00:00+02:00"
AT: Final = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)
UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
MISSING: Final = re.compile(r"Object missing required field `(.*)`")
WRONG: Final = re.compile(r"Expected `(.*)`, got `(.*)`")
STEPS: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_SECRET: Final = re.compile(r"(?:^|\.)(?:answers|partial|codes|right|options|accepts|refuses|solution|wrapper)\b")
_DURATION: Final = re.compile(
    r"(?:(?P<h>\d+(?:[.,]\d+)?)\s*(?:h|hours?|hrs?|std|stunden?|heures?|horas?|ore)\.?\s*)?"
    r"(?:(?P<m>\d+(?:[.,]\d+)?)\s*(?:m|min|mins|minutes?|minuten?|minutos?|minuti)?\.?\s*)?"
    r"(?:(?P<s>\d+(?:[.,]\d+)?)\s*(?:s|secs?|seconds?|sekunden?|segundos?|secondes?|secondi)\.?)?",
    re.IGNORECASE,
)
_COLONS: Final = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_NAIVE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(.*)", re.DOTALL)
_KINDS: Final = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a table with keys",
    "datetime": "a date and time",
    "date": "a date without quotes",
    "time": "a time without quotes",
    "null": "empty (null)",
}
"""What kinds of values are called."""


class ShapeFault(NamedTuple):
    """A message of msgspec, taken apart: what it says, and the steps of its path."""

    what: str
    path: str
    steps: tuple[Any, ...]

    @classmethod
    def of(cls, text: str) -> ShapeFault:
        """Take a message apart."""
        found = AT.match(text)
        assert found is not None
        path = found.group(2) or ""
        return cls(found.group(1), path, tuple(int(i) if i else key for key, i in STEPS.findall(path)))


def problem_of(fault: ShapeFault, tree: Any) -> Problem:
    """Turn a fault of shape into path, what is wrong and cure."""
    what, path = fault.what, fault.path
    if missing := MISSING.match(what):
        return Problem(inside(path, missing[1]), "is missing", "add it")
    if wrong := WRONG.match(what):
        if wrong[2] == "date" and not _SECRET.search(path):
            return Problem(path, "is a day without a time", WHEN)
        value = _value(tree, fault.steps)
        return Problem(path or "$", f"is {_seen(wrong[2], value, path)}", _give(wrong[1], wrong[2], path, value))
    if choice := _CHOICE.match(what):
        words = _choices(path)
        cure = f"allowed are {', '.join(words)}"
        if near := did_you_mean(choice[1].lower(), words):
            cure += f" ({near})"
        elif path == "schedule.start":
            cure += "; a date and time goes into starts_at"
        return Problem(path, f"is {choice[1]!r}", cure)
    if unknown := UNKNOWN.match(what):
        key, names = unknown[1], [field.encode_name for field in fields_at(path)]
        if key.lstrip("- ")[:1].isspace() or key[:1].isspace():
            return Problem(
                inside(path, key), f"the key {key!r} begins with no-break spaces", "indent with usual spaces"
            )
        return Problem(inside(path, key), f"unknown key {key!r}", key_words.cure(key, names, elsewhere()))
    if what.startswith("Invalid RFC3339"):
        return Problem(path, *_no_moment(str(_value(tree, fault.steps))))
    return Problem(path or "$", what.replace("`", "'"), "give a value of that kind")


def inside(path: str, key: str) -> str:
    """Return the path of a key in the part at a path."""
    return f"{path}.{key}" if path else key or "$"


def _value(tree: Any, steps: Sequence[Any]) -> Any:
    try:
        for step in steps:
            tree = tree[step]
    except (KeyError, IndexError, TypeError):
        return None
    return tree


def _seen(kind: str, value: Any, path: str) -> str:
    """Return what kind of value was seen, and which, where that gives nothing away."""
    if isinstance(value, bool) and not _SECRET.search(path):
        return str(value).lower()
    told = (str | int | float) if "hints" not in path else (int | float)
    shown = isinstance(value, told) and not isinstance(value, bool) and not _SECRET.search(path)
    return f"{_kinds(kind)}, {value!r:.60}" if shown else _kinds(kind)


def _give(wanted: str, got: str, path: str, value: Any) -> str:
    """Return what to write instead of a value of another kind."""
    kinds, key = wanted.split(" | "), path.rpartition(".")[2]
    answer = _SECRET.search(path) is not None and key.endswith("]")
    if answer and "object" in kinds and got in ("int", "float", "date", "datetime", "time", "array"):
        return _answer_as(got)
    if isinstance(value, str) and ("int" in kinds or "float" in kinds):
        number = value.strip().replace(",", ".")
        if re.fullmatch(r"-?\d+" if "float" not in kinds else r"-?\d+(\.\d+)?", number):
            return f"write {number}, without quotes"
        if key.endswith("_s") and (seconds := _seconds(value)) is not None:
            return f"give a whole number of seconds: {seconds}"
    if "array" in kinds and "object" not in kinds and got == "object":
        return "give a list in [ ]: " + _lists_of(key)
    if "array" in kinds and got in ("str", "int", "float") and key not in ("area", "route"):
        return f"give a list in [ ]: put brackets around it, {key} = [...]"
    if set(kinds) <= {"object", "null"} and (names := [field.encode_name for field in fields_at(path)]):
        return f"give a table with keys: {', '.join(names[:8])}"
    return f"give {_kinds(wanted)}"


def _answer_as(got: str) -> str:
    if got in ("int", "float"):
        return 'give a text in quotes or a table with keys: "24" or { number = 24 }'
    if got in ("date", "datetime"):
        return 'write { date = "1969-07-20" }'
    if got == "time":
        return 'write { time = "14:30" }'
    return 'give each answer by itself; what needs several things is { set = ["red", "white"] }'


def _lists_of(key: str) -> str:
    if key in ("clues", "treasures", "rounds", "hints", "parts", "rotations"):
        return f"each under a header with two brackets, as [[clues]] has, in YAML behind a dash ({key})"
    return "put brackets around it"


def _seconds(text: str) -> int | None:
    """Return the seconds of a duration as people write it ("1h30", "90 minutes", "1:30:00"), or None."""
    text = text.strip()
    if colons := _COLONS.fullmatch(text):
        return int(colons[1]) * 3600 + int(colons[2]) * 60 + int(colons[3] or 0)
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()) or (found["m"] and text[-1].isdigit() and not found["h"]):
        return None
    h, m, s = (float((found[unit] or "0").replace(",", ".")) for unit in ("h", "m", "s"))
    return round(h * 3600 + m * 60 + s)


def _no_moment(text: str) -> tuple[str, str]:
    """Return what is wrong with a text that should be a moment, and how to write it."""
    what = f"is {text[:60]!r}, no date and time with its offset"
    found = _NAIVE.fullmatch(text.strip())
    if found is None:
        return what, WHEN
    day, hour, minute, second, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{hour:>02}:{minute}:{second or '00'}")
    except ValueError as error:
        return f"is {text[:60]!r}: {error}", WHEN
    try:
        place = ZoneInfo(zone.strip(" []")) if "/" in zone else None
    except (ValueError, KeyError, OSError):  # no zone of this name
        place = None
    if place is None:
        return what, f"write it as {at.isoformat()} with the offset right behind it, such as +02:00"
    there = at.replace(tzinfo=place)
    real = (there - (there.utcoffset() or timedelta(0))).replace(tzinfo=ZoneInfo("UTC")).astimezone(place)
    if real.replace(tzinfo=None) != at:
        return f"is {text[:60]!r}, which clocks there leave out that night", f"write it as {real.isoformat()}"
    return what, f"write it as {there.isoformat()}"


def _kinds(names: str) -> str:
    kinds = names.split(" | ")
    return " or ".join(_KINDS.get(name, name) for name in kinds if name != "null" or len(kinds) == 1)


def fields_at(path: str) -> Sequence[msgspec.structs.FieldInfo]:
    """Return what the innermost part on the path may say."""
    fields = msgspec.structs.fields(Definition)
    for key in re.sub(r"\[[^]]*\]", "", path).split("."):
        part = next((_part(field.type) for field in fields if field.name == key), None)
        fields = msgspec.structs.fields(part) if part else fields
    return fields


def _part(kind: Any) -> type[msgspec.Struct] | None:
    """Return the part that a key holds, one or a list of them."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((part for part in map(_part, get_args(kind)) if part), None)


@functools.cache
def elsewhere() -> Mapping[str, str]:
    """Return the keys of the parts of a hunt file, each with the part that it belongs into."""
    found: dict[str, str] = {}
    for name in ("schedule", "teams", "clues", "scoring", "treasures"):
        for field in fields_at(name):
            found.setdefault(field.encode_name, f"{name}[]" if name in ("clues", "treasures") else name)
    return found


def _choices(path: str) -> tuple[str, ...]:
    """Return the values that a key may have which is one of a few words."""
    part, _, key = re.sub(r"\[\d+\]\Z", "", path).rpartition(".")
    return next(_words(field.type) for field in fields_at(part) if field.name == key)


def _words(kind: Any) -> tuple[str, ...]:
    """Return the words that a key may have, or each of its list."""
    inner = get_args(kind)
    return _words(inner[0]) if inner and not isinstance(inner[0], str) else inner
