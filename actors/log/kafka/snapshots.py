"""Snapshots in compacted topics beside the records, on a producer of their own so that they never delay a batch.

Puts go out in the order of the calls. Owns its task and its producer. It must never let a later put of a key be
overtaken by an earlier one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from actors.faults import Fault, LogUnavailable, OutcomeUnknown
from actors.log.kafka.producers import Path, Producers
from actors.log.kafka.reading import Readers
from actors.log.port import ShardId
from actors.log.sizes import unfit_part

PUT_S = 30.0
"""A put that is not answered within this is given up and the producer replaced."""

AGAIN_S = 1.0


class Put:
    """One key to be written."""

    __slots__ = ("done", "key", "partition", "value")

    def __init__(
        self, partition: TopicPartition, key: bytes, *, value: bytes | None, done: asyncio.Future[None]
    ) -> None:
        self.partition = partition
        self.key = key
        self.value = value
        self.done = done


class KafkaSnapshots:
    """The port's `SnapshotStore` in compacted topics, one beside each topic of records."""

    def __init__(
        self,
        partition_of: Callable[[ShardId], TopicPartition],
        readers: Readers,
        *,
        producers: Producers,
        part_bytes_max: int,
    ) -> None:
        """`producers` has one slot and belongs to the snapshots alone."""
        self._partition_of = partition_of
        self._readers = readers
        self.part_bytes_max = part_bytes_max
        self._producers = producers
        self._puts: asyncio.Queue[Put] = asyncio.Queue()
        self._pending: set[asyncio.Future[None]] = set()
        self._flying: set[Put] = set()
        self._sending: asyncio.Task[None] | None = None
        self._broken: Path | None = None
        self._closed = False
        self.written = 0
        self.failed = 0

    @property
    def pending(self) -> int:
        """Puts handed over and not answered."""
        return len(self._pending)

    async def open(self) -> None:
        """Start the producer. Raises `LogUnavailable`."""
        await self._producers.open()
        self._sending = asyncio.create_task(self._send(), name="send snapshots")

    async def close(self) -> None:
        """Give what is pending a few seconds; then it ends as unknown."""
        self._closed = True
        if self._sending is None:
            return
        pending = set(self._pending)
        if pending:
            await asyncio.wait(pending, timeout=3.0)
        self._sending.cancel()
        await asyncio.wait({self._sending})
        self._producers.close()
        for done in list(self._pending):
            if not done.done():
                done.set_exception(OutcomeUnknown("the log was closed before the broker answered"))
                done.exception()

    def put(self, shard: ShardId, key: str, value: bytes | None) -> asyncio.Future[None]:
        """Write or remove one key; see the port."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closed:
            done.set_exception(LogUnavailable("the log is closed"))
            return done
        unfit = unfit_part(key, value, self.part_bytes_max)
        if unfit is not None:
            done.set_exception(unfit)
            return done
        try:
            partition = self._partition_of(shard)
        except Fault as fault:
            done.set_exception(fault)
            return done
        self._pending.add(done)
        done.add_done_callback(self._pending.discard)
        self._puts.put_nowait(Put(partition, key.encode(), value=value, done=done))
        return done

    def read(self, shard: ShardId) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield all present keys with their newest values; see the port."""
        return self._readers.keyed(shard, self._partition_of(shard))

    async def _send(self) -> None:
        """Hand puts to the producer one by one; it gathers them into batches while a request is on its way."""
        while True:
            put = await self._puts.get()
            path = self._producers.shared(0)
            if path is self._broken:
                try:
                    path = await self._producers.replace(path)
                except LogUnavailable as fault:
                    self._fail(put, fault)
                    await asyncio.sleep(AGAIN_S)
                    continue
            try:
                async with asyncio.timeout(PUT_S):
                    answer = await path.producer.send(
                        put.partition.topic, put.value, key=put.key, partition=put.partition.partition
                    )
            except (KafkaError, TimeoutError, AssertionError) as why:
                self._fail(put, OutcomeUnknown(f"{put.partition.topic}: {why!r}"))
                self._give_up(path, why)
                continue
            self._flying.add(put)
            answer.add_done_callback(lambda answer, put=put, path=path: self._answered(put, path, answer))

    def _answered(self, put: Put, path: Path, answer: asyncio.Future[Any]) -> None:
        why = asyncio.CancelledError() if answer.cancelled() else answer.exception()
        self._flying.discard(put)
        if put.done.done():  # given up before, or by its caller
            return
        if why is None:
            self.written += 1
            put.done.set_result(None)
        else:
            self._fail(put, OutcomeUnknown(f"{put.partition.topic}: {why!r}"))
            self._give_up(path, why)

    def _give_up(self, path: Path, why: BaseException) -> None:
        """Let the producer go with everything on it, so that no put lands after a later one by its successor."""
        if path is self._broken:
            return
        self._broken = path
        path.zombies += 1
        for put in self._flying:
            self._fail(put, OutcomeUnknown(f"{put.partition.topic}: given up with its producer ({why!r})"))
        self._flying.clear()

    def _fail(self, put: Put, fault: Fault) -> None:
        self.failed += 1
        if not put.done.done():
            put.done.set_exception(fault)
