"""The invariants of the simulation's small world, held against the log by the judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from actors.checker.history import Call, ReceivedPush
from lab.sim.toy import PIECES, Awarded, Spent, Taken


class ToyInvariants:
    """Ranks of a round are 1, 2, ...; never more than there are pieces; a purse is never negative."""

    def __init__(self) -> None:
        self._pieces: dict[str, tuple[int, list[str]]] = {}
        self._coins: dict[str, int] = {}

    def record(self, entity: str, pos: int, by: str, events: Sequence[Any], at_ms: int) -> Iterable[str]:
        """Look at one record."""
        for event in events:
            if isinstance(event, Taken):
                round, takers = self._pieces.get(entity, (0, []))
                takers = [*takers, event.by] if round == event.round else [event.by]
                self._pieces[entity] = event.round, takers
                if event.rank != len(takers) or event.rank > PIECES:
                    yield f"piece {event.rank} of {PIECES} is the {len(takers)}. that was taken in round {event.round}"
                if len(set(takers)) < len(takers):
                    yield f"{event.by} took two pieces in round {event.round}"
            elif isinstance(event, Awarded):
                self._coins[entity] = self._coins.get(entity, 0) + event.n
            elif isinstance(event, Spent):
                left = self._coins[entity] = self._coins.get(entity, 0) - event.n
                if left < 0:
                    yield f"the purse holds {left}"

    def leaks(self, calls: Iterable[Call], seen: Iterable[ReceivedPush]) -> Iterable[str]:
        """A chest has no secrets."""
        return ()
