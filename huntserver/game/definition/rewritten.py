"""A hunt file as its author wrote it, comments and all, with what its definition says otherwise by now. Pure.

Owns how values go into a TOML text whose order, comments and spaces are a person's. Slow for large files (a second for
the largest): not for an event loop.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import MutableMapping
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.definition.written import as_toml

WRITTEN_BYTES_MAX: Final = 128 * 1024
"""Of a text that is kept beside the definition: a hunt of some 300 clues."""
BOTH_BYTES_MAX: Final = 384 * 1024
"""Of the two in one record, where each is a text within JSON."""


def as_written(body: bytes, style: str) -> str:
    """Return the text of a file that is kept beside its definition: TOML, with plain ends of lines; "" for none."""
    if style != "toml" or len(body) > WRITTEN_BYTES_MAX:
        return ""
    return body.decode("utf-8-sig").replace("\r\n", "\n")


def rewritten(text: str, definition: str) -> str:
    """Return `text` (TOML) with what the definition (JSON text in normal form) says otherwise.

    Where that cannot be put into it, the definition as it is, without comments.
    """
    before = _normal(text)
    if before == definition:
        return text
    if before:
        with contextlib.suppress(TOMLKitError, ValueError, TypeError, LookupError):
            document = tomlkit.parse(text)
            _patch(document, json.loads(before), json.loads(definition))
            made = document.as_string()
            if _normal(made) == definition:
                return made
    return as_toml(definition)


def _normal(text: str) -> str:
    """Return a file's definition in normal form, "" if it is none."""
    checked = check_definition(text.encode(), "toml")
    return source(checked) if isinstance(checked, Definition) else ""


def _patch(table: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Change a table of the file where the new values differ from the old ones."""
    for key in old.keys() - new.keys():
        del table[key]
    for key, value in new.items():
        if key not in old or old[key] != value:
            _put(table, key, old.get(key), value)


def _put(table: Any, key: str, old: Any, new: Any) -> None:
    node = table.get(key)
    if isinstance(node, MutableMapping) and isinstance(old, dict) and isinstance(new, dict):
        _patch(node, old, new)
    elif _are_tables(old) and _are_tables(new) and len(old) == len(new) == len(node):
        for row, before, after in zip(node, old, new, strict=True):
            _patch(row, before, after)
    elif isinstance(node, Array) and isinstance(old, list) and isinstance(new, list) and new[: len(old)] == old:
        for value in new[len(old) :]:
            node.append(value)
    else:
        table[key] = new


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
