"""From a command to a durable answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.faults import OutcomeUnknown
from actors.limits import Limits
from actors.log.memory import Fate, MemoryStore
from actors.log.port import ShardId
from tests.actors.rig import BOB, HOST, Heard, running
from tests.actors.toy import Add, Send, SetAlarm, Total, View

SHARD = ShardId("tallies", 0)
NEVER = Fate(lands_s=None, answers_s=None)
LOST = Fate(lands_s=None, answers_s=0.0, fault=OutcomeUnknown("lost on the way"))
LANDED_UNHEARD = Fate(lands_s=0.0, answers_s=0.01, fault=OutcomeUnknown("the answer was lost"))


async def test_an_accepted_command_is_answered_with_its_position() -> None:
    async with running() as node:
        assert await node.ask(Add(2)) == (b'{"total":2}', 1)
        assert await node.ask(Add(3)) == (b'{"total":5}', 2)
        assert await node.view(Total()) == (View(5, 2, 0), 2)


async def test_nothing_is_said_or_shown_before_the_record_is_durable() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.plan.fates = [Fate(0.05, 0.05)]
        heard = Heard()
        node.send(Add(1), sink=heard, request=1)
        await node.turns()
        assert heard.said == []
        assert node.shown.pushes == [("t", 1)]
        await asyncio.sleep(0.1)
        assert heard.said == [("ok", 1, b'{"total":2}', 2)]
        assert node.shown.pushes == [("t", 1), ("t", 2)]


async def test_a_refusal_is_held_behind_an_event_that_is_not_durable() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.plan.fates = [Fate(0.05, 0.05)]
        heard = Heard()
        node.send(Add(1), sink=heard, request=1)
        await node.turns()
        node.send(Add(99_000_000), sink=heard, request=2)
        await node.turns()
        assert heard.said == []
        await asyncio.sleep(0.1)
        assert heard.said == [("ok", 1, b'{"total":2}', 2), ("err", 2, "too_much", 2)]


async def test_a_refusal_leaves_at_once_when_all_is_durable_and_ownership_was_proved() -> None:
    async with running() as node:
        await node.ask(Add(1))
        heard = Heard()
        appends = len(node.plan.seen)
        node.send(Add(99_000_000), sink=heard, request=1)
        await node.turns(2)
        assert heard.said == [("err", 1, "too_much", 1)]
        assert len(node.plan.seen) == appends


async def test_decisions_do_not_wait_for_the_batch_before() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.plan.fates = [Fate(0.05, 0.05)]
        heard = Heard()
        for i in range(10):
            node.send(Add(1), sink=heard, request=i)
            await node.turns(3)
        assert heard.said == []
        await asyncio.sleep(0.1)
        assert [s[1] for s in heard.said] == list(range(10))
        batches = [len(records) for _, records in node.plan.seen]
        assert batches[-2:] == [1, 9], "what came while one batch was in flight is the next"


async def test_a_repeated_key_gets_the_first_answer_again() -> None:
    async with running() as node:
        assert await node.ask(Add(1), key=("e", 1)) == (b'{"total":1}', 1)
        assert await node.ask(Add(5), key=("e", 2)) == (b'{"total":6}', 2)
        assert await node.ask(Add(1), key=("e", 1)) == (b'{"total":1}', 1)
        assert await node.ask(Add(1), key=("e", 1), caller=BOB) == (b'{"total":7}', 3), "keys are a player's own"
        store = node.store
    async with running(store) as node:
        assert await node.ask(Add(1), key=("e", 1)) == (b'{"total":1}', 1), "over a restart too"


async def test_a_repeated_key_waits_while_its_first_record_is_not_durable() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.plan.fates = [Fate(0.05, 0.05)]
        heard = Heard()
        node.send(Add(1), sink=heard, request=1, key=("e", 1))
        await node.turns()
        node.send(Add(1), sink=heard, request=2, key=("e", 1))
        await node.turns()
        assert heard.said == []
        await asyncio.sleep(0.1)
        assert heard.said == [("ok", 1, b'{"total":2}', 2), ("ok", 2, b'{"total":2}', 2)]


async def test_a_key_below_the_window_is_refused_and_not_executed() -> None:
    async with running() as node:
        for n in range(2, 40):
            await node.ask(Add(1), key=("e", n))
        late = await node.ask(Add(1), key=("e", 2))
        assert late.code == "key_too_old"
        assert (await node.view(Total()))[0].total == 38


async def test_a_key_that_was_refused_is_refused_again_under_the_same_tenure() -> None:
    async with running() as node:
        kind: Any = node.system.regions["tally"].kind
        assert (await node.ask(Add(99_000_000), key=("e", 1))).code == "too_much"
        kind.limit = 1_000_000_000
        assert (await node.ask(Add(99_000_000), key=("e", 1))).code == "too_much", "a straggling copy"
        assert await node.ask(Add(99_000_000), key=("e", 2)) == (b'{"total":99000000}', 1)


async def test_a_guess_after_the_end_that_was_due_does_not_slip_in() -> None:
    async with running() as node:
        await node.ask(SetAlarm(node.clock.ms + 1000))
        node.clock.pass_s(2)
        assert (await node.ask(Add(1))).code == "too_late"
        view, pos = await node.view(Total())
        assert view.rang_at == node.clock.ms - 1000, "the alarm is recorded at its time, before the command"
        assert pos == 2


async def test_a_timer_fires_once_over_a_takeover() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + 50))
        at = node.clock.ms + 50
        node.clock.ms += 60
        await asyncio.sleep(0.1)
        assert (await node.view(Total()))[0].rang_at == at
    async with running(store) as node:
        node.clock.ms = at + 5000
        await asyncio.sleep(0.02)
        assert await node.view(Total()) == (View(0, 0, at), 2)
        assert sum(b'"rang"' in r for r in store.records(SHARD)) == 1


async def test_a_timer_that_was_due_while_nobody_ran_fires_after_the_start() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + 60_000))
    async with running(store) as node:
        node.clock.pass_s(61)
        assert (await node.ask(Add(1))).code == "too_late"


async def test_record_times_never_go_back_when_the_clock_does() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.clock.ms -= 3000
        await node.ask(Add(1))
        times = [int(r.split(b'"at":')[1].split(b",")[0]) for r in node.store.records(SHARD)]
        assert times == sorted(times)


@pytest.mark.parametrize("ahead_ms", [60_000, 8_000, -8_000])
async def test_an_owner_whose_time_is_not_the_logs_stops_intake(ahead_ms: int) -> None:
    """By less than the time after which a batch is given up it went on, with a tenure for every batch."""
    async with running() as node:
        await node.ask(Add(1))
        node.store.now_ms = lambda: node.clock.ms - ahead_ms
        await node.ask(Add(1))
        await node.turns()
        assert (await node.ask(Add(1))).code == "unavailable"
        ok, why = node.system.ready()
        assert not ok
        assert "clock" in why
        async with asyncio.timeout(20):
            while node.told.names().count("recovery_failed") < 4:
                await asyncio.sleep(0.01)
        records = node.store.records(node.shard.id)
        assert sum(b'"type":"tenure"' in record for record in records) <= 3, "one before, at most two to look"
        node.store.now_ms = node.clock.wall_ms
        node.clock.pass_s(31)  # the log is not asked sooner than that
        async with asyncio.timeout(20):
            while not node.system.ready()[0]:
                await asyncio.sleep(0.01)
        assert (await node.ask(Add(1)))[1] == 3


async def test_a_probe_proves_ownership_after_a_pause() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.clock.boot += 5_000_000_000
        appends = len(node.plan.seen)
        assert (await node.ask(Add(99_000_000))).code == "too_much"
        probes = [r for _, records in node.plan.seen[appends:] for r in records]
        assert len(probes) == 1
        assert b'"type":"probe"' in probes[0]


async def test_a_refusal_is_checked_again_when_it_is_let_out() -> None:
    async with running() as node:
        await node.ask(Add(1))
        node.plan.fates = [Fate(0.02, 0.02)]
        heard = Heard()
        node.send(Add(1), sink=heard, request=1)
        await node.turns()
        node.send(Add(99_000_000), sink=heard, request=2)
        await node.turns()
        node.clock.boot += 5_000_000_000  # the process slept between handing over and the answer
        appends = len(node.plan.seen)
        await asyncio.sleep(0.06)
        assert heard.said[-1] == ("err", 2, "too_much", 2)
        assert any(b'"type":"probe"' in r for _, records in node.plan.seen[appends:] for r in records)


@pytest.mark.parametrize("caller", [HOST], ids=["a host's"])
async def test_answers_that_must_be_new_wait_for_a_later_batch(caller: object) -> None:
    async with running() as node:
        await node.ask(Add(1))
        appends = len(node.plan.seen)
        assert (await node.ask(Add(99_000_000), caller=HOST)).code == "too_much"
        assert len(node.plan.seen) == appends + 1


async def test_a_full_mailbox_refuses_with_busy_and_a_time() -> None:
    async with running(limits=Limits(mailbox_max=5)) as node:
        heard = Heard()
        for i in range(8):
            node.send(Add(1), sink=heard, request=i)
        assert [s[2] for s in heard.said] == ["busy"] * 3
        await node.turns()
        assert [s[0] for s in heard.said[3:]] == ["ok"] * 5


async def test_a_record_over_the_limit_is_a_refusal_and_not_a_fault() -> None:
    async with running(limits=Limits(record_bytes_max=300)) as node:
        assert (await node.ask(Send(("x" * 300,), 1))).code == "too_large"
        assert await node.ask(Add(1)) == (b'{"total":1}', 1)


async def test_a_key_that_was_refused_as_too_large_is_refused_again_though_it_would_fit_now() -> None:
    """Found by the simulation: a straggling copy was decided anew, by whoever owned the shard then, when its sender had
    been told that nothing would come of it."""
    async with running(limits=Limits(record_bytes_max=300)) as node:
        await node.ask(Add(1))
        assert (await node.ask(Send(("x" * 300,), 1), key=("e", 1))).code == "too_large"
        assert (await node.ask(Send(("x",), 1), key=("e", 1))).code == "too_large"
        assert await node.ask(Add(1), key=("e", 2)) == (b'{"total":2}', 2)


async def test_an_idle_shard_writes_nothing() -> None:
    async with running(shards=4) as node:
        await node.ask(Send(("target",), 7), to="s1")
        await asyncio.sleep(0.02)
        for shard in node.system.shards():
            shard.write_cursor()
        await node.turns()
        appends = len(node.plan.seen)
        for _ in range(5):
            for shard in node.system.shards():
                shard.write_cursor()
                shard.tick()
            await node.turns()
        assert len(node.plan.seen) == appends
