"""Processes of the benchmark: started on a core of their own, and what they cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from huntserver.load.machine import Usage, usage
from lab import ROOT

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, OTHER_CORE = str(CORES[0]), str(CORES[-1])


@contextmanager
def process(*command: str, core: str, wait: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a process on a core; wait for a line that begins with `wait`."""
    started = subprocess.Popen(
        ["taskset", "-c", core, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        assert started.stdout is not None
        if wait:
            for line in started.stdout:
                if line.startswith(wait):
                    break
            else:
                raise RuntimeError(f"{' '.join(command)} ended before it said {wait!r}")
        yield started
    finally:
        started.send_signal(signal.SIGKILL)
        started.communicate()


def used(pid: int) -> Usage:
    """Return what a process that runs has used."""
    seen = usage(pid)
    if seen is None:
        raise RuntimeError(f"process {pid} is gone")
    return seen


def generate(pid: int, *arguments: str, look: Callable[[], Any] = lambda: None) -> dict[str, Any]:
    """Run the generator against a server; add its CPU and memory, and what `look` saw after a second and at the end."""
    command = ["taskset", "-c", OTHER_CORE, sys.executable, "-m", "lab.bench.generator", *arguments]
    before = used(pid)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as started:
        assert started.stdout is not None
        if not started.stdout.readline():
            raise RuntimeError("the generator did not get ready")
        joined = used(pid)
        time.sleep(1.0)
        before_run = look()
        cpu_s, began = used(pid).cpu_s, time.monotonic()
        last = started.stdout.readline()
        took = time.monotonic() - began
    result: dict[str, Any] = json.loads(last)
    result["server_cpu"] = (used(pid).cpu_s - cpu_s) / took
    result["looks"] = (before_run, look())
    result["joined_bytes"] = joined.rss_bytes - before.rss_bytes
    return result
