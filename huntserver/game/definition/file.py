"""Reading a hunt file, TOML, JSON or YAML, with the exact path of what is wrong in it and what to do. Pure.

Judges syntax, keys and kinds of values; then `values` their ranges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec

from huntserver.game.definition.formats import syntax
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.values import check_values
from huntserver.suggestion import did_you_mean

DEFINITION_BYTES_MAX: Final = 640 * 1024
PROBLEMS_MAX: Final = 50
"""Faults of shape that are named in one run; a file with more is another kind of file."""
BOM: Final = b"\xef\xbb\xbf"
"""What some editors put before the first character."""


def read(data: bytes, style: str) -> Definition | list[Problem]:
    """Read a hunt file (`style`: toml, json or yaml) as far as its shape and values go; `solvability` does the rest.

    Every fault of its shape is named in one run, and those of values that can be judged beside it.
    """
    definition, problems = parsed(data, style)
    return problems or definition or []


def parsed(data: bytes, style: str) -> tuple[Definition | None, list[Problem]]:
    """Return what `read` finds: the faults, and the definition with stand-ins for them, if there is one at all."""
    if len(data) > DEFINITION_BYTES_MAX:
        return None, [Problem("$", f"the file has {len(data)} bytes", f"allowed are {DEFINITION_BYTES_MAX}")]
    tree = syntax(data.removeprefix(BOM), style)
    if isinstance(tree, Problem):
        return None, [tree]
    problems: list[Problem] = []
    while True:
        try:
            definition = msgspec.convert(tree, Definition)
        except msgspec.ValidationError as error:
            problem = _problem(str(error))
            problems.append(problem)
            if len(problems) >= PROBLEMS_MAX or not _mended(tree, str(error)):
                return None, problems
        else:
            break
    named = {problem.path for problem in problems}
    return definition, problems + [p for p in check_values(definition) if not follows(p.path, named)]


def follows(path: str, named: set[str]) -> bool:
    """Tell whether a fault may be one of a value that stands in for one that was named before."""
    return any(path == name or name.startswith(path) or path.startswith(name) for name in named)


_STAND_INS: Final[dict[str, Any]] = {"str": "x", "int": 1, "float": 1.0, "bool": False, "array": [], "object": {}}
_STEPS: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def _mended(tree: Any, error: str) -> bool:
    """Take out, or put something in for, what an error is about, so that the faults behind it are found too."""
    found = _AT.match(error)
    assert found is not None
    what, path = found.group(1), found.group(2) or ""
    steps: list[Any] = [int(i) if i else key for key, i in _STEPS.findall(path)]
    if missing := _MISSING.match(what):
        stand_in: Any = [] if missing[1] == "clues" else "x"
        return _put(tree, [*steps, missing[1]], stand_in)
    if unknown := _UNKNOWN.match(what):
        return _put(tree, [*steps, unknown[1]], None)
    if not steps:
        return False
    wanted = _WRONG.match(what)
    names = wanted[1].split(" | ") if wanted else []
    known = next((name for name in names if name in _STAND_INS), None)
    required = bool(steps) and steps[-1] in ("title", "id", "text") and known == "str"
    return _put(tree, steps, "x" if required else _STAND_INS[known] if isinstance(steps[-1], int) and known else None)


def _put(tree: Any, steps: list[Any], value: Any) -> bool:
    """Set the value at a path (None: take it out). Returns whether anything changed."""
    at = tree
    try:
        for step in steps[:-1]:
            at = at[step]
        if value is not None:
            changed = not (isinstance(at, list) or steps[-1] in at) or at[steps[-1]] != value
            at[steps[-1]] = value
            return changed
        del at[steps[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True


_AT: Final = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_WRONG: Final = re.compile(r"Expected `(.*)`, got `(.*)`")
_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
WHEN: Final = "write it as 2030-05-01T10:00:00+02:00"
_KINDS: Final = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a table with keys",
    "datetime": "a date and time",
    "null": "empty (null)",
}
"""What kinds of values are called."""


def _problem(text: str) -> Problem:
    """Turn msgspec's message into path, fault and cure."""
    found = _AT.match(text)
    assert found is not None
    what, path = found.group(1), found.group(2) or ""
    if missing := _MISSING.match(what):
        return Problem(_inside(path, missing[1]), "is missing", "add it")
    if wrong := _WRONG.match(what):
        if wrong[2] == "date":
            return Problem(path, "is a day without a time", WHEN)
        return Problem(path or "$", f"is {_kinds(wrong[2])}", f"give {_kinds(wrong[1])}")
    if choice := _CHOICE.match(what):
        return Problem(path, f"is {choice[1]!r}", f"allowed are {', '.join(_choices(path))}")
    if unknown := _UNKNOWN.match(what):
        key, names = unknown[1], [field.name for field in _fields(path)]
        cure = did_you_mean(key, names) or f"allowed here are {', '.join(names)}"
        return Problem(_inside(path, key), f"unknown key {key!r}", cure)
    if what.startswith("Invalid RFC3339"):
        return Problem(path, "is no date and time with its offset", WHEN)
    return Problem(path or "$", what.replace("`", "'"), "give a value of that kind")


def _inside(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key or "$"


def _kinds(names: str) -> str:
    kinds = names.split(" | ")
    return " or ".join(_KINDS.get(name, name) for name in kinds if name != "null" or len(kinds) == 1)


def _fields(path: str) -> Sequence[msgspec.structs.FieldInfo]:
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


def _choices(path: str) -> tuple[str, ...]:
    """Return the values that a key may have which is one of a few words."""
    part, _, key = re.sub(r"\[\d+\]\Z", "", path).rpartition(".")
    return next(_words(field.type) for field in _fields(part) if field.name == key)


def _words(kind: Any) -> tuple[str, ...]:
    """Return the words that a key may have, or each of its list."""
    inner = get_args(kind)
    return _words(inner[0]) if inner and not isinstance(inner[0], str) else inner
