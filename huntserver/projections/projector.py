"""The projector: follows every shard of the log and keeps the read models up to it.

Owns the fold's memory between two commits and the tasks that read. What is not committed is not kept: after any fault
it takes up the store's positions and goes on from there, with a pause that grows.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from actors.entity import EntityType
from actors.faults import Fault
from actors.log.codec import Done, OpenedDecoder, RecordDecoder, Tenure
from actors.log.port import Entry, EventLog, ShardId
from actors.reporter import Reporter
from actors.shard.fence import FoldState, TenureFold, Verdict
from huntserver.projections.chains import LOAD, HuntChains
from huntserver.projections.models import TABLES, project
from huntserver.projections.store import Moved, Position, ReadStore, StoreError
from huntserver.projections.tables import Changes

BATCH_RECORDS: Final = 5_000
BATCH_S: Final = 0.2
"""A batch is committed when it holds so many records or is so old: lag against the cost of a transaction."""
QUEUE_CHUNKS: Final = 64
PAUSE_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
LOOK_S: Final = 1.0
"""Between two looks at the log's end, for the lag."""


class ShardFold:
    """The reader's rule over one shard, from a position on."""

    def __init__(self, id: ShardId, decoder: RecordDecoder, position: Position) -> None:
        self.id = id
        self.position = position
        self._decode = decoder.decode
        self._fold = TenureFold(FoldState(position.nonce, position.next_seq, position.holder))

    def feed(
        self,
        chunk: Sequence[Entry],
        take: Callable[[int, Done], None],
        also: Callable[[Done, bytes], None] | None = None,
    ) -> None:
        """Fold records in order; `take` gets those that count, with their offset, `also` with their bytes.

        Raises `LogDamaged`.
        """
        fold, at_ms = self._fold, self.position.at_ms
        for offset, body in chunk:
            record = self._decode(self.id, offset, body)
            if record.__class__ is Tenure:
                fold.tenure(offset, record.nonce, f"{record.node}#{record.start}")
                at_ms = max(at_ms, record.at)
            elif fold.record(record.nonce, record.seq) is Verdict.COUNTS:
                at_ms = max(at_ms, record.at)
                if isinstance(record, Done):
                    take(offset, record)
                    if also is not None:
                        also(record, body)
        nonce, next_seq, holder = fold.state()
        self.position = Position(chunk[-1].offset + 1, nonce, next_seq, holder, at_ms)


class ProjectionStatistics(NamedTuple):
    """What the projector has done, and how far behind the log it is.

    `lag_s` is the time since it last was not behind; `why` names what it waits for, empty while it works.
    """

    records: int
    commits: int
    faults: int
    lag_records: int
    lag_s: float
    caught_up_ms: int
    why: str


