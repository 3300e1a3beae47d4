"""Snapshots, markers, replay, passivation: every way back to the same state."""

from __future__ import annotations

import asyncio

import pytest

from actors.limits import Limits
from actors.log.memory import MemoryStore
from actors.log.port import ShardId
from actors.snapshots import recovery
from actors.snapshots.format import digest
from tests.actors.rig import ALICE, BOB, Node, running
from tests.actors.toy import Add, SetAlarm, TallyType, Total, View

SHARD = ShardId("tallies", 0)
OFTEN = Limits(snapshot_records=10, marker_records=25)


def live_digest(node: Node, id: str) -> str:
    actor = node.shard.actors[id]
    return digest(list(actor.dedup.encode()), list(node.shard.kind.encode(actor.state)))


async def play(node: Node, rounds: int, *, start: int = 1, to: str = "t") -> None:
    for n in range(start, start + rounds):
        await node.ask(Add(n), caller=ALICE if n % 2 else BOB, key=("e", n), to=to)


async def settle(node: Node) -> None:
    for _ in range(5):
        node.shard.tick()
        await node.turns(30)


async def test_replay_from_zero_gives_the_live_state() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await play(node, 50)
        before = live_digest(node, "t")
    async with running(store) as node:
        assert (await node.view(Total()))[1] == 50
        assert live_digest(node, "t") == before
        assert node.shard.replayed == 50


async def test_replay_from_a_marker_gives_the_same_state_as_from_zero() -> None:
    store = MemoryStore()
    async with running(store, limits=OFTEN) as node:
        await play(node, 60)
        await play(node, 60, to="u")
        await settle(node)
        before = live_digest(node, "t"), live_digest(node, "u")
        assert any(key.startswith("m|") for key in store.kept[SHARD])
    async with running(store, limits=OFTEN) as node:
        await node.view(Total())
        await node.view(Total(), to="u")
        assert node.shard.replayed < 100, "the marker spared most of it"
        assert (live_digest(node, "t"), live_digest(node, "u")) == before
    store.kept.clear()
    async with running(store) as node:
        assert node.shard.replayed == 120
        assert (live_digest(node, "t"), live_digest(node, "u")) == before


async def test_a_clean_stop_leaves_nothing_to_replay() -> None:
    store = MemoryStore()
    async with running(store, drain=True) as node:
        await play(node, 30)
        await node.ask(SetAlarm(node.clock.ms + 5000))
        before = live_digest(node, "t")
    async with running(store) as node:
        assert node.shard.replayed == 0
        node.clock.ms += 10
        assert (await node.view(Total()))[1] == 31
        assert live_digest(node, "t") == before
        assert await node.ask(Add(30), caller=BOB, key=("e", 30)) == (b'{"total":465}', 30), "keys are remembered"
        node.clock.pass_s(6)
        assert (await node.ask(Add(1))).code == "too_late", "its timer came along in the envelope"


async def test_a_key_is_remembered_over_a_snapshot_taken_by_its_own_record() -> None:
    store = MemoryStore()
    async with running(store, limits=OFTEN, drain=True) as node:
        for n in range(1, 11):
            await node.ask(Add(1), key=("e", n))
        await settle(node)
    async with running(store, limits=OFTEN) as node:
        assert await node.ask(Add(1), key=("e", 10)) == (b'{"total":10}', 10)


async def test_a_bad_snapshot_falls_back_to_the_one_before() -> None:
    store = MemoryStore()
    async with running(store, limits=OFTEN) as node:
        await play(node, 105)
        await settle(node)
        before = live_digest(node, "t")
    headers = sorted(key for key in store.kept[SHARD] if "|h|" in key)
    assert len(headers) == 2, "the last two are kept"
    spoil_newest(store)
    async with running(store, limits=OFTEN) as node:
        assert "snapshot_bad" in node.told.names()
        await node.view(Total())
        assert live_digest(node, "t") == before


async def test_an_entity_whose_snapshots_are_both_bad_is_closed_and_never_served_wrong() -> None:
    store = MemoryStore()
    async with running(store, limits=OFTEN) as node:
        await play(node, 105)
        await play(node, 105, to="u")
        await settle(node)
        await node.ask(Add(1))  # a record that no snapshot holds
    for key in [k for k in store.kept[SHARD] if k.startswith("s|") and k.endswith("|t") and "|h|" not in k]:
        store.kept[SHARD][key] = b"spoilt"
    async with running(store, limits=OFTEN) as node:
        assert (await node.ask(Add(1))).code == "entity_damaged"
        whys = [fields["why"] for name, fields in node.told.events if name == "entity_damaged"]
        assert len(whys) == 1, "an operator is told, not only the players"
        assert whys[0].startswith("snapshot "), "the snapshots are the reason, not the gap that a replay would find"
        assert (await node.view(Total(), to="u"))[1] == 105


async def test_a_snapshot_in_many_parts_is_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wide(TallyType):
        def encode(self, state):  # type: ignore[no-untyped-def]
            yield from super().encode(state)
            for i in range(20):
                yield bytes([i]) * 100_000

    store = MemoryStore()
    async with running(store, limits=OFTEN, kind=Wide()) as node:
        for n in range(1, 40):
            await node.ask(Add(n), key=("e", n))
            await node.turns(8)
        await node.turns(100)
        await settle(node)
        assert node.shard.snapshots.statistics().taken >= 1
        before = live_digest(node, "t")
    del store.kept[SHARD][next(k for k in store.kept[SHARD] if "|7|" in k)]
    async with running(store, limits=OFTEN, kind=Wide()) as node:
        assert (await node.view(Total()))[1] == 39
        assert live_digest(node, "t") == before


