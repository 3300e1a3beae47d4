"""A definition as a file that people write: TOML, from its JSON in normal form. Pure.

What is read of it is the definition again, byte for byte in normal form.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def as_toml(source: str) -> str:
    """Return a definition (JSON text in normal form) as TOML."""
    lines: list[str] = []
    _table(lines, "", json.loads(source))
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(lines: list[str], name: str, table: dict[str, Any]) -> None:
    """Write a table's plain values, then its tables, then its lists of tables: TOML has them in this order."""
    for key, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in table.items():
        if _is_table(value):
            lines += ["", f"[{name}{_key(key)}]"]
            _table(lines, f"{name}{_key(key)}.", value)
    for key, value in table.items():
        if _is_tables(value):
            for row in value:
                lines += ["", f"[[{name}{_key(key)}]]"]
                _table(lines, f"{name}{_key(key)}.", row)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    return json.dumps(value)


def _text(text: str) -> str:
    """Write a text: verse and paragraphs over several lines, as people do."""
    if "\n" not in text or "\r" in text:
        return _quoted(text)
    return '"""\n' + "\n".join(_quoted(line)[1:-1] for line in text.split("\n")) + '"""'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