class Projector:
    """Keeps one store up to one log. `run` goes on until it is cancelled; `catch_up` ends when all is folded."""

    def __init__(
        self, log: EventLog, kinds: Sequence[tuple[EntityType[Any], int]], store: ReadStore, report: Reporter
    ) -> None:
        self._log = log
        self._store = store
        self._report = report
        self._decoders = {kind.topic: OpenedDecoder(kind) for kind, _ in kinds}
        self._shards = [ShardId(kind.topic, i) for kind, count in kinds for i in range(count)]
        self._folds: dict[ShardId, ShardFold] = {}
        self._chains = HuntChains(())
        self._committed: dict[str, Position] = {}
        self._ends: dict[ShardId, int] = {}
        self._caught_up_ms = 0
        self._records = self._commits = self._faults = 0
        self._even_s = time.monotonic()  # when it last was not behind
        self._why = ""

    def statistics(self) -> ProjectionStatistics:
        """Return counts and the lag as of the last look at the log's end."""
        behind = sum(
            max(0, end - self._committed.get(str(shard), Position()).next) for shard, end in self._ends.items()
        )
        now_s = time.monotonic()
        if not behind and not self._why:
            self._even_s = now_s
        lag_s = round(now_s - self._even_s, 1)
        return ProjectionStatistics(
            self._records, self._commits, self._faults, behind, lag_s, self._caught_up_ms, self._why
        )

    async def run(self) -> None:
        """Follow the log for ever; faults of log and store are told and waited out."""
        failed = 0
        while True:
            began = time.monotonic()
            try:
                await self._follow(until_end=False)
            except (Fault, StoreError) as error:
                self._faults += 1
                if not isinstance(error, Moved):
                    self._why = str(error)
                    self._report.warn("projection_waits", why=self._why)
            if time.monotonic() - began > PAUSE_S[-1]:
                failed = 0
            await asyncio.sleep(PAUSE_S[min(failed, len(PAUSE_S) - 1)])
            failed += 1

    async def catch_up(self) -> int:
        """Fold up to the end that the log has now, commit, and return the number of records read.

        Raises `Fault` or `StoreError`.
        """
        before = self._records
        await self._follow(until_end=True)
        return self._records - before

    async def _follow(self, *, until_end: bool) -> None:
        self._committed = await asyncio.to_thread(self._store.open)
        self._chains = HuntChains(await asyncio.to_thread(self._store.query, LOAD))
        self._folds = {
            shard: ShardFold(shard, self._decoders[shard.topic], self._committed.get(str(shard), Position()))
            for shard in self._shards
        }
        await self._look_at_ends()
        self._why = ""
        queue: asyncio.Queue[tuple[ShardId, list[Entry]]] = asyncio.Queue(QUEUE_CHUNKS)
        async with contextlib.AsyncExitStack() as stack:
            tasks = [
                asyncio.create_task(self._read(shard, queue, until_end=until_end), name=f"projection of {shard}")
                for shard in self._shards
            ]
            stack.push_async_callback(_cancelled, tasks)
            if not until_end:
                tasks.append(asyncio.create_task(self._keep_looking(), name="projection's lag"))
            await self._fold_all(queue, tasks, until_end=until_end)

    async def _read(
        self, shard: ShardId, queue: asyncio.Queue[tuple[ShardId, list[Entry]]], *, until_end: bool
    ) -> None:
        start, end = self._folds[shard].position.next, self._ends[shard]
        bounds = await self._log.bounds(shard)
        if until_end and (end <= start or end <= bounds.start):
            return
        async for chunk in self._log.read(shard, max(start, bounds.start)):
            await queue.put((shard, chunk))
            if until_end and chunk[-1].offset >= end - 1:
                return

    async def _fold_all(
        self,
        queue: asyncio.Queue[tuple[ShardId, list[Entry]]],
        tasks: Sequence[asyncio.Task[None]],
        *,
        until_end: bool,
    ) -> None:
        changes, touched, began = Changes(TABLES), set[ShardId](), 0.0

        def take(offset: int, record: Done) -> None:
            project(changes, record)

        def also(record: Done, body: bytes) -> None:
            self._chains.take(changes, record, body)

        while True:
            chunk = await _next(queue, tasks, BATCH_S if touched else LOOK_S)
            if chunk is not None:
                shard, entries = chunk
                began = began if touched else time.monotonic()
                self._folds[shard].feed(entries, take, also)
                touched.add(shard)
                self._records += len(entries)
            full = changes.records >= BATCH_RECORDS or time.monotonic() - began >= BATCH_S
            if touched and (full or chunk is None):
                await self._commit(changes, touched)
                changes, touched = Changes(TABLES), set()
            if until_end and chunk is None and queue.empty() and all(task.done() for task in tasks):
                return
            await asyncio.sleep(0)

    async def _commit(self, changes: Changes, touched: set[ShardId]) -> None:
        after = {str(shard): self._folds[shard].position for shard in touched}
        before = {name: self._committed[name] for name in after if name in self._committed}
        standing = {**self._committed, **after}
        if all(standing.get(str(shard), Position()).next >= end for shard, end in self._ends.items()):
            self._caught_up_ms = max(position.at_ms for position in standing.values())
        await asyncio.to_thread(self._store.commit, changes, before, after, self._caught_up_ms)
        self._committed.update(after)
        self._commits += 1

    async def _look_at_ends(self) -> None:
        self._ends = {shard: (await self._log.bounds(shard)).end for shard in self._shards}

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look_at_ends()


async def _next(
    queue: asyncio.Queue[tuple[ShardId, list[Entry]]], tasks: Sequence[asyncio.Task[None]], wait_s: float
) -> tuple[ShardId, list[Entry]] | None:
    """Return the next chunk, or None after `wait_s` or when nothing is read any more. Raises what a reader raised."""
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
    if queue.empty() and all(task.done() for task in tasks):
        return None
    return await next_chunk(queue, wait_s)


async def next_chunk(
    queue: asyncio.Queue[tuple[ShardId, list[Entry]]], wait_s: float
) -> tuple[ShardId, list[Entry]] | None:
    """Return the next chunk, or None after `wait_s`."""
    try:
        async with asyncio.timeout(wait_s):
            return await queue.get()
    except TimeoutError:
        return None


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
