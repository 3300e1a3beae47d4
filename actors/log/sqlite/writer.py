"""The writing thread of the embedded log: everything that waits is one transaction, one trip to the disk.

Owns the only connection that writes, and the next offset of every shard. Takes batches and snapshots in the order in
which they were put in, and reports each group's outcomes to the event loop in one call. It must never touch an asyncio
object itself.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice
from queue import Empty, SimpleQueue

from actors.faults import Fault, LogFull, NotWritten, OutcomeUnknown
from actors.log.batches import Body, checksum
from actors.log.sqlite.checkpoint import Checkpoints
from actors.log.sqlite.file import writing_fault
from actors.log.sqlite.known_ends import KnownEnds
from actors.log.sqlite.open_files import OpenFiles

ROWS = 128
"""Batches in one INSERT: every shard of a node has one outstanding, so this is all of them."""

PAGE_BYTES = 4_096
"""Of the file. A write also changes about three pages of tables and index."""

GROUP_ITEMS = 1_024
GROUP_BYTES = 8 * 1024 * 1024
"""Bounds of one transaction, so that no snapshot makes a batch wait for a hundred megabytes."""


class Write:
    """One thing to be made durable: a batch, or (with `key`) a snapshot's new value, None to remove it.

    `base` and `at_ms` are filled in when it is durable, `fault` when it failed.
    """

    __slots__ = ("at_ms", "base", "body", "count", "fault", "future", "key", "shard", "value")

    def __init__(self, shard: str, count: int, body: Body | None, future: object) -> None:
        self.shard = shard
        self.count = count
        self.body = body
        self.future = future
        self.key: str | None = None
        self.value: bytes | None = None
        self.base = -1
        self.at_ms = 0
        self.fault: Fault | None = None

    def weight(self) -> int:
        """Return its size in bytes."""
        return len(self.body.data) if self.body is not None else len(self.value or b"")


class WriterThread(threading.Thread):
    """The one thread that writes the file, several batches a commit.

    `report` is called in this thread with each group that ended, `ended` as the last thing.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        connect: Callable[[], sqlite3.Connection],
        open_files: OpenFiles,
        known: KnownEnds,
        report: Callable[[list[Write]], None],
        ended: Callable[[], None],
        *,
        name: str,
    ) -> None:
        """`connect` makes further connections: for checkpoints, and after a fault in place of the first.

        `open_files` is asked before each commit whether what is open is the log still; `known` hears what is durable.
        """
        super().__init__(name=name, daemon=True)  # a disk that hangs must not keep the process from ending
        self._connect = connect
        self._connection: sqlite3.Connection | None = connection
        self._open_files = open_files
        self._known = known
        self._report = report
        self._ended = ended
        self._ends: dict[str, int] = {}
        self._given: SimpleQueue[Write | None] = SimpleQueue()
        self.give = self._given.put
        """Take one `Write`; None asks the thread to finish what was given before and to end."""
        self.checkpoints = Checkpoints(connect, name=f"{name} (checkpoints)")
        self.commits = 0
        self.faults = 0
        self.reopened = 0
        self.last_commit_ms = 0.0
        self.longest_commit_ms = 0.0

    def waiting(self) -> int:
        """Return how many writes were given and not yet begun, about."""
        return self._given.qsize()

    def run(self) -> None:
        """Commit group after group until told to end."""
        self.checkpoints.begin()
        try:
            while True:
                group, last = self._next_group()
                if group:
                    self._commit_in_full(group)
                    self._report(group)
                if last:
                    return
                if self._known.due_in_s() == 0:
                    self._known.write()
                if self._connection is not None:
                    self.checkpoints.finish(self._connection)
        finally:
            self.checkpoints.stop()
            if self._known.due_in_s() is not None:
                self._known.write()
            if self._connection is not None and self._open_files.may_fold():
                self._connection.close()  # the last connection to close folds the -wal file back in
            self._ended()

    def _next_group(self) -> tuple[list[Write], bool]:
        try:
            first = self._given.get(timeout=self._known.due_in_s())
        except Empty:  # time to write what is known, and nothing else to do
            return [], False
        if first is None:
            return [], True
        group = [first]
        weight = first.weight()
        while len(group) < GROUP_ITEMS and weight < GROUP_BYTES:
            try:
                write = self._given.get_nowait()
            except Empty:
                break
            if write is None:
                return group, True
            group.append(write)
            weight += write.weight()
        return group, False

    def _commit_in_full(self, group: list[Write]) -> None:
        fault = self._commit(group)
        if isinstance(fault, LogFull) and len(group) > 1:
            for write in group:  # what is small may still fit beside a snapshot that does not
                write.fault = self._commit([write])
        elif fault is not None:
            for write in group:
                write.fault = type(fault)(str(fault))  # one each: every waiter adds its own traceback

    def _commit(self, group: Sequence[Write]) -> Fault | None:
        began = time.perf_counter()
        try:
            self._open_files.check()
            if self._connection is None:
                self._connection = self._connect()
        except Fault as why:
            self.faults += 1
            return NotWritten(str(why)) if why.retriable else why
        connection = self._connection
        try:
            ends = self._place(connection, group)
            batches = [write for write in group if write.body is not None]
            if len(batches) == len(group) <= ROWS:
                # one statement is its own transaction: the interpreter lock is given up once, not three times
                self._insert(connection, batches)
            else:
                connection.execute("BEGIN IMMEDIATE")
                rest = iter(batches)
                while some := list(islice(rest, ROWS)):
                    self._insert(connection, some)
                for write in group:
                    if write.key is not None:
                        self._put(connection, write)
                connection.execute("COMMIT")
        except sqlite3.Error as why:
            self.faults += 1
            fault = writing_fault(self._file(connection), why)
            self._after(connection, fault)
            return fault
        except Exception as why:  # memory, a bug: did the thread end, those who wait would wait for ever; counted
            self.faults += 1
            fault = OutcomeUnknown(f"{self._file(connection)}: {type(why).__name__}: {why}")
            self._after(connection, fault)
            return fault
        self._ends.update(ends)
        self._known.note(ends)
        self.commits += 1
        self.checkpoints.written(sum(write.weight() // PAGE_BYTES + 3 for write in group))
        self.last_commit_ms = (time.perf_counter() - began) * 1e3
        self.longest_commit_ms = max(self.longest_commit_ms, self.last_commit_ms)
        return None

    def _place(self, connection: sqlite3.Connection, group: Sequence[Write]) -> dict[str, int]:
        ends: dict[str, int] = {}
        at_ms = time.time_ns() // 1_000_000
        for write in group:
            if write.body is None:
                continue
            shard = write.shard
            end = ends.get(shard)
            if end is None:
                end = self._ends.get(shard)
                if end is None:
                    end = end_of(connection, shard)
            write.base = end
            write.at_ms = at_ms
            ends[shard] = end + write.count
        return ends

    @staticmethod
    def _insert(connection: sqlite3.Connection, batches: Sequence[Write]) -> None:
        row = ",(?,?,?,?,?,?,?)" * len(batches)
        values: list[object] = []
        for write in batches:
            body = write.body
            assert body is not None
            crc = checksum(write.shard, write.base, write.count, write.at_ms, body)
            values += (write.shard, write.base, write.count, write.at_ms, crc, body.cuts, body.data)
        connection.execute(f"INSERT INTO batches (shard, base, count, at_ms, crc, cuts, body) VALUES {row[1:]}", values)

    @staticmethod
    def _put(connection: sqlite3.Connection, write: Write) -> None:
        if write.value is None:
            connection.execute("DELETE FROM snapshots WHERE shard = ? AND key = ?", (write.shard, write.key))
        else:
            connection.execute(
                "INSERT INTO snapshots (shard, key, value) VALUES (?, ?, ?) "
                "ON CONFLICT (shard, key) DO UPDATE SET value = excluded.value",
                (write.shard, write.key, write.value),
            )

    def _after(self, connection: sqlite3.Connection, fault: Fault) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            trusted = isinstance(fault, NotWritten)
        except sqlite3.Error:
            trusted = False
        if not trusted:  # nothing that this connection or we remember of the file
            self._ends.clear()
            self._connection = None
            self.reopened += 1
            connection.close()

    @staticmethod
    def _file(connection: sqlite3.Connection) -> str:
        try:
            return str(connection.execute("PRAGMA database_list").fetchone()[2])
        except sqlite3.Error:
            return "the log's file"


def end_of(connection: sqlite3.Connection, shard: str) -> int:
    """Return the offset that the shard's next record gets."""
    row = connection.execute(
        "SELECT base + count FROM batches WHERE shard = ? ORDER BY base DESC LIMIT 1", (shard,)
    ).fetchone()
    return int(row[0]) if row else 0
