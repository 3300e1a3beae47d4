"""When batches go to the log: at once while they are few, all shards of the node together on a tick when they are many.

A batch costs the client of a log tens of microseconds and a request more; past some thousand a second it is their
number that counts, not their size. Owns the count and the shards that wait for the tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 0.1
TICK_S: Final = 0.001
ON_PER_S: Final = 4_000
OFF_PER_S: Final = 2_000


def _raised(error: BaseException) -> None:
    raise error


class Pacer:
    """One a node. `contain` takes what a shard's flush raises."""

    def __init__(self, contain: Callable[[BaseException], None] | None = None) -> None:
        self._contain = contain or _raised
        self.ticking = False
        self.ticks = 0
        self._count = 0
        self._since_s = 0.0
        self._waiting: dict[Callable[[], None], None] = {}

    def wait(self, flush: Callable[[], None]) -> bool:
        """Tell whether the caller must wait: then `flush` is called on the next tick, with those of other shards."""
        self._count += 1
        loop = asyncio.get_running_loop()
        now = loop.time()
        passed = now - self._since_s
        if passed >= WINDOW_S:
            rate = self._count / passed
            self.ticking = rate > (OFF_PER_S if self.ticking else ON_PER_S)
            self._count, self._since_s = 0, now
        if not self.ticking:
            return False
        if not self._waiting:
            loop.call_later(TICK_S, self._tick)
        self._waiting[flush] = None
        return True

    def _tick(self) -> None:
        self.ticks += 1
        waiting, self._waiting = self._waiting, {}
        for flush in waiting:
            try:
                flush()
            except Exception as error:  # one shard's batch must not hold up the others'; reported
                self._contain(error)
