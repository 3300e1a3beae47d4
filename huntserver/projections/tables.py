"""Tables of the read models as data: their columns, keys, and how a change meets what is there.

Owns the SQL of both stores: every statement is made here, from the list of tables in `models`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

SET, KEEP, ADD, MIN, MAX = "set", "keep", "add", "min", "max"
"""What becomes of a column when its row changes: the new value if one is given; the first one given; the sum; the least
or greatest. All but `set` give the same whatever the order of changes."""

_MERGE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    SET: lambda old, new: old if new is None else new,
    KEEP: lambda old, new: new if old is None else old,
    ADD: lambda old, new: old + new,
    MIN: lambda old, new: new if old is None else old if new is None else min(old, new),
    MAX: lambda old, new: new if old is None else old if new is None else max(old, new),
}


class Column(NamedTuple):
    """A column that is no key. `type` is TEXT or BIGINT."""

    name: str
    type: str
    mode: str


class ModelTable(NamedTuple):
    """A table of a read model. `key` columns are (name, type); `indexes` are lists of column names."""

    name: str
    key: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    def create(self, schema: str, text: str) -> list[str]:
        """Return the statements that make the table; `schema` is a prefix with its dot, or nothing.

        `text` is the store's type for text that is compared by code points.
        """
        lines = [f"{name} {text if type == 'TEXT' else type} NOT NULL" for name, type in self.key]
        for column in self.columns:
            type = text if column.type == "TEXT" else column.type
            lines.append(f"{column.name} {type}" + (" NOT NULL DEFAULT 0" if column.mode == ADD else ""))
        names = ", ".join(name for name, _ in self.key)
        made = [f"CREATE TABLE IF NOT EXISTS {schema}{self.name} ({', '.join(lines)}, PRIMARY KEY ({names}))"]
        for index in self.indexes:
            name = f"{self.name}_{'_'.join(index)}"
            made.append(f"CREATE INDEX IF NOT EXISTS {name} ON {schema}{self.name} ({', '.join(index)})")
        return made

    def upsert(self, schema: str, mark: str) -> str:
        """Return the statement that puts one row, or merges it into the one that is there. `mark` is a parameter."""
        keys = [name for name, _ in self.key]
        names = [*keys, *(c.name for c in self.columns)]
        merged = ", ".join(f"{c.name} = {_sql(c, self.name)}" for c in self.columns)
        return (
            f"INSERT INTO {schema}{self.name} AS {self.name} ({', '.join(names)}) "
            f"VALUES ({', '.join([mark] * len(names))}) ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {merged}"
        )


def _sql(column: Column, table: str) -> str:
    old, new = f"{table}.{column.name}", f"excluded.{column.name}"
    if column.mode == SET:
        return f"COALESCE({new}, {old})"
    if column.mode == KEEP:
        return f"COALESCE({old}, {new})"
    if column.mode == ADD:
        return f"{old} + {new}"
    sign = "<" if column.mode == MIN else ">"
    return f"CASE WHEN {old} IS NULL OR {new} {sign} {old} THEN COALESCE({new}, {old}) ELSE {old} END"


class Changes:
    """What a batch of records changes, one row a key: merged here as the store would merge row by row."""

    def __init__(self, tables: Iterable[ModelTable]) -> None:
        self._tables = {table.name: table for table in tables}
        self._blank = {t.name: [0 if c.mode == ADD else None for c in t.columns] for t in self._tables.values()}
        self._at = {t.name: {c.name: i for i, c in enumerate(t.columns)} for t in self._tables.values()}
        self._merge = {t.name: [_MERGE[c.mode] for c in t.columns] for t in self._tables.values()}
        self.rows: dict[str, dict[tuple[Any, ...], list[Any]]] = {name: {} for name in self._tables}
        self.records = 0

    def put(self, table: str, key: tuple[Any, ...], **values: Any) -> None:
        """Change one row."""
        rows = self.rows[table]
        row = rows.get(key)
        if row is None:
            row = rows[key] = self._blank[table].copy()
        at, merge = self._at[table], self._merge[table]
        for name, value in values.items():
            i = at[name]
            row[i] = merge[i](row[i], value)

    def parameters(self, table: str) -> list[tuple[Any, ...]]:
        """Return the rows as an upsert takes them, in the order of their keys: two writers then never deadlock."""
        return [(*key, *row) for key, row in sorted(self.rows[table].items())]
