"""What both stores share: their statements, and the order of steps in a transaction. Dialects differ by a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from huntserver.projections.models import TABLES, VERSION
from huntserver.projections.store import Moved, Position, StoreError, WrongVersion
from huntserver.projections.tables import Changes

POSITIONS: Final = (
    "CREATE TABLE IF NOT EXISTS {schema}positions (shard {text} PRIMARY KEY, next BIGINT NOT NULL, "
    "nonce {text} NOT NULL, next_seq BIGINT NOT NULL, holder {text} NOT NULL, at_ms BIGINT NOT NULL)"
)
STATE: Final = "CREATE TABLE IF NOT EXISTS {schema}state (name {text} PRIMARY KEY, value BIGINT NOT NULL)"


class Statements:
    """A database cursor with `?` for parameters; the store's own connection is behind it."""

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Execute one statement; return the cursor."""
        raise NotImplementedError

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute one statement for each row."""
        raise NotImplementedError


def prepare(cursor: Statements, schema: str, text: str, where: str) -> dict[str, Position]:
    """Make the tables where there are none; return the positions. Raises `WrongVersion`."""
    for sql in (POSITIONS, STATE):
        cursor.run(sql.format(schema=schema, text=text))
    row = cursor.run(f"SELECT value FROM {schema}state WHERE name = 'version'").fetchone()
    if row is None:
        cursor.run(f"INSERT INTO {schema}state (name, value) VALUES ('version', ?)", (VERSION,))
    else:
        fitting(row[0], where)
    for table in TABLES:
        for sql in table.create(schema, text):
            cursor.run(sql)
    return positions(cursor, schema)


def fitting(version: int | None, where: str) -> None:
    """Raise `StoreError` for tables of another version, or that nobody has made yet."""
    if version is None:
        raise StoreError(f"{where}: there are no read models yet; the projector makes them")
    if version != VERSION:
        raise WrongVersion(
            f"{where}: the read models are of version {version}, this server's are {VERSION}; "
            "run `huntserver projections rebuild`"
        )


def positions(cursor: Statements, schema: str) -> dict[str, Position]:
    """Return the position of every shard."""
    rows = cursor.run(f"SELECT shard, next, nonce, next_seq, holder, at_ms FROM {schema}positions").fetchall()
    return {row[0]: Position(*row[1:]) for row in rows}


def write(
    cursor: Statements,
    schema: str,
    changes: Changes,
    before: Mapping[str, Position],
    after: Mapping[str, Position],
    caught_up_ms: int,
) -> None:
    """Do a batch within the caller's transaction. Raises `Moved`: the caller rolls back."""
    for shard, position in sorted(after.items()):
        old = before.get(shard)
        if old is None:
            done = cursor.run(
                f"INSERT INTO {schema}positions (shard, next, nonce, next_seq, holder, at_ms) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (shard) DO NOTHING",
                (shard, *position),
            )
        else:
            done = cursor.run(
                f"UPDATE {schema}positions SET next = ?, nonce = ?, next_seq = ?, holder = ?, at_ms = ? "
                "WHERE shard = ? AND next = ? AND nonce = ?",
                (*position, shard, old.next, old.nonce),
            )
        if done.rowcount != 1:
            raise Moved(f"shard {shard}: the store is not at {old.next if old else 'its beginning'} any more")
    for table in TABLES:
        rows = changes.parameters(table.name)
        if rows:
            cursor.run_many(table.upsert(schema, "?"), rows)
    cursor.run(
        f"INSERT INTO {schema}state AS state (name, value) VALUES ('caught_up_ms', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = CASE WHEN excluded.value > state.value THEN excluded.value "
        "ELSE state.value END",
        (caught_up_ms,),
    )


__all__ = ["Statements", "StoreError", "fitting", "positions", "prepare", "write"]
