"""The Kafka log passes the contract on a real broker, and refuses to start on one that would break a promise."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from actors.faults import LogMisconfigured, LogUnavailable, OutcomeUnknown
from actors.log.kafka import reading
from actors.log.kafka.log import KafkaLog
from actors.log.kafka.produce import Batch
from actors.log.kafka.producers import PRIVATE_MAX
from actors.log.kafka.sender import Sender
from actors.log.kafka.snapshot_producer import SnapshotProducer
from actors.log.kafka.topics import Topic, check_settings, settings_of
from actors.log.port import ShardId
from tests.actors.log.contract import OTHER, SHARD, WAIT_S, LogContract, SnapshotContract, numbered, take, values

pytestmark = pytest.mark.kafka

SHARDS = {"hunts": 4, "players": 2}


@pytest.fixture
async def log(kafka: str, prefix: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka, shards=SHARDS, prefix=prefix)
    await log.open()
    yield log
    await log.close()


@contextlib.asynccontextmanager
async def administrator(address: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


class TestKafkaLog(LogContract, SnapshotContract):
    """Every clause, over topics of its own."""


# ---- what is in the topics


async def test_an_answer_carries_the_brokers_time(log: KafkaLog) -> None:
    before_ms = time.time_ns() // 1_000_000
    at_ms = (await log.append(SHARD, numbered(1))).at_ms
    assert before_ms - 5_000 < at_ms < time.time_ns() // 1_000_000 + 5_000


async def test_a_record_is_one_message_with_nothing_around_it(log: KafkaLog, kafka: str, prefix: str) -> None:
    await log.append(SHARD, [b'{"n":1}', b'{"n":2}'])
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(f"{prefix}.hunts", 1)])
        found = [await consumer.getone(), await consumer.getone()]
    finally:
        await consumer.stop()
    assert [(r.key, r.value, r.headers) for r in found] == [(None, b'{"n":1}', ()), (None, b'{"n":2}', ())]


async def test_everything_is_there_for_another_log_of_the_same_topics(log: KafkaLog, kafka: str, prefix: str) -> None:
    await log.append(SHARD, numbered(40))
    await log.snapshots.put(SHARD, "k", b"v")
    other = KafkaLog(kafka, shards=SHARDS, prefix=prefix)
    await other.open()
    try:
        assert await other.bounds(SHARD) == (0, 40)
        assert [e.body for e in await take(other, SHARD, 7, 33)] == numbered(33, 7)
        assert await values(other.snapshots, SHARD) == {"k": b"v"}
        assert (await other.append(SHARD, numbered(1, 40))).base == 40
        assert (await log.append(SHARD, numbered(1, 41))).base == 41
    finally:
        await other.close()


# ---- batches


async def test_handing_a_batch_over_takes_no_task(log: KafkaLog) -> None:
    before = asyncio.all_tasks()
    future = log.append(SHARD, numbered(5))
    assert asyncio.all_tasks() == before
    assert (await future).base == 0


async def test_a_batch_whose_leader_is_not_known_is_handed_over_by_a_task(log: KafkaLog) -> None:
    cluster = log._lanes[SHARD].path.producer.client.cluster
    cluster._partitions.clear()  # as after a refresh in which the brokers did not know the topic
    before = asyncio.all_tasks()
    first, second = log.append(SHARD, numbered(2)), log.append(SHARD, numbered(1, 2))
    assert len(asyncio.all_tasks() - before) == 1
    assert ((await first).base, (await second).base) == (0, 2)


async def test_a_shard_that_does_not_exist_is_refused(log: KafkaLog) -> None:
    with pytest.raises(LogMisconfigured, match="hunts-4"):
        await log.append(ShardId("hunts", 4), numbered(1))
    with pytest.raises(LogMisconfigured, match="teams-0"):
        await log.bounds(ShardId("teams", 0))


@pytest.mark.parametrize(
    "sizes", [{"record_bytes_max": 999_990}, {"part_bytes_max": 1_000_000}, {"batch_bytes_max": 1_048_576}]
)
def test_limits_that_do_not_fit_each_other_or_an_untouched_broker_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(LogMisconfigured, match="must fit a batch"):
        KafkaLog("127.0.0.1:1", shards=SHARDS, **sizes)  # type: ignore[arg-type]


# ---- producers


class Refusing:
    """A producer's `send` that fails after the batch may have been sent."""

    def __init__(self, producer: Sender, error: BaseException) -> None:
        self.real = producer.send
        self.error = error
        self.first = True

    def __call__(self, batch: Batch) -> None:
        if self.first:
            self.first = False
            raise self.error
        self.real(batch)


