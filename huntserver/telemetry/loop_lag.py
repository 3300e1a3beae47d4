"""How late the event loop runs: what every player feels, whatever is the cause.

Owns one timer. Measures only; nothing rests on it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

BOUNDS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
INTERVAL_S: Final = 0.1


class LoopLag:
    """The lag of a timer that should fire every 100 ms: a histogram over all ticks, and the worst since it was read.

    `each` is called at every tick, for what should happen now and then whether or not somebody plays; it must not
    raise or suspend.
    """

    def __init__(self, each: Callable[[], None] | None = None) -> None:
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0
        self._worst_s = 0.0
        self._each = each
        self._handle: Any = None
        self._due_s = 0.0

    def start(self, loop: Any) -> None:
        """Begin to measure on a loop."""
        self._due_s = time.monotonic() + INTERVAL_S
        self._handle = loop.call_later(INTERVAL_S, self._tick, loop)

    def _tick(self, loop: Any) -> None:
        late_s = max(0.0, time.monotonic() - self._due_s)
        self.start(loop)
        self.sum_s += late_s
        self.buckets[bisect_left(BOUNDS_S, late_s)] += 1
        self._worst_s = max(self._worst_s, late_s)
        if self._each is not None:
            self._each()

    def take_worst_s(self) -> float:
        """Return the worst lag since the last call, in s."""
        worst, self._worst_s = self._worst_s, 0.0
        return worst

    def stop(self) -> None:
        """Stop measuring."""
        if self._handle is not None:
            self._handle.cancel()
