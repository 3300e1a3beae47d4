"""The clocks of the runtime, as a port: simulation brings its own.

Owns nothing. The only module of `actors` besides the log adapters that reads the machine's time.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from pathlib import Path
from typing import Final, Protocol

SUSPENDED_S: Final = 1.0
"""A call due several times a second that comes later than this: the process was suspended, or its loop stalled."""

RESUME_GRACE_S: Final = 1.0
"""Time after a suspension before peers are called late: their answers may lie unread in our sockets, and a loop runs
its timers before what it reads."""

TIMEX_BYTES: Final = 256
TIMEX_STATUS_AT: Final = 5 * ctypes.sizeof(ctypes.c_long)
STA_UNSYNC: Final = 0x40
TIME_ERROR: Final = 5
"""`struct timex` of Linux: modes (padded), offset, freq, maxerror, esterror, then status; see adjtimex(2)."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Wall time for records, boot time (which goes on while the machine sleeps) for the proof of ownership."""

    def wall_ms(self) -> int:
        """Return ms since 1970; may go back."""
        ...

    def boot_ns(self) -> int:
        """Return ns since some start; never goes back, counts through pauses of process and machine."""
        ...

    def synchronised(self) -> bool:
        """Tell whether something outside the process vouches for the wall clock."""
        ...

    def remembered_ms(self) -> int | None:
        """Return what the wall clock should say by what an earlier run left; None: nothing was left."""
        ...

    def remember(self, now_ms: int) -> None:
        """Leave for the next run what time it is."""
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
    """The machine's clocks. In the file `memory` a run leaves for the next one how wall and boot time stood."""

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory

    def wall_ms(self) -> int:
        """Return ms since 1970."""
        return time.time_ns() // 1_000_000

    def boot_ns(self) -> int:
        """Return CLOCK_BOOTTIME in ns (CLOCK_MONOTONIC where the system has no such clock)."""
        return time.clock_gettime_ns(_BOOT)

    def synchronised(self) -> bool:
        """Tell whether the kernel says that the wall clock follows NTP (`adjtimex`); False where it cannot say."""
        return kernel_synchronised()

    def remembered_ms(self) -> int | None:
        """Return what the wall clock should say by an earlier run since the machine's boot; None: no run left that."""
        if self._memory is None:
            return None
        try:
            boot, wall_ms, boot_ns = self._memory.read_text().split()
            return int(wall_ms) + (self.boot_ns() - int(boot_ns)) // 1_000_000 if boot == boot_id() else None
        except (OSError, ValueError):  # none was left, or half of it: then nothing vouches for the clock
            return None

    def remember(self, now_ms: int) -> None:
        """Leave for the next run that it is `now_ms`; without an effect where the file cannot be written."""
        boot = boot_id()
        if self._memory is None or not boot:
            return
        new = self._memory.with_name(self._memory.name + ".new")
        with contextlib.suppress(OSError):
            new.write_text(f"{boot} {now_ms} {self.boot_ns()}\n")
            new.replace(self._memory)


def boot_id() -> str:
    """Return the id of this boot of the machine, empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def kernel_synchronised() -> bool:
    """Ask the kernel by `adjtimex` (Linux) whether its clock is disciplined: neither TIME_ERROR nor STA_UNSYNC."""
    try:
        ask = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    buffer = ctypes.create_string_buffer(TIMEX_BYTES)  # modes 0 in front: only read
    state = int(ask(buffer))
    status = ctypes.c_int.from_buffer(buffer, TIMEX_STATUS_AT).value
    return state not in (-1, TIME_ERROR) and not status & STA_UNSYNC
