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
    """A `SpillStore` in one local file. What its disk refuses is a `SpillFailed`.

    A file that is damaged, or may be since a write to it failed in the middle, is made anew. What a shard had in the
    old one is missing then: until it is cleared, which is how its recovery begins, it is told so and not that there is
    nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lives: dict[ShardId, int] = {}
        self._files = 0  # how many were made
        self._since: dict[ShardId, int] = {}  # in which of them a shard's rows begin
        try:
            self._db = self._fresh()
        except sqlite3.Error:  # a full disk: a server starts without, and the first that is put away tries it again
            self._db = sqlite3.connect(":memory:")
            self._db.close()

    def _fresh(self) -> sqlite3.Connection:
        db = self._connect()
        try:
            db.execute("PRAGMA journal_mode=MEMORY")  # a statement that a full disk stops is taken back
            db.execute("PRAGMA synchronous=OFF")
            db.execute(
                "CREATE TABLE passivated (shard TEXT, id TEXT, blob BLOB, PRIMARY KEY (shard, id)) WITHOUT ROWID"
            )
        except sqlite3.Error:
            db.close()
            raise
        self._files += 1
        return db

    def _connect(self) -> sqlite3.Connection:
        """Return a connection to an empty file of our own."""
        for old in (self._path, self._path.with_name(self._path.name + "-journal")):
            with contextlib.suppress(FileNotFoundError):
                old.unlink()
        with contextlib.suppress(OSError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return sqlite3.connect(self._path, isolation_level=None)

    def _name(self, shard: ShardId) -> str:
        """Return under which name a shard's rows stand since it was last cleared: older ones are never seen again."""
        return f"{shard}#{self._lives.get(shard, 0)}"

    def _do(self, sql: str, *values: Any) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            if _is_damaged(error, sql):
                self._renew()
            raise SpillFailed(f"the spill file of passivated entities: {error}") from error

    def _renew(self) -> None:
        """Begin a new file. If the disk refuses that too, what follows fails, and the next call tries it again."""
        self._db.close()
        with contextlib.suppress(sqlite3.Error, OSError):
            self._db = self._fresh()

    def _expect(self, shard: ShardId) -> None:
        """Raise `SpillFailed` if what a shard once put may be missing."""
        if self._since.get(shard, 1) < self._files:
            raise SpillFailed("the spill file of passivated entities was damaged and is made anew")

    def put(self, shard: ShardId, id: str, blob: bytes) -> None:
        """Keep."""
        self._do("INSERT OR REPLACE INTO passivated VALUES (?, ?, ?)", self._name(shard), id, blob)

    def get(self, shard: ShardId, id: str) -> bytes | None:
        """Return without removing."""
        rows = self._do("SELECT blob FROM passivated WHERE shard = ? AND id = ?", self._name(shard), id)
        if not rows:
            self._expect(shard)
        return rows[0][0] if rows else None

    def take(self, shard: ShardId, id: str) -> bytes | None:
        """Return and remove; None when there is none."""
        blob = self.get(shard, id)
        if blob is not None:
            self._do("DELETE FROM passivated WHERE shard = ? AND id = ?", self._name(shard), id)
        return blob

    def ids(self, shard: ShardId) -> Iterator[str]:
        """Yield the ids kept for a shard."""
        self._expect(shard)
        for (id,) in self._do("SELECT id FROM passivated WHERE shard = ?", self._name(shard)):
            yield id

    def clear(self, shard: ShardId) -> None:
        """Remove all of a shard. A disk that fails does not keep it from being forgotten: recovery begins with this."""
        before = self._name(shard)
        self._lives[shard] = self._lives.get(shard, 0) + 1
        with contextlib.suppress(SpillFailed):  # the rows stay in the file, under a name that nobody asks for
            self._do("DELETE FROM passivated WHERE shard = ?", before)
        self._since[shard] = self._files

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _is_damaged(error: sqlite3.Error, sql: str) -> bool:
    """Tell whether the file may hold something else than what was written, or is no file any more."""
    if isinstance(error, sqlite3.ProgrammingError):  # closed: it could not be made anew the last time
        return True
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    damaged = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return code in damaged or (code == sqlite3.SQLITE_IOERR and not sql.startswith("SELECT"))
