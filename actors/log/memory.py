"""The log in memory: for tests and simulation, and it injects faults.

`MemoryStore` is the storage that several nodes share; `MemoryLog` is one node's way to it. A `FaultPlan` decides the
fate of each append: late, lost on the way, written but with a lost answer, landing after it was given up. Truncation
and damage are done to the store directly by a test. Never used by a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple, Protocol

from actors.faults import Fault, LogDamaged, LogUnavailable, OutcomeUnknown
from actors.log.port import Appended, Bounds, Entry, ShardId
from actors.log.sizes import (
    BATCH_BYTES_MAX,
    PART_BYTES_MAX,
    RECORD_BYTES_MAX,
    RECORD_FRAMING_BYTES,
    unfit_batch,
    unfit_part,
)

CHUNK = 256


class Fate(NamedTuple):
    """What becomes of one append. Times in s from now.

    `lands_s` when it is in the log (None: never); `answers_s` when the caller hears (None: never);
    `fault` what it hears instead of success.
    """

    lands_s: float | None = 0.0
    answers_s: float | None = 0.0
    fault: Fault | None = None


def settle(done: asyncio.Future[Any], fate: Fate, landed: Sequence[object], result: Callable[[Any], object]) -> None:
    """Let who waits hear what became of it: the fault, or the result of what has landed (nothing, before it has)."""
    if done.done():
        return
    if fate.fault is not None:
        done.set_exception(fate.fault)
    elif landed:
        done.set_result(result(landed[0]))


class FaultPlan(Protocol):
    """Decides the fate of appends, and whether a read goes on."""

    def fate(self, shard: ShardId, records: Sequence[bytes]) -> Fate:
        """Return what becomes of this append."""
        ...

    def read_delay_s(self, shard: ShardId) -> float:
        """Return how long the next chunk takes to come."""
        ...


class NoFaults:
    """Every append lands and answers at once."""

    def fate(self, shard: ShardId, records: Sequence[bytes]) -> Fate:
        """Return an immediate success."""
        return Fate()

    def read_delay_s(self, shard: ShardId) -> float:
        """Return 0."""
        return 0.0


class MemoryStore:
    """What is durable: records by shard, snapshots by shard and key. Survives its nodes."""

    def __init__(self, now_ms: Callable[[], int] | None = None) -> None:
        self.shards: dict[ShardId, list[bytes]] = {}
        self.kept: dict[ShardId, dict[str, bytes]] = {}
        self.grown: dict[ShardId, asyncio.Event] = {}
        self.now_ms = now_ms or (lambda: 0)
        self.landed: list[tuple[ShardId, int, int]] = []

    def records(self, shard: ShardId) -> list[bytes]:
        """Return the shard's records, for tests to look at or to damage."""
        return self.shards.setdefault(shard, [])

    def land(self, shard: ShardId, records: Sequence[bytes]) -> int:
        """Write a batch; return its base offset."""
        log = self.records(shard)
        base = len(log)
        log.extend(records)
        event = self.grown.pop(shard, None)
        if event is not None:
            event.set()
        return base

    async def wait_grown(self, shard: ShardId) -> None:
        """Return after the shard's next landing."""
        await self.grown.setdefault(shard, asyncio.Event()).wait()


