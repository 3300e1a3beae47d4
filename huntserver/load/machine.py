"""What processes use: CPU and memory of the server, the broker and the generator, as psutil tells them.

Owns nothing. Of a server elsewhere, or a process that belongs to somebody else, there is simply nothing to tell.
"""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import NamedTuple

import psutil


class Usage(NamedTuple):
    """CPU time so far in s, resident memory in bytes."""

    cpu_s: float
    rss_bytes: int


def usage(pid: int) -> Usage | None:
    """Return what a process has used, None when it is gone."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return Usage(times.user + times.system, process.memory_info().rss)
    except psutil.Error:
        return None


def busy_s() -> float:
    """Return how long the cores of this machine have run programs (or were taken from it), in s.

    What the kernel does for the network at interrupts belongs to no process and is left out.
    """
    times = psutil.cpu_times()
    return float(times.user + getattr(times, "nice", 0.0) + times.system + getattr(times, "steal", 0.0))


def listener(port: int) -> int | None:
    """Return the process that listens on a TCP port of this machine, None when it cannot be found."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return int(connection.pid) if connection.pid else None
    return None


class Meter:
    """The CPU share and memory of one process, from one look to the next."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.first = self._last = usage(pid)
        self._at_s = 0.0

    def look(self, now_s: float) -> tuple[float, int]:
        """Return the share of one core used since the last look (1.0: all of it), and the memory in bytes."""
        seen, last = usage(self.pid), self._last
        if seen is None or last is None:
            return 0.0, 0
        share = (seen.cpu_s - last.cpu_s) / (now_s - self._at_s) if self._at_s else 0.0
        self._last, self._at_s = seen, now_s
        return share, seen.rss_bytes


def description() -> str:
    """Return the machine in a line: processor, cores that may be used, system, Python."""
    model = ""
    with contextlib.suppress(OSError):  # psutil does not tell the model
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    cores = len(os.sched_getaffinity(0))
    return f"{model or platform.machine()}, {cores} cores, {platform.system()} {platform.release()}, Python " + (
        platform.python_version()
    )
