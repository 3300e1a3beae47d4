"""What becomes of a command when the log, the machine or our own code fails beneath it."""

from __future__ import annotations

import asyncio

from actors.faults import LogFull, OutcomeUnknown
from actors.limits import Limits
from actors.log.memory import Fate, MemoryStore
from actors.log.port import ShardId
from actors.shard.fence import Mode
from tests.actors.rig import Heard, running
from tests.actors.toy import Add, Break, Send, Total, View

SHARD = ShardId("tallies", 0)
NEVER = Fate(lands_s=None, answers_s=None)
LOST = Fate(lands_s=None, answers_s=0.0, fault=OutcomeUnknown("lost on the way"))
LANDED_UNHEARD = Fate(lands_s=0.0, answers_s=0.01, fault=OutcomeUnknown("the answer was lost"))


async def test_a_failed_batch_under_speculation_drops_the_memory_and_tells_the_senders() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(lands_s=None, answers_s=0.02, fault=OutcomeUnknown("gone"))]
        heard = Heard()
        node.send(Add(10), sink=heard, request=1, key=("e", 2))
        await node.turns()
        node.send(Add(100), sink=heard, request=2, key=("e", 3))
        await asyncio.sleep(0.1)
        assert [(s[0], s[1], s[2]) for s in heard.said] == [("err", 1, "unknown"), ("err", 2, "unknown")]
        assert await node.view(Total()) == (View(1, 1, 0), 1)
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)


async def test_a_batch_that_landed_unheard_is_not_executed_twice() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [LANDED_UNHEARD]
        assert (await node.ask(Add(10), key=("e", 2))).code == "unknown"
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)
        assert await node.view(Total()) == (View(11, 2, 0), 2)


async def test_who_waits_for_a_recovery_is_refused_once_an_attempt_failed_and_nothing_is_doubled() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [LOST] * 100
        heard = Heard()
        node.send(Add(10), sink=heard, request=1, key=("e", 2))
        await node.turns()
        node.send(Add(100), sink=heard, request=2, key=("e", 3))  # it waits for the first attempt
        while "recovery_failed" not in node.told.names():
            await asyncio.sleep(0.01)
        node.send(Add(1000), sink=heard, request=3, key=("e", 4))  # it waits for none
        assert [(s[0], s[1], s[2]) for s in heard.said] == [
            ("err", 1, "unknown"), ("err", 2, "unavailable"), ("err", 3, "unavailable")
        ]  # fmt: skip
        node.plan.fates = []
        while not node.system.ready()[0]:
            await asyncio.sleep(0.01)
        assert await node.ask(Add(100), key=("e", 3)) == (b'{"total":101}', 2)
        assert await node.ask(Add(100), key=("e", 3)) == (b'{"total":101}', 2)


async def test_who_waits_for_a_recovery_that_does_not_end_is_refused_after_the_time_of_a_late_batch() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [LOST, NEVER]
        assert (await node.ask(Add(10), key=("e", 2))).code == "unknown"
        while node.shard.ownership.mode is not Mode.OPENING or node.plan.fates:
            await asyncio.sleep(0.01)
        heard = Heard()
        node.send(Add(100), sink=heard, request=2, key=("e", 3))
        await node.turns()
        assert not heard.said
        node.clock.pass_s(5.1)
        while not heard.said:
            await asyncio.sleep(0.01)
        node.send(Add(1000), sink=heard, request=3, key=("e", 4))
        assert [(s[0], s[1], s[2]) for s in heard.said] == [("err", 2, "unavailable"), ("err", 3, "unavailable")]


async def test_an_abandoned_batch_that_lands_late_does_not_count() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(lands_s=0.1, answers_s=0.0, fault=OutcomeUnknown("given up"))]
        assert (await node.ask(Add(10), key=("e", 2))).code == "unknown"
        assert await node.ask(Add(100), key=("e", 3)) == (b'{"total":101}', 2)
        await asyncio.sleep(0.2)
        # The straggler lies between two of ours now: the next batch is not where it must be, what lies between is read.
        assert await node.ask(Add(1000), key=("e", 4)) == (b'{"total":1101}', 3)
        assert node.shard.commit.gaps == 1
        store = node.store
    async with running(store) as node:
        assert await node.view(Total()) == (View(1101, 3, 0), 3)


async def test_a_strangers_record_between_two_batches_is_damage_with_its_place_and_nobodys_bug() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        place = len(node.store.records(SHARD))
        node.store.records(SHARD).append(b"from another program")
        assert (await node.ask(Add(10), key=("e", 2))).code == "unknown"
        while "recovery_failed" not in node.told.names():
            await asyncio.sleep(0.01)
        assert f"offset {place}: not a record" in node.system.ready()[1]
        assert "background_contained" not in node.told.names()


async def test_a_bug_in_decide_is_contained_in_its_command() -> None:
    async with running() as node:
        await node.ask(Add(1))
        assert (await node.ask(Break("decide"))).code == "internal"
        assert await node.ask(Add(1)) == (b'{"total":2}', 2)
        assert "bug_contained" in node.told.names()


async def test_a_contained_bug_names_the_command_that_met_it_and_not_what_it_said() -> None:
    async with running() as node:
        await node.ask(Break("decide"), key=("phone", 7))
        fields = dict(node.told.events)["bug_contained"]
        assert (fields["entity"], fields["command"]) == ("tally/t", "Break")
        assert (fields["by"], fields["key"]) == ("p:alice", "phone:7")
        assert "planted" not in repr(fields)


