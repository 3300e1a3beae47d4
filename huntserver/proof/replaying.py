"""Public records, replayed by the game's own rules: what the hunt's state and its standings come to. Pure."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec

from huntserver.game.hunt import HuntType
from huntserver.game.state import Hunt
from huntserver.proof.public import PublicRecord


class PlaceRow(msgspec.Struct, frozen=True, array_like=True):
    """A row of the standings: place, id of the team, points, clues solved, when they were reached (ms), bracket."""

    place: int
    team: str
    score: int
    solved: int
    at_ms: int
    bracket: str

    def __str__(self) -> str:
        return f"{self.team} at place {self.place} with {self.score} points, {self.solved} solved"


class PublicReplay:
    """The state of one hunt, folded from public records."""

    def __init__(self, hunt: str) -> None:
        self._kind = HuntType()
        self.state: Hunt = self._kind.create(hunt)

    def apply(self, record: PublicRecord, before: Callable[[Hunt, Any, PublicRecord], None] | None = None) -> None:
        """Fold one record; `before` sees each of its events on the state before it.

        Raises what the rules raise for a record that does not fit the state (any exception).
        """
        for event in record.events:
            if before is not None:
                before(self.state, event, record)
            self._kind.apply(self.state, event, record.pos, record.at)
        self._kind.pushes(self.state, record.events, record.pos, record.at)

    def digest(self) -> str:
        """Return the digest of all that is stored of the state."""
        made = blake2b(digest_size=32)
        for part in self._kind.encode(self.state):
            made.update(len(part).to_bytes(8, "big"))
            made.update(part)
        return made.hexdigest()

    def standings(self) -> list[PlaceRow]:
        """Return all teams that stand, by place."""
        return standings_of(self.state)


def standings_of(state: Hunt) -> list[PlaceRow]:
    """Return all teams that stand, by place."""
    top = state.standings.top(state.standings.size())
    return [
        PlaceRow(i + 1, t.id, t.score, t.solved.bit_count(), t.score_at, t.bracket) for i, t in enumerate(top)
    ]  # fmt: skip
