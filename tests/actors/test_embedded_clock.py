"""The embedded log, whose time is ours: at a start there is nothing but boot time, the log's records and the kernel."""

from __future__ import annotations

import asyncio

import pytest

from actors.log.memory import MemoryStore
from actors.timekeeper import Timekeeper
from tests.actors.rig import Clock, Node, running
from tests.actors.test_timekeeper import FEW_S_MS, HOUR_MS, keeper, times
from tests.actors.toy import Add, SetAlarm


async def embedded(node: Node) -> None:
    """Make the log's clock ours, as the embedded log's is, before the node starts."""
    node.system.time = Timekeeper(
        node.clock,
        independent=False,
        most_ms=5_000,
        grace_s=60.0,
        report=node.told,  # type: ignore[arg-type]
    )
    for supervisor in node.system._supervisors:
        supervisor.shard.ports = supervisor.shard.ports._replace(time=node.system.time)
        supervisor.shard.time._time = node.system.time


async def test_on_the_embedded_log_a_jump_is_found_by_boot_time() -> None:
    node = Node(MemoryStore())
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 10)
    try:
        true = node.clock.ms
        await node.ask(SetAlarm(true + 600_000))
        node.clock.ms += HOUR_MS
        assert (await node.ask(Add(1)))[1] == 2
        assert max(times(node.store)) <= true + FEW_S_MS
        node.clock.synced = True  # the kernel vouches for it: it was set right
        async with asyncio.timeout(20):
            while "clock_set" not in node.told.names():
                await asyncio.sleep(0.01)
        assert (await node.ask(Add(1))).code == "too_late"
    finally:
        await node.system.close()
        await node.log.close()


@pytest.mark.parametrize("good", ["synchronised", "grace"])
async def test_a_start_after_a_long_night_serves_and_holds_back_what_fell_due_until_the_clock_is_known_good(
    good: str,
) -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + HOUR_MS))
        evening = node.clock.ms
    node = Node(store)
    node.clock.ms = evening + 9 * HOUR_MS
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 60)
    try:
        assert await node.ask(Add(1)) == (b'{"total":1}', 2), "it is served at once, and its alarm has not fired"
        node.clock.pass_s(7)
        assert (await node.ask(Add(1)))[1] == 3
        assert max(times(store)) == evening + 7_000, "no record's time is past what is proven"
        waits = [fields["why"] for name, fields in node.told.events if name == "clock_waits"]
        assert len(waits) == 1
        assert "32400 s old by a clock that is not synchronised" in waits[0]
        assert node.system.ready()[0]
        if good == "synchronised":
            node.clock.synced = True
        else:
            node.clock.pass_s(61)
        async with asyncio.timeout(60):
            while not node.shard.actors["t"].state.rang_at:
                await asyncio.sleep(0.01)
        assert (await node.ask(Add(1))).code == "too_late"
        assert max(times(store)) >= evening + 9 * HOUR_MS
    finally:
        await node.system.close()
        await node.log.close()


async def test_a_start_with_a_wrong_clock_that_is_set_right_while_it_plays_ends_nothing() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + HOUR_MS))
        true = node.clock.ms + 30_000
    node = Node(store)
    node.clock.ms = true + 6 * HOUR_MS
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 60)
    try:
        assert (await node.ask(Add(1)))[1] == 2
        node.clock.ms, node.clock.synced = true, True
        async with asyncio.timeout(60):
            while "clock_set" not in node.told.names():
                await asyncio.sleep(0.01)
        assert (await node.ask(Add(1)))[1] == 3, "its alarm is most of an hour away"
        assert true <= max(times(store)) <= true + FEW_S_MS
    finally:
        await node.system.close()
        await node.log.close()


