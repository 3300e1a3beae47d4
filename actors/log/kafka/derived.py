"""A topic made from the log's own topics, record by record, exactly once.

What is written and how far the log was read are one Kafka transaction: the positions lie in a compacted topic of their
own, beside the derived one. One writer at a time: whoever opens last fences the others (KIP-98), whose transactions
are refused from then on. Owns its clients; what a record becomes, and what a position holds, is the caller's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from actors.faults import LogDamaged, LogUnavailable
from actors.log.kafka.clients import close_soon, stop_surely, unheard
from actors.log.kafka.hedged_client import hedged
from actors.log.kafka.topics import Topic, prepare_topics
from actors.log.port import Entry, ShardId

START_S: Final = 20.0
CLOSE_S: Final = 5.0
SILENCE_S: Final = 30.0
POLL_MS: Final = 200
CHUNK: Final = 500


class WriterFenced(LogUnavailable):
    """Another writer of the same topic has opened since; nothing of this one's last transaction is there."""


class Message(NamedTuple):
    """One record of the derived topic. `at_ms` is its time; the shard it comes from decides its partition."""

    shard: ShardId
    key: bytes
    value: bytes
    at_ms: int


class DerivedTopic:
    """The topic `PREFIX.NAME`, from every shard of a log. `open`, then `chunks` and `commit` in turn, then `close`.

    `shards` are the shard counts of the log's topics. Raises `LogUnavailable`, `LogMisconfigured`, `WriterFenced`.
    """

    def __init__(
        self,
        bootstrap: str,
        name: str,
        *,
        shards: Mapping[str, int],
        prefix: str,
        replication: int | None = None,
        connect: Mapping[str, Any] | None = None,
    ) -> None:
        self.topic = f"{prefix}.{name}"
        self._positions = TopicPartition(f"{self.topic}.positions", 0)
        self._bootstrap = bootstrap
        self._replication = replication
        self._connect = dict(connect or {})
        self._partitions = max(shards.values())
        self._sources = {
            TopicPartition(f"{prefix}.{topic}", index): ShardId(topic, index)
            for topic, count in shards.items()
            for index in range(count)
        }
        self._producer: AIOKafkaProducer | None = None
        self._consumer: AIOKafkaConsumer | None = None

    async def open(self) -> dict[ShardId, tuple[int, bytes]]:
        """Become the writer; return for every shard that was read its next offset, and what was kept with it."""
        topics = [
            Topic(self.topic, self._partitions, compacted=False, kept=False),
            Topic(self._positions.topic, 1, compacted=True),
        ]
        await prepare_topics(
            self._bootstrap, topics, replication=self._replication, connect=self._connect, within_s=START_S
        )
        try:
            self._producer = unheard(
                AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap, transactional_id=self.topic, linger_ms=5, **self._connect
                )
            )
            hedged(self._producer.client)
            async with asyncio.timeout(START_S):
                await self._producer.start()  # what an earlier writer left open is aborted by it
            self._consumer = await self._started_consumer()
            positions = await self.positions(self._consumer)
            await self._seek(positions)
        except (KafkaError, OSError, TimeoutError) as why:
            await self.close()
            raise LogUnavailable(f"{self.topic}: the brokers at {self._bootstrap} cannot be used: {why!r}") from why
        except BaseException:
            await self.close()
            raise
        return positions

    async def _started_consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            **self._connect,
        )
        hedged(consumer._client)
        try:
            async with asyncio.timeout(START_S):
                await consumer.start()
        except BaseException:
            await close_soon(consumer._client)
            raise
        return consumer

    async def positions(self, consumer: AIOKafkaConsumer) -> dict[ShardId, tuple[int, bytes]]:
        """Return how far every shard was read, as the last transactions say it."""
        at = self._positions
        first, end = await consumer.beginning_offsets([at]), await consumer.end_offsets([at])
        consumer.assign([at])
        consumer.seek(at, first[at])
        found: dict[ShardId, tuple[int, bytes]] = {}
        quiet_s = 0.0
        while await consumer.position(at) < end[at]:
            came = (await consumer.getmany(at, timeout_ms=POLL_MS)).get(at, [])
            quiet_s = 0.0 if came else quiet_s + POLL_MS / 1e3
            if quiet_s > SILENCE_S:
                raise LogUnavailable(f"{at.topic}: its end did not come within {SILENCE_S:.0f} s")
            for record in came:
                topic, _, index = record.key.decode().rpartition("-")
                offset, _, kept = record.value.partition(b" ")
                found[ShardId(topic, int(index))] = (int(offset), kept)
        return found

    async def _seek(self, positions: Mapping[ShardId, tuple[int, bytes]]) -> None:
        assert self._consumer is not None
        first = await self._consumer.beginning_offsets(list(self._sources))
        self._consumer.assign(list(self._sources))
        for partition, shard in self._sources.items():
            at = positions[shard][0] if shard in positions else first[partition]
            if at < first[partition]:
                raise LogDamaged(f"shard {shard}: records from {at} to {first[partition]} are gone")
            self._consumer.seek(partition, at)

    async def chunks(self) -> AsyncIterator[list[tuple[ShardId, list[Entry]]]]:
        """Yield what has come, for ever; an empty list when nothing comes for a while."""
        assert self._consumer is not None
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=CHUNK)
            except KafkaError as why:
                raise LogUnavailable(f"{self.topic}: the log cannot be read: {why!r}") from why
            yield [
                (self._sources[partition], [Entry(record.offset, record.value) for record in records])
                for partition, records in found.items()
            ]

    async def stalled(self, within_s: float) -> bool:
        """Tell, without writing, whether the present writer has not moved for `within_s` though there is something to
        write. For who was superseded."""
        try:
            consumer = await self._started_consumer()
            try:
                before = await self.positions(consumer)
                await asyncio.sleep(within_s)
                now = await self.positions(consumer)
                ends = await consumer.end_offsets(list(self._sources))
            finally:
                await consumer.stop()
        except (KafkaError, OSError, TimeoutError) as why:
            raise LogUnavailable(f"{self.topic}: the brokers at {self._bootstrap} cannot be used: {why!r}") from why
        left = any(end > now.get(self._sources[partition], (0, b""))[0] for partition, end in ends.items())
        return left and before == now

    async def lag(self) -> int:
        """Return how many records of the log were not fetched yet, as of the last fetches."""
        consumer, behind = self._consumer, 0
        assert consumer is not None
        for partition in self._sources:
            high = consumer.highwater(partition)
            if high is not None:
                behind += max(0, high - await consumer.position(partition))
        return behind

    async def commit(self, messages: Sequence[Message], positions: Mapping[ShardId, tuple[int, bytes]]) -> None:
        """Write messages and positions, all or nothing. After an error only `close` may follow."""
        producer = self._producer
        assert producer is not None
        sent = []
        try:
            async with asyncio.timeout(SILENCE_S), producer.transaction():
                for message in messages:
                    partition = message.shard.index % self._partitions
                    sent.append(
                        await producer.send(
                            self.topic, message.value, message.key, partition, timestamp_ms=message.at_ms
                        )
                    )
                for shard, (offset, kept) in positions.items():
                    value = b"%d %s" % (offset, kept)
                    sent.append(await producer.send(self._positions.topic, value, str(shard).encode(), 0))
        except ProducerFenced as why:
            raise WriterFenced(f"{self.topic}: another writer has taken over") from why
        except (KafkaError, OSError, TimeoutError) as why:
            raise LogUnavailable(f"{self.topic}: a transaction failed: {why!r}") from why
        finally:
            await asyncio.gather(*sent, return_exceptions=True)

    async def close(self) -> None:
        """Let go of the clients; what was not committed is not there."""
        clients = [client for client in (self._producer, self._consumer) if client is not None]
        self._producer = self._consumer = None
        for client in clients:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await stop_surely(
                        client.stop, client.client if isinstance(client, AIOKafkaProducer) else client._client
                    )
