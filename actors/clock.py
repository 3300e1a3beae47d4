"""The clocks of the runtime, as a port: simulation brings its own.

Owns nothing. The only module of `actors` besides the log adapters that reads the machine's time.
"""

from __future__ import annotations

import time
from typing import Protocol

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Wall time for records, boot time (which goes on while the machine sleeps) for the proof of ownership."""

    def wall_ms(self) -> int:
        """Return ms since 1970; may go back."""
        ...

    def boot_ns(self) -> int:
        """Return ns since some start; never goes back, counts through pauses of process and machine."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """Return ms since 1970."""
        return time.time_ns() // 1_000_000

    def boot_ns(self) -> int:
        """Return CLOCK_BOOTTIME in ns (CLOCK_MONOTONIC where the system has no such clock)."""
        return time.clock_gettime_ns(_BOOT)
