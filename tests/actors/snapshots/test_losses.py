"""A log that lost its end is not served until its end is back or an operator accepts the loss; what follows is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.log.memory import MemoryStore
from actors.log.port import ShardId
from actors.log.port import shard_of as shard_of_id
from actors.snapshots.losses import (
    KnownPlace,
    Loss,
    accept,
    claim_key,
    claims,
    losses,
    numbers,
    parse_loss_key,
    short_shards,
)
from tests.actors.rig import Node, running
from tests.actors.toy import Add, Send

NOW_MS = 1_790_000_000_000


async def until(condition: Callable[[], Any]) -> None:
    """Wait for something that a node does by itself."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def shard_of(node: Node) -> ShardId:
    found: ShardId = node.shard.id
    return found


async def cut(node: Node, count: int) -> list[bytes]:
    """Cut records off under a running node, and let it find out by its next batch; return them."""
    records = node.store.records(shard_of(node))
    gone = records[-count:]
    del records[-count:]
    await node.ask(Add(1), key=("e", 999))
    await until(lambda: "log_lost_its_end" in node.system.ready()[1])
    return gone


def tenures(node: Node) -> int:
    return sum(b'"type":"tenure"' in record for record in node.store.records(shard_of(node)))


async def test_acknowledged_records_that_are_cut_off_under_a_server_close_the_shard() -> None:
    """It recovered, was ready, and a player who had been told `ok` could join again."""
    async with running() as node:
        for n in range(1, 6):
            assert (await node.ask(Add(n), key=("e", n)))[1] == n
        before = tenures(node)
        await cut(node, 3)
        assert not node.system.ready()[0]
        assert (await node.ask(Add(1))).code == "unavailable"
        assert tenures(node) == before, "nothing is written to a log that lost its end"
        assert claims(node.store.kept[shard_of(node)])


async def test_a_server_started_anew_does_not_serve_it_either() -> None:
    store = MemoryStore()
    async with running(store) as node:
        for n in range(1, 6):
            await node.ask(Add(n), key=("e", n))
        await cut(node, 3)
    async with running(store) as node:
        assert "log_lost_its_end" in node.system.ready()[1]
        assert (await node.ask(Add(1))).code == "unavailable"
        for _ in range(20):  # others may write over what is gone: that does not bring it back
            store.land(shard_of(node), [b'{"type":"probe","nonce":"other","seq":1,"at":0}'])
    async with running(store) as node:
        assert "log_lost_its_end" in node.system.ready()[1]


async def test_a_log_whose_end_is_back_is_served_again_and_the_claim_goes() -> None:
    async with running() as node:
        for n in range(1, 6):
            await node.ask(Add(n), key=("e", n))
        gone = await cut(node, 3)
        records = node.store.records(shard_of(node))
        del records[-1:]  # what the owner wrote past the cut, in vain
        node.store.land(shard_of(node), gone)
        await until(lambda: node.system.ready()[0])
        assert claims(node.store.kept[shard_of(node)]) == []
        assert await node.ask(Add(3), key=("e", 3)) == (b'{"total":6}', 3), "it is remembered"


async def test_an_accepted_loss_is_served_from_what_there_is_and_who_watches_is_told() -> None:
    async with running() as node:
        for n in range(1, 6):
            await node.ask(Add(n), key=("e", n))
        await cut(node, 3)
        [short] = await short_shards(node.log, node.log.snapshots, [shard_of(node)])
        await accept(node.log.snapshots, short, NOW_MS)
        await until(lambda: node.system.ready()[0])
        [(kind, seq)] = node.shown.rewound
        assert (kind, seq("t")) == ("tally", 2)
        assert (await node.ask(Add(10), key=("f", 1)))[1] == 3
        assert await short_shards(node.log, node.log.snapshots, [shard_of(node)]) == []
        assert len(losses(node.store.kept[shard_of(node)])) == 1


