"""Reading from Kafka: the records of a shard for ever, its snapshots once, its bounds. One consumer for each reading.

No group and no committed offsets: where to read from is known by whoever asks. Owns its consumers: starting one costs
three connections and some milliseconds of CPU, which is most of what a recovery costs, so one that has done its reading
without a fault rests for a moment and does the next of its topic. It must never skip what it cannot trust, and never
jump to another place when the one asked for is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
    OffsetOutOfRangeError,
)

from actors.faults import LogDamaged, LogUnavailable
from actors.log.kafka.clients import Clients, stop_surely
from actors.log.kafka.hedged_client import hedged
from actors.log.port import Bounds, Entry, ShardId

CHUNK = 256
POLL_MS = 1_000
START_S = 10.0
STOP_S = 3.0
SILENCE_S = 30.0
"""Records that are known to be there come within this, or the log is unavailable."""

REST_S = 1.0
"""How long a consumer waits for its next reading. Not longer: its connections may be dead after the next fault, and
fresh ones are made sooner than that is found out."""


class Readers:
    """The consumers of one log."""

    def __init__(self, bootstrap: str, clients: Clients, *, connect: Mapping[str, Any]) -> None:
        self._clients = clients
        self._options: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",  # a place that is gone is an error, not a reason to read elsewhere
            "check_crcs": True,
            "max_partition_fetch_bytes": 4 * 1024 * 1024,
            "retry_backoff_ms": 10,
            **connect,
        }
        self._bootstrap = bootstrap
        self._running: set[AIOKafkaConsumer] = set()
        self._resting: dict[AIOKafkaConsumer, tuple[str, asyncio.TimerHandle]] = {}
        self._closed = False
        self.started = 0

    def __len__(self) -> int:
        return len(self._running)

    async def close(self) -> None:
        """Stop every consumer; who reads is told that the log is unavailable."""
        self._closed = True
        for _, letting_go in self._resting.values():
            letting_go.cancel()
        self._resting.clear()
        await asyncio.gather(*(self._stop(consumer) for consumer in list(self._running)))

    async def bounds(self, shard: ShardId, partition: TopicPartition) -> Bounds:
        """Return first and next offset of a partition. Raises `LogUnavailable`."""
        async with self._consumer(partition.topic) as consumer:
            return await self._bounds(consumer, shard, partition)

    async def records(self, shard: ShardId, partition: TopicPartition, start: int) -> AsyncIterator[list[Entry]]:
        """Yield the shard's records from `start` on, for ever; the port's `read`."""
        async with self._consumer(partition.topic) as consumer:
            first, end = await self._bounds(consumer, shard, partition)
            if not first <= start <= end:
                raise LogDamaged(f"shard {shard}: asked to read from {start}, the log holds {first} to {end}")
            consumer.assign([partition])
            consumer.seek(partition, start)
            at = start
            quiet_s = 0.0
            while True:
                chunk = await self._fetch(consumer, shard, partition, at, end)
                if not chunk:
                    quiet_s += POLL_MS / 1e3
                    if quiet_s >= SILENCE_S and at < end:
                        raise LogUnavailable(f"shard {shard}: offset {at} did not come within {SILENCE_S:.0f} s")
                    continue
                quiet_s = 0.0
                entries = []
                for record in chunk:
                    if record.value is None or record.offset < at:
                        raise LogDamaged(f"shard {shard}, offset {record.offset}: not a record of this log")
                    at = record.offset + 1
                    entries.append(Entry(record.offset, record.value))
                yield entries
                await asyncio.sleep(0)  # heartbeats and clients share the loop with a long replay

    async def keyed(self, shard: ShardId, partition: TopicPartition) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Yield the newest value of every key that was there when this began, and end; a store's `read`."""
        kept: dict[str, bytes] = {}
        async with self._consumer(partition.topic) as consumer:
            at, end = await self._bounds(consumer, shard, partition)
            consumer.assign([partition])
            consumer.seek(partition, at)
            quiet_s = 0.0
            while at < end:
                chunk = await self._fetch(consumer, shard, partition, at, end)
                at = await consumer.position(partition)  # moves on over what the cleaner removed, too
                quiet_s = 0.0 if chunk else quiet_s + POLL_MS / 1e3
                if quiet_s >= SILENCE_S:
                    raise LogUnavailable(f"snapshots of {shard}: offset {at} did not come within {SILENCE_S:.0f} s")
                for record in chunk:
                    key = record.key.decode()
                    if record.value is None:
                        kept.pop(key, None)
                    else:
                        kept[key] = record.value
                await asyncio.sleep(0)
        rows = list(kept.items())
        for begin in range(0, len(rows), CHUNK):
            yield rows[begin : begin + CHUNK]

    async def _fetch(
        self, consumer: AIOKafkaConsumer, shard: ShardId, partition: TopicPartition, at: int, end: int
    ) -> list[Any]:
        try:
            consumer.resume(partition)
            found = await consumer.getmany(partition, timeout_ms=POLL_MS, max_records=CHUNK)
            # it reads ahead, but not past the end: a broker holds such a fetch for half a second, and whatever the
            # consumer asks next waits behind it
            if await consumer.position(partition) >= end:
                consumer.pause(partition)
        except OffsetOutOfRangeError as why:
            raise LogDamaged(f"shard {shard}, offset {at}: gone from {partition.topic}") from why
        except CorruptRecordException as why:
            raise LogDamaged(f"shard {shard}, offset {at} or shortly after: the checksum is wrong ({why})") from why
        except (ConsumerStoppedError, IllegalStateError) as why:
            raise LogUnavailable("the log is closed") from why
        except KafkaError as why:
            raise LogUnavailable(f"shard {shard}, offset {at}: {why!r}") from why
        if self._closed:
            raise LogUnavailable("the log is closed")
        return found.get(partition, [])  # type: ignore[no-any-return]

    async def _bounds(self, consumer: AIOKafkaConsumer, shard: ShardId, partition: TopicPartition) -> Bounds:
        try:
            async with asyncio.timeout(START_S):
                first, end = await asyncio.gather(
                    consumer.beginning_offsets([partition]), consumer.end_offsets([partition])
                )
        except (KafkaError, TimeoutError) as why:
            raise LogUnavailable(f"shard {shard}: its bounds cannot be had from {self._bootstrap}: {why!r}") from why
        return Bounds(first[partition], end[partition])

    @asynccontextmanager
    async def _consumer(self, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = self._rested(topic) or await self._start()
        sound = False
        try:
            yield consumer
            sound = True
        except GeneratorExit:  # who reads has enough
            sound = True
            raise
        finally:
            if sound and not self._closed:
                self._rest(consumer, topic)
            else:
                await self._stop(consumer)

    def _rested(self, topic: str) -> AIOKafkaConsumer | None:
        """Return a consumer that rests after reading this topic (for another one it would ask for metadata first)."""
        for consumer, (had, letting_go) in self._resting.items():
            if had == topic:
                letting_go.cancel()
                del self._resting[consumer]
                return consumer
        return None

    def _rest(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        consumer.pause(*consumer.assignment())
        letting_go = asyncio.get_running_loop().call_later(REST_S, self._let_go, consumer)
        self._resting[consumer] = (topic, letting_go)

    def _let_go(self, consumer: AIOKafkaConsumer) -> None:
        del self._resting[consumer]
        self._clients.spawn(self._stop(consumer), "let a consumer go")

    async def _start(self) -> AIOKafkaConsumer:
        if self._closed:
            raise LogUnavailable("the log is closed")
        consumer = AIOKafkaConsumer(**self._options)
        hedged(consumer._client)
        await self._clients.start(
            consumer.start, partial(stop_surely, consumer.stop, consumer._client), within_s=START_S
        )
        if self._closed:
            await self._stop(consumer)
            raise LogUnavailable("the log is closed")
        self._running.add(consumer)
        self.started += 1
        return consumer

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        self._running.discard(consumer)
        stopping = self._clients.spawn(stop_surely(consumer.stop, consumer._client), "stop a consumer")
        await asyncio.wait({stopping}, timeout=STOP_S)
