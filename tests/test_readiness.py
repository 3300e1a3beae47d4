"""Readiness: heartbeats, silence, and an idle server that notices a log which stands still."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.background import Background
from actors.faults import LogUnavailable
from actors.log.port import Bounds, ShardId
from actors.reporter import Silent
from huntserver import readiness
from huntserver.readiness import SILENT_S, Check, Heartbeats, Readiness


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_heartbeat_that_stops_is_noticed_by_its_age() -> None:
    clock = Clock()
    beats = Heartbeats(clock)
    beats.beat("log")
    clock.now_s += SILENT_S
    assert beats.checks()["log"].ok
    clock.now_s += 1
    check = beats.checks()["log"]
    assert (check.ok, check.age_s, check.why) == (False, SILENT_S + 1, "not heard of for 16 s")


def test_what_failed_is_well_again_when_it_beats() -> None:
    clock = Clock()
    beats = Heartbeats(clock)
    beats.beat("disk")
    clock.now_s += 5
    beats.fail("disk", "no room")
    assert (beats.checks()["disk"].why, beats.checks()["disk"].age_s) == ("no room", 5.0)
    beats.beat("disk")
    assert beats.checks()["disk"].ok


class StallingLog:
    """A log whose answers can be made to fail or to stay away."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.stands_still = False
        self.asked: list[ShardId] = []

    async def bounds(self, shard: ShardId) -> Bounds:
        self.asked.append(shard)
        if self.stands_still:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        return Bounds(0, 7)


class Lines(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, event: str, **fields: Any) -> None:
        self.said.append(event)

    def warn(self, event: str, **fields: Any) -> None:
        self.said.append(event)

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        self.said.append(event)


def made(log: Any, folder: Path, clock: Clock, lives: list[bool], report: Silent) -> Readiness:
    shards = [SimpleNamespace(id=ShardId("hunts", i)) for i in range(3)]
    time = SimpleNamespace(known=lambda: (7.04, "nothing vouches for the wall clock"))
    system = SimpleNamespace(shards=lambda: shards, ready=lambda: (True, "ok"), time=time)
    return Readiness(system, log, [folder], report, {"gateway": lambda: lives[0]}, clock_s=clock)  # type: ignore[arg-type]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LOOK_S", 0.0)
    monkeypatch.setattr(readiness, "ANSWER_S", 0.01)


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0)


async def test_an_idle_server_notices_a_log_that_fails_stands_still_and_answers_again(
    quick: None, tmp_path: Path
) -> None:
    log, report = StallingLog(), Lines()
    ready = made(log, tmp_path, Clock(), [True], report)
    background = Background(report)
    ready.start(background)
    assert ready.state().ready
    log.fault = LogUnavailable("no broker answers")
    await until(lambda: not ready.state().ready)
    assert ready.state().why == "log_unavailable: no broker answers"
    log.stands_still = True
    await until(lambda: "no answer for shard hunts-" in ready.state().why)
    log.fault, log.stands_still = None, False
    await until(lambda: ready.state().ready and "ready_again" in report.said)
    assert report.said == ["not_ready", "ready_again"]
    assert set(log.asked) == {ShardId("hunts", i) for i in range(3)}
    await background.close()


async def test_a_bug_in_looking_is_told_and_looking_goes_on(quick: None, tmp_path: Path) -> None:
    log, report = StallingLog(), Lines()
    ready = made(log, tmp_path, Clock(), [True], report)
    log.fault = KeyError("nobody thought of it")
    background = Background(report)
    ready.start(background)
    await until(lambda: report.said.count("background_failed") > 1)
    log.fault = None
    await until(lambda: len(log.asked) > 10 and ready.state().ready)
    await background.close()


async def test_a_part_that_lives_no_more_makes_the_server_not_ready(quick: None, tmp_path: Path) -> None:
    clock, lives = Clock(), [True]
    ready = made(StallingLog(), tmp_path, clock, lives, Lines())
    background = Background(Silent())
    ready.start(background)
    lives[0] = False
    clock.now_s += SILENT_S + 1
    await until(lambda: ready.state().checks["log"].ok)
    assert ready.state().why == "not heard of for 16 s"
    assert not ready.state().checks["gateway"].ok
    await background.close()


async def test_a_full_disk_is_named(quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "FREE_BYTES_MIN", 1 << 62)
    ready = made(StallingLog(), tmp_path, Clock(), [True], Lines())
    background = Background(Silent())
    ready.start(background)
    await until(lambda: not ready.state().ready)
    assert "bytes are free on its disk; make room" in ready.state().why
    await background.close()


async def test_a_folder_that_is_gone_is_named_and_hides_nothing_else(quick: None, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    ready = made(StallingLog(), folder, Clock(), [True], Lines())
    background = Background(Silent())
    ready.start(background)
    folder.rmdir()
    await until(lambda: not ready.state().ready)
    checks = ready.state().checks
    assert [name for name, check in checks.items() if not check.ok] == ["disk"]
    assert checks["disk"].why == f"{folder}: No such file or directory; the server writes there, put it back"
    folder.mkdir()
    await until(lambda: ready.state().ready)
    await background.close()


def test_a_clock_in_doubt_and_topics_that_would_lose_the_log_are_said_beside(tmp_path: Path) -> None:
    class WatchedLog(StallingLog):
        def settings(self) -> tuple[float, str]:
            return 61.26, "retention.ms is 1000; cure: ..."

    state = made(WatchedLog(), tmp_path, Clock(), [True], Silent()).state()
    assert state.ready
    assert state.beside == {
        "clock": Check(False, 7.0, "nothing vouches for the wall clock"),
        "topics": Check(False, 61.3, "retention.ms is 1000; cure: ..."),
    }
    assert state.beside.keys() - made(StallingLog(), tmp_path, Clock(), [True], Silent()).state().beside.keys() == {
        "topics"
    }