async def test_an_error_of_handing_over_is_an_unknown_outcome_and_the_rest_is_unwritten(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = log._lanes[SHARD].path.producer
    monkeypatch.setattr(producer, "send", Refusing(producer, RuntimeError("of the test")))
    with pytest.raises(OutcomeUnknown, match="of the test"):
        await log.append(SHARD, numbered(1))
    assert log.statistics().unknown == 1


async def test_after_an_unknown_outcome_a_renewed_shard_has_a_fresh_producer_and_the_others_follow(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = ShardId("hunts", 3)  # on the same producer as the first
    await asyncio.gather(*(log.append(shard, numbered(1)) for shard in (SHARD, OTHER, third)))
    old, others = log._lanes[SHARD].path, log._lanes[OTHER].path
    assert log._lanes[third].path is old
    monkeypatch.setattr(old.producer, "send", Refusing(old.producer, RuntimeError("of the test")))
    with pytest.raises(OutcomeUnknown):
        await log.append(SHARD, numbered(1, 1))
    await log.renew(SHARD)
    fresh = log._lanes[SHARD].path
    assert fresh is not old
    assert log._lanes[third].path is fresh
    assert log._lanes[OTHER].path is others
    assert (await log.append(SHARD, numbered(1, 1))).base == 1
    assert (await log.append(third, numbered(1, 1))).base == 1
    assert log.statistics().producers == 2


async def test_renewing_a_healthy_shard_keeps_its_producer(log: KafkaLog) -> None:
    await log.append(SHARD, numbered(1))
    path = log._lanes[SHARD].path
    await log.renew(SHARD)
    assert log._lanes[SHARD].path is path
    assert log.statistics().renewals == 1


async def test_shards_in_trouble_all_at_once_share_their_producers(log: KafkaLog) -> None:
    """A pause gave each of eight shards a producer of its own, all started at the same moment."""
    producers = log._producers
    paths = await asyncio.gather(*[producers.private(producers.shared(0)) for _ in range(PRIVATE_MAX + 4)])
    assert sum(not path.shared for path in paths) == PRIVATE_MAX
    assert len({path for path in paths if path.shared}) == 1


async def test_readings_one_after_another_share_a_consumer(log: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "REST_S", 3600.0)
    for index in range(4):
        shard = ShardId("hunts", index)
        await log.append(shard, numbered(600))
        await log.snapshots.put(shard, "k", str(shard).encode())
    for index in range(4):
        shard = ShardId("hunts", index)
        assert await values(log.snapshots, shard) == {"k": str(shard).encode()}
        assert (await log.bounds(shard)).end == 600
        # twice the same partition: what was read ahead for the first reading is not taken for the second's
        assert [entry.body for entry in await take(log, shard, 500, 10)] == numbered(10, 500)
        assert [entry.body for entry in await take(log, shard, 7, 593)] == numbered(593, 7)
    assert log._readers.started <= 4  # two topics, and one more where a reading had not ended yet


async def test_a_consumer_goes_when_no_reading_comes(log: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.append(SHARD, numbered(1))
    for rest_s in (3600.0, 0.05):
        monkeypatch.setattr(reading, "REST_S", rest_s)
        assert len(await take(log, SHARD, 0, 1)) == 1
        assert log._readers.started == 1
    async with asyncio.timeout(WAIT_S):
        while log.statistics().consumers:
            await asyncio.sleep(0.05)


async def test_a_consumer_with_a_fault_does_not_read_again(log: KafkaLog) -> None:
    await log.append(SHARD, numbered(1))
    readers = log._readers
    async with readers._consumer(f"{log._prefix}.hunts") as first:
        pass
    with contextlib.suppress(LogUnavailable):
        async with readers._consumer(f"{log._prefix}.hunts") as again:
            assert again is first
            raise LogUnavailable("the broker went away")
    assert len(readers) == 0
    assert [entry.body for entry in await take(log, SHARD, 0, 1)] == numbered(1)


async def test_a_snapshot_producer_can_be_abandoned_by_the_private_names_that_we_rely_on(
    log: KafkaLog, kafka: str, prefix: str
) -> None:
    options = {"bootstrap_servers": kafka, "request_timeout_ms": 5_000}
    producer = SnapshotProducer([f"{prefix}.hunts.snapshots"], options, batch_bytes_max=1_000_000)
    await producer.start()
    inner = producer.inner
    assert inner._closed is False
    assert inner._sender._request_timeout_ms == 1_000
    sender = inner._sender.sender_task
    assert isinstance(sender, asyncio.Task)
    assert not sender.done()
    connections = list(inner.client._conns.values())
    assert connections
    await producer.abandon()
    assert sender.done()
    assert inner._closed is True
    assert not any(connection.connected() for connection in connections)
    await producer.stop()  # finds nothing to do


async def test_brokers_are_asked_to_answer_before_a_request_times_out(log: KafkaLog) -> None:
    producer = log._lanes[SHARD].path.producer
    assert (producer._answer_within_ms, producer._request_s) == (1_000, 5.0)


async def test_a_batch_goes_again_although_the_question_who_leads_its_partition_gets_no_answer(log: KafkaLog) -> None:
    """A link that was cut leaves connections on which nothing comes, for as long as a request may take."""
    await log.append(SHARD, numbered(1))
    sender = log._lanes[SHARD].path.producer
    silent: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    sender.client.force_metadata_update = lambda: asyncio.shield(silent)
    sender._request_s = 3600.0
    again = log.append(SHARD, numbered(1, 1))
    for connection in sender._connections.values():
        connection.abort()
    async with asyncio.timeout(WAIT_S):
        assert (await again).base == 1
    silent.set_result(True)


async def test_closing_leaves_no_task_behind(kafka: str, prefix: str) -> None:
    before = asyncio.all_tasks()
    log = KafkaLog(kafka, shards=SHARDS, prefix=prefix)
    await log.open()
    await log.append(SHARD, numbered(1))
    await take(log, SHARD, 0, 1)
    await log.close()
    assert asyncio.all_tasks() == before


# ---- the start


async def test_missing_topics_are_made_with_the_settings_that_the_promises_need(
    log: KafkaLog, kafka: str, prefix: str
) -> None:
    async with administrator(kafka) as admin:
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, f"{prefix}.{name}") for name in ("hunts", "hunts.snapshots")
        ]
        seen = {}
        for response in await admin.describe_configs(resources):
            for _, _, _, name, entries in response.resources:
                seen[name] = {entry[0]: entry[1] for entry in entries}
    records = seen[f"{prefix}.hunts"]
    assert (records["retention.ms"], records["retention.bytes"], records["cleanup.policy"]) == ("-1", "-1", "delete")
    assert records["message.timestamp.type"] == "LogAppendTime"
    assert records["unclean.leader.election.enable"] == "false"
    snapshots = seen[f"{prefix}.hunts.snapshots"]
    assert (snapshots["cleanup.policy"], snapshots["min.compaction.lag.ms"]) == ("compact", "3600000")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
        ("cleanup.policy", "compact"),
        ("unclean.leader.election.enable", "true"),
        ("message.timestamp.type", "CreateTime"),
        ("compression.type", "gzip"),
        ("max.message.bytes", "100000"),
    ],
)
async def test_a_topic_that_would_break_a_promise_is_refused_with_the_cure(
    kafka: str, prefix: str, setting: str, value: str
) -> None:
    topic = Topic(f"{prefix}.hunts", 4, compacted=False)
    async with administrator(kafka) as admin:
        await admin.create_topics([NewTopic(topic.name, 4, 1, topic_configs={**settings_of(topic, 1), setting: value})])
    with pytest.raises(LogMisconfigured) as caught:
        await KafkaLog(kafka, shards=SHARDS, prefix=prefix).open()
    needed = settings_of(topic, 1)[setting]
    assert f"topic {topic.name}: {setting} is {value}, needed is {needed}" in str(caught.value)
    assert f"kafka-configs.sh --bootstrap-server {kafka}" in str(caught.value)
    assert f"--entity-name {topic.name} --add-config {setting}={needed}" in str(caught.value)


