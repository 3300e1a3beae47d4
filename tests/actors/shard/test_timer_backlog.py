"""Timers that fell due while nobody was there, and timers that do not move on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.entity import Context, Timer
from actors.shard.decider import FIRES_MAX
from tests.actors.rig import HOST, Node, running
from tests.actors.toy import Added, AlarmSet, SetAlarm, Tally, TallyType, Total

OFTEN_MS = 5
WAIT_S = 60


class Ticking(TallyType):
    """Counts every 5 ms of its time."""

    def fire(self, state: Tally, timer: str, ctx: Context) -> Sequence[msgspec.Struct]:
        assert state.alarm is not None
        return (Added(1), AlarmSet(state.alarm.due_ms + OFTEN_MS))


class Stuck(TallyType):
    """Says that a timer is due that has fired."""

    def fire(self, state: Tally, timer: str, ctx: Context) -> Sequence[msgspec.Struct]:
        assert state.alarm is not None
        return (Added(1), AlarmSet(state.alarm.due_ms))


class Alternating(Stuck):
    """Gives the timer that does not move on another name each time."""

    def due(self, state: Tally) -> Timer | None:
        return None if state.alarm is None else Timer(state.alarm.due_ms, f"alarm-{state.adds}")


async def quiet(node: Node, met: Any) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.005)


async def test_thousands_of_timers_that_fell_due_meanwhile_fire_and_close_nothing() -> None:
    """After a pause, or a passivation, while an amended answer let thousands solve a clue, one every 5 ms, the hunt was
    closed: its timer was said to fire for ever."""
    async with running(kind=Ticking()) as node:
        await node.ask(SetAlarm(node.clock.ms + OFTEN_MS), caller=HOST)
        node.clock.pass_s((3 * FIRES_MAX * OFTEN_MS + 1) / 1000)
        node.shard.wake("t", 0)
        await quiet(node, lambda: not node.shard.busy() and node.shard.commit.quiet())
        view, _ = await node.view(Total())
        assert view.adds == 3 * FIRES_MAX
        assert "timer_loops" not in node.told.names()


async def test_a_timer_that_does_not_move_on_closes_its_entity() -> None:
    for kind in (Stuck(), Alternating()):
        async with running(kind=kind) as node:
            await node.ask(SetAlarm(node.clock.ms + OFTEN_MS), caller=HOST)
            node.clock.pass_s(1)
            node.shard.wake("t", 0)
            await quiet(node, lambda node=node: "timer_loops" in node.told.names())  # type: ignore[misc]
            assert (await node.view(Total())).code == "entity_damaged"
