"""The feed on a real broker: every record that counts once, whoever writes it and whatever happens to the writer."""

from __future__ import annotations

import asyncio
import re
import secrets
import typing
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from actors.log.codec import Done, RecordDecoder
from actors.log.kafka import derived
from actors.log.kafka.derived import DerivedTopic, Message, WriterFenced
from actors.log.kafka.log import KafkaLog
from actors.log.port import ShardId
from actors.reporter import Silent
from actors.shard.fence import FoldState, TenureFold, Verdict
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.projections import feed as feeding
from huntserver.projections.cleaning import FIELDS, Cleaner
from huntserver.projections.feed import Feed
from lab import ROOT
from lab.machines.brokers import remove_topics
from tests.projections.played import SECRET, SHARDS, play

KINDS: list[Any] = [(HuntType(), SHARDS["hunts"]), (PlayerType(), SHARDS["players"])]


@pytest.fixture
async def log(kafka: str) -> AsyncIterator[KafkaLog]:
    prefix = f"test-{secrets.token_hex(6)}"
    opened = KafkaLog(kafka, shards=SHARDS, prefix=prefix)
    await opened.open()
    yield opened
    await opened.close()
    await remove_topics(kafka, prefix)


def feed_of(log: KafkaLog) -> Feed:
    def outlet() -> DerivedTopic:
        return DerivedTopic(log.bootstrap, "feed", shards=SHARDS, prefix=log._prefix)

    return Feed(outlet, Message, KINDS, Cleaner(b"k" * 32), WriterFenced, Silent())


async def counted(log: KafkaLog) -> list[str]:
    """Return the keys of all records of the log that count."""
    found = []
    for kind, count in KINDS:
        for shard in (ShardId(kind.topic, index) for index in range(count)):
            fold, decoder = TenureFold(FoldState("", 0, "")), RecordDecoder(kind.event_type)
            end = (await log.bounds(shard)).end
            async for chunk in log.read(shard, 0):
                for offset, body in chunk:
                    record = decoder.decode(shard, offset, body)
                    if hasattr(record, "node"):
                        fold.tenure(offset, record.nonce, f"{record.node}#{record.start}")
                    elif fold.record(record.nonce, record.seq) is Verdict.COUNTS and isinstance(record, Done):
                        found.append(f"{shard}:{offset}")
                if chunk[-1].offset >= end - 1:
                    break
    return sorted(found)


async def fed(log: KafkaLog) -> list[tuple[str, bytes]]:
    """Return keys and values of the feed, as a reader of committed records has them now."""
    topic = f"{log._prefix}.feed"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=log.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    found = []
    partitions = [TopicPartition(topic, index) for index in range(max(SHARDS.values()))]
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    await consumer.seek_to_beginning()
    for partition in partitions:
        while await consumer.position(partition) < ends[partition]:
            for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, []):
                found.append((record.key.decode(), record.value))
    await consumer.stop()
    return found


async def until_all(log: KafkaLog) -> list[tuple[str, bytes]]:
    wanted = await counted(log)
    async with asyncio.timeout(120):
        while len(found := await fed(log)) < len(wanted):
            await asyncio.sleep(0.05)
    assert sorted(key for key, _ in found) == wanted
    return found


@pytest.mark.kafka
async def test_every_record_that_counts_is_in_the_feed_once_and_clean(log: KafkaLog) -> None:
    await play(log)
    writing = asyncio.create_task(feed_of(log).run())
    for _, value in await until_all(log):
        clean = msgspec.json.decode(value)
        assert SECRET.encode() not in value
        assert not re.search(rb"Player \d|Team \d|p:p|\"p\d\"|CODE|Rain|personal", value)
        assert clean["v"] == 1
        assert {event["type"] for event in clean["events"]} <= set(FIELDS)
    writing.cancel()


@pytest.mark.kafka
async def test_a_writer_that_is_cut_off_anywhere_leaves_nothing_out_and_nothing_twice(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "CHUNK", 20)
    monkeypatch.setattr(feeding, "BATCH_RECORDS", 1)
    await play(log, guesses=400)
    for _ in range(5):
        feed = feed_of(log)
        writing = asyncio.create_task(feed.run())
        async with asyncio.timeout(60):
            while not feed.statistics().records:
                await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await play(log, seed=2)
    writing = asyncio.create_task(feed_of(log).run())
    await until_all(log)
    writing.cancel()


@pytest.mark.kafka
async def test_of_two_writers_one_writes_and_the_other_takes_over_when_it_stands_still(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "STAND_BY_S", 0.5)
    await play(log)
    first = asyncio.create_task(feed_of(log).run())
    await until_all(log)
    later = feed_of(log)
    second = asyncio.create_task(later.run())
    await play(log, seed=2)
    await until_all(log)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await play(log, seed=3)
    await until_all(log)  # written by the first one
    first.cancel()


def test_every_event_has_a_row_in_the_feeds_schema_and_every_field_there_exists() -> None:
    events = {event.__struct_config__.tag: event for kind, _ in KINDS for event in typing.get_args(kind.event_type)}
    assert set(events) - set(FIELDS) == set()
    for tag, fields in FIELDS.items():
        if tag not in events:  # of a version before or after this one
            continue
        known = set(events[tag].__struct_fields__)
        assert set(fields) <= known - {"personal", "definition", "text", "reason", "invite", "mark", "marks", "owner"}


def test_the_page_on_the_feed_has_the_same_fields() -> None:
    page = (ROOT / "docs" / "feed.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    assert {tag: tuple(re.findall(r"`(\w+)`", rows.get(tag, ""))) for tag in FIELDS} == dict(FIELDS)


def test_a_pseudonym_is_the_same_for_one_secret_and_another_for_another() -> None:
    one, other = Cleaner(b"k" * 32), Cleaner(b"o" * 32)
    assert one.pseudonym("p:ada") == one.pseudonym("ada") != one.pseudonym("bob")
    assert one.pseudonym("ada") != other.pseudonym("ada")
