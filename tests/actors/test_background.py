"""Background work: what ends, raises or is killed is told, runs again, and is no longer ready meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.background import Background
from actors.reporter import Unfailing
from tests.actors.rig import Node, Told, running
from tests.actors.toy import Add

WAIT_S = 60


class Deaf:
    """A reporter whose sink is gone."""

    def note(self, event: str, **fields: Any) -> None:
        raise BrokenPipeError(event)

    warn = note

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        raise BrokenPipeError(event)


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.005)


async def test_a_job_that_raises_ends_or_is_cancelled_is_told_and_runs_again() -> None:
    told = Told()
    background = Background(told)
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("planted")
        if runs > 2:
            await asyncio.Event().wait()

    job = background.run("work", work)
    await until(lambda: runs == 3)
    assert [fields["why"] for _, fields in told.events] == ["raised RuntimeError", "ended"]
    assert background.ready() == (False, "work ended")
    assert job.task is not None
    job.task.cancel()
    await until(lambda: runs == 4)
    job.beat()
    assert background.ready() == (True, "ok")
    await background.close()
    assert job.task.done()


async def test_a_periodic_call_that_raises_goes_on_and_makes_not_ready() -> None:
    told = Told()
    background = Background(told)
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("planted")

    background.every("tick", 0.001, call)
    await until(lambda: calls >= 2)
    assert background.ready() == (False, "tick raised RuntimeError")
    await until(lambda: calls >= 4)
    assert background.ready() == (True, "ok")
    assert told.names() == ["background_failed", "background_recovered"]
    await background.close()


async def test_a_task_that_is_not_waited_for_and_a_guarded_callback_tell_what_they_raise() -> None:
    told = Told()
    background = Background(told)

    async def once() -> None:
        raise RuntimeError("planted")

    task = background.once("once", once())
    await until(task.done)
    await asyncio.sleep(0)
    background.guard("callback", lambda: 1 // 0)()
    assert [(name, fields["job"]) for name, fields in told.events] == [
        ("background_contained", "once"),
        ("background_contained", "callback"),
    ]
    await background.close()


async def test_what_runs_elsewhere_is_asked_for() -> None:
    background = Background(Told())
    background.watch("thread", lambda: "has ended")
    assert background.ready() == (False, "thread has ended")


def test_a_reporter_whose_sink_is_gone_raises_nothing_and_counts() -> None:
    reporter = Unfailing(Deaf())
    reporter.note("a")
    reporter.warn("b")
    reporter.fault("c", None)
    assert reporter.dropped == 3
    assert Unfailing.of(reporter) is reporter


async def test_every_long_lived_job_of_a_node_that_is_killed_runs_again() -> None:
    async with running(shards=3) as node:
        jobs = node.system.background.jobs()
        assert len(jobs) == 4  # three supervisors and the tick
        for job in jobs:
            killed = job.task
            assert killed is not None
            killed.cancel()
            await until(lambda job=job, killed=killed: job.task is not killed)  # type: ignore[misc]
            assert not node.system.ready()[0]
            job.beat()
        assert node.system.ready() == (True, "ok")
        assert (await node.ask(Add(1), key=("e", 1)))[1] == 1
        assert node.told.names().count("background_failed") == 4


async def test_a_shard_recovers_although_nothing_can_be_reported() -> None:
    from actors.faults import OutcomeUnknown
    from actors.log.memory import Fate, MemoryStore

    node = Node(MemoryStore(), told=Deaf())
    await asyncio.wait_for(node.system.start(), WAIT_S)
    node.plan.fates = [Fate(0, 0, OutcomeUnknown("a lost answer"))]
    assert (await node.ask(Add(1), key=("e", 1))).code == "unknown"
    await until(lambda: node.system.ready()[0])
    assert (await node.ask(Add(1), key=("e", 1)))[1] == 1
    assert node.system.report.dropped > 0
    await node.system.close()


@pytest.mark.parametrize("error", [RuntimeError("planted"), ValueError("planted")])
async def test_an_error_in_recovery_that_is_no_fault_is_told_and_tried_again(error: Exception) -> None:
    """The keeper of the shard ended without a word, and the shard stayed unserved for good."""
    from actors.log.memory import MemoryStore

    node = Node(MemoryStore())
    bounds, failing = node.log.bounds, [error]

    async def once_bad(shard: Any) -> Any:
        if failing:
            raise failing.pop()
        return await bounds(shard)

    node.log.bounds = once_bad  # type: ignore[method-assign]
    await asyncio.wait_for(node.system.start(), WAIT_S)
    await until(lambda: node.system.ready()[0])
    assert "recovery_failed" in node.told.names()
    await node.system.close()
