"""The log in Kafka: for a server of several processes.

A shard is a partition of a topic. Acknowledged means in the page cache of `min.insync.replicas` brokers. Every failure
of a batch that was handed to a producer is an unknown outcome, whatever Kafka calls it: a batch that expired with a
retriable error has been seen to land. Owns producers (`kafka_producers`), the shards' ways to them (`kafka_lanes`),
consumers (`kafka_reading`) and the snapshots' topics (`kafka_snapshots`). It must never hand the same batch over twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import TopicPartition

from actors.clock import SuspensionDetector
from actors.faults import Fault, LogMisconfigured, LogUnavailable
from actors.log.kafka.clients import Clients
from actors.log.kafka.copies import Survey, Watch
from actors.log.kafka.lanes import Counters, ShardLane
from actors.log.kafka.producers import Producers
from actors.log.kafka.reading import Readers
from actors.log.kafka.sender import Sender
from actors.log.kafka.snapshot_producer import SnapshotProducer
from actors.log.kafka.snapshots import KafkaSnapshots
from actors.log.kafka.topics import MESSAGE_BYTES_MAX, Topic, prepare_topics, topics_of
from actors.log.port import Appended, Bounds, Entry, ShardId
from actors.log.sizes import (
    BATCH_BYTES_MAX,
    PART_BYTES_MAX,
    RECORD_BYTES_MAX,
    RECORD_FRAMING_BYTES,
    unfit_batch,
)
from actors.reporter import Reporter, Silent

WATCH_S = 0.25
CLOSE_S = 10.0
METADATA_AGE_MS = 60_000
BATCH_HEAD_BYTES = 61
"""Kafka's framing of a batch, beside that of its records."""


class KafkaStatistics(msgspec.Struct, frozen=True):
    """Depths and totals since `open`.

    `queued` batches wait for the one before them, `in_flight` are with a producer, `late` of those wait too long.
    `retries` counts batches sent once more, `moves` shards that changed their producer, `abandoned` producers that were
    ended with batches on them.
    """

    queued: int
    in_flight: int
    late: int
    batches: int
    records: int
    unknown: int
    late_total: int
    late_answers: int
    renewals: int
    retries: int
    moves: int
    producers: int
    producers_started: int
    abandoned: int
    failed_stops: int
    consumers: int
    snapshots: int
    snapshots_pending: int
    snapshots_failed: int
    copies_short: int
    copies_behind: int
    settings_wrong: int


