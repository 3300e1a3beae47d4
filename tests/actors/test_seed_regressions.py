"""Faults that seeds of the simulation found in the runtime, each as small as it can be made; never removed."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from actors.faults import OutcomeUnknown
from actors.limits import Limits
from actors.log.memory import Fate, MemoryStore
from actors.log.port import ShardId
from actors.shard.dedup import EPOCHS_MAX
from actors.shard.fence import TenureFold, Verdict, stamped
from actors.snapshots.writer import SENDERS_FACTOR
from actors.supervisor import BACKOFF_S
from tests.actors.rig import ALICE, Heard, Node, running
from tests.actors.snapshots.test_recovery import play, settle
from tests.actors.toy import Add, SetAlarm, Total, View

SHARD = ShardId("tallies", 0)
EVERY = 2 * SENDERS_FACTOR  # records between the snapshots of an entity with two senders


def test_a_tenure_that_lands_twice_does_not_let_its_records_count_again() -> None:
    """The opening record landed again, and then a copy of the first batch: it counted a second time."""
    fold = TenureFold()
    fold.tenure(0, "n", "node#1")
    assert fold.record(stamped("n", 0), 1) is Verdict.COUNTS
    fold.tenure(2, "n", "node#1")
    assert fold.record(stamped("n", 0), 1) is Verdict.VOID
    assert fold.record(stamped("n", 0), 2) is Verdict.VOID
    assert fold.record(stamped("n", 2), 1) is Verdict.COUNTS


async def test_an_owner_whose_own_tenure_lands_again_opens_a_fresh_one() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(Add(1), key=("e", 1))
        store.land(SHARD, store.records(SHARD)[:1])
        assert (await node.ask(Add(10), key=("e", 2))).code == "unknown"
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)
        assert await node.ask(Add(100), key=("e", 3)) == (b'{"total":111}', 3)


async def test_a_snapshot_that_fails_never_spoils_the_one_to_fall_back_to() -> None:
    """Slots were taken in turn, failed writes counted: the next write went over the only whole snapshot."""
    store = MemoryStore()
    failed = Fate(0.0, 0.0, OutcomeUnknown("the snapshot store failed"))
    async with running(store, limits=Limits(snapshot_records=5)) as node:
        await play(node, EVERY)
        await settle(node)
        whole = dict(store.kept[SHARD])
        node.plan.only = lambda shard, records: not records
        for start in (1 + EVERY, 1 + 2 * EVERY, 1 + 3 * EVERY):
            node.plan.fates = [failed] * 2
            await play(node, EVERY, start=start)
            while node.plan.fates:  # the next try after a failure waits
                node.shard.snapshot("t")
                await settle(node)
            assert whole.items() <= store.kept[SHARD].items()


async def test_a_snapshot_that_was_on_its_way_when_the_shard_was_lost_is_not_written() -> None:
    """It took its slot after the loss had cleared them: the only whole one."""
    store = MemoryStore()
    async with running(store, limits=Limits(snapshot_records=5)) as node:
        await play(node, EVERY)
        await settle(node)
        kept = dict(store.kept[SHARD])
        await play(node, EVERY - 1, start=1 + EVERY)
        node.send(Add(1), sink=Heard(), key=("e", 2 * EVERY))
        node.shard.commit._resumed = lambda at_ms: node.shard.commit.fail(OutcomeUnknown("lost at this moment"))
        await node.turns()
        assert node.shard.recoveries == 2
        assert store.kept[SHARD] == kept


async def test_a_snapshot_of_an_earlier_tenure_does_not_end_the_watch_over_one_of_this() -> None:
    """Its end let a second snapshot begin beside the first; that failed, and the entity passed for clean."""
    store = MemoryStore()
    async with running(store, limits=Limits(snapshot_records=1000)) as node:
        node.plan.only = lambda shard, records: not records
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(0.02, 0.02)]
        node.shard.snapshot("t")
        await node.turns(5)
        node.shard.commit.fail(OutcomeUnknown("lost"))
        await node.turns()
        await node.ask(Add(1), key=("e", 2))
        node.plan.fates = [Fate(0.05, 0.05)] * 2
        node.shard.snapshot("t")
        await node.turns(5)
        await asyncio.sleep(0.03)  # the first has come to its end
        assert node.shard.snapshots.busy("t")


async def test_nothing_follows_the_record_that_gives_a_shard_up() -> None:
    """A timer fired while it was under way: the record counted, and the clean stop's marker stood past it."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + 40))
        node.plan.only = lambda shard, records: any(b'"released"' in record for record in records)
        node.plan.fates = [Fate(0.03, 0.03)]
        drained = asyncio.ensure_future(node.system.drain())
        while not node.plan.seen[-1][1] or b'"released"' not in node.plan.seen[-1][1][-1]:
            await asyncio.sleep(0)
        node.clock.pass_s(0.05)
        node.shard.wake("t", node.clock.ms - 10)
        heard = Heard()
        node.system.query("tally", "t", Total(), heard, 1, ALICE)
        await asyncio.wait_for(drained, 2)
        assert b'"released"' in store.records(SHARD)[-1]
        assert heard.said == [("err", 1, "unavailable", -1)]
    async with running(store) as node:
        node.clock.pass_s(0.05)
        assert (await node.view(Total()))[0].rang_at > 0


