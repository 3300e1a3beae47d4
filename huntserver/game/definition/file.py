"""Reading a hunt file, TOML, JSON or YAML, with the exact path of what is wrong in it and what to do. Pure.

Judges syntax, keys and kinds of values; then `values` their ranges. Every fault is named in one run: what is
wrong is put right, or something put in its place, until the rest can be read.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from huntserver.game.definition.formats import syntax
from huntserver.game.definition.key_words import meant
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.values import check_values
from huntserver.game.definition.wording import (
    MISSING,
    STEPS,
    UNKNOWN,
    WRONG,
    ShapeFault,
    elsewhere,
    fields_at,
    inside,
    problem_of,
)

DEFINITION_BYTES_MAX: Final = 640 * 1024
PROBLEMS_MAX: Final = 50
"""Faults of shape that are named in one run; a file with more is another kind of file."""
BOM: Final = b"\xef\xbb\xbf"
"""What some editors put before the first character."""
_STAND_INS: Final[dict[str, Any]] = {"str": "x", "int": 1, "float": 1.0, "bool": False, "array": [], "object": {}}
_LISTS_OF_TEXTS: Final = ("answers", "codes", "options", "right", "brackets")
_NESTED: Final = (
    *_LISTS_OF_TEXTS, "clues", "treasures", "rounds", "hints", "schedule", "teams", "scoring", "location",
    "first_bonus", "attempts", "tries", "rotations", "parts", "partial", "loot", "help", "area", "route", "ranking",
)  # fmt: skip
"""Keys that hold lists or tables."""


class Parsed(NamedTuple):
    """What was read of a file: the definition, with stand-ins for what is wrong, if there is one at all; the faults.

    `renamed`: paths under which the definition has what the file calls otherwise, each with the file's key.
    """

    definition: Definition | None
    problems: list[Problem]
    renamed: tuple[tuple[str, str], ...] = ()

    def as_written(self, problems: list[Problem]) -> list[Problem]:
        """Return faults with paths as the file spells them."""
        for path, key in reversed(self.renamed):
            parent = path.rpartition(".")[0]
            problems = [
                p._replace(path=inside(parent, key) + p.path[len(path) :]) if _under(p.path, path) else p
                for p in problems
            ]
        return problems


def read(data: bytes, style: str) -> Definition | list[Problem]:
    """Read a hunt file (`style`: toml, json or yaml) as far as its shape and values go; `solvability` does the rest.

    Every fault of its shape is named in one run, and those of values that can be judged beside it.
    """
    found = parsed(data, style)
    return found.as_written(found.problems) or found.definition or []


def parsed(data: bytes, style: str) -> Parsed:
    """Return what `read` finds, with paths of the definition."""
    if len(data) > DEFINITION_BYTES_MAX:
        return Parsed(None, [Problem("$", f"the file has {len(data)} bytes", f"allowed are {DEFINITION_BYTES_MAX}")])
    tree, problems = syntax(data.removeprefix(BOM), style)
    if tree is None:
        return Parsed(None, problems or [Problem("$", "is empty (null)", "write the hunt as the manual shows it")])
    renamed: list[tuple[str, str]] = []
    while True:
        try:
            definition = msgspec.convert(tree, Definition)
        except msgspec.ValidationError as error:
            fault = ShapeFault.of(str(error))
            problems.append(problem_of(fault, tree))
            if len(problems) >= PROBLEMS_MAX or not _mended(tree, fault, renamed):
                return Parsed(None, problems, tuple(renamed))
        else:
            break
    named = {problem.path for problem in problems}
    values = [p for p in check_values(definition) if not follows(p.path, named)]
    return Parsed(definition, problems + values, tuple(renamed))


def follows(path: str, named: set[str]) -> bool:
    """Tell whether a fault may be one of a value that stands in for one that was named before."""
    return any(path == name or name.startswith(path) or path.startswith(name) for name in named)


def _under(path: str, parent: str) -> bool:
    return path == parent or path.startswith((f"{parent}.", f"{parent}["))


def _mended(tree: Any, fault: ShapeFault, renamed: list[tuple[str, str]]) -> bool:
    """Take out, or put something in for, what a fault is about, so that the faults behind it are found too."""
    steps = list(fault.steps)
    if missing := MISSING.match(fault.what):
        stand_in: Any = [] if missing[1] == "clues" else "x"
        return _put(tree, [*steps, missing[1]], stand_in)
    if unknown := UNKNOWN.match(fault.what):
        return _renamed(tree, fault, unknown[1], renamed)
    if not steps:
        return False
    wanted = WRONG.match(fault.what)
    names = wanted[1].split(" | ") if wanted else []
    if "array" in names and (listed := _listed(_at(tree, steps), steps[-1])):
        return _put(tree, steps, listed)
    known = next((name for name in names if name in _STAND_INS), None)
    required = bool(steps) and steps[-1] in ("title", "id", "text") and known == "str"
    if known == "object" and isinstance(steps[-1], int):
        return _put(tree, steps, {key: "x" for key in ("id", "title", "text") if key in _names(fault.path)})
    return _put(tree, steps, "x" if required else _STAND_INS[known] if isinstance(steps[-1], int) and known else None)


def _names(path: str) -> list[str]:
    return [field.encode_name for field in fields_at(path)]


def _renamed(tree: Any, fault: ShapeFault, key: str, renamed: list[tuple[str, str]]) -> bool:
    """Read an unknown key as the one that is likely meant, where that is free: what it holds is looked at, too."""
    part = _at(tree, list(fault.steps))
    if not isinstance(part, dict) or key not in part:
        return False
    value = part.pop(key)
    known = meant(key, _names(fault.path), elsewhere())
    if known in _LISTS_OF_TEXTS and isinstance(value, str | int | float):
        value = [str(value)]
    fits = known and known not in part and isinstance(value, dict | list) == (known in _NESTED)
    if fits and STEPS.sub("", key) == "":
        part[known] = value
        renamed.append((inside(fault.path, known), key))
    return True


def _listed(value: Any, key: Any) -> list[Any]:
    """Return a table that should be a list as one: a single part, or parts by their ids; [] for anything else."""
    if not isinstance(value, dict) or not value or key not in ("clues", "treasures", "rounds", "hints", "parts"):
        return []
    if all(isinstance(part, dict) for part in value.values()):
        return [part if "id" in part else {"id": str(id), **part} for id, part in value.items()]
    return [value]


def _at(tree: Any, steps: list[Any]) -> Any:
    try:
        for step in steps:
            tree = tree[step]
    except (KeyError, IndexError, TypeError):
        return None
    return tree


def _put(tree: Any, steps: list[Any], value: Any) -> bool:
    """Set the value at a path (None: take it out). Returns whether anything changed."""
    at = _at(tree, steps[:-1])
    try:
        if value is not None:
            changed = not (isinstance(at, list) or steps[-1] in at) or at[steps[-1]] != value
            at[steps[-1]] = value
            return changed
        del at[steps[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True
