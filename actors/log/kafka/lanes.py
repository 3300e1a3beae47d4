"""One shard's way to its partition: one batch outstanding, handed over without a task, on a producer that may change.

A lane decides on which producer its shard writes. One whose batch is late keeps its producer to itself and the others
move away, each when it is free; one whose batch failed or was given up takes a fresh producer at `renew`. It must never
hand a second batch over before the first is answered, nor call a batch unwritten that was once handed over.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import deque
from collections.abc import Sequence

from aiokafka import TopicPartition

from actors.faults import BatchTooLarge, Fault, NotWritten, OutcomeUnknown
from actors.log.kafka.clients import in_words
from actors.log.kafka.producers import Path, Producers
from actors.log.port import Appended, ShardId

ALONE_S = 30.0
"""How long a shard stays on a producer of its own after its late answer, before it is trusted among others again."""


class Counters:
    """Totals of all lanes of a log."""

    __slots__ = ("batches", "late", "late_answers", "moves", "records", "renewals", "retries", "unknown")

    def __init__(self) -> None:
        self.batches = self.records = self.unknown = self.late = self.late_answers = self.renewals = self.moves = 0
        self.retries = 0

    def again(self) -> None:
        """Count a batch that is sent once more."""
        self.retries += 1


class Flight:
    """A batch that was handed to a producer."""

    __slots__ = ("count", "future", "handed", "late", "path")

    def __init__(self, future: asyncio.Future[Appended], count: int, path: Path, handed: float) -> None:
        self.future = future
        self.count = count
        self.path = path
        self.handed = handed
        self.late = False


class ShardLane:
    """One shard's way to its producer: one batch in flight, the rest in order behind it.

    `slot` is its producer's number.
    """

    def __init__(self, shard: ShardId, topic: str, slot: int, producers: Producers, counters: Counters) -> None:
        self.shard = shard
        self._place = TopicPartition(topic, shard.index)
        self._slot = slot
        self._producers = producers
        self._counters = counters
        self.path = producers.shared(slot)
        self.path.lanes.add(self)
        self.flight: Flight | None = None
        self.waiting: deque[tuple[Sequence[bytes], asyncio.Future[Appended]]] = deque()
        self._poisoned = False
        self._renewing = False
        self._alone_until = 0.0

    # ---- handing over

    def append(self, records: Sequence[bytes], future: asyncio.Future[Appended]) -> None:
        """Hand a batch over, or let it wait for the one before."""
        if self.flight is not None or self._renewing:
            self.waiting.append((records, future))
        else:
            self._send(records, future)

    def _send(self, records: Sequence[bytes], future: asyncio.Future[Appended]) -> None:
        if not self.path.shared:
            self.settle()
        path = self.path
        batch = path.producer.batch(self._place, records)
        if batch is None:
            total = sum(map(len, records))
            future.set_exception(
                BatchTooLarge(f"shard {self.shard}: a batch of {len(records)} records and {total} bytes is too large")
            )
            self._next()
            return
        flight = self.flight = Flight(future, len(records), path, time.monotonic())
        batch.answered = functools.partial(self._answered, flight)
        try:
            path.producer.send(batch)
        except Exception as why:  # whatever it is, the batch may be on its way: unknown, and counted so
            batch.answered = lambda offset, at_ms, why: None
            self._failed(flight, why)

    # ---- answers

    def _answered(self, flight: Flight, offset: int, at_ms: int, why: BaseException | None) -> None:
        if flight is not self.flight:  # given up before: it no longer haunts its producer
            flight.path.zombies -= 1
            self._counters.late_answers += why is None
            return
        if why is not None:
            self._failed(flight, why)
            return
        if offset < 0:  # a duplicate whose place the broker forgot: written, but nobody knows where
            self._failed(flight, Fault("the broker told no offset"))
            return
        self._ended(flight)
        self._counters.batches += 1
        self._counters.records += flight.count
        if not flight.future.done():
            flight.future.set_result(Appended(offset, at_ms))
        self._next()

    def _failed(self, flight: Flight, why: BaseException) -> None:
        if flight is not self.flight:
            return
        self._ended(flight)
        self._poisoned = True
        self._counters.unknown += 1
        if not flight.future.done():
            fault = OutcomeUnknown(f"shard {self.shard}: {in_words(why)}")
            fault.__cause__ = why
            flight.future.set_exception(fault)
        self.drop_waiting("the batch before it has an unknown outcome")

    def _ended(self, flight: Flight) -> None:
        self.flight = None
        if flight.late:
            self._counters.late_answers += 1
            flight.path.late.discard(self)
            if not flight.path.late:  # the others got their answers first: this shard was what they waited for
                self._alone_until = time.monotonic() + ALONE_S

    def _next(self) -> None:
        if self.waiting and self.flight is None:
            self._send(*self.waiting.popleft())

    def drop_waiting(self, why: str) -> None:
        """End what was not handed over, as unwritten."""
        while self.waiting:
            _, future = self.waiting.popleft()
            if not future.done():
                future.set_exception(NotWritten(f"shard {self.shard}: {why}"))

    # ---- changing the producer

    def watch(self, now: float, late_s: float) -> None:
        """Look at the age of the batch in flight; called a few times a second."""
        flight = self.flight
        if flight is None:
            if not self.path.shared:
                self.settle()
            return
        if now - flight.handed < late_s:
            return
        if not flight.late:
            flight.late = True
            self._counters.late += 1
            flight.path.late.add(self)
        if len(flight.path.lanes) > 1:
            self._producers.replace_soon(flight.path)

    def settle(self) -> None:
        """Move to the slot's shared producer, if this one is being left and the shard is free and trusted."""
        if self.flight is None and not self._renewing and time.monotonic() >= self._alone_until:
            self._move(self._producers.shared(self._slot))

    async def renew(self) -> None:
        """Give up what is pending and take a fresh producer, if this one failed. Raises `LogUnavailable`."""
        self._counters.renewals += 1
        flight = self.flight
        if self._renewing or (flight is None and not self._poisoned):
            return
        troubled = time.monotonic() < self._alone_until or (flight is not None and flight.late)
        self.give_up("it was given up")
        self._renewing = True
        try:
            fresh = await (self._producers.private if troubled else self._producers.replace)(self.path)
            self._alone_until = time.monotonic() + ALONE_S if troubled and not fresh.shared else 0.0
            self._move(fresh)
            self._poisoned = False
        except BaseException:
            self.drop_waiting("no fresh producer could be started")
            raise
        finally:
            self._renewing = False
        self._next()

    def give_up(self, why: str) -> None:
        """End what is pending: as unknown what was handed over, as unwritten what was not."""
        flight = self.flight
        if flight is not None:
            self.flight = None
            flight.path.late.discard(self)
            flight.path.zombies += 1
            self._poisoned = True
            if not flight.future.done():
                flight.future.set_exception(OutcomeUnknown(f"shard {self.shard}: {why}"))
                flight.future.exception()  # whoever still waits is told; nobody need be
        self.drop_waiting(why)

    def _move(self, path: Path) -> None:
        old = self.path
        if path is old:
            return
        old.lanes.discard(self)
        self.path = path
        path.lanes.add(self)
        self._counters.moves += 1
        self._producers.release(old)

    def close(self) -> None:
        """End what is still pending, as unknown; the producers are gone."""
        self.give_up("the log was closed before the broker answered")
