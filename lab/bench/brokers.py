"""Kafka brokers for one run of the benchmark, on a data folder of its own that goes with them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from lab import ROOT


@contextmanager
def kafka(brokers: int = 1, *, core: str = "") -> Iterator[str]:
    """Start so many brokers, on a core if one is given; yield their address. Raises CalledProcessError."""
    on = ["taskset", "-c", core] if core else []
    with tempfile.TemporaryDirectory(prefix="bench-brokers-") as data:
        which = ("--brokers", str(brokers), "--data", data, "--port", "0")
        try:
            yield _broker(*on, "python3", "tools/kafka/broker.py", "start", *which)
        finally:
            _broker("python3", "tools/kafka/broker.py", "stop", *which)


def _broker(*command: str) -> str:
    """Run the tool; return the last line that it printed, which is the address."""
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    return out.stdout.strip().splitlines()[-1]
