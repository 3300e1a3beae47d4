"""Where dormant entities lie: a SQLite file of its own, emptied at every start.

Memory on disk, never truth: no durability is asked of it, and recovery never reads what an earlier run left.
Calls are synchronous: tens of microseconds on a local disk.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from actors.log.port import ShardId


class SqliteSpill:
    """A `SpillStore` in one local file."""

    def __init__(self, path: Path) -> None:
        for old in (path, path.with_name(path.name + "-journal")):
            with contextlib.suppress(FileNotFoundError):
                old.unlink()
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE dormant (shard TEXT, id TEXT, blob BLOB, PRIMARY KEY (shard, id)) WITHOUT ROWID")

        self._lives: dict[ShardId, int] = {}

    def _name(self, shard: ShardId) -> str:
        """Return under which name a shard's rows stand since it was last cleared: older ones are never seen again."""
        return f"{shard}#{self._lives.get(shard, 0)}"

    def put(self, shard: ShardId, id: str, blob: bytes) -> None:
        """Keep."""
        self._db.execute("INSERT OR REPLACE INTO dormant VALUES (?, ?, ?)", (self._name(shard), id, blob))

    def get(self, shard: ShardId, id: str) -> bytes | None:
        """Return without removing."""
        row = self._db.execute(
            "SELECT blob FROM dormant WHERE shard = ? AND id = ?", (self._name(shard), id)
        ).fetchone()
        return None if row is None else row[0]

    def take(self, shard: ShardId, id: str) -> bytes | None:
        """Return and remove; None when there is none."""
        blob = self.get(shard, id)
        if blob is not None:
            self._db.execute("DELETE FROM dormant WHERE shard = ? AND id = ?", (self._name(shard), id))
        return blob

    def ids(self, shard: ShardId) -> Iterator[str]:
        """Yield the ids kept for a shard."""
        for (id,) in self._db.execute("SELECT id FROM dormant WHERE shard = ?", (self._name(shard),)).fetchall():
            yield id

    def clear(self, shard: ShardId) -> None:
        """Remove all of a shard. A disk that fails does not keep it from being forgotten: recovery begins with this."""
        before = self._name(shard)
        self._lives[shard] = self._lives.get(shard, 0) + 1
        with contextlib.suppress(sqlite3.Error):  # the rows stay in the file, under a name that nobody asks for
            self._db.execute("DELETE FROM dormant WHERE shard = ?", (before,))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
