"""How long a peer may be silent before it is taken to stand still: longer for a judge that is late itself.

Pure: times are arguments. On a machine that does other work all nodes come late together. One that then gives up the
links of peers that live moves their shards, which costs the CPU that was short; so what this process was late by of
late, its peers may have been as well.
"""

from __future__ import annotations

from collections import deque
from typing import Final

SILENT_MIN_S: Final = 2.0
"""Four heartbeats: with a tenure after it, what stood still with its node answers again within 3 s."""
SILENT_MAX_S: Final = 5.0
"""Below the group's session time-out (6 s unless configured), which decides without links."""
LATE_FACTOR: Final = 3.0
"""A peer waits for a core as this process does, once to write, once to be read, and once more for its luck."""
REMEMBERED_S: Final = 10.0


class LinkPatience:
    """Asked every `every_s`; that it is asked later is what it goes by."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._asked_s: float | None = None
        self._late: deque[tuple[float, float]] = deque()  # when, and by how much: each larger than all after it

    def silent_s(self, now_s: float) -> float:
        """Return how long peers may be silent now, in s."""
        late_s = 0.0 if self._asked_s is None else max(0.0, now_s - self._asked_s - self._every_s)
        self._asked_s = now_s
        while self._late and self._late[-1][1] <= late_s:
            self._late.pop()
        self._late.append((now_s, late_s))
        while self._late[0][0] < now_s - REMEMBERED_S:
            self._late.popleft()
        return min(SILENT_MAX_S, SILENT_MIN_S + LATE_FACTOR * self._late[0][1])
