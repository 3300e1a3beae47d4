"""An event loop whose time passes only when nothing is left to do: a test that sleeps is as sure as it is quick.

On the machine's time, "in 0.05 s it is durable, look after 0.1 s" fails when the process gets no CPU for 50 ms. Here
the first timer runs, and all that follows from it, before the second is due. For tests without threads and processes:
nobody waits for those.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any, Final

TURN_S: Final = 10e-6
"""What a turn of the loop costs: a test that polls with `sleep(0)` sees time pass."""


class Virtual(selectors.DefaultSelector):
    """A selector that waits for nothing: where asyncio would sleep, time has passed."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready now; else let `timeout` pass."""
        self.now_s += TURN_S
        found: list[Any] = super().select(0)
        if not found and timeout is None:  # only the machine's sockets can go on from here
            found = super().select(None)
        elif not found and timeout:
            self.now_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop on the time of a `Virtual` selector."""

    def __init__(self) -> None:
        self._virtual = Virtual()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the seconds that have passed for the test."""
        return self._virtual.now_s
