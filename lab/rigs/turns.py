"""A loop that measures its turns by the CPU time of its thread, and a measure that does not depend on the machine.

Not by the wall clock: what else the machine does is nobody's fault here. And not in milliseconds: the same turn is
judged by a computation that is timed in the same run, so that a slow machine judges as a fast one does.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import msgspec

REFERENCE_MS: Final = 2.0
"""What the reference computation takes on the machine on which a turn of 20 ms was found to be too long."""
ROWS: Final = 3_000


class MeasuredLoop(asyncio.SelectorEventLoop):
    """Remembers the longest turn since `worst_ns` was last set to 0, in ns of CPU time."""

    def __init__(self) -> None:
        super().__init__()
        self.worst_ns = 0

    def _run_once(self) -> None:
        began_ns = time.thread_time_ns()
        super()._run_once()  # type: ignore[misc]  # private: there is no other way to see a turn whole
        self.worst_ns = max(self.worst_ns, time.thread_time_ns() - began_ns)


def reference_ns() -> int:
    """Return the CPU time of the reference computation now: look-ups, sorting and encoding, as a server does."""
    best = 1 << 62
    for _ in range(3):
        began_ns = time.thread_time_ns()
        rows = {f"team-{i * 7919 % ROWS}": (i * 7919 % ROWS, i) for i in range(ROWS)}
        rising = sorted(rows.values())
        data = msgspec.json.encode([rows[f"team-{place}"] for place, _ in rising])
        assert len(data) > ROWS
        best = min(best, time.thread_time_ns() - began_ns)
    return best


def as_ms(turn_ns: int, reference: int) -> float:
    """Return a turn in ms of the reference machine."""
    return turn_ns / reference * REFERENCE_MS