async def test_a_bug_in_apply_drops_the_memory_and_the_shard_recovers_from_the_log() -> None:
    async with running() as node:
        await node.ask(Add(1))
        assert (await node.ask(Break("apply"))).code == "internal"
        assert await node.view(Total()) == (View(1, 1, 0), 1)
        assert await node.ask(Add(1)) == (b'{"total":2}', 2)


async def test_an_entity_that_tears_again_and_again_is_closed_and_the_others_go_on() -> None:
    async with running() as node:
        await node.ask(Add(1), to="good")
        for _ in range(3):
            assert (await node.ask(Break("apply"), to="bad")).code == "internal"
            await asyncio.sleep(0.02)
        assert (await node.ask(Add(1), to="bad")).code == "entity_damaged"
        assert await node.ask(Add(1), to="good") == (b'{"total":2}', 2)


async def test_a_full_disk_is_waited_out_and_nothing_is_lost() -> None:
    async with running() as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(lands_s=None, answers_s=0.0, fault=LogFull("no space")) for _ in range(2)]
        assert await node.ask(Add(1), key=("e", 2)) == (b'{"total":2}', 2)


async def test_a_shard_whose_batches_the_log_does_not_take_is_not_ready_and_says_why() -> None:
    async with running(limits=Limits(late_s=1.0)) as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(lands_s=None, answers_s=0.0, fault=LogFull("no space for it"))] * 1_000
        node.send(Add(10), sink=Heard(), request=1, key=("e", 2))
        await node.turns()
        for _ in range(10):
            node.clock.pass_s(0.2)
            node.shard.tick()
        assert node.system.ready() == (False, "1 of 1 shards are not served: log_full: no space for it")
        node.plan.fates = []
        while not node.system.ready()[0]:
            await asyncio.sleep(0.01)
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)


async def test_a_late_batch_tells_its_senders_and_goes_on_when_the_answer_comes() -> None:
    async with running(limits=Limits(late_s=1.0)) as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(0.1, 0.1)]
        heard = Heard()
        node.send(Add(10), sink=heard, request=1, key=("e", 2))
        await node.turns()
        for _ in range(10):
            node.clock.pass_s(0.2)
            node.shard.tick()
        assert heard.said == [("err", 1, "unknown", -1)]
        node.send(Add(10), sink=heard, request=2, key=("e", 2))
        assert heard.said[-1] == ("err", 2, "unavailable", -1)
        assert not node.system.ready()[0]
        await asyncio.sleep(0.15)
        assert node.system.ready()[0]
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)
        assert node.shard.recoveries == 1, "no step-down: the batch was only late"


async def test_an_answer_that_came_while_the_process_stood_still_is_heard_before_its_batch_is_given_up() -> None:
    async with running(limits=Limits(late_s=1.0, give_up_s=5.0)) as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(0.1, 0.1)]
        heard = Heard()
        node.shard.tick()
        node.send(Add(10), sink=heard, request=1, key=("e", 2))
        await node.turns()
        node.clock.pass_s(20)
        node.shard.tick()  # on waking the timers come first, then what lies in the sockets
        assert heard.said == []
        await asyncio.sleep(0.15)
        assert heard.said == [("ok", 1, b'{"total":11}', 2)]
        assert node.shard.recoveries == 1


async def test_a_batch_that_is_unanswered_a_second_after_the_process_stood_still_is_given_up() -> None:
    async with running(limits=Limits(late_s=1.0, give_up_s=5.0)) as node:
        await node.ask(Add(1), key=("e", 1))
        node.plan.fates = [Fate(None, None)]
        heard = Heard()
        node.shard.tick()
        node.send(Add(10), sink=heard, request=1, key=("e", 2))
        await node.turns()
        node.clock.pass_s(20)
        for _ in range(5):
            node.shard.tick()
            node.clock.pass_s(0.2)
        assert heard.said == []
        for _ in range(2):
            node.shard.tick()
            node.clock.pass_s(0.2)
        assert heard.said == [("err", 1, "unknown", -1)]
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)
        assert node.shard.recoveries == 2


async def test_a_newer_tenure_of_another_node_is_not_disputed() -> None:
    store = MemoryStore()
    async with running(store) as old:
        await old.ask(Add(1), key=("e", 1))
        async with running(store) as new:
            await new.ask(Add(1), key=("e", 2))
            # The old owner's batch lands, void; the newer tenure lies before it.
            first = await old.ask(Add(100), key=("e", 3))
            assert first.code == "unknown"
            await asyncio.sleep(0.02)
            assert (await old.ask(Add(100), key=("e", 3))).code == "unavailable"
            assert old.shard.ownership.mode is Mode.MOVED
            assert await new.ask(Add(1), key=("e", 4)) == (b'{"total":3}', 3)


async def test_reactions_arrive_once_although_the_source_dies_before_its_cursor() -> None:
    store = MemoryStore()
    async with running(store, shards=4) as node:
        for i in range(5):
            await node.ask(Send(("a", "b", "a"), 1), to=f"source{i}")
        await asyncio.sleep(0.02)
        assert (await node.view(Total(), to="a"))[0].total == 10
    async with running(store, shards=4) as node:
        await asyncio.sleep(0.02)
        assert (await node.view(Total(), to="a"))[0].total == 10
        assert (await node.view(Total(), to="b"))[0].total == 5


async def test_a_reaction_whose_targets_batch_fails_is_sent_again() -> None:
    async with running(shards=8) as node:
        await node.ask(Add(0), to="target")
        region = node.system.regions["tally"]
        assert region.shard("target") is not region.shard("s1")
        node.plan.only = lambda shard, records: shard == region.shard("target").id and bool(records)
        node.plan.fates = [LOST]
        await node.ask(Send(("target",), 7), to="s1")
        await asyncio.sleep(0.7)
        assert (await node.view(Total(), to="target"))[0].total == 7
