"""Whether this server serves, told whether or not somebody plays: `/readyz`, metrics, and a line when it changes.

Owns a heartbeat of every thing that readiness stands for, and the job that listens for them while nobody plays: an
idle server does not notice that its broker is gone. Decides nothing; the runtime refuses and recovers by itself.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import msgspec

from actors.background import Background, Job
from actors.faults import Fault
from actors.log.port import EventLog
from actors.reporter import Reporter
from actors.system import ActorSystem

LOOK_S: Final = 1.0
"""Between two looks; each asks the log for one more shard, so that every broker that leads one is heard of in turn."""
ANSWER_S: Final = 5.0
"""Deadline of the log's answer to a look."""
SILENT_S: Final = 15.0
"""A heartbeat older than this counts as lost, whatever was heard before."""
FREE_BYTES_MIN: Final = 1 << 20
"""Of a disk that the server writes to."""


class Check(msgspec.Struct, frozen=True):
    """One thing that readiness stands for: fine or not, s since it was last heard of, and what is wrong with it."""

    ok: bool
    age_s: float
    why: str = ""


class Ready(msgspec.Struct, frozen=True):
    """What `/readyz` answers. `why` is the first thing that is wrong, in words, or `ok`.

    `beside` is what the game can do without, or goes on with: it is told, and never makes the server not ready. There
    are `clock` (whether the wall clock is known good, and when it last was) and `topics` (whether the log's are right).
    """

    ready: bool
    why: str
    checks: dict[str, Check]
    beside: dict[str, Check] = {}


@runtime_checkable
class SettingsWatched(Protocol):
    """A log whose settings others can change under a server."""

    def settings(self) -> tuple[float, str]:
        """Return s since they were last seen as they have to be, and what is wrong with them now."""
        ...


def _said(age_s: float, why: str) -> Check:
    return Check(not why, round(age_s, 1), why)


class Heartbeats:
    """When each thing last showed that it lives. Times are seconds of a clock that goes on while the machine sleeps."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._beats: dict[str, tuple[float, str]] = {}

    def beat(self, name: str) -> None:
        """It lives."""
        self._beats[name] = (self._clock_s(), "")

    def fail(self, name: str, why: str) -> None:
        """It was looked at and is not well; its age goes on from when it last was."""
        at, _ = self._beats.get(name, (self._clock_s(), ""))
        self._beats[name] = (at, why)

    def checks(self) -> dict[str, Check]:
        """Return every thing's state; one that was silent for too long is not well."""
        now = self._clock_s()
        found = {}
        for name, (at, why) in self._beats.items():
            age_s = round(now - at, 1)
            why = why or (f"not heard of for {age_s:.0f} s" if age_s > SILENT_S else "")
            found[name] = Check(not why, age_s, why)
        return found


class Readiness:
    """The server's readiness. `start` once everything else has started; `stop` before it goes.

    `folders` lie on the disks that the server writes to; `living` tells of each further thing whether it lives;
    `beside` of what the game can do without how it is, `further` the same of what it cannot do without.
    """

    def __init__(
        self,
        system: ActorSystem,
        log: EventLog,
        folders: Sequence[Path],
        report: Reporter,
        living: Mapping[str, Callable[[], bool]],
        beside: Mapping[str, Callable[[], Check]] | None = None,
        clock_s: Callable[[], float] = lambda: time.clock_gettime(
            getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        ),
        *,
        further: Mapping[str, Callable[[], Check]] | None = None,
    ) -> None:
        self.heartbeats = Heartbeats(clock_s)
        self._system = system
        self._log = log
        self._folders = folders
        self._report = report
        self._living = living
        self._beside = beside or {}
        self._further = further or {}
        self._turn = 0
        self._job: Job | None = None
        self._was_ready = True

    def start(self, background: Background) -> None:
        """Begin to look, as a job of `background`."""
        for name in ("log", "disk", *self._living):
            self.heartbeats.beat(name)
        self._job = background.run("readiness", self._watch)

    def stop(self) -> None:
        """Look no more."""
        if self._job is not None:
            self._job.stop()

    def state(self) -> Ready:
        """Return what is known now; never waits."""
        served, why = self._system.ready()
        checks = {"shards": Check(served, 0.0, "" if served else why), **self.heartbeats.checks()}
        checks |= {name: look() for name, look in self._further.items()}
        first = next((check.why for check in checks.values() if not check.ok), "ok")
        beside = {name: look() for name, look in self._beside.items()} | {"clock": _said(*self._system.time.known())}
        if isinstance(self._log, SettingsWatched):
            beside["topics"] = _said(*self._log.settings())
        return Ready(all(check.ok for check in checks.values()), first, checks, beside)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._turn += 1
            await self._look()

    async def _look(self) -> None:
        self._look_at_disks()
        for name, lives in self._living.items():
            if lives():
                self.heartbeats.beat(name)
        shards = list(self._system.shards())
        shard = shards[self._turn % len(shards)].id
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._log.bounds(shard)
            self.heartbeats.beat("log")
        except TimeoutError:
            self.heartbeats.fail("log", f"no answer for shard {shard} within {ANSWER_S:.0f} s")
        except Fault as fault:
            self.heartbeats.fail("log", f"{fault.code}: {fault}")
        self._tell(self.state())

    def _look_at_disks(self) -> None:
        for folder in self._folders:
            try:
                disk = os.statvfs(folder)
            except OSError as why:
                self.heartbeats.fail("disk", f"{folder}: {why.strerror}; the server writes there, put it back")
                return
            free = disk.f_bavail * disk.f_frsize
            if free < FREE_BYTES_MIN:
                self.heartbeats.fail("disk", f"{folder}: {free} bytes are free on its disk; make room")
                return
        self.heartbeats.beat("disk")

    def _tell(self, state: Ready) -> None:
        if state.ready != self._was_ready:
            self._was_ready = state.ready
            if state.ready:
                self._report.note("ready_again")
            else:
                self._report.warn("not_ready", why=state.why)
