"""What processes use, read from /proc: the server's, the broker's, the generator's CPU and memory.

Owns nothing. On a system without /proc, or for a server elsewhere, there is simply nothing to tell.
"""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
LISTENING: Final = "0A"


class Usage(NamedTuple):
    """CPU time so far in s, resident memory in bytes."""

    cpu_s: float
    rss_bytes: int


def usage(pid: int) -> Usage | None:
    """Return what a process has used, None when it is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    ticks = int(fields[11]) + int(fields[12])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))


def busy_s() -> float:
    """Return how long the cores of this machine have run programs (or were taken from it), in s; 0: not to be told.

    What the kernel does for the network at interrupts belongs to no process and is left out.
    """
    try:
        fields = [int(field) for field in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    user, nice, system, _idle, _disk, _irq, _softirq, stolen = fields
    return (user + nice + system + stolen) / os.sysconf("SC_CLK_TCK")


def listener(port: int) -> int | None:
    """Return the process that listens on a TCP port of this machine, None when it cannot be found."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return None
    for folder in PROC.glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):  # others' processes, and such as end meanwhile
            for entry in os.scandir(folder):
                if os.readlink(entry.path) in inodes:
                    return int(folder.parent.name)
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
    with contextlib.suppress(OSError):
        for line in (PROC / "cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    cores = len(os.sched_getaffinity(0))
    return f"{model or platform.machine()}, {cores} cores, {platform.system()} {platform.release()}, Python " + (
        platform.python_version()
    )
