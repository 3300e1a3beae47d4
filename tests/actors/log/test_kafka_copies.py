"""A topic that keeps fewer copies than asked for is said, for every partition, with the command that cures it."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from actors.faults import Fault, LogMisconfigured, LogUnavailable
from actors.log.kafka import copies
from actors.log.kafka.copies import COPIES_MAX, Survey, Watch, copies_asked, ranges, reassignment, survey
from actors.log.kafka.log import KafkaLog
from actors.log.kafka.topics import Topic, settings_of
from huntserver.cli.main import main
from lab.machines.brokers import Brokers
from tests.actors.log.conftest import settled

SHARDS = {"hunts": 4}


def described(**partitions: list[tuple[list[int], list[int]]]) -> dict[str, Any]:
    """Return topics as an administrator describes them: (replicas, in step) of each partition."""
    return {
        name: {"partitions": [{"partition": n, "replicas": r, "isr": i} for n, (r, i) in enumerate(of)]}
        for name, of in partitions.items()
    }


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def note(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    warn = note

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        self.lines.append((event, fields))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [fields for told, fields in self.lines if told == event]


# ---- what is asked for, what is short, and the cure


@pytest.mark.parametrize(
    ("replication", "brokers", "named", "asked"),
    [
        (None, [1], [1], 1),
        (None, [1, 2], [1], 2),
        (None, [1, 2, 3], [1], 3),
        (None, [1, 2, 3, 4, 5], [1], COPIES_MAX),
        (None, [1, 2], [1, 2, 3], 3),  # one is away: the topics name it
        (1, [1, 2, 3], [1, 2, 3], 1),
        (5, [1, 2, 3], [1], 5),
    ],
)
def test_as_many_copies_are_asked_for_as_there_are_brokers_up_to_three(
    replication: int | None, brokers: list[int], named: list[int], asked: int
) -> None:
    assert copies_asked(replication, brokers, described(t=[(named, named)])) == asked


def test_every_partition_is_looked_at_and_not_the_first_alone() -> None:
    whole, few, away = ([1, 2, 3], [1, 2, 3]), ([2], [2]), ([1, 2, 3], [1, 3])
    seen = survey("b:1", described(a=[whole, few, few, whole, few], b=[whole, away], c=[whole]), 3)
    assert (seen.short, seen.behind) == (3, 1)
    assert [(f.code, f.topic) for f in seen.findings] == [("log_copies_short", "a"), ("log_copies_behind", "b")]
    assert (
        "partitions 1-2, 4 keep 1 copies, asked are 3; cure: huntserver copies --log kafka:b:1" in seen.findings[0].text
    )
    assert "partitions 1 have copies out of step, on broker 2" in seen.findings[1].text


@pytest.mark.parametrize(("numbers", "text"), [([], ""), ([4], "4"), ([0, 1, 2, 5, 7, 8], "0-2, 5, 7-8")])
def test_numbers_are_written_as_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


def test_the_cure_keeps_what_is_there_adds_what_is_missing_and_spreads_it() -> None:
    seen = described(a=[([1], [1]), ([1, 2, 3], [1]), ([2], [2]), ([3], [3])], b=[([3, 1], [3])])
    moved = json.loads(reassignment(seen, [1, 2, 3, 4], 3))
    assert moved["version"] == 1
    assert [(p["topic"], p["partition"]) for p in moved["partitions"]] == [("a", 0), ("a", 2), ("a", 3), ("b", 0)]
    for partition in moved["partitions"]:
        have = seen[partition["topic"]]["partitions"][partition["partition"]]["replicas"]
        replicas = partition["replicas"]
        assert replicas[: len(have)] == have
        assert len(replicas) == len(set(replicas)) == 3
    assert {node for p in moved["partitions"] for node in p["replicas"]} == {1, 2, 3, 4}


async def test_what_is_told_is_told_again_only_after_a_while_and_its_end_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, short = described(a=[([1, 2], [1, 2])]), described(a=[([1], [1])])
    told = Told()
    watch = Watch(lambda: asyncio.sleep(0, survey("b:1", whole, 2)), told, survey("b:1", short, 2))
    watch.tell(survey("b:1", short, 2))
    assert [event for event, _ in told.lines] == ["log_copies_short"]
    monkeypatch.setattr(copies, "AGAIN_S", 0.0)
    watch.tell(survey("b:1", short, 2))
    watch.tell(survey("b:1", whole, 2))
    watch.tell(survey("b:1", whole, 2))
    assert [event for event, _ in told.lines] == ["log_copies_short", "log_copies_short", "log_copies_whole"]


async def test_settings_that_were_changed_are_known_until_they_are_right_again() -> None:
    whole = survey("b:1", described(a=[([1, 2], [1, 2])]), 2)
    faults: list[Fault | None] = [LogMisconfigured("retention.ms is 1000; cure: ..."), LogUnavailable("away"), None]

    async def look() -> Survey:
        if (fault := faults.pop(0)) is not None:
            raise fault
        return whole

    told = Told()
    watch = Watch(look, told, whole)
    assert watch.settings()[1] == ""
    await watch.look_now()
    assert watch.settings()[1] == "retention.ms is 1000; cure: ..."
    await watch.look_now()  # nothing was seen: what was wrong is taken to be so still
    assert watch.settings()[1] == "retention.ms is 1000; cure: ..."
    await watch.look_now()
    assert watch.settings()[1] == ""
    assert [event for event, _ in told.lines] == ["log_check_failed"]


# ---- on three brokers


async def lay(address: str, prefix: str, replicas: list[int]) -> None:
    """Make the topics of a log with these brokers for each partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    for compacted in (False, True):
        topic = Topic(f"{prefix}.hunts{'.snapshots' * compacted}", 4, compacted)
        placed = dict.fromkeys(range(4), replicas)
        settings = settings_of(topic, len(replicas))
        await admin.create_topics([NewTopic(topic.name, -1, -1, replica_assignments=placed, topic_configs=settings)])
    await admin.close()
    for broker in address.split(","):
        await known(broker, {f"{prefix}.hunts", f"{prefix}.hunts.snapshots"})