async def test_a_log_shorter_than_its_snapshots_is_a_fault_in_words_and_never_served() -> None:
    store = MemoryStore()
    async with running(store, drain=True) as node:
        await play(node, 30)
    del store.records(SHARD)[10:]
    async with running(store) as node:
        ok, why = node.system.ready()
        assert not ok
        assert "log_shorter_than_snapshots" in why
        assert (await node.ask(Add(1))).code == "unavailable"


async def test_a_flipped_byte_in_a_record_is_named_with_shard_and_offset() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await play(node, 5)
    store.records(SHARD)[3] = store.records(SHARD)[3].replace(b'"events"', b'"evenus"')
    async with running(store) as node:
        ok, why = node.system.ready()
        assert not ok
        assert "tallies-0, offset 3" in why


async def test_a_hole_in_an_entitys_records_closes_the_entity() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await play(node, 5)
        await play(node, 2, to="u")
    records = store.records(SHARD)
    records[3] = records[3].replace(b'"pos":3', b'"pos":9')
    async with running(store) as node:
        assert (await node.ask(Add(1))).code == "entity_damaged"
        assert (await node.view(Total(), to="u"))[1] == 2


async def test_another_shard_count_refuses_to_start() -> None:
    store = MemoryStore()
    async with running(store, shards=2) as node:
        await node.ask(Add(1))
    async with running(store, shards=3) as node:
        ok, why = node.system.ready()
        assert not ok
        assert "the count is for life" in why


async def test_idle_entities_are_passivated_past_the_budget_and_come_back() -> None:
    store = MemoryStore()
    async with running(store, limits=Limits(memory_bytes=0)) as node:
        for i in range(50):
            await node.ask(Add(i), to=f"t{i}", key=("e", 1))
        node.shard.sweep(1000)
        assert node.shard.sweep(1000) >= 50
        assert node.shard.statistics().live == 0
        assert node.shard.statistics().passivated == 50
        for i in range(50):
            assert await node.view(Total(), to=f"t{i}") == (View(i, 1, 0), 1)
            assert await node.ask(Add(i), to=f"t{i}", key=("e", 1)) == (b'{"total":%d}' % i, 1)


async def test_a_passivated_entitys_timer_still_fires() -> None:
    async with running() as node:
        await node.ask(SetAlarm(node.clock.ms + 40))
        node.shard.sweep(10)
        assert node.shard.sweep(10) == 1
        node.clock.ms += 50
        await asyncio.sleep(0.1)
        assert node.shard.statistics().passivated == 0
        assert (await node.view(Total()))[0].rang_at == node.clock.ms - 10


async def test_dormant_entities_do_not_hold_up_the_marker() -> None:
    store = MemoryStore()
    async with running(store, limits=Limits(snapshot_records=1000, marker_records=20)) as node:
        for i in range(30):
            await node.ask(Add(i), to=f"t{i}")
        node.shard.sweep(1000)
        node.shard.sweep(1000)
        for _ in range(10):
            await settle(node)
        assert any(key.startswith("m|") for key in store.kept[SHARD])
    async with running(store) as node:
        assert node.shard.replayed < 30
        for i in range(30):
            assert (await node.view(Total(), to=f"t{i}"))[0].total == i


async def test_a_recovery_past_the_memory_budget_passivates_as_it_goes() -> None:
    store = MemoryStore()
    async with running(store) as node:
        for i in range(100):
            await node.ask(Add(i), to=f"t{i}")
    async with running(store, limits=Limits(memory_bytes=10)) as node:
        node.shard.sweep(1000)
        for i in range(100):
            assert (await node.view(Total(), to=f"t{i}"))[0].total == i


async def test_commands_that_come_while_a_shard_recovers_wait_and_are_decided_in_order() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await play(node, 3)
    node = Node(store)
    starting = asyncio.get_running_loop().create_task(node.system.start())
    asked = [asyncio.get_running_loop().create_task(node.ask(Add(1))) for _ in range(3)]
    await starting
    assert [await a for a in asked] == [(b'{"total":7}', 4), (b'{"total":8}', 5), (b'{"total":9}', 6)]
    await node.system.close()


def spoil_newest(store: MemoryStore) -> None:
    from actors.snapshots.format import decode_header

    kept = store.kept[SHARD]
    newest = max((k for k in kept if "|h|" in k), key=lambda k: decode_header(kept[k]).seq)
    part = newest.replace("|h|", "|1|")
    kept[part] = kept[part][:-1] + b"?"


async def test_a_timer_of_an_entity_that_was_put_away_during_the_replay_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found in a follower, which puts away what it replays; a long replay over budget lost its timers as well."""
    monkeypatch.setattr(recovery, "WEIGH_EVERY", 1)
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + 60_000), key=("e", 1))
        await play(node, 300, to="other")  # more than the log gives at once
    async with running(store, limits=Limits(memory_bytes=0)) as node:
        assert node.shard.passive.ids() == ["t"]
        assert len(node.shard.timers) == 1
        node.clock.pass_s(70)
        async with asyncio.timeout(60):
            while not any(b'"type":"rang"' in record for record in store.records(SHARD)):  # nobody asks
                await asyncio.sleep(0.05)
