"""Reading a tree of settings (of a TOML file) into structs: every unknown key and every value of another kind, in one
run, with the value seen and what is allowed. Pure; knows no setting by name.

Texts are shown only where something else is asked for: a text may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

from huntserver.suggestion import did_you_mean

FAULTS_MAX: Final = 50
_AT: Final = re.compile(r"(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?\Z", re.DOTALL)
_STEPS: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_WRONG: Final = re.compile(r"Expected `(.*)`, got `(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_KINDS: Final = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false, without quotes",
    "array": "a list in [ ]",
    "object": "a table with keys",
}
Shape = TypeVar("Shape")


def settings(tree: dict[str, Any], shape: type[Shape]) -> tuple[Shape | None, list[str]]:
    """Return what a tree says, and all that is wrong with it; None: it cannot be read even without that.

    What is wrong is left out of the tree, so that its default stands there, and what is wrong behind it is found.
    """
    faults = list(_unknown(tree, shape, ""))
    while len(faults) < FAULTS_MAX:
        try:
            return msgspec.convert(tree, shape), faults
        except msgspec.ValidationError as error:
            faults.append(_taken_out(str(error), tree, shape))
    return None, faults


def _unknown(tree: Any, shape: Any, path: str) -> Iterator[str]:
    """Yield unknown keys, and values of another kind in a table of any names; take them out of the tree."""
    if get_origin(shape) is list and isinstance(tree, list):
        for i, part in enumerate(tree):
            yield from _unknown(part, get_args(shape)[0], f"{path.rstrip('.')}[{i}].")
        return
    if get_origin(shape) is dict and isinstance(tree, dict):
        for key, value in [*tree.items()]:
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield f"{path}{key} is {_seen(value)}; give a number"
                del tree[key]
        return
    if not isinstance(tree, dict) or not hasattr(shape, "__struct_fields__"):
        return
    fields = {f.encode_name: f.type for f in msgspec.structs.fields(shape)}
    for key, value in [*tree.items()]:
        if key not in fields:
            near = did_you_mean(key, fields)
            yield f"unknown key {path + key!r}, allowed here are {', '.join(fields)}{f'; {near}' if near else ''}"
            del tree[key]
        else:
            yield from _unknown(value, fields[key], f"{path}{key}.")


def _taken_out(message: str, tree: Any, shape: Any) -> str:
    """Take what a message is about out of the tree; return it in words."""
    found = _AT.match(message)
    assert found is not None
    what, path = found[1], found[2] or ""
    steps: list[Any] = [int(i) if i else key for key, i in _STEPS.findall(path)]
    part, value = None, tree
    for step in steps:
        part, value = value, value[step]
    if isinstance(part, list):  # a thing of a list: without the others it may say something else
        part, steps[-1:] = tree, []
        for step in steps[:-1]:
            part = part[step]
    if part is not None:
        part.pop(steps[-1])
    if missing := _MISSING.match(what):
        return f"{path}.{missing[1]} is missing; give it"
    if choice := _CHOICE.match(what):
        words = [word or "nothing" for word in _allowed(shape, steps)]
        near = did_you_mean(choice[1], words)
        return f"{path} is {choice[1]!r}, allowed are {', '.join(words)}{f'; {near}' if near else ''}"
    if wrong := _WRONG.match(what):
        return f"{path} is {_seen(value)}; give {' or '.join(_KINDS.get(kind, kind) for kind in wrong[1].split(' | '))}"
    return f"{path}: {what}"


def _seen(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    kind = {str: "str", int: "int", float: "float", list: "array", dict: "object"}.get(type(value), "")
    named = _KINDS.get(kind, "a date or time")
    return (
        f"{value}, {named}"
        if isinstance(value, int | float)
        else f"{named}, {value[:40]!r}"
        if kind == "str"
        else named
    )


def _allowed(shape: Any, steps: list[Any]) -> tuple[str, ...]:
    """Return the words that may stand at a path."""
    for step in steps:
        if isinstance(step, str):
            shape = {f.encode_name: f.type for f in msgspec.structs.fields(shape)}[step]
        if get_origin(shape) in (list, tuple):
            shape = get_args(shape)[0]
    return get_args(shape)
