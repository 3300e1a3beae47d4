"""Kafka's topics for a log: their names, their making, and the settings without which a promise would break.

Runs at the start, and now and then to look again. A topic that is missing is made; one that is there is checked and
never changed: what is wrong is said with the command that cures it. Owns no connection beyond a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from actors.faults import LogMisconfigured, LogUnavailable
from actors.log.kafka.copies import Survey, copies_asked, reassignment, survey
from actors.log.kafka.hedged_client import REFUSALS, hedged

MESSAGE_BYTES_MAX = 1_048_588
"""Kafka's own default for `max.message.bytes`: a batch of ours is smaller, so that an untouched broker takes it."""

MADE_WITH = {"segment.index.bytes": "1048576"}
"""Not checked later. The two index files that a broker lays out when a new segment has its first 4 KB are 10 MB each by
default: 64 partitions new at once stood still for 2 s (measured), with this for 0.1. A segment then ends at 350 MB."""

RETRY_S = 0.25


class Topic(NamedTuple):
    """One topic as it has to be. One that is not `kept` holds what can be made anew: how long, its operator decides."""

    name: str
    partitions: int
    compacted: bool
    kept: bool = True


def topics_of(prefix: str, shards: Mapping[str, int]) -> list[Topic]:
    """Return the topics of a log: for each of ours the records, and the snapshots beside them."""
    found = []
    for topic, count in shards.items():
        found.append(Topic(f"{prefix}.{topic}", count, compacted=False))
        found.append(Topic(f"{prefix}.{topic}.snapshots", count, compacted=True))
    return found


def settings_of(topic: Topic, replication: int) -> dict[str, str]:
    """Return the settings a topic is made with."""
    settings = {
        # an acknowledged record is on so many brokers: with one of them gone it is still there
        "min.insync.replicas": "2" if replication > 1 else "1",
        # a broker that missed records must not become the leader and unmake them
        "unclean.leader.election.enable": "false",
        # the answer tells the log's time, against which an owner checks its clock
        "message.timestamp.type": "LogAppendTime",
        "compression.type": "producer",
        "max.message.bytes": str(MESSAGE_BYTES_MAX),
    }
    if not topic.kept:
        # its records have the times of what they come from
        return settings | {"cleanup.policy": "delete", "message.timestamp.type": "CreateTime"}
    if topic.compacted:
        # no recovery takes longer than an hour, so the cleaner never runs past a reader
        return settings | {"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000"}
    # the log is the truth and is kept for ever
    return settings | {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}