async def test_a_second_loss_is_not_covered_by_the_acceptance_of_the_first() -> None:
    async with running() as node:
        for n in range(1, 6):
            await node.ask(Add(n), key=("e", n))
        await cut(node, 3)
        [short] = await short_shards(node.log, node.log.snapshots, [shard_of(node)])
        await accept(node.log.snapshots, short, NOW_MS)
        await until(lambda: node.system.ready()[0])
        for n in range(1, 4):
            await node.ask(Add(n), key=("g", n))
        await cut(node, 2)
        assert not node.system.ready()[0]


async def test_reactions_after_a_loss_are_not_taken_for_those_that_were_lost() -> None:
    """A target remembers the highest number of each source, and the numbers of lost records come again."""
    source = next(id for id in map(str, range(100)) if shard_of_id(id, 2) == 0)
    target = next(id for id in map(str, range(100)) if shard_of_id(id, 2) == 1)
    async with running(shards=2) as node:
        for n in range(1, 5):
            await node.ask(Send((target,), 1), to=source, key=("e", n))
        other = node.system.shards()[1]
        await until(lambda: target in other.actors and other.actors[target].state.total == 4)
        records = node.store.records(shard_of(node))
        del records[-2:]
        await node.ask(Add(1), to=source, key=("e", 999))
        await until(lambda: "log_lost_its_end" in node.system.ready()[1])
        [short] = await short_shards(node.log, node.log.snapshots, [shard_of(node)])
        await accept(node.log.snapshots, short, NOW_MS)
        await until(lambda: node.system.ready()[0])
        assert (await node.ask(Send((target,), 10), to=source, key=("f", 1)))[1] == 3
        await until(lambda: other.actors[target].state.total == 14)  # its number was one of a lost record


def test_numbers_are_raised_by_what_is_gone_and_only_after_it() -> None:
    accepted = [Loss(KnownPlace(9, "n"), 5, NOW_MS), Loss(KnownPlace(30, "m"), 20, NOW_MS)]
    assert [numbers(accepted, offset) for offset in (4, 5, 19, 20)] == [0, 10, 10, 41]


async def test_the_numbers_of_reactions_are_raised_where_the_loss_lies_before_them() -> None:
    async with running() as node:
        node.shard.outgoing.raised_by = lambda offset: 100
        await node.ask(Send(("u",), 1), key=("e", 1))
        await until(lambda: node.shard.outgoing.pending() == 0)
        assert node.shard.actors["u"].dedup.marks == {"tally/t": (101, 0)}


async def test_a_marker_past_the_end_is_a_loss_too_and_can_be_accepted() -> None:
    store = MemoryStore()
    async with running(store, drain=True) as node:
        for n in range(1, 6):
            await node.ask(Add(n), key=("e", n))
    shard = next(iter(store.shards))
    del store.shards[shard][-4:]
    async with running(store) as node:
        assert "log_shorter_than_snapshots" in node.system.ready()[1]
        assert "accept-loss" in node.system.ready()[1]
        [short] = await short_shards(node.log, node.log.snapshots, [shard])
        assert short.gone >= 4
        await accept(node.log.snapshots, short, NOW_MS)
        await until(lambda: node.system.ready()[0])
        assert (await node.ask(Add(1)))[1] >= 1


async def test_an_owners_own_batch_at_the_place_of_the_last_record_is_not_taken_for_it() -> None:
    """Found by simulation: one record was cut off, and the batch that came too early lay at its offset."""
    async with running() as node:
        for n in range(1, 6):
            await node.ask(Add(n), key=("e", n))
        await cut(node, 1)
        assert not node.system.ready()[0]


@pytest.mark.parametrize("key", ["e|x|0|n", "e|", "e|3|n", "m|3|n", "s|n|0|h|id", "x|3|0|n", "e|-1|0|n"])
def test_other_keys_are_none_of_a_loss(key: str) -> None:
    assert parse_loss_key(key) is None


def test_a_claim_names_its_place_and_an_unreadable_loss_raises_numbers_only() -> None:
    place = KnownPlace(7, "ab|c@3", 6)
    assert parse_loss_key(claim_key(place)) == place
    [loss] = losses({"l|7|2|n": b"\xff"})
    assert (loss.place.offset, loss.end) == (7, 8)
