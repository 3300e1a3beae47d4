"""The time of records: bounded by the log and by boot time, whatever the wall clock says, on both sides of a start."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from actors.clock import SystemClock, boot_id, kernel_synchronised
from actors.log.memory import MemoryStore
from actors.log.port import ShardId
from actors.reporter import Silent
from actors.timekeeper import JUMP_MS, VOUCHED_S, ShardTime, Timekeeper
from tests.actors.rig import Clock, Node, Told, running
from tests.actors.toy import Add, SetAlarm

SHARD = ShardId("tallies", 0)
HOUR_MS = 3_600_000
FEW_S_MS = 6_000
"""No record is further ahead of the log's time than this: what two clocks may differ, and a step that is none."""


def times(store: MemoryStore) -> list[int]:
    """Return the times of all records, tenures included."""
    shard = next(iter(store.shards))
    return [int(m[1]) for r in store.records(shard) if (m := re.search(rb'"at":(\d+)', r))]


def keeper(clock: Clock, *, independent: bool = True, told: Told | None = None) -> Timekeeper:
    return Timekeeper(clock, independent=independent, most_ms=5_000, grace_s=60.0, report=told or Silent())


def test_a_clock_is_known_good_by_the_logs_time_and_how_long_ago_is_told() -> None:
    clock = Clock()
    time = keeper(clock)
    assert "the log's time has not been heard" in time.known()[1]
    time.heard(clock.ms, 0)
    clock.pass_s(12.5)
    assert time.known() == (12.5, "")
    clock.ms += HOUR_MS
    time.look()
    assert time.known()[0] == 12.5
    assert "3600.0 s ahead" in time.known()[1]
    time.heard(clock.ms - HOUR_MS, 0)
    assert time.known()[0] == 12.5, "that play goes on by boot time does not make the wall clock good"


def test_a_clock_that_only_the_kernel_could_vouch_for_is_in_doubt_until_it_does() -> None:
    clock = Clock()
    time = keeper(clock, independent=False)
    clock.pass_s(5)
    time.look()
    assert time.known()[0] == 5.0
    assert "since the start" in time.known()[1]
    clock.pass_s(60)
    time.look()  # it is believed from here on, and still not known good
    assert time.known()[0] == 65.0
    assert "the kernel does not call it synchronised" in time.known()[1]
    clock.synced = True
    time.look()
    assert time.known() == (0.0, "")


# ---- a server on a log whose clock is another's


@pytest.mark.parametrize("off_ms", [6 * HOUR_MS, -6 * HOUR_MS, 60_000, -60_000, 6_000])
async def test_a_server_with_a_wrong_clock_that_merely_starts_leaves_no_time_in_the_log(off_ms: int) -> None:
    """Its tenure made six hours ahead the shard's time: the next owner ended every hunt that was due by then."""
    store = MemoryStore()
    async with running(store) as node:
        await node.ask(SetAlarm(node.clock.ms + HOUR_MS))
        true = node.clock.ms
    wrong = Node(store)
    wrong.clock.ms = true + off_ms
    store.now_ms = lambda: true
    await asyncio.wait_for(wrong.system.start(), 10)
    assert not wrong.system.ready()[0]
    await wrong.system.close()
    await wrong.log.close()
    assert max(times(store)) <= true
    async with running(store) as node:
        node.clock.pass_s(5)
        assert (await node.ask(Add(1)))[1] == 2, "its alarm is an hour away"


@pytest.mark.parametrize("off_ms", [24 * HOUR_MS, HOUR_MS, 8_000, -8_000, -HOUR_MS])
async def test_a_clock_that_jumps_under_a_server_is_told_and_play_goes_on_by_boot_time(off_ms: int) -> None:
    """An hour ahead for one command ended hunts, and players heard `too_late`."""
    async with running() as node:
        start = node.clock.ms
        await node.ask(SetAlarm(start + 600_000))
        true = [start]
        node.store.now_ms = lambda: true[0]
        node.clock.ms += off_ms
        for n in range(5):
            assert (await node.ask(Add(1)))[1] == n + 2
            node.clock.pass_s(10)
            true[0] += 10_000
        assert max(times(node.store)) <= true[0]
        assert times(node.store)[-1] >= true[0] - 11_000, "time goes on"
        async with asyncio.timeout(20):
            while "clock_jumped" not in node.told.names():
                await asyncio.sleep(0.01)
        assert not node.system.ready()[0]
        assert "play goes on by boot time" in node.system.ready()[1]
        assert "shard_lost" not in node.told.names()
        node.clock.ms = true[0]
        async with asyncio.timeout(20):
            while not node.system.ready()[0]:
                await asyncio.sleep(0.01)
        node.clock.pass_s(600)
        true[0] += 600_000
        assert (await node.ask(Add(1))).code == "too_late", "in its time the alarm rings"


