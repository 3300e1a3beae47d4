"""A bad record is passed over on an operator's order, and only that very record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.faults import LogMisconfigured
from actors.log.codec import RecordDecoder
from actors.log.memory import MemoryLog, MemoryStore
from actors.log.port import ShardId
from actors.log.skipping import VOID, Skip, SkippingLog, digest_of, find_skip, parse_skip
from tests.actors.rig import Node, running
from tests.actors.toy import Add, TallyType

SHARD = ShardId("tallies", 0)
ALIEN = b"from another program"
DECODERS = {"tallies": RecordDecoder(TallyType().event_type)}


async def found(store: MemoryStore, offset: int, *already: Skip) -> Skip:
    log = SkippingLog(MemoryLog(store), already, DECODERS)
    await log.open()  # type: ignore[no-untyped-call]
    return await find_skip(log, DECODERS["tallies"], SHARD, offset)  # type: ignore[arg-type]


async def played() -> MemoryStore:
    store = MemoryStore()
    async with running(store) as node:
        for n in range(1, 5):
            await node.ask(Add(n), key=("e", n), to="a" if n % 2 else "b")
    return store


async def totals(store: MemoryStore, *skips: Skip, names: str = "ab") -> dict[str, Any]:
    """Serve the log without these records; return what every tally says."""
    node = Node(store)
    node.system = _over(node, skips)
    await asyncio.wait_for(node.system.start(), 10)
    said = {name: await node.system.ask("tally", name, Add(0), _caller(), ("f", 1)) for name in names}
    await node.system.close()
    return said


def _caller() -> Any:
    from tests.actors.rig import ALICE

    return ALICE


def _over(node: Node, skips: tuple[Skip, ...]) -> Any:
    import random

    from actors.passivation.passivation import MemorySpill
    from actors.system import ActorSystem, Outside

    log: Any = SkippingLog(node.log, skips, DECODERS)
    outside = Outside(log, node.log.snapshots, MemorySpill(), node.clock, random.Random(1), node.shown, node.told, None)
    return ActorSystem([(TallyType(), 1)], outside, node.run)


async def test_a_strangers_record_is_passed_over_and_everything_else_counts() -> None:
    store = await played()
    records = store.records(SHARD)
    place = len(records) - 2
    records.insert(place, ALIEN)
    skip = await found(store, place)
    assert (skip.nonce, skip.digest, parse_skip(str(skip))) == (VOID, digest_of(ALIEN), skip)
    said = await totals(store, skip)
    assert {name: answer[0] for name, answer in said.items()} == {"a": b'{"total":4}', "b": b'{"total":6}'}


async def test_a_record_of_our_own_that_is_damaged_costs_its_entity_and_no_other() -> None:
    store = await played()
    records = store.records(SHARD)
    place = next(n for n, body in enumerate(records) if b'"tally/a"' in body)  # the first of a's two
    records[place] = records[place][:-3] + b"\x00\x00\x00"
    skip = await found(store, place)
    assert skip.nonce != VOID
    assert skip == parse_skip(str(skip))
    said = await totals(store, skip)
    assert said["b"][0] == b'{"total":6}'
    assert said["a"].code == "entity_damaged"


async def test_what_the_server_can_read_is_never_passed_over() -> None:
    store = await played()
    last = len(store.records(SHARD)) - 1
    with pytest.raises(ValueError, match="a valid record of the server, which is never skipped"):
        await found(store, last)
    by_hand = SkippingLog(MemoryLog(store), [Skip(SHARD, last, digest_of(store.records(SHARD)[last]))], DECODERS)
    await by_hand.open()  # type: ignore[no-untyped-call]
    with pytest.raises(LogMisconfigured, match="never skipped"):
        await anext(by_hand.read(SHARD, 0))
    with pytest.raises(ValueError, match=f"has records from 0 to {last}, and none at {last + 1}"):
        await found(store, last + 1)


async def test_the_opening_of_a_tenure_and_a_newer_versions_record_are_not_passed_over() -> None:
    store = await played()
    records = store.records(SHARD)
    newer = records[-1].replace(b'"type":"cmd"', b'"type":"cmd9"')
    records[-1] = newer
    with pytest.raises(ValueError, match="as another version writes it"):
        await found(store, len(records) - 1)
    records[0] = b"\x00" + records[0]
    with pytest.raises(ValueError, match="the opening of a tenure, damaged"):
        await found(store, 0)


async def test_two_strangers_records_in_a_row_are_passed_over_one_after_the_other() -> None:
    store = await played()
    records = store.records(SHARD)
    place = len(records) - 1
    records[place:place] = [ALIEN, b'{"type":"probe"}']
    first = await found(store, place)
    second = await found(store, place + 1, first)
    said = await totals(store, first, second)
    assert said["b"][0] == b'{"total":6}'


def test_orders_that_are_none_are_refused_with_what_is_allowed() -> None:
    for text in (
        "",
        "hunts-3",
        "hunts-3@5",
        "hunts-3@5:short",
        "hunts-3@5:0123456789abcdef:n",
        "Hunts-3@5:0123456789abcdef",
    ):
        with pytest.raises(LogMisconfigured, match="skip-record"):
            SkippingLog.of(MemoryLog(MemoryStore()), [text], [TallyType()])
    with pytest.raises(LogMisconfigured, match="allowed are shards of tallies"):
        SkippingLog.of(MemoryLog(MemoryStore()), ["hunts-3@5:0123456789abcdef"], [TallyType()])
