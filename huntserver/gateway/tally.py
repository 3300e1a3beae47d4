"""Counts by reason, with a line now and then: what strangers cause must neither be silent nor flood the log.

Owns the counts and when each reason was last told.
"""

from __future__ import annotations

from typing import Any, Final

from actors.reporter import Reporter
from huntserver.gateway.clock import LoopClock

TOLD_AGAIN_S: Final = 10.0
"""A reason is told at once, then at most once in so long, with how often it came meanwhile."""


class ReasonTally:
    """What was refused or closed, by reason. The reasons are ours, so there are few."""

    def __init__(self, event: str, report: Reporter, clock: LoopClock) -> None:
        self.counts: dict[str, int] = {}
        self._event = event
        self._report = report
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}  # reason -> when it was told, and the count then

    def count(self, reason: str, **fields: Any) -> None:
        """Count one; `fields` go to the line if there is one now (`times`: how many it stands for)."""
        count = self.counts[reason] = self.counts.get(reason, 0) + 1
        now_s = self._clock.now_s
        told_s, told_count = self._told.get(reason, (now_s - TOLD_AGAIN_S, 0))
        if now_s - told_s >= TOLD_AGAIN_S:
            self._told[reason] = (now_s, count)
            self._report.warn(self._event, reason=reason, times=count - told_count, **fields)

    def total(self) -> int:
        """Return how many there were of all reasons."""
        return sum(self.counts.values())
