"""The log port: what the runtime asks of an append-only log, and the contract that every adapter passes.

Clauses (the contract suite `tests/actors/log/contract.py` names them):

L1  A shard is a sequence of records; offsets grow by one a record from `Bounds.start`, with no holes that a reader
    can see. (An adapter over a log with holes numbers as the log does; a reader then sees offsets grow by at least 1.)
L2  `append` writes all records of a batch next to each other and in order, or none.
L3  The future of `append` resolves with the offset of the first record once the batch is durable (on disk, or in
    `min.insync.replicas` brokers), and with the time at which the log took it.
L4  It fails with `NotWritten` only when no part of the batch can ever appear in the log; else with `OutcomeUnknown`.
L5  A caller that stops waiting does not cancel the append: the future goes on and a late answer is still seen.
L6  Appends of one shard through one adapter land in the order of the calls. The runtime keeps one outstanding.
L7  `read(shard, start)` yields every record from `start` on, in order, in chunks, and then waits for more. It yields
    a record only when it is durable. It raises `LogDamaged` with shard and offset for one that it cannot trust.
L8  Reading from below `Bounds.start` or beyond `Bounds.end` raises `LogDamaged`; an empty shard is read from its start.
L9  After `renew(shard)` nothing that was handed over before on that shard is waited for; it may still land.
L10 After `close` every call raises `LogUnavailable`; what was pending ends (durable, or `OutcomeUnknown`).
L11 A record longer than `record_bytes_max` fails with `RecordTooLarge` and nothing of its batch is written.
L12 Bytes come back as they went in.
L13 A batch of at most `batch_bytes_max` bytes (counted by `actors.log.sizes.batch_bytes`) is taken, however many
    records it has. A larger one fails with `BatchTooLarge` and nothing of it is written: the caller cuts. One record
    of `record_bytes_max` always fits a batch. The limits are known before `open` and never change.
L14 `Appended.at_ms` is the log's time when it took the batch, 0 where it has none. `independent_clock` tells whether
    that is another machine's clock, against which ours can be held.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol


class ShardId(NamedTuple):
    """One shard of a topic: `topic` is a short word, one a kind of entity, `index` counts from 0."""

    topic: str
    index: int  # type: ignore[assignment]  # a tuple has a method of this name; nobody calls it

    def __str__(self) -> str:
        return f"{self.topic}-{self.index}"


def shard_of(id: str, shards: int) -> int:
    """Return the shard number of an entity id; tools use it to find an entity's records."""
    return zlib.crc32(id.encode()) % shards


class Appended(NamedTuple):
    """What a durable batch got: offset of its first record, and the log's own time in ms since 1970."""

    base: int
    at_ms: int


class Bounds(NamedTuple):
    """`start` is the first offset that can be read, `end` the offset that the next record will get at the earliest."""

    start: int
    end: int


class Entry(NamedTuple):
    """One record as read."""

    offset: int
    body: bytes


class EventLog(Protocol):
    """An append-only log of shards. See the module's numbered clauses."""

    record_bytes_max: int
    batch_bytes_max: int
    independent_clock: bool

    async def open(self) -> None:
        """Reach the log, make what is missing (topics, tables), check its settings.

        Raises `LogUnavailable`, `LogMisconfigured` or `LogLocked`, each with the cure in its text.
        """
        ...

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Hand a batch over, at once and without suspending; never raises, the future carries the outcome.

        A caller that wants a deadline uses `asyncio.wait` or a timer, never `wait_for`, which would cancel it.
        """
        ...

    def read(self, shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        """Yield chunks of at most a few hundred records from `start` on, for ever; close the generator to stop."""
        ...

    async def bounds(self, shard: ShardId) -> Bounds:
        """Return where the shard begins and ends now. The end is a hint: a tenure record alone proves an end."""
        ...

    async def renew(self, shard: ShardId) -> None:
        """Give up whatever is pending on the shard and take a fresh path to the log (a new producer) for it."""
        ...

    async def close(self) -> None:
        """End pending work within a few seconds and let go of everything."""
        ...


class SnapshotStore(Protocol):
    """Keyed bytes beside a log: a compacted topic, a table. Keys get their meaning from `actors.snapshots` alone.

    S1 `read` yields the store as a prefix of its puts made it, one that holds at least all that was durable when the
    read began: a marker never comes without the snapshots that were put before it.
    S2 `put` with None removes the key. S3 A later `put` of a key wins. S4 Bytes come back as they went in.
    S5 A value of at most `part_bytes_max` bytes, its key (as UTF-8) counted in, is taken. A larger one fails with
    `RecordTooLarge` and leaves the key as it was: the caller cuts into parts. The limit never changes.
    """

    part_bytes_max: int

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Write (or, with None, remove) one key; the future resolves when it is durable, or fails with a `Fault`."""
        ...

    def read(self, shard: ShardId) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield all present keys with their newest values, in chunks, and end."""
        ...
