"""The embedded log: one SQLite file, for a server that runs alone.

Acknowledged means on disk: WAL, `synchronous=FULL`, one writing thread that makes everything waiting one transaction.
Owns the file (a second process is refused), the writing thread and a reading thread. It must never block the event loop
and never tell of a batch that is not durable.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from actors.faults import LogDamaged, LogLostItsEnd, LogMisconfigured, LogUnavailable, OutcomeUnknown
from actors.log.batches import pack
from actors.log.port import Appended, Bounds, Entry, ShardId
from actors.log.sizes import BATCH_BYTES_MAX, PART_BYTES_MAX, RECORD_BYTES_MAX, unfit_batch, unfit_part
from actors.log.sqlite.file import LockFile, connect, opening_fault, prepare
from actors.log.sqlite.known_ends import KnownEnds, gone, set_aside
from actors.log.sqlite.open_files import OpenFiles
from actors.log.sqlite.reading import CHUNK_RECORDS, read_records, read_snapshots
from actors.log.sqlite.writer import Write, WriterThread, end_of

READ_S = 30.0
"""A chunk, or all snapshots of a shard, that take longer come from a disk that hangs."""

CLOSE_S = 5.0

STARVED_S = 0.001
REST_S = 0.00005
"""A busy event loop that gives the interpreter lock up and takes it back once a turn can keep a thread from it for
seconds (measured: 4.7 s): the waiting thread asks for the lock only if nobody let it go within a switch interval, and
loses the race each time. So while a commit takes longer than the first, the loop rests for the second, once in each
of the first."""

T = TypeVar("T")
P = ParamSpec("P")


class SqliteStatistics(msgspec.Struct, frozen=True):
    """Depths and totals since `open`. A commit is one transaction, and so one trip to the disk."""

    queued: int
    in_flight: int
    batches: int
    records: int
    snapshots: int
    commits: int
    faults: int
    reopened: int
    checkpoints: int
    renewals: int
    last_commit_ms: float
    longest_commit_ms: float
    rests: int


class SqliteSnapshots:
    """Snapshots in a table of the same file, written in one order with the batches."""

    def __init__(self, log: SqliteLog, *, part_bytes_max: int) -> None:
        self.part_bytes_max = part_bytes_max
        self._log = log

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Write or remove one key; see the port. Fails as `append` does."""
        return self._log.put(shard, key, value)

    async def read(self, shard: ShardId) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield all present keys in order; see the port."""
        name = self._log.name_of(shard)
        # at once: the reading connection is shared, and between two chunks somebody would read the log of a past moment
        for chunk in await self._log.in_reader(lambda connection: list(read_snapshots(connection, name))):
            yield chunk


class SqliteLog:
    """The event log in one SQLite file of this process's own.

    `shards` is the number of shards of each topic; None takes the file's own.
    """

    independent_clock = False

    def __init__(
        self,
        path: Path,
        *,
        shards: Mapping[str, int] | None = None,
        record_bytes_max: int = RECORD_BYTES_MAX,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        part_bytes_max: int = PART_BYTES_MAX,
        bytes_max: int | None = None,
        signs: Sequence[Path] = (),
        anew: bool = False,
    ) -> None:
        """`bytes_max` bounds the size of the file; past it appends fail with `LogFull`.

        `signs`: what only a server with records in this log leaves. `anew`: make a new one where they are gone.
        """
        self.path = path
        self.known = KnownEnds(path)
        self._signs = signs
        self._anew = anew
        self.record_bytes_max = record_bytes_max
        self.batch_bytes_max = batch_bytes_max
        self.snapshots = SqliteSnapshots(self, part_bytes_max=part_bytes_max)
        self.shards: dict[str, int] = dict(shards or {})
        self._asked = None if shards is None else dict(shards)
        self._bytes_max = bytes_max
        self._lock = LockFile(path)
        self._names: dict[ShardId, str] = {}
        self._ends: dict[str, int] = {}
        self._grown: dict[str, asyncio.Event] = {}
        self._pending: set[Write] = set()
        self._rest_timer: asyncio.TimerHandle | None = None
        self._writer: WriterThread | None = None
        self._give: Callable[[Write | None], None] = self._refuse
        self._reader: ThreadPoolExecutor | None = None
        self._open_files: OpenFiles | None = None
        self._connection: sqlite3.Connection | None = None
        self._ended = asyncio.Event()
        self._batches = self._records = self._snapshots = self._renewals = 0
        self._commits_seen = self._rests = 0

    # ---- life

    async def open(self) -> None:
        """Take the file, make or check its tables. Raises `LogLocked`, `LogMisconfigured`, `LogDamaged`, ...;
        `LogLostItsEnd` when it is missing or empty and is known to have held records."""
        assert self._reader is None, "opened twice"
        loop = asyncio.get_running_loop()
        self._lock.take()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix=f"read {self.path.name}")
        try:
            writing = await asyncio.wait_for(loop.run_in_executor(self._reader, self._open_file), READ_S)
        except BaseException:
            self._reader.shutdown(wait=False)
            self._reader = None
            self._lock.release()
            raise

        open_files = self._open_files = OpenFiles(self.path)

        def another() -> sqlite3.Connection:
            open_files.check()  # a fresh connection would make a new file, or take another one's
            return connect(self.path, reading=False, bytes_max=self._bytes_max)

        def report(group: list[Write]) -> None:
            loop.call_soon_threadsafe(self._finish, group)

        def ended() -> None:
            loop.call_soon_threadsafe(self._ended.set)

        self._ended.clear()
        self._writer = WriterThread(
            writing, another, open_files, self.known, report, ended, name=f"write {self.path.name}"
        )
        self._writer.start()
        self._give = self._writer.give

    def _open_file(self) -> sqlite3.Connection:
        self.known.read()
        if why := gone(self.path, self.known, self._signs):
            if not self._anew:
                raise LogLostItsEnd(why)
            set_aside(self.path)
        writing = connect(self.path, reading=False, bytes_max=self._bytes_max)
        try:
            self.shards = prepare(writing, self.path, self._asked)
            self._connection = connect(self.path, reading=True)
            self._names = {
                ShardId(topic, index): f"{topic}-{index}"
                for topic, count in self.shards.items()
                for index in range(count)
            }
            self._ends = {name: end_of(self._connection, name) for name in self._names.values()}
            self.known.note(self._ends)
            if self.known.due_in_s() is not None:  # of a log from before, or the last run ended without a word
                self.known.write()
        except sqlite3.Error as why:
            writing.close()
            raise opening_fault(self.path, why) from why
        except BaseException:
            writing.close()
            raise
        return writing

    async def close(self) -> None:
        """Make durable what was handed over, and let the file go. What a hanging disk keeps ends as unknown."""
        writer, reader = self._writer, self._reader
        if writer is None or reader is None:
            return
        self._writer = self._reader = None
        self._give = self._refuse
        connection = self._connection
        if connection is not None:
            # before the writing one, not beside it: the last to close folds the -wal file in, of two at once neither
            await asyncio.wait({asyncio.get_running_loop().run_in_executor(reader, connection.close)}, timeout=CLOSE_S)
        writer.give(None)
        reader.shutdown(wait=False)
        try:
            await asyncio.wait_for(self._ended.wait(), CLOSE_S)
            self._lock.release()  # else the thread still writes: the lock goes with the process
        except TimeoutError:
            pass
        self._give_up(self._pending, f"{self.path} was closed before the disk answered")
        for event in self._grown.values():
            event.set()

    # ---- writing

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Hand a batch over; see the port. Beside the port's faults: `LogFull`, `LogDamaged`."""
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        name = self._names.get(shard)
        if name is None or not records:
            future.set_exception(self._unfit(shard))
            return future
        unfit = unfit_batch(records, self.record_bytes_max, self.batch_bytes_max)
        if unfit is not None:
            future.set_exception(unfit)
            return future
        self._hand(Write(name, len(records), pack(records), future))
        return future

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Write or remove one snapshot; the store's `put`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        name = self._names.get(shard)
        if name is None:
            future.set_exception(self._unfit(shard))
            return future
        unfit = unfit_part(key, value, self.snapshots.part_bytes_max)
        if unfit is not None:
            future.set_exception(unfit)
            return future
        write = Write(name, 0, None, future)
        write.key, write.value = key, value
        self._hand(write)
        return future

    def _hand(self, write: Write) -> None:
        self._pending.add(write)
        self._give(write)
        if self._rest_timer is None:
            self._rest_timer = asyncio.get_running_loop().call_later(STARVED_S, self._rest)

    def _rest(self) -> None:
        self._rest_timer = None
        writer = self._writer
        if writer is None or not self._pending:
            return
        if writer.commits == self._commits_seen:
            self._rests += 1
            time.sleep(REST_S)
        self._commits_seen = writer.commits
        self._rest_timer = asyncio.get_running_loop().call_later(STARVED_S, self._rest)

    def _unfit(self, shard: ShardId) -> Exception:
        if self._writer is None:
            return LogUnavailable(f"{self.path} is closed")
        if shard in self._names:
            return ValueError("an empty batch")
        return LogMisconfigured(f"{self.path} has no shard {shard}; it was made for {self.shards}")

    def _refuse(self, write: Write | None) -> None:
        assert write is not None
        self._pending.discard(write)
        future: Any = write.future
        future.set_exception(LogUnavailable(f"{self.path} is closed"))

    def _finish(self, group: list[Write]) -> None:
        pending = self._pending
        for write in group:
            pending.discard(write)
            future: Any = write.future
            if write.fault is not None:
                if not future.done():
                    future.set_exception(write.fault)
                continue
            if write.body is None:
                self._snapshots += 1
                if not future.done():
                    future.set_result(None)
                continue
            self._batches += 1
            self._records += write.count
            shard = write.shard
            self._ends[shard] = write.base + write.count
            if not future.done():
                future.set_result(Appended(write.base, write.at_ms))
            if shard in self._grown:
                self._grown.pop(shard).set()

    def _give_up(self, writes: set[Write], why: str) -> None:
        for write in list(writes):
            self._pending.discard(write)
            future: Any = write.future
            if not future.done():
                future.set_exception(OutcomeUnknown(why))
                future.exception()  # whoever still waits is told; nobody need be

    async def renew(self, shard: ShardId) -> None:
        """Give up what is pending on the shard: it ends as unknown, and lands or not. There is no path to replace."""
        name = self.name_of(shard)
        self._renewals += 1
        self._give_up({w for w in self._pending if w.shard == name and w.body is not None}, f"{shard} was given up")

    # ---- what is known of it

    def remembered(self) -> dict[ShardId, int]:
        """Return the ends that shards are known to have had; some may be past where they end now."""
        return {shard: self.known.ends[name] for shard, name in self._names.items() if name in self.known.ends}

    def forget(self, shards: Collection[ShardId]) -> None:
        """Know of these shards no end but the one they have: what they lost is accepted. Before any batch."""
        self.known.set({name: self._ends[name] for name in map(self.name_of, shards)})

    # ---- reading

    async def read(self, shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        """Yield records from `start` on and wait for more; see the port."""
        name = self.name_of(shard)
        if start < 0 or start > self._ends[name]:
            raise LogDamaged(f"shard {shard}: asked to read from {start}, the log holds 0 to {self._ends[name]}")
        at = start
        while True:
            while at >= self._ends[name]:
                await self._grown.setdefault(name, asyncio.Event()).wait()
                self.name_of(shard)
            entries = await self.in_reader(read_records, name, at)
            if not entries or entries[0].offset != at:
                raise LogDamaged(f"shard {shard}, offset {at}: missing, the log goes on to {self._ends[name]}")
            at = entries[-1].offset + 1
            for begin in range(0, len(entries), CHUNK_RECORDS):
                yield entries[begin : begin + CHUNK_RECORDS]

    async def bounds(self, shard: ShardId) -> Bounds:
        """Return 0 and the end: an embedded log is never trimmed. Raises `LogUnavailable` if its file is not there."""
        name = self.name_of(shard)
        assert self._open_files is not None, "open since it has a writer"
        self._open_files.check()
        return Bounds(0, self._ends[name])

    def name_of(self, shard: ShardId) -> str:
        """Return the shard's name in the file. Raises `LogUnavailable` when closed, `LogMisconfigured`."""
        if self._writer is None:
            raise LogUnavailable(f"{self.path} is closed")
        name = self._names.get(shard)
        if name is None:
            raise LogMisconfigured(f"{self.path} has no shard {shard}; it was made for {self.shards}")
        return name

    async def in_reader(
        self, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a read of the file in the reading thread."""
        reader, connection = self._reader, self._connection
        if reader is None or connection is None:
            raise LogUnavailable(f"{self.path} is closed")
        running = asyncio.get_running_loop().run_in_executor(reader, lambda: read(connection, *args, **kwargs))
        try:
            async with asyncio.timeout(READ_S):  # not wait_for: it may lose a cancellation that meets the answer
                return await running
        except TimeoutError as why:
            raise LogUnavailable(f"{self.path}: no answer from the disk for {READ_S:.0f} s") from why
        except sqlite3.ProgrammingError as why:
            raise LogUnavailable(f"{self.path} is closed") from why
        except sqlite3.Error as why:
            raise opening_fault(self.path, why) from why

    def statistics(self) -> SqliteStatistics:
        """Return depths and totals."""
        writer = self._writer
        return SqliteStatistics(
            queued=writer.waiting() if writer else 0,
            in_flight=len(self._pending),
            batches=self._batches,
            records=self._records,
            snapshots=self._snapshots,
            commits=writer.commits if writer else 0,
            faults=writer.faults if writer else 0,
            reopened=writer.reopened if writer else 0,
            checkpoints=writer.checkpoints.done if writer else 0,
            renewals=self._renewals,
            last_commit_ms=writer.last_commit_ms if writer else 0.0,
            longest_commit_ms=writer.longest_commit_ms if writer else 0.0,
            rests=self._rests,
        )