class KafkaLog:
    """The event log in the topics of a Kafka cluster.

    `shards` is the number of partitions of each topic, for life; topics are called `PREFIX.TOPIC`. A shard's batches go
    through producer number `index % producers`. A batch unanswered for `late_s` keeps its producer to itself.
    `replication` None: three copies, or as many as there are brokers.
    `connect` is given to every client of aiokafka (`security_protocol`, `sasl_mechanism`, ...).
    """

    independent_clock = True

    def __init__(
        self,
        bootstrap: str,
        *,
        shards: Mapping[str, int],
        prefix: str = "huntserver",
        producers: int = 2,
        replication: int | None = None,
        record_bytes_max: int = RECORD_BYTES_MAX,
        batch_bytes_max: int = BATCH_BYTES_MAX,
        part_bytes_max: int = PART_BYTES_MAX,
        late_s: float = 1.0,
        open_s: float = 8.0,
        request_timeout_ms: int = 5_000,
        connect: Mapping[str, Any] | None = None,
        report: Reporter | None = None,
    ) -> None:
        encoded_bytes_max = batch_bytes_max + BATCH_HEAD_BYTES
        largest = max(record_bytes_max, part_bytes_max) + RECORD_FRAMING_BYTES
        if not largest <= batch_bytes_max <= MESSAGE_BYTES_MAX - BATCH_HEAD_BYTES:
            raise LogMisconfigured(
                f"a record of {record_bytes_max} bytes, and a snapshot's part of {part_bytes_max}, must fit a batch of "
                f"{batch_bytes_max}, and that a message of {MESSAGE_BYTES_MAX}"
            )
        self.bootstrap = bootstrap
        self.shards = dict(shards)
        self.record_bytes_max = record_bytes_max
        self.batch_bytes_max = batch_bytes_max
        self._encoded_bytes_max = encoded_bytes_max
        self._prefix = prefix
        self._slots = producers
        self._replication = replication
        self._late_s = late_s
        self._open_s = open_s
        self._connect: dict[str, Any] = {"request_timeout_ms": request_timeout_ms, **(connect or {})}
        self._partitions = {
            ShardId(topic, index): TopicPartition(f"{prefix}.{topic}", index)
            for topic, count in shards.items()
            for index in range(count)
        }
        self._counters = Counters()
        self._lanes: dict[ShardId, ShardLane] = {}
        self._clients = Clients(bootstrap)
        self._readers = Readers(bootstrap, self._clients, connect=self._connect)
        self._producers = Producers(self._clients, self._make_sender, slots=producers)
        self.snapshots = KafkaSnapshots(
            self._snapshots_of,
            self._readers,
            producers=Producers(self._clients, self._make_snapshot_producer, slots=1),
            part_bytes_max=part_bytes_max,
        )
        self._report = report or Silent()
        self._copies: Watch | None = None
        self._watching: asyncio.TimerHandle | None = None
        self._suspension = SuspensionDetector()
        self._open = False

    def _producing(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap, "metadata_max_age_ms": METADATA_AGE_MS, **self._connect}

    def _make_sender(self) -> Sender:
        topics = [f"{self._prefix}.{topic}" for topic in self.shards]
        return Sender(topics, self._producing(), batch_bytes_max=self._encoded_bytes_max, again=self._counters.again)

    def _make_snapshot_producer(self) -> SnapshotProducer:
        topics = [f"{self._prefix}.{topic}.snapshots" for topic in self.shards]
        return SnapshotProducer(topics, self._producing(), batch_bytes_max=self._encoded_bytes_max)

    # ---- life

    async def open(self) -> None:
        """Reach the brokers, make or check the topics, start the producers; once in the life of the object.

        Raises `LogUnavailable` within about `open_s`, or `LogMisconfigured`.
        """
        assert not self._lanes, "opened twice"
        topics = topics_of(self._prefix, self.shards)
        seen = await self._look(topics, make=True)
        self._copies = Watch(lambda: self._look(topics, make=False), self._report, seen)
        try:
            await self._producers.open()
            await self.snapshots.open()
        except BaseException:
            await self.close()
            raise
        self._lanes = {
            shard: ShardLane(shard, partition.topic, shard.index % self._slots, self._producers, self._counters)
            for shard, partition in self._partitions.items()
        }
        self._open = True
        self._watch()
        self._copies.start()

    async def _look(self, topics: list[Topic], *, make: bool) -> Survey:
        return await prepare_topics(
            self.bootstrap,
            topics,
            replication=self._replication,
            connect=self._connect,
            within_s=self._open_s,
            make=make,
        )

    async def close(self) -> None:
        """Give what is pending a few seconds; then it ends as unknown."""
        self._open = False
        if self._watching is not None:
            self._watching.cancel()
        if self._copies is not None:
            await self._copies.stop()
        for lane in self._lanes.values():
            lane.drop_waiting("the log was closed")
        self._producers.close()
        await asyncio.gather(self.snapshots.close(), self._readers.close())
        await self._clients.settle(within_s=CLOSE_S)
        for lane in self._lanes.values():
            lane.close()

    def _watch(self) -> None:
        now = time.monotonic()
        if self._suspension.may_judge(now):
            for lane in self._lanes.values():
                lane.watch(now, self._late_s)
            self._producers.watch()
        self._watching = asyncio.get_running_loop().call_later(WATCH_S, self._watch)

    # ---- the port

    def append(self, shard: ShardId, records: Sequence[bytes]) -> asyncio.Future[Appended]:
        """Hand a batch over; see the port."""
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(shard)
        if lane is None or not self._open or not records:
            future.set_exception(ValueError("an empty batch") if lane and self._open else self._unfit(shard))
            return future
        unfit = unfit_batch(records, self.record_bytes_max, self.batch_bytes_max)
        if unfit is not None:
            future.set_exception(unfit)
            return future
        lane.append(records, future)
        return future

    def read(self, shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        """Yield records from `start` on and wait for more; see the port."""
        return self._readers.records(shard, self._partition_of(shard), start)

    async def bounds(self, shard: ShardId) -> Bounds:
        """Return where the shard begins and ends; see the port."""
        return await self._readers.bounds(shard, self._partition_of(shard))

    async def renew(self, shard: ShardId) -> None:
        """Give up what is pending on the shard; after a failure, take a fresh producer. Raises `LogUnavailable`."""
        self._partition_of(shard)
        await self._lanes[shard].renew()

    def _partition_of(self, shard: ShardId) -> TopicPartition:
        if not self._open or shard not in self._partitions:
            raise self._unfit(shard)
        return self._partitions[shard]

    def _snapshots_of(self, shard: ShardId) -> TopicPartition:
        topic, index = self._partition_of(shard)
        return TopicPartition(f"{topic}.snapshots", index)

    def _unfit(self, shard: ShardId) -> Fault:
        if not self._open:
            return LogUnavailable(f"the log at {self.bootstrap} is closed")
        return LogMisconfigured(f"the log has no shard {shard}; it was opened with {self.shards}")

    def statistics(self) -> KafkaStatistics:
        """Return depths and totals."""
        flights = [lane.flight for lane in self._lanes.values() if lane.flight is not None]
        counters = self._counters
        return KafkaStatistics(
            queued=sum(len(lane.waiting) for lane in self._lanes.values()),
            in_flight=len(flights),
            late=sum(flight.late for flight in flights),
            batches=counters.batches,
            records=counters.records,
            unknown=counters.unknown,
            late_total=counters.late,
            late_answers=counters.late_answers,
            renewals=counters.renewals,
            retries=counters.retries,
            moves=counters.moves,
            producers=len(self._producers),
            producers_started=self._producers.started,
            abandoned=self._producers.abandoned,
            failed_stops=self._producers.failed_stops,
            consumers=len(self._readers),
            snapshots=self.snapshots.written,
            snapshots_pending=self.snapshots.pending,
            snapshots_failed=self.snapshots.failed,
            copies_short=self._copies.last.short if self._copies else 0,
            copies_behind=self._copies.last.behind if self._copies else 0,
            settings_wrong=bool(self.settings()[1]),
        )

    def settings(self) -> tuple[float, str]:
        """Return how long ago the topics were last seen as they have to be, in s, and what is wrong now, with its cure:
        a retention that would delete the log, for one."""
        return self._copies.settings() if self._copies is not None else (0.0, "")
