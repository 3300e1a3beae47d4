"""Treasures: so many pieces and never one more, ranked by who came first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes, Takes
from huntserver.game.features.hints import PointsAnswer
from huntserver.game.permission import NOT_JOINED, not_playing
from huntserver.game.player.commands import AwardTreasure, to_player
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt


class Claim(Command, tag="claim", frozen=True):
    """Claim one piece of a limited treasure."""

    treasure: str


class Claimed(GameEvent, tag="claimed", frozen=True, gc=False):
    """A piece of treasure claimed, the `rank`-th of its kind; 0: by a team that does not count, and takes none."""

    team: str
    treasure: str
    title: str
    rank: int
    points: int
    personal: Author


def claim(state: Hunt, command: Claim, ctx: Context) -> Decision | Rejected:
    """Claim a piece of a limited treasure; never more than there are."""
    team = state.members.get(ctx.by)
    refused = not_playing(state, team, ctx.now_ms)
    if refused is not None or team is None:
        return refused or NOT_JOINED
    index = state.plan.treasure_index.get(command.treasure, -1)
    if index < 0 or not team.unlocked >> (len(state.plan.clues) + index) & 1:
        return Rejected("no_such_treasure", "there is no such treasure, or you cannot see it yet", retry=True)
    if team.treasures >> index & 1:
        return Rejected("treasure_taken", "your team holds this treasure")
    treasure = state.plan.treasures[index]
    rank = 0 if team.is_unofficial else state.claims[index] + 1
    if rank > treasure.quantity:
        return Rejected("lost", "all of this treasure is taken")
    points = treasure.points + (treasure.bonus[rank - 1] if 0 < rank <= len(treasure.bonus) else 0)
    event = Claimed(team.id, treasure.id, treasure.title, rank, points, Author(ctx.by))
    return Decision((event,), PointsAnswer(team.score + points, points, rank))


def _apply_claimed(state: Hunt, event: Claimed, at_ms: int) -> None:
    team = state.teams[event.team]
    treasure = state.plan.treasure_index[event.treasure]
    if event.rank:
        state.claims[treasure] += 1
    team.treasures |= 1 << treasure
    state.score(team, event.points, at_ms)


def _show_claimed(tell: Telling, state: Hunt, event: Claimed) -> None:
    team = state.teams[event.team]
    index = state.plan.treasure_index[event.treasure]
    left = state.plan.treasures[index].quantity - state.claims[index]
    shown = Shown("claimed", team.id, team.name, treasure=event.treasure, title=event.title, rank=event.rank, left=left)
    own = msgspec.structs.replace(shown, by=event.personal.by, points=event.points, score=team.score)
    tell.team(team, own)
    if state.rest.curtain is not None:  # how many are left is for everybody who looks for one; who took it is not
        tell.all(Shown("claimed", treasure=event.treasure, title=event.title, left=left))
    elif event.rank:
        tell.all(shown)
    tell.hosts(shown)
    if event.points:
        tell.board()


def _award(event: Claimed, hunt: str) -> Sequence[Reaction]:
    return (
        ()
        if not event.rank
        else (to_player(event.personal.by, AwardTreasure(hunt, event.treasure, event.title, event.rank)),)
    )


FEATURE: Final = Feature(
    takes=(Takes(Claim, claim),),
    makes=(Makes(Claimed, _apply_claimed, _show_claimed, _award),),
)