async def test_a_view_that_waited_for_a_second_batch_is_computed_anew() -> None:
    """It waited behind one slow batch after the other, and missed what the first had acknowledged long before."""
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(0.02, 0.02), Fate(0.02, 0.02)]
        heard = Heard()
        node.send(Add(10), sink=heard, request=1, key=("e", 2))
        await node.turns()
        node.system.query("tally", "t", Total(), heard, 2, ALICE)
        node.send(Add(100), sink=heard, request=3, key=("e", 3))
        await node.turns()
        node.clock.pass_s(5.0)
        await asyncio.sleep(0.03)
        node.clock.pass_s(5.0)
        await asyncio.sleep(0.06)
        assert [said for said in heard.said if said[0] == "view"] == [("view", 2, View(111, 3, 0), 3)]


def test_a_shard_is_tried_again_soon_enough_for_the_promise_of_five_seconds() -> None:
    """Back-off grew to 7.5 s: a node whose clock had been put right stood by for longer than I10 says."""
    assert max(BACKOFF_S) * 1.5 < 4.0


async def test_a_node_that_closes_while_a_tenure_is_on_its_way_leaves_no_exception_behind() -> None:
    caught: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: caught.append(context))
    node = Node(MemoryStore())
    node.plan.fates = [Fate(None, None)]
    starting = asyncio.ensure_future(node.system.start())
    await node.turns()
    await node.system.close()
    await node.log.close()
    starting.cancel()
    await node.turns()
    gc.collect()
    assert caught == []


async def test_a_snapshot_whose_header_was_changed_is_not_trusted() -> None:
    """The digest was of the parts alone: a flipped bit in the header's seq made an entity of 7 records one of 18."""
    store = MemoryStore()
    async with running(store) as node:
        await play(node, 7)
        node.shard.snapshot("t")
        await settle(node)
    [key] = [key for key in store.kept[SHARD] if "|h|" in key]
    for at in range(len(store.kept[SHARD][key])):
        whole = store.kept[SHARD][key]
        store.kept[SHARD][key] = whole[:at] + bytes((whole[at] ^ 0x15,)) + whole[at + 1 :]
        async with running(store) as node:
            assert await node.view(Total()) == (View(28, 7, 0), 7), f"byte {at}"
        store.kept[SHARD][key] = whole


