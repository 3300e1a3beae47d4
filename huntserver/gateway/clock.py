"""The gateway's time and dice: a coarse monotonic clock, the wall's, calls made later, and jitter.

Owns the time that connections compare with: read once a tick, not once a frame (a system call each).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any


class LoopClock:
    """Time on the running event loop. `now_s` is monotonic and stands still between two ticks of the gateway.

    `told_ms` is the time that clients are told, in ms since 1970: the runtime's, by which things happen to them.
    """

    def __init__(self, now_s: float | None = None, told_ms: Callable[[], int] | None = None) -> None:
        self.now_s = time.monotonic() if now_s is None else now_s
        self._told_ms = told_ms

    def wall_ms(self) -> int:
        """Return ms since 1970."""
        return time.time_ns() // 1_000_000 if self._told_ms is None else self._told_ms()

    def roll(self) -> float:
        """Return a random number from 0 up to, not with, 1: jitter."""
        return random.random()

    def soon(self, call: Callable[..., None], *arguments: Any) -> None:
        """Call in the next turn of the loop."""
        asyncio.get_running_loop().call_soon(call, *arguments)

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call after `delay_s`; cannot be cancelled, so `call` looks whether it still matters."""
        asyncio.get_running_loop().call_later(delay_s, call, *arguments)
