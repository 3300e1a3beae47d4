"""Reading a hunt file, TOML or JSON, with the exact path of what is wrong in it and what to do. Pure.

Judges syntax, keys and kinds of values; then `values` their ranges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec

from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Attempts, Clue, Definition, Hint, Schedule, Teams, Treasure, Tries
from huntserver.game.definition.values import check_values
from huntserver.suggestion import did_you_mean

DEFINITION_BYTES_MAX: Final = 512 * 1024
BOM: Final = b"\xef\xbb\xbf"
"""What some editors put before the first character."""


def read(data: bytes, style: str) -> Definition | list[Problem]:
    """Read a hunt file (`style`: toml or json) as far as its shape and values go; `solvability` does the rest."""
    if len(data) > DEFINITION_BYTES_MAX:
        return [Problem("$", f"the file has {len(data)} bytes", f"allowed are {DEFINITION_BYTES_MAX}")]
    try:
        text = data.removeprefix(BOM).decode()
        tree = msgspec.toml.decode(text) if style == "toml" else msgspec.json.decode(text)
    except UnicodeDecodeError as error:
        return [Problem("$", f"byte {error.start} is not UTF-8", "save the file as UTF-8")]
    except (ValueError, RecursionError) as error:  # ValueError: also endless numbers
        return [Problem("$", f"not valid {style.upper()}: {error}", "mend the file's syntax")]
    try:
        definition = msgspec.convert(tree, Definition)
    except msgspec.ValidationError as error:
        return [_problem(str(error))]
    return check_values(definition) or definition


_AT: Final = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_WRONG: Final = re.compile(r"Expected `(.*)`, got `(.*)`")
_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_KINDS: Final = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a table with keys",
    "datetime": "a date and time",
}
"""What kinds of values are called."""
_SHAPES: Final[dict[str, Any]] = {
    "clues": Clue,
    "treasures": Treasure,
    "hints": Hint,
    "schedule": Schedule,
    "teams": Teams,
    "attempts": Attempts,
    "tries": Tries,
    "codes": Attempts,
    "check_ins": Attempts,
    **{key: part for kind in KINDS.values() for key, part in kind.parts.items()},
}


def _problem(text: str) -> Problem:
    """Turn msgspec's message into path, fault and cure."""
    found = _AT.match(text)
    assert found is not None
    what, path = found.group(1), found.group(2) or ""
    if missing := _MISSING.match(what):
        return Problem(_inside(path, missing[1]), "is missing", "add it")
    if wrong := _WRONG.match(what):
        return Problem(path or "$", f"is {_kinds(wrong[2])}", f"give {_kinds(wrong[1])}")
    if choice := _CHOICE.match(what):
        return Problem(path, f"is {choice[1]!r}", f"allowed are {', '.join(_choices(path))}")
    if unknown := _UNKNOWN.match(what):
        key, names = unknown[1], [field.name for field in _fields(path)]
        cure = did_you_mean(key, names) or f"allowed here are {', '.join(names)}"
        return Problem(_inside(path, key), f"unknown key {key!r}", cure)
    return Problem(path or "$", what.replace("`", "'"), "give a value of that kind")


def _inside(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key or "$"


def _kinds(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | ") if name != "null")


def _fields(path: str) -> Sequence[msgspec.structs.FieldInfo]:
    last = re.sub(r"\[[^]]*\]", "", path).rpartition(".")[2]
    return msgspec.structs.fields(_SHAPES.get(last, Definition))


def _choices(path: str) -> tuple[str, ...]:
    """Return the values that a key may have which is one of a few words."""
    part, _, key = path.rpartition(".")
    return next(get_args(field.type) for field in _fields(part) if field.name == key)
