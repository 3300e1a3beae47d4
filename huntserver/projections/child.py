"""The projector beside a server: a process of its own, so that folding never holds the server's loop.

Owns the child process: gives it the configuration through its stdin, hears its figures from its stdout once a second,
starts it again with backoff when it ends, and ends it when it is silent for too long. The child ends by itself when its
stdin closes, so it never outlives the server. Nothing of the game waits for any of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from actors.background import Background, Job
from actors.reporter import Reporter
from huntserver.projections.feed import FeedStatistics
from huntserver.projections.projector import ProjectionStatistics

COMMAND: Final = (sys.executable, "-m", "huntserver", "projections", "follow", "--supervised")
BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
STEADY_S: Final = 60.0
"""A child that ran for so long begins the backoff anew when it ends."""
SILENT_S: Final = 60.0
"""A child that says nothing for so long is ended and started again."""
END_S: Final = 5.0
"""For a child to end by itself once its stdin is closed."""
BEHIND_S: Final = 15.0
"""Read models that are older than this are said to be behind."""


class Beat(msgspec.Struct, frozen=True):
    """What the child says once a second. `told`: records that webhooks took, `untold`: requests that they did not."""

    models: ProjectionStatistics = ProjectionStatistics(0, 0, 0, 0, 0.0, 0, "")
    feed: FeedStatistics = FeedStatistics(0, 0, "")
    told: int = 0
    untold: int = 0


_decode: Final = msgspec.json.Decoder(Beat).decode


class ProjectorStatistics(msgspec.Struct, frozen=True):
    """The projector of this node: whether it runs, how often it was started, and its last figures."""

    running: int
    starts: int
    records: int
    commits: int
    faults: int
    lag_records: int
    lag_s: float
    feed_records: int
    feed_lag_records: int
    webhook_records: int
    webhook_failures: int


class ProjectorChild:
    """One projector, kept running. `configuration` is what the child reads: one line."""

    def __init__(self, configuration: bytes, report: Reporter, command: Sequence[str] = COMMAND) -> None:
        self._configuration = configuration
        self._report = report
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._job: Job | None = None
        self._starts = 0
        self._last = Beat(ProjectionStatistics(0, 0, 0, 0, 0.0, 0, "it has not begun yet"))
        self._heard_s = time.monotonic()

    def start(self, background: Background) -> None:
        """Keep one running, as a job of `background`."""
        self._job = background.run("projector", self._keep)

    async def stop(self) -> None:
        """End it, and wait for a few seconds until it is gone."""
        if self._job is not None:
            self._job.stop()
        await self._end()

    @property
    def pid(self) -> int:
        """The child's process id; 0 while none runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    def statistics(self) -> ProjectorStatistics:
        """Return the last figures; the lag grows while nothing is heard."""
        last, fed = self._last.models, self._last.feed
        lag_s = last.lag_s + (self._silent_s() if self._silent_s() > 2.0 else 0.0)
        return ProjectorStatistics(
            int(self.pid > 0),
            self._starts,
            last.records,
            last.commits,
            last.faults,
            last.lag_records,
            round(lag_s, 1),
            fed.records,
            fed.lag_records,
            self._last.told,
            self._last.untold,
        )

    def trouble(self) -> str:
        """Return why the read models are not up to the log, in words; empty: they are."""
        last = self._last.models
        why = last.why or self._last.feed.why
        if not self.pid:
            return why or "the projector ended and is started again"
        if self._silent_s() > BEHIND_S:
            return f"the projector was not heard of for {self._silent_s():.0f} s"
        if why:
            return why
        return f"{last.lag_records} records behind, for {last.lag_s:.0f} s" if last.lag_s > BEHIND_S else ""

    def _silent_s(self) -> float:
        return time.monotonic() - self._heard_s

    async def _keep(self) -> None:
        ended = 0
        while True:
            began = time.monotonic()
            try:
                why = await self._one()
            except OSError as error:
                why = f"cannot be started ({error.strerror or error})"
            finally:
                await self._end()
            ended = 0 if time.monotonic() - began > STEADY_S else ended
            last = self._last.models
            models = last._replace(why=last.why or f"the projector {why}")
            self._last = msgspec.structs.replace(self._last, models=models)
            self._report.warn("projector_ended", why=why, again_s=BACKOFF_S[min(ended, len(BACKOFF_S) - 1)])
            await asyncio.sleep(BACKOFF_S[min(ended, len(BACKOFF_S) - 1)])
            ended += 1

    async def _one(self) -> str:
        """Run one child until it ends or is silent; return in words what became of it."""
        self._starts += 1
        self._heard_s = time.monotonic()
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._configuration + b"\n")
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    line = await process.stdout.readline()
            except TimeoutError:
                return f"said nothing for {SILENT_S:.0f} s"
            if not line:
                return f"ended with status {await process.wait()}"
            self._heard_s = time.monotonic()
            self._last = _decode(line)

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1 if self._silent_s() > BEHIND_S else END_S):
                await process.wait()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


__all__ = ["ProjectorChild", "ProjectorStatistics"]