class MemorySnapshots:
    """The snapshot store of a `MemoryLog`; writes go through the same fates."""

    def __init__(self, log: MemoryLog, *, part_bytes_max: int) -> None:
        self.part_bytes_max = part_bytes_max
        self._log = log

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Write or remove one key; see the port."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        unfit = unfit_part(key, value, self.part_bytes_max)
        if unfit is not None:
            done.set_exception(unfit)
            return done

        def land() -> None:
            kept = self._log.store.kept.setdefault(shard, {})
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value

        self._log.carry_out(self._log.faults.fate(shard, ()), land, done, lambda _: None)
        return done

    async def read(self, shard: ShardId) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield all present keys; see the port."""
        await asyncio.sleep(self._log.faults.read_delay_s(shard))
        rows = list(self._log.store.kept.get(shard, {}).items())
        for at in range(0, len(rows), CHUNK):
            yield rows[at : at + CHUNK]
            await asyncio.sleep(0)


class MemoryLog:
    """One node's way to a `MemoryStore`, whose clock is a clock of its own unless a test says that it is the node's."""

    independent_clock = True

    def __init__(
        self,
        store: MemoryStore | None = None,
        faults: FaultPlan | None = None,
        *,
        record_bytes_max: int = RECORD_BYTES_MAX,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        part_bytes_max: int = PART_BYTES_MAX,
    ) -> None:
        assert record_bytes_max + RECORD_FRAMING_BYTES <= batch_bytes_max, "one record fits a batch (L13)"
        self.store = store or MemoryStore()
        self.faults: FaultPlan = faults or NoFaults()
        self.record_bytes_max = record_bytes_max
        self.batch_bytes_max = batch_bytes_max
        self.snapshots = MemorySnapshots(self, part_bytes_max=part_bytes_max)
        self.renewals = 0
        self._closed = False
        self._pending: set[asyncio.Future[Appended]] = set()

    async def open(self) -> None:
        """Nothing to reach."""
        self._closed = False

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Hand a batch over; its fate comes from the plan."""
        done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        if self._closed:
            done.set_exception(LogUnavailable("the log is closed"))
            return done
        unfit = unfit_batch(records, self.record_bytes_max, self.batch_bytes_max)
        if unfit is not None:
            done.set_exception(unfit)
            return done
        batch = list(records)
        self._pending.add(done)
        done.add_done_callback(self._pending.discard)
        fate = self.faults.fate(shard, batch)
        self.carry_out(
            fate,
            lambda: self.store.land(shard, batch),
            done,
            lambda base: Appended(base, self.store.now_ms()),
        )
        return done

    def carry_out(
        self,
        fate: Fate,
        land: Callable[[], object],
        done: asyncio.Future[Any],
        result: Callable[[Any], object],
    ) -> None:
        """Let a fate happen: landing and answer each at their time, success never before the landing."""
        loop = asyncio.get_running_loop()
        landed: list[object] = []

        def answer() -> None:
            settle(done, fate, landed, result)

        def do_land() -> None:
            landed.append(land())
            if fate.fault is None and fate.answers_s is not None and fate.answers_s <= (fate.lands_s or 0.0):
                answer()

        if fate.lands_s is not None:
            self._at(loop, fate.lands_s, do_land)
        if fate.answers_s is not None and (fate.fault is not None or fate.answers_s > (fate.lands_s or 0.0)):
            self._at(loop, fate.answers_s, answer)

    @staticmethod
    def _at(loop: asyncio.AbstractEventLoop, delay_s: float, call: Callable[[], None]) -> None:
        if delay_s <= 0.0:
            loop.call_soon(call)
        else:
            loop.call_later(delay_s, call)

    async def read(self, shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        """Yield records from `start` on and wait for more; see the port."""
        log = self.store.records(shard)
        if start < 0 or start > len(log):
            raise LogDamaged(f"shard {shard}: asked to read from {start}, the log holds 0 to {len(log)}")
        at = start
        while not self._closed:
            await asyncio.sleep(self.faults.read_delay_s(shard))
            log = self.store.records(shard)
            if self._closed:
                break
            if at >= len(log):
                await self.store.wait_grown(shard)
                continue
            chunk = [Entry(at + i, body) for i, body in enumerate(log[at : at + CHUNK])]
            yield chunk
            at += len(chunk)
        raise LogUnavailable("the log is closed")

    async def bounds(self, shard: ShardId) -> Bounds:
        """Return (0, length)."""
        if self._closed:
            raise LogUnavailable("the log is closed")
        return Bounds(0, len(self.store.records(shard)))

    async def renew(self, shard: ShardId) -> None:
        """Count it: there is no path to replace."""
        self.renewals += 1

    async def close(self) -> None:
        """Fail what is pending, end who reads."""
        self._closed = True
        waited_for, self.store.grown = self.store.grown, {}
        for event in waited_for.values():  # readers of this node end, those of others wait again
            event.set()
        for future in list(self._pending):
            if not future.done():
                future.set_exception(OutcomeUnknown("the log was closed"))
