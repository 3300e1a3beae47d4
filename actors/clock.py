"""The clocks of the runtime, as a port: simulation brings its own.

Owns nothing. The only module of `actors` besides the log adapters that reads the machine's time.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

SUSPENDED_S: Final = 1.0
"""A call due several times a second that comes later than this: the process was suspended, or its loop stalled."""

RESUME_GRACE_S: Final = 1.0
"""Time after a suspension before peers are called late: their answers may lie unread in our sockets, and a loop runs
its timers before what it reads."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Wall time for records, boot time (which goes on while the machine sleeps) for the proof of ownership."""

    def wall_ms(self) -> int:
        """Return ms since 1970; may go back."""
        ...

    def boot_ns(self) -> int:
        """Return ns since some start; never goes back, counts through pauses of process and machine."""
        ...


class SuspensionDetector:
    """Detects that this process was suspended (SIGSTOP, VM pause), so that timeouts are not blamed on peers.

    Asked several times a second. Only when a batch counts as late, or is given up, rests on it.
    """

    __slots__ = ("_asked_s", "_resumed_s")

    def __init__(self) -> None:
        self._asked_s = self._resumed_s = float("-inf")

    def may_judge(self, now_s: float) -> bool:
        """Tell whether the process has run for `RESUME_GRACE_S` since it was last suspended, if it ever was."""
        if self._asked_s + SUSPENDED_S < now_s and self._asked_s > float("-inf"):
            self._resumed_s = now_s
        self._asked_s = now_s
        return now_s - self._resumed_s >= RESUME_GRACE_S


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
