"""Faults that the simulation found, each as small as it can be made. One test a fault; never removed."""

from __future__ import annotations

import asyncio

from actors.faults import OutcomeUnknown
from actors.limits import Limits
from actors.log.memory import Fate, MemoryStore
from actors.log.port import ShardId
from actors.shard.fence import Mode
from tests.actors.rig import Heard, running
from tests.actors.snapshots.test_recovery import settle
from tests.actors.toy import Add, Break, Send, Total

SHARD = ShardId("tallies", 0)


async def test_reactions_of_records_that_a_snapshot_covers_are_sent_after_a_crash() -> None:
    """A source's snapshot was newer than its cursor: replay passed over the record, and its reactions were lost."""
    store = MemoryStore()
    limits = Limits(snapshot_records=2, marker_records=2)
    async with running(store, shards=8, limits=limits) as node:
        region = node.system.regions["tally"]
        target = region.shard("target").id
        assert region.shard("s1").id != target
        await node.ask(Add(1), to="s1")
        node.plan.only = lambda shard, records: shard == target and bool(records)
        node.plan.fates = [Fate(lands_s=None, answers_s=None)] * 9  # the target's log does not answer
        await node.ask(Send(("target",), 7), to="s1")
        await settle(node)
        assert any("|h|s1" in key for key in store.kept[region.shard("s1").id])
    async with running(store, shards=8) as node:
        await asyncio.sleep(0.02)
        assert (await node.view(Total(), to="target"))[0].total == 7


async def test_lost_answers_of_the_log_do_not_close_a_shard_for_restarting_too_often() -> None:
    """Six lost acknowledgements within a minute closed a shard for half a minute: the limit is for bugs."""
    async with running() as node:
        for n in range(1, 9):
            node.plan.fates = [Fate(0.0, 0.001, OutcomeUnknown("the answer was lost"))]
            await node.ask(Add(1), key=("e", n))
            assert await node.ask(Add(1), key=("e", n)) == (b'{"total":%d}' % n, n)
        assert "shard_restarts" not in node.told.names()


async def test_a_bug_that_tears_many_entities_closes_the_shard_for_a_while() -> None:
    async with running(limits=Limits(restarts_max=2, restart_pause_s=3600.0)) as node:
        for i in range(3):
            assert (await node.ask(Break("apply"), to=f"t{i}")).code == "internal"
            await node.turns(50)
        assert "shard_restarts" in node.told.names()
        assert (await node.ask(Add(1))).code == "unavailable"


async def test_commands_that_wait_for_a_recovery_are_refused_when_the_shard_turns_out_to_be_anothers() -> None:
    """They waited for ever: a connection with 16 of them was never read again."""
    store = MemoryStore()
    async with running(store) as old:
        await old.ask(Add(1))
        async with running(store):
            heard = Heard()
            old.told.warn = lambda event, **_: old.send(Add(1), sink=heard, request=2)  # type: ignore[method-assign]
            old.send(Add(1), sink=heard, request=1, key=("e", 1))
            await asyncio.sleep(0.05)
            assert old.shard.ownership.mode is Mode.MOVED
            assert [(said[1], said[2]) for said in heard.said] == [(1, "unknown"), (2, "unavailable")]


async def test_commands_that_wait_for_a_recovery_are_refused_when_the_log_turns_out_to_be_damaged() -> None:
    store = MemoryStore()
    async with running(store) as node:
        for n in range(1, 5):
            await node.ask(Add(1), key=("e", n))
        store.records(SHARD)[2] = b"{}"
        node.plan.fates = [Fate(None, 0.001, OutcomeUnknown("lost on the way"))]
        heard = Heard()
        node.told.warn = lambda event, **_: node.send(Add(1), sink=heard, request=2)  # type: ignore[method-assign]
        node.send(Add(1), sink=heard, request=1, key=("e", 5))
        await asyncio.sleep(0.05)
        assert [(said[1], said[2]) for said in heard.said] == [(1, "unknown"), (2, "unavailable")]


async def test_a_shard_that_is_lost_while_it_drains_is_left_alone() -> None:
    """Its release was stamped although the node was no longer owner: an assertion, and the drain hung."""
    store = MemoryStore()
    async with running(store) as old:
        await old.ask(Add(1), key=("e", 1))
        async with running(store) as new:
            await new.ask(Add(1), key=("e", 2))
            heard = Heard()
            old.send(Add(1), sink=heard, request=1, key=("e", 3))
            await asyncio.wait_for(old.system.regions["tally"].supervisors[0].drain(), 2)
            assert b'"released"' not in b"".join(store.records(SHARD))


async def test_a_drain_ends_soon_although_the_answer_to_its_last_record_is_lost() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.only = lambda shard, records: any(b'"released"' in record for record in records)
        node.plan.fates = [Fate(0.0, 0.001, OutcomeUnknown("the answer was lost"))]
        await asyncio.wait_for(node.system.drain(), 2)


async def test_a_node_that_was_paused_does_not_take_the_logs_time_for_a_wrong_clock() -> None:
    """Found by a fault campaign: a batch written before a pause of over 5 s was answered after it, with the log's time
    of before; the shard was closed with `clock_skewed` and its memory dropped."""
    async with running() as node:
        await node.ask(Add(1))
        written_ms = node.clock.ms
        node.store.now_ms = lambda: written_ms
        node.plan.fates = [Fate(0.0, 0.01)]
        asking = asyncio.ensure_future(node.ask(Add(1), key=("e", 1)))
        await node.turns()
        node.clock.pass_s(20)
        assert await asking == (b'{"total":2}', 2)
        node.store.now_ms = node.clock.wall_ms
        await node.turns()
        assert await node.ask(Add(1)) == (b'{"total":3}', 3)
        assert "shard_lost" not in node.told.names()


async def test_a_reading_that_fails_after_its_batch_was_given_up_leaves_no_unheard_exception() -> None:
    """Found by a fault campaign: the log was full of "Task exception was never retrieved"."""
    async with running() as node:
        await node.ask(Add(1))
        read: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        read.set_exception(OutcomeUnknown("the broker is away"))
        node.system.shards()[0].commit._gap_read(read, "a batch given up before", 0, 0)
        assert not read._log_traceback
        assert node.system.shards()[0].ownership.mode is Mode.OWNER
