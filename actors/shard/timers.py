"""The due heap of one shard: when does which entity next have something to do?

Owns the heap and one loop timer for its top. Entries are hints: an entity's own `due` decides. Of an entity only the
entry that was set last counts; when stale ones are the greater part, the heap is built anew without them.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Final

FARTHEST_S: Final = 1.0
"""A step of the wall clock makes no timer later than this."""
STALE_MAX: Final = 64
ENTRY_BYTES: Final = 150


class Timers:
    """Calls `fire(entity_id, due_ms)` when an entity may be due by the wall clock; the entry is gone then.

    `contain` takes what a call raises: one entity's bug does not end the others' timers.
    """

    def __init__(
        self,
        wall_ms: Callable[[], int],
        fire: Callable[[str, int], None],
        contain: Callable[[BaseException], None],
    ) -> None:
        self._contain = contain
        self._wall_ms = wall_ms
        self._fire = fire
        self._heap: list[tuple[int, str]] = []
        self._latest: dict[str, int] = {}
        self._handle: asyncio.TimerHandle | None = None
        self._armed_ms = 0
        self.paused = False

    def set(self, due_ms: int, entity_id: str) -> None:
        """Wake the entity at `due_ms` or a little later; what was set for it before does not count any more."""
        if self._latest.get(entity_id) == due_ms:
            return
        self._latest[entity_id] = due_ms
        heapq.heappush(self._heap, (due_ms, entity_id))
        if len(self._heap) > 2 * len(self._latest) + STALE_MAX:
            self._heap = [(due, id) for id, due in self._latest.items()]
            heapq.heapify(self._heap)
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
        try:
            while self._heap and self._heap[0][0] <= now:
                due_ms, entity_id = heapq.heappop(self._heap)
                if self._latest.get(entity_id) == due_ms:
                    del self._latest[entity_id]
                    self._call(entity_id, due_ms)
        finally:
            if self._heap and not self.paused:
                self._arm()

    def _call(self, entity_id: str, due_ms: int) -> None:
        try:
            self._fire(entity_id, due_ms)
        except Exception as error:  # see the class; reported
            self._contain(error)

    def clear(self) -> None:
        """Forget all, and only collect until `resume`."""
        self.paused = True
        self._heap.clear()
        self._latest.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes."""
        return ENTRY_BYTES * len(self._heap)

    def __contains__(self, entity_id: str) -> bool:
        """Tell whether a due time stands in line for an entity."""
        return entity_id in self._latest

    def __len__(self) -> int:
        """Return how many due times stand in line."""
        return len(self._heap)