async def test_a_topic_with_another_number_of_partitions_is_refused(log: KafkaLog, kafka: str, prefix: str) -> None:
    with pytest.raises(LogMisconfigured, match=rf"{prefix}.hunts: it has 4 partitions, needed is 8.*for life"):
        await KafkaLog(kafka, shards={"hunts": 8, "players": 2}, prefix=prefix).open()


async def test_more_copies_than_brokers_are_refused(kafka: str, prefix: str) -> None:
    with pytest.raises(LogMisconfigured, match=r"3 copies, but 1 broker"):
        await KafkaLog(kafka, shards=SHARDS, prefix=prefix, replication=3).open()


@pytest.mark.parametrize(
    ("copies", "seen", "fits"), [(1, "1", True), (3, "1", False), (3, "2", True), (3, "3", True), (3, "4", False)]
)
def test_a_replicated_topic_needs_two_in_sync(copies: int, seen: str, fits: bool) -> None:
    topic = Topic("t", 4, compacted=False)
    settings = {**settings_of(topic, copies), "min.insync.replicas": seen}
    expectation: Any = contextlib.nullcontext() if fits else pytest.raises(LogMisconfigured, match=r"min\.insync")
    with expectation:
        check_settings("broker:9092", topic, copies, settings)


async def test_a_broker_that_is_absent_is_named_with_the_cure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(LogUnavailable, match=rf"{address}.*make kafka"):
            async with asyncio.timeout(WAIT_S):
                await KafkaLog(address, shards=SHARDS, open_s=1.0).open()


async def test_an_address_that_never_answers_is_named_in_time() -> None:
    with socket.socket() as silent:  # takes connections, says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(LogUnavailable, match=address):
            async with asyncio.timeout(WAIT_S):
                await KafkaLog(address, shards=SHARDS, open_s=1.0).open()
