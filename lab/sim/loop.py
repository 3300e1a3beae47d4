"""An event loop on virtual time: deterministic, single-threaded, never waits for anything real.

Owns the clock of the simulated world and the order of callbacks. Every callback belongs to a `SimPlace` (the world
itself or one simulated process), which can be stopped (callbacks wait, as under SIGSTOP) and killed (they never run).
Never touches sockets, threads or the machine's time.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

STEP_S: Final = 10e-6
"""What a callback costs: so that a task that polls with `sleep(0)` sees time pass."""

LOOK_S: Final = 0.002
"""How often, in virtual time, `run` looks whether it is done."""

_here: contextvars.ContextVar[SimPlace] = contextvars.ContextVar("place")


class SimPlace:
    """Where callbacks run: a process that can be stopped and killed."""

    __slots__ = ("context", "dead", "held", "name", "resumed_s", "stopped", "tasks")

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopped = False
        self.dead = False
        self.resumed_s = 0.0
        self.held: deque[Handle] = deque()
        self.tasks: list[asyncio.Task[Any]] = []
        self.context = contextvars.Context()
        self.context.run(_here.set, self)


class Handle:
    """One call to come; what asyncio needs of a `Handle` and a `TimerHandle`."""

    __slots__ = ("args", "at_s", "call", "context", "off", "place")

    def __init__(
        self, call: Callable[..., Any] | None, args: tuple[Any, ...], context: contextvars.Context, place: SimPlace
    ) -> None:
        self.call = call
        self.args = args
        self.context = context
        self.place = place
        self.at_s = 0.0
        self.off = False

    def cancel(self) -> None:
        """Never run it."""
        self.off = True
        self.call, self.args = None, ()

    def cancelled(self) -> bool:
        """Tell whether it was cancelled."""
        return self.off

    def when(self) -> float:
        """Return the time it is due, in s of virtual time."""
        return self.at_s


class SimLoop(asyncio.AbstractEventLoop):
    """A deterministic event loop: the same calls in the same order give the same run, in any process."""

    def __init__(self) -> None:
        self.world = SimPlace("world")
        self.place = self.world
        self.errors: list[tuple[str, BaseException]] = []
        self.turns = 0
        self._now = 0.0
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._number = 0
        self._closed = False

    # ---- scheduling

    def time(self) -> float:
        """Return virtual time in s since the loop was made."""
        return self._now

    def _handle(self, call: Callable[..., Any], args: tuple[Any, ...], context: contextvars.Context | None) -> Handle:
        if context is None:
            place = self.place
            return Handle(call, args, place.context, place)
        return Handle(call, args, context, context.get(_here, self.world))

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> Handle:
        """Run in this turn, after what is ready."""
        handle = self._handle(callback, args, context)
        if not self._closed:
            self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> Handle:
        """Run at virtual time `when`."""
        return self._later(when, self._handle(callback, args, context))

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> Handle:
        """Run `delay` s from now."""
        return self._later(self._now + delay, self._handle(callback, args, context))

    def post(self, place: SimPlace, delay_s: float, call: Callable[..., Any], *args: Any) -> Handle:
        """Run at another place, `delay_s` from now: a message between processes."""
        return self._later(self._now + delay_s, Handle(call, args, place.context, place))

    def _later(self, at_s: float, handle: Handle) -> Handle:
        handle.at_s = at_s
        if not self._closed:
            self._number += 1
            heapq.heappush(self._timers, (at_s, self._number, handle))
        return handle

    # ---- running

    def run(self, until: Callable[[], bool], most_s: float) -> bool:
        """Run until the condition holds (True) or virtual time `most_s` has passed or nothing is left (False)."""
        end_s = self._now + most_s
        ready, timers, pop = self._ready, self._timers, heapq.heappop
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            look_s = self._now
            while True:
                if self._now >= look_s:
                    if until():
                        return True
                    if self._now > end_s:
                        return False
                    look_s = self._now + LOOK_S
                if not ready:
                    if not timers or timers[0][0] > end_s:
                        self._now = max(self._now, end_s)
                        return until()
                    self._now = max(self._now, timers[0][0])
                while timers and timers[0][0] <= self._now:
                    ready.append(pop(timers)[2])
                for _ in range(len(ready)):
                    self._one(ready.popleft())
        finally:
            events._set_running_loop(before)
            self.place = self.world

    def _one(self, handle: Handle) -> None:
        if handle.off:
            return
        place = handle.place
        if place.dead:
            return
        if place.stopped:
            place.held.append(handle)
            return
        self._now += STEP_S
        self.turns += 1
        self.place = place
        try:
            handle.context.run(handle.call, *handle.args)  # type: ignore[arg-type]
        except Exception as error:  # a callback must not raise: the simulation fails with it; counted in `errors`
            self.errors.append((place.name, error))

    def run_until_complete(self, future: Any) -> Any:
        """Run a coroutine or future in the world to its end, for at most an hour of virtual time."""
        task: asyncio.Future[Any]
        if asyncio.isfuture(future):
            task = future
        else:
            self.place = self.world
            task = self.world.context.run(self.create_task, future)
        if not self.run(task.done, 3600.0):
            raise TimeoutError("nothing is left to run, or an hour has passed")
        return task.result()

    # ---- places

    def stop_place(self, place: SimPlace) -> None:
        """Stop a process as SIGSTOP does: its callbacks wait."""
        place.stopped = True

    def resume_place(self, place: SimPlace) -> None:
        """Let a stopped process go on, with all that came meanwhile."""
        place.stopped = False
        place.resumed_s = self._now
        self._ready.extend(place.held)
        place.held.clear()

    def kill_place(self, place: SimPlace) -> None:
        """End a process at once: none of its callbacks runs again. Its coroutines are closed, nobody hears of it."""
        place.dead = True
        place.held.clear()
        tasks, place.tasks = place.tasks, []
        before, self.place = self.place, place
        for task in tasks:
            if not task.done():
                with contextlib.suppress(RuntimeError):  # one that is on the stack now, or that ignores GeneratorExit
                    task.get_coro().close()
        self.place = before

    # ---- what asyncio asks of a loop

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[Any]:
        """Return a task that belongs to the place that made it."""
        task = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # killed processes leave pending tasks behind
        tasks = self.place.tasks
        if len(tasks) > 64:
            tasks[:] = [t for t in tasks if not t.done()]
        tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what nobody caught."""
        error = context.get("exception")
        if error is not None and not self._closed:
            self.errors.append((str(context.get("message")), error))

    def get_debug(self) -> bool:
        """Never in debug mode."""
        return False

    def is_running(self) -> bool:
        """Tell whether `run` is on the stack."""
        return events._get_running_loop() is self

    def is_closed(self) -> bool:
        """Tell whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Drop everything that is still to come."""
        self._closed = True
        self._ready.clear()
        self._timers.clear()

    def places(self) -> Iterator[SimPlace]:
        """Yield the places that timers still wait for, for a look into a hung simulation."""
        yield from {id(h.place): h.place for _, _, h in self._timers if not h.off}.values()
