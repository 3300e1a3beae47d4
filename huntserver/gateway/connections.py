"""The open connections and the sweep over them: time-outs, slow readers, pings.

Owns the set. Sweeps a part of it every tick, so that the work is even however many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from huntserver.gateway.tally import ReasonTally
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
    """All WebSockets that are open, and a tally of those that we closed. `last_sums` is (unanswered requests,
    connections behind) of the last whole round of the sweep."""

    def __init__(self, closes: ReasonTally, contain: Callable[[Exception], None]) -> None:
        self.closes = closes
        self._contain = contain
        self._open: dict[Watched, None] = {}
        self._to_sweep: list[Watched] = []
        self._sums = self.last_sums = (0, 0)  # (unanswered, behind) of this round, and of the last

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
        part = due[-count:]
        del due[-count:]
        for connection in part:
            try:
                self.look_at(connection, now_s)
            except Exception as error:  # one connection's fault: it goes, the others are swept
                self._contain(error)
                connection.abort()

    def look_at(self, connection: Watched, now_s: float) -> None:
        """Do what is due for one connection."""
        self._sums = (self._sums[0] + len(connection.session.unanswered), self._sums[1] + connection.behind)
        overdue = connection.overdue(now_s)
        if overdue == "gone":
            if not connection.closing:
                self.closes.count("silent", session=connection.label)
            connection.abort()
        elif overdue:
            connection.close(overdue)
        else:
            connection.ping(now_s)
