"""The due heap of one shard: when does which entity next have something to do?

Owns the heap and one loop timer for its top. Entries are hints: an entity's own `due` decides, so a stale entry only
costs a look.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

FARTHEST_S = 1.0
"""A step of the wall clock makes no timer later than this."""


class Timers:
    """Calls `fire(entity_id, due_ms)` when an entity may be due by the wall clock; the entry is gone then."""

    def __init__(self, wall_ms: Callable[[], int], fire: Callable[[str, int], None]) -> None:
        self._wall_ms = wall_ms
        self._fire = fire
        self._heap: list[tuple[int, str]] = []
        self._handle: asyncio.TimerHandle | None = None
        self._armed_ms = 0
        self.paused = False

    def set(self, due_ms: int, entity_id: str) -> None:
        """Wake the entity at `due_ms` or a little later."""
        heapq.heappush(self._heap, (due_ms, entity_id))
        if not self.paused and (self._handle is None or due_ms < self._armed_ms):
            self._arm()

    def resume(self) -> None:
        """Begin to fire: the shard's memory is whole."""
        self.paused = False
        if self._heap:
            self._arm()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed_ms = self._heap[0][0]
        delay_s = min(max((self._armed_ms - self._wall_ms()) / 1000, 0.0), FARTHEST_S)
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._handle = None
        now = self._wall_ms()
        while self._heap and self._heap[0][0] <= now:
            due_ms, entity_id = heapq.heappop(self._heap)
            self._fire(entity_id, due_ms)
        if self._heap:
            self._arm()

    def clear(self) -> None:
        """Forget all, and only collect until `resume`."""
        self.paused = True
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def __len__(self) -> int:
        """Return how many due times stand in line."""
        return len(self._heap)
