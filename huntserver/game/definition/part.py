"""What all parts of a hunt file share: strict structs, faults with their path, ranges of values. Pure.

A limit on a text is its length in characters, on a list its count, on a number its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that a terminal obeys instead of showing them; line ends and tabs are none of them."""
ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
POINTS_MAX: Final = 1_000_000

Wrong: TypeAlias = Callable[[str, str, str], None]
"""Takes a fault: its path into the file, what is wrong, and what to do."""
Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""Each field's least and greatest value, length or count."""


class Problem(NamedTuple):
    """One fault of a hunt file: where (a path into the file), what, and what to do."""

    path: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.cure}"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Root of all parts of a hunt file: unknown keys are errors."""


def within(wrong: Wrong, prefix: str, part: msgspec.Struct, ranges: Ranges) -> None:
    """Report every field that is out of its range."""
    for name, (least, most) in ranges.items():
        value = getattr(part, name)
        if value is None:
            continue
        if isinstance(value, str):
            printable(wrong, prefix + name, value)
        size = value if isinstance(value, int | float) else len(value)
        if not least <= size <= most:
            unit = "characters" if isinstance(value, str) else "entries" if isinstance(value, list) else ""
            what = f"has {size} {unit}" if unit else f"is {size}"
            wrong(prefix + name, what, f"allowed is {least} to {most}")


def printable(wrong: Wrong, path: str, text: str) -> None:
    """Report a control character."""
    if hidden := CONTROL.search(text):
        wrong(path, f"holds the control character U+{ord(hidden[0]):04X}", "remove it")


def fields_of(part: type[Part]) -> list[tuple[str, Any, Any]]:
    """Return the fields of a part of a hunt file that all have defaults, as `msgspec.defstruct` takes them."""
    hints = {f.name: f.type for f in msgspec.structs.fields(part)}
    return [
        (f.name, hints[f.name], f.default)
        if f.default is not msgspec.NODEFAULT
        else (f.name, hints[f.name], msgspec.field(default_factory=f.default_factory))
        for f in msgspec.structs.fields(part)
    ]