async def test_a_straggling_copy_is_not_executed_after_its_refusal_was_forgotten() -> None:
    """Thirty-two refusals later the first was forgotten, and an old copy of its command was accepted."""
    async with running() as node:
        assert (await node.ask(Add(99_000_000), key=("e", 8))).code == "too_much"
        for n in range(9, 41):
            assert (await node.ask(Add(99_000_000), key=("e", n))).code == "too_much"
        node.shard.kind.limit = 100_000_000
        assert (await node.ask(Add(99_000_000), key=("e", 9))).code == "too_much"
        assert (await node.ask(Add(99_000_000), key=("e", 8))).code == "key_too_old"
        assert await node.ask(Add(1), key=("e", 41)) == (b'{"total":1}', 1)


async def test_a_superseded_owner_does_not_repeat_a_refusal_within_the_age_of_its_proof() -> None:
    """Asked at once again, it gave its refusal of before, and the session took that for the one that stays."""
    store = MemoryStore()
    async with running(store) as old:
        await old.ask(Add(1))
        async with running(store) as new:
            new.shard.kind.limit = 100_000_000
            assert await new.ask(Add(99_000_000), key=("e", 1)) == (b'{"total":99000001}', 2)
            heard = Heard()
            old.send(Add(99_000_000), sink=heard, request=1, key=("e", 1))
            await old.turns(1)
            assert heard.said == [("err", 1, "too_much", 1)], "its proof is young: the session judges this one"
            old.send(Add(99_000_000), sink=heard, request=2, key=("e", 1))
            await old.turns()
            assert "too_much" not in [code for _, request, code, _ in heard.said if request == 2]


async def test_refusals_of_one_device_do_not_push_out_those_of_another() -> None:
    async with running() as node:
        assert (await node.ask(Add(99_000_000), key=("phone", 1))).code == "too_much"
        for n in range(1, 41):
            await node.ask(Add(99_000_000), key=("tablet", n))
        node.shard.kind.limit = 100_000_000
        assert (await node.ask(Add(99_000_000), key=("phone", 1))).code == "too_much"
        assert await node.ask(Add(1), key=("phone", 2)) == (b'{"total":1}', 1)


async def test_a_straggling_copy_is_not_executed_after_many_devices_were_refused() -> None:
    """A further device pushed the refusals of another out, and an old copy of a refused command was accepted."""
    async with running() as node:
        for device in range(EPOCHS_MAX + 3):
            assert (await node.ask(Add(99_000_000), key=(f"e{device}", 1))).code == "too_much"
        node.shard.kind.limit = 100_000_000
        for device in range(3):
            assert (await node.ask(Add(99_000_000), key=(f"e{device}", 1))).code == "key_too_old"
        assert (await node.ask(Add(99_000_000), key=("e3", 1))).code == "too_much"
        assert await node.ask(Add(1), key=("e0", 2)) == (b'{"total":1}', 1)


async def test_a_timer_that_met_a_clock_set_back_is_not_forgotten() -> None:
    """The heap gave its entry out, and by the time that the entity was looked at it was not due any more."""
    async with running() as node:
        due_ms = node.clock.ms + 40
        await node.ask(SetAlarm(due_ms))
        node.clock.ms += 50
        node.shard.timers._tick()
        node.clock.ms -= 30
        await node.turns()
        assert len(node.shard.timers) == 1
        node.clock.ms += 30
        node.shard.timers._tick()
        await node.turns()
        assert b"rang" in node.store.records(SHARD)[-1]
        assert len(node.shard.timers) == 0


async def test_a_broken_snapshots_header_still_says_how_far_the_log_went() -> None:
    """Only whole snapshots were asked: one that lacked a part let a log be served that had lost its end."""
    store = MemoryStore()
    async with running(store) as node:
        await play(node, 7)
        node.shard.snapshot("t")
        await settle(node)
    for key in [key for key in store.kept[SHARD] if "|0|t" in key and "|h|" not in key]:
        del store.kept[SHARD][key]
    del store.shards[SHARD][4:]
    node = Node(store)
    starting = asyncio.ensure_future(node.system.start())
    try:
        async with asyncio.timeout(20):
            while "recovery_failed" not in node.told.names():
                await asyncio.sleep(0.01)
        assert "snapshots reach offset 8" in node.system.ready()[1]
    finally:
        starting.cancel()
        await node.system.close()
