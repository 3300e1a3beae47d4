"""Final places, written to the players in parts once a hunt has ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from actors.entity import Context, Reaction, Timer
from huntserver.game.event import GameEvent
from huntserver.game.feature import Feature, Makes, Times
from huntserver.game.photos import waiting as photos_waiting
from huntserver.game.player.commands import CloseHunt, to_player
from huntserver.game.state import Hunt, Phase, once_a_reopening

PLACES_A_RECORD: Final = 10
PLACES_EVERY_MS: Final = 2
"""Final places are written in parts, this far apart, so that a large hunt's end does not hold up its shard. Parts are
small, since several that are late are written and told in one turn: with parts of 200 one took up to 95 ms."""


class Placed(GameEvent, tag="placed", frozen=True, gc=False):
    """Final places of some players, in parts after the end: (player, place, points); place 0: taken out."""

    results: list[tuple[str, int, int]]


def _apply_placed(state: Hunt, event: Placed, at_ms: int) -> None:
    state.placed += len(event.results)


def _close(event: Placed, hunt: str) -> Sequence[Reaction]:
    return tuple(to_player(by, CloseHunt(hunt, place, points)) for by, place, points in event.results)


def _due(state: Hunt) -> Timer | None:
    if state.phase is not Phase.ENDED or state.placed >= len(state.members):
        return None
    unsettled = state.more.withdrawing or state.more.rejudging or photos_waiting(state)
    hidden = state.rest.curtain is not None or state.holding  # who has won is told by the reveal
    if unsettled or hidden:
        return None
    due_ms = state.ended_ms + PLACES_EVERY_MS * (state.placed // PLACES_A_RECORD)
    return Timer(due_ms, once_a_reopening(state, f"place-{state.placed}"))


def _fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    some = islice(state.members.items(), state.placed, state.placed + PLACES_A_RECORD)
    return (Placed([(by, state.standings.place(team) if team.stands else 0, team.score) for by, team in some]),)


FEATURE: Final = Feature(
    makes=(Makes(Placed, _apply_placed, react=_close, times=True),),
    times=(Times("place-", _due, _fires),),
)
