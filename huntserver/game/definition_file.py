"""Reading a hunt file, TOML or JSON, with the exact path of what is wrong in it and what to do. Pure.

Judges syntax, keys and kinds of values; then `definition_values` their ranges.
"""

from __future__ import annotations

import difflib
import re
from typing import Any, Final

import msgspec

from huntserver.game.definition import (
    Answer,
    Attempts,
    Clue,
    Definition,
    Hint,
    Location,
    Partial,
    Problem,
    Schedule,
    Teams,
    Treasure,
)
from huntserver.game.definition_values import check_values

DEFINITION_BYTES_MAX: Final = 512 * 1024


def read(data: bytes, style: str) -> Definition | list[Problem]:
    """Read a hunt file (`style`: toml or json) as far as its shape and values go; `solvability` does the rest."""
    if len(data) > DEFINITION_BYTES_MAX:
        return [Problem("$", f"the file has {len(data)} bytes", f"allowed are {DEFINITION_BYTES_MAX}")]
    try:
        tree = msgspec.toml.decode(data) if style == "toml" else msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:  # ValueError: also bytes that are no UTF-8, and endless numbers
        return [Problem("$", f"not valid {style.upper()}: {error}", "mend the file's syntax")]
    try:
        definition = msgspec.convert(tree, Definition)
    except msgspec.ValidationError as error:
        return [_problem(str(error))]
    return check_values(definition) or definition


_AT: Final = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")
_SHAPES: Final[dict[str, Any]] = {
    "clues": Clue,
    "treasures": Treasure,
    "hints": Hint,
    "schedule": Schedule,
    "teams": Teams,
    "attempts": Attempts,
    "location": Location,
    "partial": Partial,
    "answers": Answer,
}


def _problem(text: str) -> Problem:
    """Turn msgspec's message into path, fault and cure."""
    found = _AT.match(text)
    assert found is not None
    what, path = found.group(1), found.group(2) or ""
    unknown = _UNKNOWN.match(what)
    if unknown is None:
        return Problem(path or "$", what.replace("`", "'"), "give a value of that kind")
    key = unknown.group(1)
    names = _field_names(path)
    close = difflib.get_close_matches(key, names, 1)
    cure = f"did you mean {close[0]!r}?" if close else f"allowed here are {', '.join(names)}"
    return Problem(f"{path}.{key}" if path else key or "$", f"unknown key {key!r}", cure)


def _field_names(path: str) -> list[str]:
    last = re.sub(r"\[[^]]*\]", "", path).rpartition(".")[2]
    return [f.name for f in msgspec.structs.fields(_SHAPES.get(last, Definition))]