async def test_a_clock_set_back_does_not_let_time_stand_still() -> None:
    async with running() as node:
        await node.ask(SetAlarm(node.clock.ms + 60_000))
        true = [node.clock.ms]
        node.store.now_ms = lambda: true[0]
        node.clock.ms -= HOUR_MS
        node.clock.pass_s(61)
        true[0] += 61_000
        assert (await node.ask(Add(1))).code == "too_late"


async def test_a_shard_whose_records_are_hours_ahead_has_a_time_that_goes_on() -> None:
    """Its time stood still until the world had caught up: a cool-down of 10 s lasted for hours."""
    store = MemoryStore()
    ahead = Node(store)
    ahead.clock.ms += 6 * HOUR_MS
    store.now_ms = ahead.clock.wall_ms  # broker and server were wrong together
    await asyncio.wait_for(ahead.system.start(), 10)
    await ahead.ask(Add(1))
    await ahead.system.close()
    await ahead.log.close()
    async with running(store) as node:
        assert [f["ms"] for name, f in node.told.events if name == "clock_lead"] == [6 * HOUR_MS]
        await node.ask(SetAlarm(node.shard.time.now_ms() + 10_000))
        assert (await node.ask(Add(1)))[1] == 3
        node.clock.pass_s(15)
        assert (await node.ask(Add(1))).code == "too_late", "fifteen seconds are fifteen seconds"


async def test_a_clock_that_is_set_right_is_believed_at_once_whatever_was_vouched_for_before() -> None:
    """A clock 4.5 s ahead was borne out by the log, then went on to 5.4 s: the shard was lost. Set right, it was held
    against the time that had been borne out, and the shard stayed away for half a minute."""
    node = Node(MemoryStore())
    true = node.clock.ms
    node.store.now_ms = lambda: true
    node.clock.ms = true + 4_500
    await asyncio.wait_for(node.system.start(), 10)
    try:
        assert (await node.ask(Add(1)))[1] == 1
        node.clock.ms = true + 5_400
        assert (await node.ask(Add(1), key=("e", 1)))[1] == 2, "it is durable, and the last that is"
        async with asyncio.timeout(60):
            while "still differs" not in node.system.ready()[1]:
                await asyncio.sleep(0.01)
        node.clock.ms = true
        async with asyncio.timeout(60):
            while not node.system.ready()[0]:
                await asyncio.sleep(0.01)
        assert (await node.ask(Add(1), key=("e", 2)))[1] == 3
    finally:
        await node.system.close()
        await node.log.close()


# ---- the rule itself


def test_a_lead_that_was_worked_out_by_a_clock_that_was_behind_goes_when_that_is_set_right() -> None:
    """Two nodes were each off by what clocks may be, one ahead, one behind: the shard's time went on by both of it."""
    clock = Clock()
    time, true = keeper(clock), clock.ms
    shard = ShardTime(time, clock, 5_000, 30.0)
    clock.ms -= 4_100
    assert time.heard(true, 0)
    shard.replayed(true + 4_000)  # the last record, of a node that was ahead
    assert shard.lead_ms == 8_100
    clock.ms += 4_100
    assert time.heard(true, 0)
    shard.keep_up(true + 4_000)
    assert shard.now_ms() - true <= FEW_S_MS


