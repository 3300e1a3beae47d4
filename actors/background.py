"""Work in the background that cannot end in silence: every task, periodic call, thread and callback chain of a node.

Owns the tasks and timers that are started through it: what ends or raises is reported, started again with exponential
backoff and jitter, and named by `ready` until it runs steadily again. Never lets one job's error reach another's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, NamedTuple

from actors.reporter import Reporter, Unfailing

BACKOFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_S: Final = 5.0
"""A job that was started again is healthy after it ran this long without an error."""
STALLED_S: Final = 5.0
"""A periodic job whose last run is older than this and ten intervals is not healthy."""


def backoff_s(failures: int, draw: Callable[[], float], steps: tuple[float, ...] = BACKOFF_S) -> float:
    """Return the wait before the next try after `failures` in a row (from 1): a step, with a jitter of half of it."""
    return steps[min(failures, len(steps)) - 1] * (0.5 + draw())


class JobStatistics(NamedTuple):
    """One job: how often it failed in a row and in all, and the seconds since it last ran without an error."""

    name: str
    failures: int
    failed: int
    age_s: float


class Job:
    """One long-lived task or periodic call. `beat` may be called by a task to say that it works."""

    def __init__(self, background: Background, name: str) -> None:
        self.name = name
        self.failures = 0  # in a row
        self.failed = 0
        self.why = ""
        self.ended = False
        self.task: asyncio.Task[None] | None = None
        self.handle: asyncio.TimerHandle | None = None
        self._background = background
        self._loop = asyncio.get_running_loop()
        self.beat_s = self._loop.time()

    def beat(self) -> None:
        """Note that the job works."""
        self.beat_s = self._loop.time()
        if self.failures:
            self.failures = 0
            self.why = ""
            self._background.report.note("background_recovered", job=self.name)

    def fail(self, error: BaseException | None, why: str) -> float:
        """Count and report a failure; return the s to wait before the next try."""
        self.failures += 1
        self.failed += 1
        self.why = why
        wait_s = backoff_s(self.failures, self._background.random.random)
        if self.failures & (self.failures - 1) == 0:  # the 1st, 2nd, 4th, 8th ... in a row: told, and not flooded
            self._background.report.fault(
                "background_failed", error, job=self.name, why=why, failures=self.failures, again_s=round(wait_s, 3)
            )
        return wait_s

    def trouble(self) -> str:
        """Return why the job is not healthy; empty: it is."""
        return f"{self.name} {self.why}" if self.failures else ""

    def statistics(self) -> JobStatistics:
        """Return the job's figures."""
        return JobStatistics(self.name, self.failures, self.failed, max(0.0, self._loop.time() - self.beat_s))

    def stop(self) -> None:
        """End it; nothing is started again."""
        self.ended = True
        if self.handle is not None:
            self.handle.cancel()
        if self.task is not None:
            self.task.cancel()


class _LongTask(Job):
    """A coroutine function that should run for ever: started again when it ends, raises or is cancelled."""

    def __init__(self, background: Background, name: str, work: Callable[[], Awaitable[None]]) -> None:
        super().__init__(background, name)
        self._work = work
        self._begin()

    def _begin(self) -> None:
        self.task = self._loop.create_task(self._run(), name=self.name)
        self.task.add_done_callback(self._done)
        if self.failures:
            self.handle = self._loop.call_later(STEADY_S, self.beat)

    async def _run(self) -> None:
        await self._work()

    def _done(self, task: asyncio.Task[None]) -> None:
        if self.handle is not None:
            self.handle.cancel()
        error = None if task.cancelled() else task.exception()
        if self.ended:
            return
        why = "was cancelled" if task.cancelled() else f"raised {type(error).__name__}" if error else "ended"
        self.handle = self._loop.call_later(self.fail(error, why), self._begin)


