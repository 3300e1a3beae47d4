"""Pages of an answer by keyset: a page goes on after the last row of the one before, whatever was written meanwhile.

Owns the shape of a cursor, which is opaque to clients: the order's values of the last row. Pure.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

CURSOR_CHARS_MAX: Final = 600
UP, DOWN = ">", "<"


class BadCursor(ValueError):
    """The cursor is none that a page of this question gave."""


class SortKey(NamedTuple):
    """A column that orders an answer: never NULL in it, of `type` int or str, ascending (`UP`) or descending."""

    name: str
    type: type
    way: str = UP


class PageRows(list[Mapping[str, Any]]):
    """The rows of a page. `next` is the cursor of the page after it, empty on the last one."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), next: str = "") -> None:
        super().__init__(rows)
        self.next = next


def paged(question: str, order: Sequence[SortKey], cursor: str, limit: int) -> tuple[str, list[Any]]:
    """Return the statement for one page of `question` (a SELECT that has the order's columns), and what follows its
    own parameters. It asks for one row more than `limit`, which tells whether there is a next page.

    Raises `BadCursor`.
    """
    after, values = ("1 = 1", []) if not cursor else _after(order, _decoded(order, cursor))
    by = ", ".join(f"{key.name} {'DESC' if key.way == DOWN else 'ASC'}" for key in order)
    return f"SELECT * FROM ({question}) page WHERE {after} ORDER BY {by} LIMIT ?", [*values, limit + 1]


def page_of(rows: Sequence[Mapping[str, Any]], order: Sequence[SortKey], limit: int) -> PageRows:
    """Return the page of what such a statement gave."""
    if len(rows) <= limit:
        return PageRows(rows)
    last = rows[limit - 1]
    text = base64.urlsafe_b64encode(msgspec.json.encode([last[key.name] for key in order])).rstrip(b"=").decode()
    return PageRows(rows[:limit], text)


def _after(order: Sequence[SortKey], values: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return the condition for rows behind one, column by column."""
    either, given = [], []
    for depth, key in enumerate(order):
        same = [f"{before.name} = ?" for before in order[:depth]]
        either.append("(" + " AND ".join([*same, f"{key.name} {key.way} ?"]) + ")")
        given += [*values[:depth], values[depth]]
    return "(" + " OR ".join(either) + ")", given


def _decoded(order: Sequence[SortKey], cursor: str) -> list[Any]:
    try:
        if len(cursor) > CURSOR_CHARS_MAX:
            raise BadCursor("too long")
        values = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=list[int | str])
    except (binascii.Error, ValueError) as error:
        raise BadCursor(f"{cursor[:40]!r} is no cursor; give the `next` of the page before") from error
    fits = len(values) == len(order) and all(
        isinstance(value, key.type) and (key.type is str or abs(value) < 1 << 63)  # type: ignore[arg-type]
        for key, value in zip(order, values, strict=False)
    )
    if not fits or any("\0" in value for value in values if isinstance(value, str)):
        raise BadCursor(f"{cursor[:40]!r} is a cursor of another question")
    return values
