"""Folding a log from zero without owning it: for `replay`, `inspect`, campaigns and checks.

Uses the server's own fold (`actors.snapshots.recovery.Replay`) and no snapshots. Reads up to the end that the log has
when it begins. Never writes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from actors.clock import SystemClock
from actors.entity import EntityType, Push
from actors.limits import Limits
from actors.log.codec import RecordDecoder
from actors.log.port import EventLog, ShardId, SnapshotStore
from actors.passivation.passivation import MemorySpill
from actors.reporter import Reporter, Silent
from actors.shard.actor import Sink
from actors.shard.pacer import Pacer
from actors.shard.ports import Ports
from actors.shard.shard import Shard
from actors.snapshots.format import digest
from actors.snapshots.reader import TrustedSnapshots
from actors.snapshots.replay import Replay
from actors.timekeeper import Timekeeper
from huntserver.config import Config
from huntserver.game.hunt import HuntType
from huntserver.game.state import Hunt
from huntserver.proof.records import HuntRecord, records_of

Seen = Callable[[ShardId, int, Any, bool], None]
"""Called with (shard, offset, record, whether it counts) for every record."""
Beyond = Callable[[Any], bool]
"""Told of a record that it lies behind what is asked for: its shard is folded up to there."""


class Folded(NamedTuple):
    """What a fold from zero gives: per entity its digest and seq, and counts over all shards."""

    digests: dict[str, str]
    seqs: dict[str, int]
    damaged: dict[str, str]
    records: int
    void: int
    states: dict[str, Any]


class LoggedHunt(NamedTuple):
    """A hunt in a log: what folds its records, and the records."""

    kind: HuntType
    records: AsyncIterator[HuntRecord]


@contextlib.asynccontextmanager
async def hunt_records(config: Config, hunt: str) -> AsyncIterator[LoggedHunt]:
    """Give one hunt out of the log that is configured; it has no records if there is no such hunt. Raises `Fault`."""
    from huntserver.logs import open_log, reading_kinds, shards_of

    opened, _ = open_log(config, read_only=True)
    await opened.open()
    try:
        kind = next(kind for kind, _ in reading_kinds(config) if isinstance(kind, HuntType))
        shards = sum(shard.topic == kind.topic for shard in shards_of(opened, config))
        async with contextlib.aclosing(records_of(opened, kind, shards, hunt)) as records:
            yield LoggedHunt(kind, records)
    finally:
        await opened.close()


async def hunt_as_logged(config: Config, hunt: str) -> tuple[HuntType, Hunt, int, int] | None:
    """Return what folds a hunt, its state, its last record's number and time (ms); None without a record."""
    last = None
    async with hunt_records(config, hunt) as logged:
        kind, state = logged.kind, logged.kind.create(hunt)
        async for record, _ in logged.records:
            kind.fold(state, record.events, record.pos, record.at)
            last = record
    return (kind, state, last.pos, last.at) if last is not None else None


class _Nobody:
    """Shows nothing to nobody."""

    def regained(self, kind: str, since: Any) -> None:
        """Nobody listens."""

    def rewind(self, kind: str, seq: Any) -> None:
        """Nobody was shown anything."""

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Drop it."""


async def fold(
    log: EventLog,
    snapshots: SnapshotStore,
    kinds: Sequence[tuple[EntityType[Any], int]],
    *,
    seen: Seen | None = None,
    only: str | None = None,
    beyond: Beyond | None = None,
    report: Reporter | None = None,
) -> Folded:
    """Fold every shard (or, with `only`, those of one topic) from zero. Raises `LogDamaged` with shard and offset."""
    made = Folded({}, {}, {}, 0, 0, {})
    records = void = 0
    for kind, count in kinds:
        if only is not None and kind.topic != only:
            continue
        for index in range(count):
            id = ShardId(kind.topic, index)
            got, lost = await _fold_shard(log, snapshots, kind, id, count, seen, beyond, made, report)
            records += got
            void += lost
    return made._replace(records=records, void=void)


async def _fold_shard(
    log: EventLog,
    snapshots: SnapshotStore,
    kind: EntityType[Any],
    id: ShardId,
    count: int,
    seen: Seen | None,
    beyond: Beyond | None,
    made: Folded,
    report: Reporter | None,
) -> tuple[int, int]:
    bounds = await log.bounds(id)
    if bounds.end <= bounds.start:
        return 0, 0
    shard = _shard(log, snapshots, kind, id, count, report or Silent())
    decoder = RecordDecoder(kind.event_type)
    replay = Replay(shard, TrustedSnapshots(), decoder)
    read, end = 0, bounds.end
    async for chunk in log.read(id, bounds.start):
        at = 0
        while at < len(chunk):
            if seen is None and beyond is None and chunk[-1].offset < end and (plain := replay.feed_plain(chunk, at)):
                at += plain
                read += plain
                continue
            offset, body = chunk[at]
            at += 1
            if offset >= end:
                break
            record = decoder.decode(id, offset, body) if seen is not None or beyond is not None else None
            if beyond is not None and beyond(record):
                end = offset
                break
            before = replay.fold.void_count
            replay.feed(offset, body)
            read += 1
            if seen is not None:
                seen(id, offset, record, replay.fold.void_count == before)
        if chunk[-1].offset >= end - 1:
            break
        replay.reactions.clear()
        await asyncio.sleep(0)
    for actor in shard.actors.values():
        name = f"{kind.kind}/{actor.id}"
        if actor.damaged:
            made.damaged[name] = actor.damaged
            continue
        made.digests[name] = digest(list(actor.dedup.encode()), list(kind.encode(actor.state)))
        made.seqs[name] = actor.seq
        made.states[name] = actor.state
    return read, replay.fold.void_count


def _shard(
    log: EventLog, snapshots: SnapshotStore, kind: EntityType[Any], id: ShardId, count: int, report: Reporter
) -> Shard:
    limits, clock = Limits(memory_bytes=1 << 62, tail_records=0), SystemClock()  # nobody is shown anything
    time = Timekeeper(clock, independent=False, most_ms=limits.clock_skew_ms, grace_s=0.0, report=report)
    ports = Ports(
        log,
        snapshots,
        MemorySpill(),
        clock,
        time,
        lambda: 0,
        _Nobody(),
        lambda *_: None,
        report,
        Pacer(),
        _no_command,
    )
    return Shard(id, kind, count, ports, limits, lost=lambda *_: None, between=_never)


def _no_command(kind: str, data: bytes) -> Any:
    raise AssertionError("an offline fold sends nothing")


def _never(shard: Shard, start: int, end: int) -> asyncio.Future[bool]:
    raise AssertionError("an offline fold writes nothing")
