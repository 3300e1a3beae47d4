"""When shards decide and write: at once while batches are few, all together on a tick when they are many.

A batch costs the client of a log and its brokers tens of microseconds and a request more, and a run of decisions its
clock and a callback; past some thousand a second it is their number that counts, not their size. On a tick each shard
decides all that came since the last one, and hands it over as one batch. The tick is stretched by how many shards have
something to do, so that batches stay at that rate. Owns the counts and the shards that wait for the tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 0.1
TICK_S: Final = 0.001
TICK_MAX_S: Final = 0.004
ON_PER_S: Final = 4_000
"""Batches a second past which shards run on a tick; the tick is so long that there are no more."""
OFF_PER_S: Final = 3_000
"""Records a second below which they do not."""


def _raised(error: BaseException) -> None:
    raise error


class Pacer:
    """One a node. `contain` takes what a shard's run raises."""

    def __init__(self, contain: Callable[[BaseException], None] | None = None) -> None:
        self._contain = contain or _raised
        self.ticking = False
        self.ticks = 0
        self.tick_s = TICK_S
        self._batches = self._records = 0
        self._since_s = 0.0
        self._waiting: list[Callable[[], None]] = []

    def soon(self, run: Callable[[], None]) -> None:
        """Call `run` in the next turn of the loop, or on the node's next tick; asked for once until it was called."""
        loop = asyncio.get_running_loop()
        if self.ticking:
            self._judge(loop.time())
        if not self.ticking:
            loop.call_soon(run)
            return
        if not self._waiting:
            loop.call_later(self.tick_s, self._tick)
        self._waiting.append(run)

    def handed(self, records: int) -> None:
        """Count a batch that goes to the log."""
        self._batches += 1
        self._records += records
        self._judge(asyncio.get_running_loop().time())

    def _judge(self, now_s: float) -> None:
        passed_s = now_s - self._since_s
        if passed_s >= WINDOW_S:
            if self.ticking:
                self.ticking = self._records > OFF_PER_S * passed_s
            else:
                self.ticking = self._batches > ON_PER_S * passed_s
            self._batches = self._records = 0
            self._since_s = now_s

    def _tick(self) -> None:
        self.ticks += 1
        waiting, self._waiting = self._waiting, []
        self.tick_s = min(max(len(waiting) / ON_PER_S, TICK_S), TICK_MAX_S)
        for run in waiting:
            try:
                run()
            except Exception as error:  # one shard's run must not hold up the others'; reported
                self._contain(error)
