"""Reading the embedded log's file: chunks of records, and snapshots, each checked. Runs in the reading thread.

Owns nothing: every function gets the reading connection. It must never hand out a record whose checksum is wrong or
whose place is not the next one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from functools import partial
from typing import Final

from actors.faults import LogDamaged
from actors.log.batches import Body, Damaged, checksum, unpack
from actors.log.port import Entry

CHUNK_RECORDS = 256
CHUNK_BYTES = 4 * 1024 * 1024
"""A chunk ends past either; a batch is never split between two reads of the file."""

_entry: Final[Callable[[tuple[int, bytes]], Entry]] = partial(tuple.__new__, Entry)
"""`Entry(*pair)` without its generated constructor, which costs half of reading."""

_COLUMNS = "base, count, at_ms, crc, cuts, body"


def read_records(connection: sqlite3.Connection, shard: str, at: int) -> list[Entry]:
    """Return the next records from offset `at` on, none at the end. Raises `LogDamaged` with shard and offset."""
    entries: list[Entry] = []
    weight = 0
    row = connection.execute("SELECT max(base) FROM batches WHERE shard = ? AND base <= ?", (shard, at)).fetchone()
    if row[0] is None:
        return []
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM batches WHERE shard = ? AND base >= ? ORDER BY base", (shard, row[0])
    )
    place = int(row[0])
    try:
        for base, count, at_ms, crc, cuts, body in rows:
            if base != place:
                raise LogDamaged(f"shard {shard}, offset {place}: missing, the next batch begins at {base}")
            if not isinstance(body, bytes) or crc != checksum(shard, base, count, at_ms, Body(body, cuts)):
                raise LogDamaged(f"shard {shard}, offset {base}: the checksum of the batch is wrong")
            try:
                records = unpack(body, count, cuts)
            except Damaged as why:
                raise LogDamaged(f"shard {shard}, offset {base}: {why}") from why
            skip = max(at - base, 0)
            entries += map(_entry, zip(range(base + skip, base + count), records[skip:], strict=True))
            place = base + count
            weight += len(body)
            if len(entries) >= CHUNK_RECORDS or weight >= CHUNK_BYTES:
                break
    finally:
        rows.close()  # an open read would keep the -wal file from starting over
    return entries


def read_snapshots(connection: sqlite3.Connection, shard: str) -> Generator[list[tuple[str, bytes]]]:
    """Yield all keys with their values in chunks, as of one moment: one statement, and so one read transaction.

    While it is open everything else on the connection is read as of that moment too.
    """
    found: list[tuple[str, bytes]] = []
    weight = 0
    rows = connection.execute("SELECT key, value FROM snapshots WHERE shard = ? ORDER BY key", (shard,))
    try:
        for key, value in rows:
            if not isinstance(value, bytes):
                raise LogDamaged(f"shard {shard}, snapshot {key!r}: not bytes; somebody changed the file by hand")
            found.append((key, value))
            weight += len(value)
            if len(found) >= CHUNK_RECORDS or weight >= CHUNK_BYTES:
                yield found
                found, weight = [], 0
        if found:
            yield found
    finally:
        rows.close()
