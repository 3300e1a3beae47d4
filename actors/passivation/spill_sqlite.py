"""Where passivated entities lie: a SQLite file of its own, emptied at every start.

Memory on disk, never truth: no durability is asked of it, and recovery never reads what an earlier run left.
Calls are synchronous: tens of microseconds on a local disk.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actors.faults import SpillFailed
from actors.log.port import ShardId


class SqliteSpill:
    """A `SpillStore` in one local file. What its disk refuses is a `SpillFailed`."""

    def __init__(self, path: Path) -> None:
        for old in (path, path.with_name(path.name + "-journal")):
            with contextlib.suppress(FileNotFoundError):
                old.unlink()
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE passivated (shard TEXT, id TEXT, blob BLOB, PRIMARY KEY (shard, id)) WITHOUT ROWID"
        )

        self._lives: dict[ShardId, int] = {}

    def _name(self, shard: ShardId) -> str:
        """Return under which name a shard's rows stand since it was last cleared: older ones are never seen again."""
        return f"{shard}#{self._lives.get(shard, 0)}"

    def _do(self, sql: str, *values: Any) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise SpillFailed(f"the spill file of passivated entities: {error}") from error

    def put(self, shard: ShardId, id: str, blob: bytes) -> None:
        """Keep."""
        self._do("INSERT OR REPLACE INTO passivated VALUES (?, ?, ?)", self._name(shard), id, blob)

    def get(self, shard: ShardId, id: str) -> bytes | None:
        """Return without removing."""
        rows = self._do("SELECT blob FROM passivated WHERE shard = ? AND id = ?", self._name(shard), id)
        return rows[0][0] if rows else None

    def take(self, shard: ShardId, id: str) -> bytes | None:
        """Return and remove; None when there is none."""
        blob = self.get(shard, id)
        if blob is not None:
            self._do("DELETE FROM passivated WHERE shard = ? AND id = ?", self._name(shard), id)
        return blob

    def ids(self, shard: ShardId) -> Iterator[str]:
        """Yield the ids kept for a shard."""
        for (id,) in self._do("SELECT id FROM passivated WHERE shard = ?", self._name(shard)):
            yield id

    def clear(self, shard: ShardId) -> None:
        """Remove all of a shard. A disk that fails does not keep it from being forgotten: recovery begins with this."""
        before = self._name(shard)
        self._lives[shard] = self._lives.get(shard, 0) + 1
        with contextlib.suppress(sqlite3.Error):  # the rows stay in the file, under a name that nobody asks for
            self._db.execute("DELETE FROM passivated WHERE shard = ?", (before,))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
