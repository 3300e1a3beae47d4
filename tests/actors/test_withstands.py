"""What was found by attacking the runtime: a log's limits, damage, strangers, large entities; each was seen to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import msgspec

from actors.entity import Decision, Rejected
from actors.faults import OutcomeUnknown
from actors.limits import Limits
from actors.log.memory import Fate, MemoryStore
from actors.log.port import ShardId
from actors.log.sizes import batch_bytes
from actors.shard.fence import Mode
from actors.snapshots.format import cut_parts, part_names
from tests.actors.rig import Heard, Node, running
from tests.actors.toy import Add, Send, SetAlarm, Tally, TallyType, Total

SHARD = ShardId("tallies", 0)
WAIT_S = 60
TOO_MUCH = Add(TallyType.limit + 1)


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.005)


def count(store: MemoryStore, what: bytes) -> int:
    return sum(what in record for record in store.records(SHARD))


# ---- what an adapter cannot take


async def test_what_one_message_stages_is_cut_into_batches_that_fit() -> None:
    """20,000 records of one message made a batch that the log never takes: recovered from, and made again, for ever."""
    async with running(batch_bytes_max=2_000) as node:
        assert (await node.ask(Send(("b",) * 300, 1), to="a", key=("e", 1)))[1] == 1
        await until(lambda: not node.shard.outgoing.pending())
        assert (await node.view(Total(), to="b"))[0].adds == 300
        assert "shard_lost" not in node.told.names()
        sizes = [batch_bytes(records) for _, records in node.plan.seen if records]
        assert max(sizes) <= 2_000 < sum(sizes)


async def test_answers_that_are_held_between_records_leave_in_order_when_a_batch_is_cut() -> None:
    async with running(batch_bytes_max=700) as node:
        heard = Heard()
        for i in range(60):
            node.send(TOO_MUCH if i % 3 == 1 else Add(1), sink=heard, request=i, key=("e", i + 1))
        await until(lambda: len(heard.said) == 60)
        assert [request for _, request, _, _ in heard.said] == list(range(60))
        assert [said == "err" for said, _, _, _ in heard.said] == [i % 3 == 1 for i in range(60)]
        assert max(batch_bytes(records) for _, records in node.plan.seen if records) <= 700


async def test_a_part_over_the_stores_limit_lies_in_pieces_and_is_read_back() -> None:
    """From some 800 KB on no snapshot, no marker and no clean stop came to be any more."""
    store = MemoryStore()
    async with running(store, drain=True, part_bytes_max=250) as node:
        for n in range(1, 40):
            await node.ask(Add(n), key=(f"device-{n % 5}", n))
    assert any("|0.1|" in key for key in store.kept[SHARD])
    async with running(store, part_bytes_max=250) as node:
        assert node.shard.replayed == 0
        assert (await node.view(Total()))[0].total == sum(range(1, 40))
        assert (await node.ask(Add(39), key=("device-4", 39)))[1] == 39  # its memory of keys came back too


def test_parts_in_pieces_are_named_by_their_layout() -> None:
    pieces, layout = cut_parts([b"ab", b"abcdef", b""], 4)
    assert pieces == [("0", b"ab"), ("1", b"abcd"), ("1.1", b"ef"), ("2", b"")]
    assert layout == "/1:2"
    assert part_names(3, layout) == [name for name, _ in pieces]
    assert cut_parts([b"ab"], 4) == ([("0", b"ab")], "")


async def test_a_snapshot_that_failed_is_not_tried_again_at_once() -> None:
    """One that can never be written was tried 5 to 40 times a second."""
    async with running() as node:
        node.plan.only = lambda shard, records: not records
        node.plan.fates = [Fate(0.0, 0.0, OutcomeUnknown("the store failed"))] * 1000
        await node.ask(Add(1), key=("e", 1))
        node.shard.snapshot("t")
        await until(lambda: node.shard.snapshots.statistics().failures == 1)
        asked = len(node.plan.seen)
        for _ in range(100):
            node.shard.snapshot("t")
        assert len(node.plan.seen) == asked


async def test_the_same_work_that_is_lost_again_and_again_backs_off_and_is_told() -> None:
    """A batch that could not be written cost 2.7 recoveries a second, for ever."""
    async with running() as node:
        node.plan.only = lambda shard, records: any(b'"cmd"' in record for record in records)
        node.plan.fates = [Fate(None, 0.0, OutcomeUnknown("never taken"))] * 3
        for _ in range(3):
            assert (await node.ask(Add(1), key=("e", 1))).code == "unknown"
        assert (await node.ask(Add(1), key=("e", 1)))[1] == 1
        assert [fields["times"] for name, fields in node.told.events if name == "shard_lost_again"] == [1, 2]


# ---- work in the background


async def test_a_stray_key_in_the_snapshot_store_does_not_keep_a_shard_from_recovering() -> None:
    """Its keeper ended without a word."""
    store = MemoryStore()
    store.kept[SHARD] = {"s|stray": b"x", "s|n|2|h|t": b"x", "of another tool": b"y"}
    async with running(store) as node:
        assert (await node.ask(Add(1), key=("e", 1)))[1] == 1
        strays = [fields for name, fields in node.told.events if name == "snapshot_stray_keys"]
        assert [fields["count"] for fields in strays] == [3]


async def test_an_entity_whose_state_cannot_be_encoded_goes_on_playing() -> None:
    """It stayed frozen: its commands waited for ever."""

    class Broken(TallyType):
        def encode(self, state: Tally) -> Iterator[bytes]:
            raise RuntimeError("planted")
            yield b""

    async with running(kind=Broken()) as node:
        for n in range(1, 4):
            node.shard.snapshot("t")
            assert (await node.ask(Add(1), key=("e", n)))[1] == n
        assert "bug_contained" in node.told.names()


# ---- what is closed, and what can come back


def tenures(store: MemoryStore) -> int:
    return count(store, b'"type":"tenure"')


async def test_a_damaged_shard_gets_no_tenure_and_is_tried_ever_more_seldom() -> None:
    """It was replayed every second, with a tenure record each time."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(Add(1), key=("e", 1))
    store.records(SHARD)[1] = b"{damaged"
    before = tenures(store)
    node = Node(store)
    await asyncio.wait_for(node.system.start(), WAIT_S)
    await until(lambda: node.told.names().count("recovery_failed") >= 2)
    waits = [fields["again_s"] for name, fields in node.told.events if name == "recovery_failed"]
    assert tenures(store) == before
    assert waits[1] > waits[0]
    assert node.system.ready()[1].count("log_damaged")
    await node.system.close()


