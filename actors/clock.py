"""The clocks of the runtime, as a port: simulation brings its own.

Owns nothing. The only module of `actors` besides the log adapters that reads the machine's time.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

STOOD_STILL_S: Final = 1.0
"""A look that is due several times a second and comes later than this: the process was paused, or its loop held up."""

AWAKE_S: Final = 1.0
"""How long it must have run again before it says that others are late: their answers may lie in its sockets, and the
timers of a loop come before what it reads."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Wall time for records, boot time (which goes on while the machine sleeps) for the proof of ownership."""

    def wall_ms(self) -> int:
        """Return ms since 1970; may go back."""
        ...

    def boot_ns(self) -> int:
        """Return ns since some start; never goes back, counts through pauses of process and machine."""
        ...


class Awake:
    """Whether this process has run for long enough to judge how long others take; for who looks several times a second.

    Nothing rests on it but when a batch is called late or given up.
    """

    __slots__ = ("_looked_s", "_woke_s")

    def __init__(self) -> None:
        self._looked_s = self._woke_s = float("-inf")

    def look(self, now_s: float) -> bool:
        """Note a look, and tell whether it is no sooner than `AWAKE_S` after the process stood still."""
        if self._looked_s + STOOD_STILL_S < now_s and self._looked_s > float("-inf"):
            self._woke_s = now_s
        self._looked_s = now_s
        return now_s - self._woke_s >= AWAKE_S


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """Return ms since 1970."""
        return time.time_ns() // 1_000_000

    def boot_ns(self) -> int:
        """Return CLOCK_BOOTTIME in ns (CLOCK_MONOTONIC where the system has no such clock)."""
        return time.clock_gettime_ns(_BOOT)


class Agreement:
    """Whether our clock and the log's agree. Remembers the log's after they did not: to ask again writes nothing."""

    def __init__(self, clock: Clock, most_ms: int, ask_again_s: float) -> None:
        self._clock = clock
        self._most_ms = most_ms
        self._ask_again_ms = int(ask_again_s * 1000)
        self._seen: tuple[int, int] | None = None  # the log's time when it did not agree, and the boot time then

    def broken(self, log_ms: int, waited_ms: int) -> bool:
        """Tell whether they differ too much, by an answer of the log that was at most so long on the way."""
        ahead_ms = self._clock.wall_ms() - log_ms
        if not log_ms or -self._most_ms <= ahead_ms <= self._most_ms + waited_ms:
            self._seen = None
            return False
        self._seen = (log_ms, self._clock.boot_ns())
        return True

    def still_broken(self) -> bool:
        """Tell whether they must differ still, by what was seen last; after a while it is the log that must say so."""
        if self._seen is None:
            return False
        log_ms, then_ns = self._seen
        gone_ms = (self._clock.boot_ns() - then_ns) // 1_000_000
        return gone_ms < self._ask_again_ms and abs(self._clock.wall_ms() - log_ms - gone_ms) > self._most_ms