class _Periodic(Job):
    """A call every `interval_s`. The next one is armed first: whatever this one raises, the chain goes on."""

    def __init__(self, background: Background, name: str, interval_s: float, call: Callable[[], object]) -> None:
        super().__init__(background, name)
        self._interval_s = interval_s
        self._call = call
        self.handle = self._loop.call_later(interval_s, self._tick)

    def _tick(self) -> None:
        self.handle = self._loop.call_later(self._interval_s, self._tick)
        try:
            self._call()
        except Exception as error:  # the job's bug is its own: reported, counted, tried again
            wait_s = self.fail(error, f"raised {type(error).__name__}")
            if wait_s > self._interval_s:
                self.handle.cancel()
                self.handle = self._loop.call_later(wait_s, self._tick)
        else:
            self.beat()

    def trouble(self) -> str:
        """Return why the job is not healthy: it failed, or has not run for long."""
        late_s = self._loop.time() - self.beat_s
        if not self.failures and late_s > max(STALLED_S, 10 * self._interval_s):
            return f"{self.name} has not run for {late_s:.0f} s"
        return super().trouble()


class Background:
    """The jobs of one node. Used by the runtime and by the application; `close` ends all that was started."""

    def __init__(self, report: Reporter, draw: random.Random | None = None) -> None:
        self.report = Unfailing.of(report)
        self.random = draw or random.Random()
        self.contained = 0  # errors that `guard` kept from spreading
        self._jobs: list[Job] = []
        self._checks: list[tuple[str, Callable[[], str]]] = []
        self._once: set[asyncio.Task[Any]] = set()

    def run(self, name: str, work: Callable[[], Awaitable[None]]) -> Job:
        """Run a coroutine function for ever; it is called again when it ends, raises or is cancelled."""
        return self._add(_LongTask(self, name, work))

    def every(self, name: str, interval_s: float, call: Callable[[], object]) -> Job:
        """Call something every `interval_s`, first after one; while it raises, the interval backs off."""
        return self._add(_Periodic(self, name, interval_s, call))

    def once(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as a task that ends by itself. What it raises is reported, and still the task's."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._once.add(task)
        task.add_done_callback(self._once_done)
        return task

    def _once_done(self, task: asyncio.Task[Any]) -> None:
        self._once.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.contain(task.get_name(), error)

    def guard(self, name: str, call: Callable[..., object]) -> Callable[..., None]:
        """Return `call` for use as a loop's callback: what it raises is reported under `name` and goes no further."""

        def guarded(*args: Any) -> None:
            try:
                call(*args)
            except Exception as error:  # the loop would only log it, in its own words
                self.contain(name, error)

        return guarded

    def contain(self, name: str, error: BaseException) -> None:
        """Count and report an error that was kept from spreading."""
        self.contained += 1
        self.report.fault("background_contained", error, job=name)

    def watch(self, name: str, trouble: Callable[[], str]) -> None:
        """Let `ready` ask about what runs elsewhere (a thread): `trouble` returns why it is not well, or nothing."""
        self._checks.append((name, trouble))

    def ready(self) -> tuple[bool, str]:
        """Tell whether everything runs, and if not what does not, in words."""
        for job in self._jobs:
            if why := job.trouble():
                return False, why
        for name, check in self._checks:
            try:
                why = check()
            except Exception as error:  # a check that raises is no good news
                why = f"cannot be asked: {type(error).__name__}"
            if why:
                return False, f"{name} {why}"
        return True, "ok"

    def jobs(self) -> list[Job]:
        """Return the long-lived jobs, for tests that kill each of them."""
        return list(self._jobs)

    def statistics(self) -> list[JobStatistics]:
        """Return each job's figures."""
        return [job.statistics() for job in self._jobs]

    async def close(self) -> None:
        """End everything that was started here, and wait for it."""
        tasks: list[asyncio.Task[Any]] = [*self._once]
        for task in tasks:
            task.cancel()
        for job in self._jobs:
            job.stop()
            if job.task is not None:
                tasks.append(job.task)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _add(self, job: Job) -> Job:
        self._jobs.append(job)
        return job