async def test_a_time_that_was_written_and_turns_out_too_late_does_not_stand_still() -> None:
    """The grace period takes a clock that is an hour ahead, and NTP sets it right an hour later."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(Add(1))
        evening = node.clock.ms
    node = Node(store)
    node.clock.ms = evening + 2 * HOUR_MS
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 60)
    try:
        node.clock.pass_s(61)
        async with asyncio.timeout(60):
            while "clock_taken" not in node.told.names():
                await asyncio.sleep(0.01)
        await node.ask(Add(1))
        wrong = max(times(store))
        assert wrong >= evening + 2 * HOUR_MS
        node.clock.ms, node.clock.synced = evening + HOUR_MS, True
        async with asyncio.timeout(60):
            while not node.shard.time.lead_ms:
                await asyncio.sleep(0.01)
        node.clock.pass_s(10)
        await node.ask(Add(1))
        assert max(times(store)) == wrong + 10_000
    finally:
        await node.system.close()
        await node.log.close()


@pytest.mark.parametrize("grace", [False, True])
async def test_a_clock_that_was_behind_and_is_set_right_ends_nothing(grace: bool) -> None:
    """A machine without a clock of its own starts in 1970: the shard went ahead of it by 56 years, and when NTP had set
    it right it was 56 years ahead of the world, and every hunt over."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + HOUR_MS))
        evening = node.clock.ms
    node = Node(store)
    node.clock.ms = 0
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 60)
    try:
        if grace:
            node.clock.pass_s(61)
            async with asyncio.timeout(60):
                while "clock_taken" not in node.told.names():
                    await asyncio.sleep(0.01)
        assert (await node.ask(Add(1)))[1] == 2
        node.clock.ms, node.clock.synced = evening + 120_000, True
        async with asyncio.timeout(60):
            while "clock_set" not in node.told.names():
                await asyncio.sleep(0.01)
        assert (await node.ask(Add(1)))[1] == 3, "its alarm is most of an hour away"
        assert evening <= max(times(store)) <= evening + 120_000 + FEW_S_MS
    finally:
        await node.system.close()
        await node.log.close()


def test_the_latest_of_the_logs_times_is_gone_by_while_the_clock_is_in_doubt() -> None:
    clock = Clock()
    time = keeper(clock, independent=False)
    last = clock.ms - 9 * HOUR_MS
    time.bear_out(0, timers=False)
    assert time.now_ms() == clock.ms, "an empty shard bears nothing out"
    time.bear_out(last, timers=False)
    clock.pass_s(2)
    time.bear_out(last + 1_000, timers=False)
    assert time.now_ms() == last + 2_000
    time.bear_out(last + 60_000, timers=False)
    assert time.now_ms() == last + 60_000
    time.bear_out(clock.ms - 3_000, timers=False)
    assert time.now_ms() == clock.ms, "a log that goes up to now vouches for the clock"


def test_a_log_vouches_for_the_clock_as_it_is_and_not_as_it_was_at_the_start() -> None:
    clock = Clock()
    true = clock.ms
    clock.ms = true + HOUR_MS
    time = keeper(clock, independent=False)
    time.bear_out(true - 60_000, timers=True)
    clock.ms = true
    time.bear_out(true - 1_000, timers=True)
    assert time.now_ms() == true


@pytest.mark.parametrize("case", ["no timers", "a short stop", "synchronised", "an earlier run of this boot"])
async def test_a_start_does_not_wait_without_need(case: str) -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(Add(1) if case == "no timers" else SetAlarm(node.clock.ms + HOUR_MS))
        evening = node.clock.ms
    node = Node(store)
    node.clock.ms = evening + (3_000 if case == "a short stop" else 9 * HOUR_MS)
    node.clock.synced = case == "synchronised"
    node.clock.left = node.clock.ms if case == "an earlier run of this boot" else None
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 10)
    try:
        done = await node.ask(Add(1))
        assert (done[1] == 2) if case in ("no timers", "a short stop") else (done.code == "too_late")
        assert "clock_waits" not in node.told.names()
    finally:
        await node.system.close()
        await node.log.close()


async def test_a_restart_within_a_boot_finds_a_clock_that_was_set_meanwhile() -> None:
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + HOUR_MS))
        true = node.clock.ms + 20_000
    node = Node(store)
    node.clock.ms, node.clock.left = true + 6 * HOUR_MS, true
    await embedded(node)
    await asyncio.wait_for(node.system.start(), 10)
    try:
        assert (await node.ask(Add(1)))[1] == 2
        assert max(times(store)) <= true + FEW_S_MS
        assert "play goes on by boot time" in node.system.ready()[1]
    finally:
        await node.system.close()
        await node.log.close()