async def prepare_topics(
    bootstrap: str,
    topics: list[Topic],
    *,
    replication: int | None,
    connect: Mapping[str, Any],
    within_s: float,
    make: bool = True,
) -> Survey:
    """Make what is missing, wait for leaders, check settings and copies; return what the partitions have.

    `replication` None means three copies, or as many as there are brokers; a number is held to, at the start (`make`).
    Raises `LogUnavailable` when no broker answers within `within_s`, `LogMisconfigured` for a setting, each naming the
    cure.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    admin = await _reach(bootstrap, connect, deadline)
    try:
        async with asyncio.timeout_at(deadline + within_s):
            brokers = await _brokers(admin)
            if make:
                present = set(await admin.list_topics())
                missing = [topic for topic in topics if topic.name not in present]
                await _make(admin, missing, copies_asked(replication, brokers, {}), len(brokers))
            described = await _await_leaders(admin, [topic.name for topic in topics])
            await _check(admin, bootstrap, topics, described)
            seen = survey(bootstrap, described, copies_asked(replication, brokers, described))
            if make and replication is not None:
                for finding in seen.findings:
                    if finding.lasting:
                        raise LogMisconfigured(finding.text)
            return seen
    except TimeoutError as why:
        if gone := await _gone(admin, topics):
            raise LogMisconfigured(
                f"topic {gone} is not there any more: it was deleted, and its records with it; stop the server and "
                "restore them, or begin anew with another log.topic_prefix"
            ) from why
        raise LogUnavailable(
            f"Kafka at {bootstrap} answers, but its topics {topics[0].name}, ... have no leader within "
            f"{within_s:.0f} s; look at the brokers' logs"
        ) from why
    except KafkaError as why:
        raise LogUnavailable(f"Kafka at {bootstrap} failed while the topics were looked at: {why!r}") from why
    finally:
        await admin.close()


async def lacking_copies(
    bootstrap: str, topics: list[Topic], *, replication: int | None, connect: Mapping[str, Any], within_s: float
) -> str:
    """Return the reassignment that gives every partition its copies. Raises as `prepare_topics`."""
    admin = await _reach(bootstrap, connect, asyncio.get_running_loop().time() + within_s)
    try:
        brokers = await _brokers(admin)
        names = [topic.name for topic in topics]
        described = {topic["topic"]: topic for topic in await admin.describe_topics(names) if not topic["error_code"]}
        return reassignment(described, brokers, copies_asked(replication, brokers, described))
    except KafkaError as why:
        raise LogUnavailable(f"Kafka at {bootstrap} failed while the topics were looked at: {why!r}") from why
    finally:
        await admin.close()


async def _brokers(admin: AIOKafkaAdminClient) -> list[int]:
    return [int(broker["node_id"]) for broker in (await admin.describe_cluster())["brokers"]]


async def _reach(bootstrap: str, connect: Mapping[str, Any], deadline: float) -> AIOKafkaAdminClient:
    loop = asyncio.get_running_loop()
    while True:
        left_ms = max(int((deadline - loop.time()) * 1e3), 1_000)
        timeout_ms = min(left_ms, connect.get("request_timeout_ms", left_ms))
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **{**connect, "request_timeout_ms": timeout_ms})
        hedged(admin._client)
        try:
            await admin.start()
        except REFUSALS as why:
            await admin.close()
            raise LogMisconfigured(
                f"the brokers at {bootstrap} and we refuse each other: {why}; see log.security"
            ) from None
        except (KafkaError, OSError, TimeoutError) as why:
            await admin.close()
            if loop.time() + RETRY_S >= deadline:
                raise LogUnavailable(
                    f"no Kafka broker answers at {bootstrap}; start it (in a checkout: `make kafka`), or correct the "
                    "address in `--log kafka:HOST:PORT`; a port with TLS or a login needs log.security as well"
                ) from why
            await asyncio.sleep(RETRY_S)
        except BaseException:
            await admin.close()
            raise
        else:
            return admin


async def _make(admin: AIOKafkaAdminClient, missing: list[Topic], copies: int, brokers: int) -> None:
    if not missing:
        return
    if copies > brokers:
        raise LogMisconfigured(
            f"topics are to be made with {copies} copies, but {brokers} broker(s) run; start the others first, or set "
            f"the replication to {brokers}"
        )
    made = await admin.create_topics(
        [
            NewTopic(topic.name, topic.partitions, copies, topic_configs=settings_of(topic, copies) | MADE_WITH)
            for topic in missing
        ]
    )
    for name, code, *rest in made.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another node may have been quicker
            said = rest[0] if rest else ""
            raise LogMisconfigured(f"topic {name} could not be made: {error.__name__} {said}")


async def _gone(admin: AIOKafkaAdminClient, topics: list[Topic]) -> str:
    """Return the first of the topics that the brokers do not know; empty: they know all, or cannot be asked."""
    try:
        async with asyncio.timeout(RETRY_S * 4):
            present = set(await admin.list_topics())
    except (KafkaError, OSError, TimeoutError):
        return ""
    return next((topic.name for topic in topics if topic.name not in present), "")


async def _await_leaders(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, Any]]:
    while True:
        described = {topic["topic"]: topic for topic in await admin.describe_topics(names)}
        if all(
            name in described
            and not described[name]["error_code"]
            and described[name]["partitions"]
            and all(partition["leader"] >= 0 for partition in described[name]["partitions"])
            for name in names
        ):
            return described
        await asyncio.sleep(0.05)


async def _check(
    admin: AIOKafkaAdminClient, bootstrap: str, topics: list[Topic], described: dict[str, dict[str, Any]]
) -> None:
    seen = await _settings(admin, topics)
    for topic in topics:
        partitions = described[topic.name]["partitions"]
        if len(partitions) != topic.partitions:
            raise LogMisconfigured(
                f"topic {topic.name}: it has {len(partitions)} partitions, needed is {topic.partitions}; the number is "
                f"for life: set the shards to {len(partitions)}, or export the log into topics of another prefix"
            )
        for copies in sorted({len(partition["replicas"]) for partition in partitions}, reverse=True):
            check_settings(bootstrap, topic, copies, seen[topic.name])


async def _settings(admin: AIOKafkaAdminClient, topics: list[Topic]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    while True:
        seen: dict[str, dict[str, str]] = {}
        for response in await admin.describe_configs(asked):
            for code, _message, _type, name, entries in response.resources:
                if not code:  # else a broker that has not heard of a topic just made: ask again
                    seen[name] = {entry[0]: entry[1] for entry in entries}
        if len(seen) == len(topics):
            return seen
        await asyncio.sleep(0.05)


def check_settings(bootstrap: str, topic: Topic, replication: int, seen: Mapping[str, str]) -> None:
    """Raise `LogMisconfigured` for the first setting that would break a promise; `seen` is what the broker says."""
    for setting, needed in settings_of(topic, replication).items():
        value = seen.get(setting, "(not told)")
        if setting in ("min.insync.replicas", "max.message.bytes", "min.compaction.lag.ms"):
            fits = value.isdigit() and int(value) >= int(needed)
            if setting == "min.insync.replicas" and fits and int(value) > replication:
                raise LogMisconfigured(
                    f"topic {topic.name}: min.insync.replicas is {value} with {replication} copies, so that nothing "
                    f"can ever be written; {_cure(bootstrap, topic, setting, needed)}"
                )
        else:
            fits = value == needed
        if not fits:
            raise LogMisconfigured(
                f"topic {topic.name}: {setting} is {value}, needed is {needed}; "
                f"{_cure(bootstrap, topic, setting, needed)}"
            )


def _cure(bootstrap: str, topic: Topic, setting: str, needed: str) -> str:
    return (
        f"cure: kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics "
        f"--entity-name {topic.name} --add-config {setting}={needed}"
    )
