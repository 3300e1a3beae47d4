"""Reading an embedded log's file beside the server that writes it, for tools. Takes no lock and never writes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

from actors.faults import LogUnavailable
from actors.log.port import Appended, Bounds, Entry, ShardId
from actors.log.sqlite.file import opening_fault
from actors.log.sqlite.reading import read_records, read_snapshots


class SqliteReader:
    """An `EventLog` that only reads; `append` and `put` fail. Blocks for the time of a read: not for servers."""

    record_bytes_max = batch_bytes_max = 0
    independent_clock = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshots = SqliteReaderSnapshots(self)
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file read-only. Raises `LogUnavailable` when it is not there, `LogDamaged` when it is no log."""
        if not self.path.is_file():
            raise LogUnavailable(f"{self.path}: there is no such log; give the one of the server with --log")
        self._connection = sqlite3.connect(f"file:{self.path.resolve()}?mode=ro", uri=True, check_same_thread=False)
        try:
            self._connection.execute("SELECT count(*) FROM shards").fetchone()
        except sqlite3.Error as error:
            raise opening_fault(self.path, error) from error

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection. Raises `LogUnavailable` when there is none."""
        if self._connection is None:
            raise LogUnavailable(f"{self.path} is closed")
        return self._connection

    def shards(self) -> dict[str, int]:
        """Return the shard count of each topic, as the file says it."""
        return dict(self.connection.execute("SELECT topic, count FROM shards").fetchall())

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Fail: this is for reading."""
        done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        done.set_exception(LogUnavailable(f"{self.path} is open for reading only"))
        return done

    async def read(self, shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        """Yield records from `start` up to the present end, then wait a second for more, for ever."""
        at = start
        while True:
            entries = read_records(self.connection, str(shard), at)
            if not entries:
                await asyncio.sleep(1.0)
                continue
            at = entries[-1].offset + 1
            yield entries
            await asyncio.sleep(0)

    async def bounds(self, shard: ShardId) -> Bounds:
        """Return 0 and the present end."""
        row = self.connection.execute(
            "SELECT base + count FROM batches WHERE shard = ? ORDER BY base DESC LIMIT 1", (str(shard),)
        ).fetchone()
        return Bounds(0, row[0] if row else 0)

    async def renew(self, shard: ShardId) -> None:
        """Nothing to renew."""

    async def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteReaderSnapshots:
    """The snapshots of a `SqliteReader`."""

    part_bytes_max = 0

    def __init__(self, log: SqliteReader) -> None:
        self._log = log

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Fail: this is for reading."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_exception(LogUnavailable(f"{self._log.path} is open for reading only"))
        return done

    async def read(self, shard: ShardId) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield all present keys in order, as of one moment; see the port's S1."""
        with closing(read_snapshots(self._log.connection, str(shard))) as chunks:
            for chunk in chunks:
                yield chunk
