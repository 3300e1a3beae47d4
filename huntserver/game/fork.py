"""A hunt taken apart from itself: what its standings would be if a host did something, without doing it. Pure.

The fork is decided and folded by the same rules as the hunt, re-judging included, so that what is seen is what comes of
it when it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game.features.amending import Accept, AwardSolve
from huntserver.game.features.authoring import Define
from huntserver.game.hunt import HuntType
from huntserver.game.state import Hunt, Phase

NEEDS_PLAY: Final = (Define, Accept, AwardSolve)
"""What is refused after the end: the hunt is reopened first."""
PLAIN: Final = HuntType()


class TeamMove(msgspec.Struct, frozen=True):
    """How a team would stand: place, points and clues solved, before and after. Place 0: it is not in the standings."""

    team: str
    name: str
    bracket: str
    place: int
    new_place: int
    points: int
    new_points: int
    solved: int
    new_solved: int

    @property
    def moves(self) -> bool:
        """Whether anything would change."""
        return (self.place, self.points, self.solved) != (self.new_place, self.new_points, self.new_solved)


class WhatIf(msgspec.Struct, frozen=True):
    """What would come of it: every team by its new place. `reopen`: it needs a hunt that goes on, this has ended."""

    teams: list[TeamMove]
    reopen: bool


def fork(state: Hunt, kind: HuntType) -> Hunt:
    """Return a hunt of its own with the same state."""
    return kind.decode(state.id, list(kind.encode(state)))


def what_if(state: Hunt, commands: Sequence[Any], now_ms: int, kind: HuntType = PLAIN) -> WhatIf | Rejected:
    """Return how teams would stand if the owner gave these commands at `now_ms`; the first refusal, if there is one.

    `state` stays as it is. A hunt that has ended is taken as it was in its last moment of play.
    """
    if state.phase in (Phase.NONE, Phase.DRAFT):
        return Rejected("wrong_phase", "the hunt is a draft: nobody stands")
    other = fork(state, kind)
    reopen = state.phase is Phase.ENDED and any(isinstance(c, NEEDS_PLAY) for c in commands)
    if state.phase is Phase.ENDED:
        other.phase, other.more.withdrawing, now_ms = Phase.RUNNING, 0, state.ended_ms
    ctx = Context()
    ctx.by, ctx.role, ctx.now_ms = state.owner, "admin", now_ms
    for command in commands:
        decision = kind.decide(other, command, ctx)
        if isinstance(decision, Rejected):
            return decision
        _fold(kind, other, decision.events, ctx)
        while (due := kind.due(other)) is not None and due.id.startswith("rejudge-"):
            ctx.now_ms = max(ctx.now_ms, due.due_ms)
            _fold(kind, other, kind.fire(other, due.id, ctx), ctx)
    return WhatIf(_moves(state, other), reopen)


def _fold(kind: HuntType, state: Hunt, events: Sequence[Any], ctx: Context) -> None:
    for event in events:
        kind.apply(state, event, ctx.seq, ctx.now_ms)
    kind.pushes(state, events, ctx.seq, ctx.now_ms)
    ctx.seq += 1


def _moves(before: Hunt, after: Hunt) -> list[TeamMove]:
    places, new_places = _places(before), _places(after)
    made = []
    for id, new in after.teams.items():
        old = before.teams[id]
        if new.is_dissolved:
            continue
        place, new_place = places.get(id, 0), new_places.get(id, 0)
        solved, new_solved = old.solved.bit_count(), new.solved.bit_count()
        row = (new.bracket, place, new_place, old.score, new.score, solved, new_solved)
        made.append(TeamMove(id, new.name, *row))
    return sorted(made, key=lambda move: (move.new_place == 0, move.new_place))


def _places(state: Hunt) -> dict[str, int]:
    return {team.id: i for i, team in enumerate(state.standings.top(state.standings.size()), 1)}
