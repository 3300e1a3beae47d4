"""Topics that are changed under a running server, on a real broker: it is said, with what cures it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from actors.faults import OutcomeUnknown
from actors.log.kafka import copies
from actors.log.kafka.log import KafkaLog
from actors.log.kafka.topics import Topic, settings_of
from tests.actors.log.conftest import settled
from tests.actors.log.contract import SHARD, numbered
from tests.actors.log.test_kafka import SHARDS, administrator
from tests.actors.rig import Told

pytestmark = pytest.mark.kafka

Change = Callable[[AIOKafkaAdminClient, str], Awaitable[Any]]


def setting(name: str, value: str) -> Change:
    """Return what changes a setting of a topic of records."""

    async def change(admin: AIOKafkaAdminClient, topic: str) -> None:
        settings = settings_of(Topic(topic, 4, compacted=False), 1) | {name: value}  # it replaces all of them
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])

    return change


CHANGES: list[tuple[Change, str]] = [
    (setting("retention.ms", "3600000"), "retention.ms is 3600000, needed is -1; cure: kafka-configs.sh"),
    (setting("max.message.bytes", "2000"), "max.message.bytes is 2000, needed is 1048588; cure: kafka-configs.sh"),
    (lambda admin, topic: admin.create_partitions({topic: NewPartitions(6)}), "it has 6 partitions, needed is 4"),
    (lambda admin, topic: admin.delete_topics([topic]), "is not there any more: it was deleted"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES, ids=["retention", "sizes", "partitions", "deleted"])
async def test_a_topic_that_is_changed_under_a_server_is_told_with_the_cure(
    kafka: str, prefix: str, change: Change, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "CHECK_S", 0.1)
    told = Told()
    log = KafkaLog(kafka, shards=SHARDS, prefix=prefix, report=told)
    await log.open()
    try:
        async with administrator(kafka) as admin:
            await change(admin, f"{prefix}.hunts")
        await settled(lambda: any(why in fields.get("why", "") for _, fields in told.events), within_s=120)
        codes = [fields["code"] for name, fields in told.events if why in fields.get("why", "")]
        assert codes[0] == "log_misconfigured"
        assert why in log.settings()[1]  # as `/readyz` and the metrics have it
        assert log.statistics().settings_wrong
    finally:
        await log.close()


async def test_a_batch_that_the_topic_takes_no_longer_says_so(kafka: str, prefix: str) -> None:
    log = KafkaLog(kafka, shards=SHARDS, prefix=prefix)
    await log.open()
    try:
        await log.append(SHARD, numbered(1))
        async with administrator(kafka) as admin:
            await setting("max.message.bytes", "2000")(admin, f"{prefix}.hunts")

        async def refused() -> OutcomeUnknown:
            while True:  # the broker takes the setting up a little later
                try:
                    await log.append(SHARD, [b"x" * 10_000])
                except OutcomeUnknown as fault:
                    return fault

        assert "max.message.bytes of the topic was lowered" in str(await refused())
        await log.renew(SHARD)
        assert (await log.append(SHARD, numbered(1))).base > 0, "a smaller one is taken"
    finally:
        await log.close()