async def test_reactions_to_a_closed_entity_hold_up_no_marker_and_no_clean_stop_and_arrive_when_it_is_mended() -> None:
    """One damaged player kept the hunts' shard without a marker and without a clean stop for ever."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(Add(5), to="b", key=("e", 1))
    log = store.records(SHARD)
    at = next(i for i, record in enumerate(log) if b"tally/b" in record)
    whole, log[at] = log[at], log[at].replace(b'"pos":1,', b'"pos":7,')
    async with running(store, drain=True) as node:
        await node.ask(Send(("b",), 7), to="a", key=("e", 1))
        await until(lambda: node.shard.outgoing.aside == 1)
        assert node.shard.outgoing.pending() == 0
    assert "drain_cut_short" not in node.told.names()
    assert log[-1].startswith(b'{"type":"released"')
    assert any(key.startswith("m|") for key in store.kept[SHARD])
    assert [key for key in store.kept[SHARD] if key.startswith("r|")] != []
    log[at] = whole
    async with running(store) as node:
        await until(lambda: not node.shard.outgoing.held)
        assert (await node.view(Total(), to="b"))[0].total == 12
        await until(lambda: not any(key.startswith("r|") for key in store.kept[SHARD]))


async def test_a_reaction_that_was_set_aside_is_sent_after_a_restart_that_begins_behind_its_record() -> None:
    store = MemoryStore()
    async with running(store, drain=True) as node:
        await node.ask(Add(5), to="b", key=("e", 1))
        await until(lambda: node.shard.commit.quiet())
        node.shard.actors["b"].damaged = "planted"  # in this life only: its record is whole
        await node.ask(Send(("b",), 7), to="a", key=("e", 1))
        await until(lambda: node.shard.outgoing.aside == 1)
    async with running(store) as node:
        assert node.shard.replayed <= 1
        await until(lambda: not node.shard.outgoing.held)
        assert (await node.view(Total(), to="b"))[0].total == 12


async def test_a_superseded_server_takes_its_shard_back_when_the_other_gave_it_up() -> None:
    """It never served again."""
    store = MemoryStore()
    async with running(store) as old:
        await old.ask(Add(1), key=("e", 1))
        async with running(store, drain=True) as new:
            await new.ask(Add(1), key=("e", 2))
            assert (await old.ask(Add(1), key=("e", 3))).code == "unknown"
            await until(lambda: old.shard.ownership.mode is Mode.MOVED)
        await until(lambda: old.system.ready()[0])
        assert (await old.ask(Add(1), key=("e", 3)))[1] == 3


async def test_a_superseded_server_takes_over_once_from_one_that_is_gone() -> None:
    store = MemoryStore()
    node = Node(store, gone=True)
    await asyncio.wait_for(node.system.start(), WAIT_S)
    await node.ask(Add(1), key=("e", 1))
    async with running(store) as killed:
        await killed.ask(Add(1), key=("e", 2))
    assert (await node.ask(Add(1), key=("e", 3))).code == "unknown"
    await until(lambda: node.system.ready()[0])
    assert (await node.ask(Add(1), key=("e", 3)))[1] == 3
    await node.system.close()


# ---- replay is bounded


async def test_markers_are_counted_from_the_last_one_over_unclean_lives() -> None:
    """Counted from the present end, twelve unclean lives of fewer records each left no marker at all."""
    store = MemoryStore()
    limits = Limits(marker_records=10)
    for life in range(12):
        async with running(store, limits=limits) as node:
            for n in range(4):
                await node.ask(Add(1), key=(f"life-{life}", n + 1))
            if life == 11:
                await until(lambda node=node: node.shard.snapshots.statistics().markers > 0)  # type: ignore[misc]
    async with running(store, limits=limits) as node:
        assert node.shard.replayed <= 10
        assert (await node.view(Total()))[0].adds == 48


# ---- a log that is cut while nobody serves it


async def test_a_cut_while_nobody_serves_is_found_after_a_clean_stop() -> None:
    store = MemoryStore()
    async with running(store, drain=True) as node:
        await node.ask(Add(1), key=("e", 1))
        await node.ask(Add(2), key=("e", 2))
    del store.shards[SHARD][-1]
    node = Node(store)
    await asyncio.wait_for(node.system.start(), WAIT_S)
    try:
        assert not node.system.ready()[0]
        assert "log_shorter_than_snapshots" in node.system.ready()[1]
    finally:
        await node.system.close()
        await node.log.close()


# ---- large entities


class Large(TallyType):
    """A tally whose state takes a megabyte."""

    def encode(self, state: Tally) -> Iterator[bytes]:
        yield from super().encode(state)
        for _ in range(20):
            yield b"x" * 50_000

    def decode_steps(self, id: str, parts: Sequence[bytes]) -> Generator[int, None, Tally]:
        for part in parts:
            yield len(part)
        return self.decode(id, parts)


async def test_a_large_entity_is_passivated_and_activated_in_many_turns_and_answers_in_order() -> None:
    """Putting a hunt of 20,000 to sleep, or waking it, held the loop for up to 300 ms."""
    async with running(kind=Large()) as node:
        await node.ask(Add(1), key=("e", 1))
        shard = node.shard
        shard.sweep(10)
        shard.sweep(10)
        assert shard.actors["t"].frozen  # not in one turn
        await until(lambda: "t" not in shard.actors)
        heard = Heard()
        for n in (2, 3):
            node.send(Add(1), sink=heard, request=n, key=("e", n))
        assert list(shard.residents.activating) == ["t"]
        await until(lambda: len(heard.said) == 2)
        assert [(said, request, pos) for said, request, _, pos in heard.said] == [("ok", 2, 2), ("ok", 3, 3)]


async def test_a_large_entity_that_is_wanted_while_it_is_put_away_stays() -> None:
    async with running(kind=Large()) as node:
        await node.ask(Add(1), key=("e", 1))
        node.shard.sweep(10)
        node.shard.sweep(10)
        assert (await node.ask(Add(1), key=("e", 2)))[1] == 2
        assert "t" in node.shard.actors
        assert node.shard.passive.count == 0


async def test_a_large_entity_is_replayed_from_its_snapshot() -> None:
    store = MemoryStore()
    async with running(store, kind=Large(), drain=True) as node:
        await node.ask(Add(1), key=("e", 1))
    async with running(store, kind=Large()) as node:
        await node.ask(Add(1), key=("e", 2))
    async with running(store, kind=Large()) as node:
        assert (await node.view(Total()))[0].total == 2


class Bell(TallyType):
    """A tally whose alarm rings a hundred times in a row."""

    def apply(self, state: Tally, event: Any, seq: int, at_ms: int) -> None:
        alarm = state.alarm
        super().apply(state, event, seq, at_ms)
        if type(event).__name__ == "Rang":
            state.adds += 1
            state.rang_at = 0
            if alarm is not None and state.adds < 100:
                state.alarm = alarm._replace(due_ms=alarm.due_ms + 1)

    def decide(self, state: Tally, command: Any, ctx: Any) -> Decision | Rejected:
        return Decision(super().decide(state, command, ctx)[0], {"rang": state.adds})  # type: ignore[index]


async def test_timers_that_fire_in_a_row_share_turns_and_all_fire_before_a_command_is_decided() -> None:
    async with running(kind=Bell()) as node:
        await node.ask(SetAlarm(node.clock.ms + 1000), key=("e", 1))
        node.clock.pass_s(2)
        heard = Heard()
        node.send(Add(0), sink=heard, key=("e", 2))
        await node.turns(2)
        assert 0 < node.shard.decider.decided < 100  # not in one turn
        await until(lambda: bool(heard.said))
        assert msgspec.json.decode(heard.said[0][2]) == {"rang": 100}
