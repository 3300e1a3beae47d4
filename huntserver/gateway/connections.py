"""The open connections and the sweep over them: time-outs, slow readers, pings.

Owns the set. Sweeps a part of it every tick, so that the work is even however many there are.
"""

from __future__ import annotations

from typing import Final, Protocol

from actors.reporter import Reporter
from huntserver.limits import Limits
from huntserver.wire.session import Session

TICK_S: Final = 0.05
SWEPT_PER_TICK: Final = (50, 500)
"""Connections swept per tick: all within 1 s, clamped to this range."""


class Watched(Protocol):
    """A connection, as the sweep sees it."""

    behind: bool
    closing: bool
    label: str
    session: Session

    def overdue(self, now_s: float) -> str:
        """Return what is due, or "": a close by its name; `gone`: drop the socket."""
        ...

    def ping(self, now_s: float) -> None:
        """Send a protocol ping if the peer has been silent for long."""
        ...

    def close(self, name: str) -> None:
        """Close with the code of that name (`errors.CLOSES`)."""
        ...

    def abort(self) -> None:
        """Drop the socket."""
        ...


class Connections:
    """All WebSockets that are open. `unanswered` and `behind` are sums of the last whole round of the sweep."""

    def __init__(self, limits: Limits, report: Reporter) -> None:
        self._limits = limits
        self._report = report
        self._open: dict[Watched, None] = {}
        self._to_sweep: list[Watched] = []
        self._sums = self.last_sums = (0, 0)  # (unanswered, behind) of this round, and of the last
        self.closed_slow = self.closed_silent = 0

    def __len__(self) -> int:
        return len(self._open)

    def all(self) -> list[Watched]:
        """Return all that are open now."""
        return list(self._open)

    def add(self, connection: Watched) -> None:
        """Take a connection whose handshake is done."""
        self._open[connection] = None

    def remove(self, connection: Watched) -> bool:
        """Let go of one whose socket is gone; False if it was not held."""
        if connection not in self._open:
            return False
        del self._open[connection]
        return True

    def due(self) -> list[Watched]:
        """Return those of this round that were not swept yet; begins a round when the last one is done."""
        if not self._to_sweep:
            self.last_sums, self._sums = self._sums, (0, 0)
            self._to_sweep = list(self._open)
        return self._to_sweep

    def sweep(self, now_s: float) -> None:
        """Sweep a tick's part."""
        due = self.due()
        few, many = SWEPT_PER_TICK
        count = min(max(few, int(len(self._open) * TICK_S) + 1), many)
        for connection in due[-count:]:
            self.look_at(connection, now_s)
        del due[-count:]

    def look_at(self, connection: Watched, now_s: float) -> None:
        """Do what is due for one connection."""
        self._sums = (self._sums[0] + len(connection.session.unanswered), self._sums[1] + connection.behind)
        overdue = connection.overdue(now_s)
        if overdue == "gone":
            self.closed_silent += not connection.closing
            connection.abort()
        elif overdue:
            self.closed_slow += overdue == "slow_consumer"
            connection.close(overdue)
            self._report.note("session_closed", session=connection.label, why=overdue)
        else:
            connection.ping(now_s)