async def known(broker: str, names: set[str]) -> None:
    """Wait until a broker knows topics: the one that made them is ahead of the others."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    async with asyncio.timeout(120):
        while names - {topic["topic"] for topic in await admin.describe_topics() if len(topic["partitions"]) == 4}:
            await asyncio.sleep(0.05)
    await admin.close()


@pytest.mark.kafka
@pytest.mark.timeout(600)
async def test_topics_made_with_one_copy_are_said_and_refused_where_three_were_asked_for(cluster: Brokers) -> None:
    """The documented set-up of three brokers made topics with one copy; changing the setting later said nothing."""
    prefix = f"test-{secrets.token_hex(6)}"
    await cluster.whole()
    await lay(cluster.address, prefix, [2])
    told = Told()
    log = KafkaLog(cluster.address, shards=SHARDS, prefix=prefix, report=told)
    await log.open()
    try:
        assert [fields["topic"] for fields in told.of("log_copies_short")] == [
            f"{prefix}.hunts",
            f"{prefix}.hunts.snapshots",
        ]
        assert log.statistics().copies_short == 8
    finally:
        await log.close()
    with pytest.raises(LogMisconfigured, match=r"partitions 0-3 keep 1 copies, asked are 3; cure: huntserver copies"):
        await KafkaLog(cluster.address, shards=SHARDS, prefix=prefix, replication=3).open()
    as_asked = KafkaLog(cluster.address, shards=SHARDS, prefix=prefix, replication=1)
    await as_asked.open()
    await as_asked.close()


@pytest.mark.kafka
@pytest.mark.timeout(600)
async def test_copies_that_fall_behind_while_the_server_runs_are_said_and_so_is_their_return(
    cluster: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "CHECK_S", 0.1)
    prefix = f"test-{secrets.token_hex(6)}"
    await cluster.whole()
    told = Told()
    log = KafkaLog(cluster.address, shards=SHARDS, prefix=prefix, report=told)
    await log.open()
    try:
        assert log.statistics().copies_short == log.statistics().copies_behind == 0
        cluster.signal(3, signal.SIGSTOP)
        await settled(lambda: told.of("log_copies_behind"))
        assert "on broker 3" in told.of("log_copies_behind")[0]["why"]
        cluster.signal(3, signal.SIGCONT)
        await settled(lambda: told.of("log_copies_whole"))
        assert log.statistics().copies_behind == 0
    finally:
        cluster.signal(3, signal.SIGCONT)
        await log.close()


@pytest.mark.kafka
@pytest.mark.timeout(600)
async def test_the_command_of_the_cure_prints_what_kafka_takes(cluster: Brokers) -> None:
    prefix = f"test-{secrets.token_hex(6)}"
    await cluster.whole()
    await lay(cluster.address, prefix, [1])
    config = cluster.folder / "config.toml"
    config.write_text(f'[log]\nurl = "kafka:{cluster.address}"\ntopic_prefix = "{prefix}"\nhunt_shards = 4\n')
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["copies", "--config", str(config)])
    assert ran.exit_code == 0, ran.output
    moved = json.loads(ran.output)["partitions"]
    assert {one["topic"] for one in moved} == {f"{prefix}.hunts", f"{prefix}.hunts.snapshots"}
    assert all(sorted(one["replicas"]) == [1, 2, 3] and one["replicas"][0] == 1 for one in moved)
    assert len(moved) == 8


def test_a_log_that_is_not_in_kafka_has_no_copies() -> None:
    ran = CliRunner().invoke(main, ["copies", "--log", "sqlite:x.db"])
    assert ran.exit_code == 2
    assert "only a log in Kafka has copies" in ran.stderr