def test_steps_that_are_none_do_not_add_up() -> None:
    """A clock that creeps by less than a jump at each look is held all the same."""
    clock = Clock()
    time = keeper(clock, independent=False)
    start = clock.ms
    for _ in range(100):
        clock.ms += JUMP_MS // 2
        time.now_ms()
    assert time.now_ms() - start <= 2 * JUMP_MS
    assert time.off_ms == 50 * JUMP_MS


def test_time_is_continuous_when_a_clock_jumps() -> None:
    clock = Clock()
    time = keeper(clock, independent=False)
    clock.ms += 400
    before = time.now_ms()
    clock.ms += HOUR_MS
    assert time.now_ms() == before
    clock.pass_s(2)
    assert time.now_ms() == before + 2_000


def test_when_the_logs_clock_jumps_with_ours_boot_time_goes_on_until_the_kernel_vouches() -> None:
    clock, told = Clock(), Told()
    time = keeper(clock, told=told)
    assert time.heard(clock.ms, 0)
    start = clock.ms
    clock.ms += HOUR_MS
    assert time.heard(clock.ms, 0), "they agree: nothing is stopped"
    assert time.now_ms() == start
    time.look()
    assert told.names() == ["clock_jumped"]
    clock.synced = True
    time.look()
    assert time.now_ms() == start + HOUR_MS
    assert told.names() == ["clock_jumped", "clock_set", "clock_right"]


def test_a_clock_that_is_vouched_for_but_not_by_the_log_is_not_taken() -> None:
    clock = Clock()
    time = keeper(clock)
    true = clock.ms
    assert time.heard(true, 0)
    clock.ms += HOUR_MS
    clock.synced = True
    assert time.heard(true, 0)
    time.look()
    assert time.now_ms() == true


def test_what_is_known_is_left_for_the_next_run_once() -> None:
    clock = Clock()
    time = keeper(clock)
    time.look()
    assert clock.kept == [], "nothing vouches for it yet"
    assert time.heard(clock.ms, 0)
    time.look()
    time.look()
    assert clock.kept == [clock.ms]


def test_what_a_run_goes_by_the_next_one_of_the_boot_need_not_doubt() -> None:
    """A server killed in its first minute, and started again ten seconds later, does not wait."""
    clock = Clock()
    time = keeper(clock, independent=False)
    time.look()
    assert clock.kept == [clock.ms]
    clock.pass_s(10)
    clock.synced = True
    clock.ms += HOUR_MS
    time.look()
    time.look()
    assert clock.kept[-1] == clock.ms, "a step that the kernel vouches for is left as well"


def test_a_clock_that_is_waited_for_is_not_left_for_the_next_run() -> None:
    clock = Clock()
    time = keeper(clock, independent=False)
    time.bear_out(clock.ms - HOUR_MS, timers=True)
    time.look()
    assert clock.kept == []


def test_the_machines_clock_remembers_within_a_boot_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock(tmp_path / "clock")
    assert clock.remembered_ms() is None
    clock.remember(clock.wall_ms() - HOUR_MS)
    held = SystemClock(tmp_path / "clock").remembered_ms()
    assert held is not None
    assert abs(clock.wall_ms() - HOUR_MS - held) < 60_000
    monkeypatch.setattr("actors.clock.boot_id", lambda: "another boot")
    assert clock.remembered_ms() is None
    (tmp_path / "clock").write_text("half")
    assert clock.remembered_ms() is None
    assert boot_id() != "another boot"


def test_the_kernel_is_asked_whether_the_clock_is_synchronised() -> None:
    assert kernel_synchronised() in (True, False)


def test_a_node_that_hears_nothing_of_the_log_goes_by_what_another_node_says_for_a_while() -> None:
    clock = Clock()
    time = keeper(clock)
    assert not time.is_told()
    time.vouch(clock.ms - HOUR_MS)  # ours is an hour ahead: nothing vouches for it
    assert not time.is_told()
    time.vouch(clock.ms - 3_000)
    assert (time.is_told(), time.known(), time.proved) == (True, (0.0, ""), False)
    clock.ms += 2 * JUMP_MS  # it jumps: the word was of another time
    assert not time.is_told()
    time.vouch(clock.ms)
    clock.pass_s(VOUCHED_S + 1)
    assert not time.is_told(), "the other one has gone"
