"""Treasures: so many pieces and never one more, ranked by who came first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command
from huntserver.game.definition.shape import Loot, Treasure
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes, Takes
from huntserver.game.permission import NOT_JOINED, not_playing
from huntserver.game.player.commands import AwardTreasure, to_player
from huntserver.game.roster import more_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team

LOOT_TOLD: Final = 40
"""Characters of a loot's title in the answer to a claim, which is kept with the key; the push has all of it."""


class Claim(Command, tag="claim", frozen=True):
    """Claim one piece of a limited treasure."""

    treasure: str


class Claimed(GameEvent, tag="claimed", frozen=True, gc=False):
    """A piece of treasure claimed, the `rank`-th of its kind; 0: by a team that does not count, and takes none.

    `loot` is what the `roll`, from 0 to the sum of the weights less 1, brought; its points are among `points`.
    """

    team: str
    treasure: str
    title: str
    rank: int
    points: int
    personal: Author
    loot: str = ""
    roll: int = -1


class ClaimAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a treasure brought, and the score after: `loot` is the title of what was in it, `tier` its or the
    treasure's."""

    score: int
    points: int = 0
    rank: int = 0
    loot: str = ""
    tier: str = ""


def _not_now(state: Hunt, team: Team, treasure: Treasure, now_ms: int) -> Rejected | None:
    """Return why a treasure cannot be claimed at this time of play, or None."""
    play_ms = state.own_play_ms(team, now_ms)
    if play_ms < treasure.from_s * 1000:
        wait_ms = treasure.from_s * 1000 - play_ms
        return Rejected("locked", "this treasure cannot be claimed yet", True, wait_ms)
    if treasure.until_s and play_ms >= treasure.until_s * 1000:
        return Rejected("lost", "the time to claim this treasure is over")
    return None


def _drawn(treasure: Treasure, roll: int) -> tuple[int, Loot]:
    """Return a roll that fits the treasure's loot, and what it brings."""
    left = roll = roll % sum(loot.weight for loot in treasure.loot)
    for loot in treasure.loot:
        if left < loot.weight:
            return roll, loot
        left -= loot.weight
    raise AssertionError(roll)


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
    refused = _not_now(state, team, treasure, ctx.now_ms)
    if refused is not None:
        return refused
    rank = 0 if team.is_unofficial else state.claims[index] + 1
    if rank > treasure.quantity:
        return Rejected("lost", "all of this treasure is taken")
    if not treasure.loot:
        points, _ = brought(treasure, rank, -1)
        event = Claimed(team.id, treasure.id, treasure.title, rank, points, Author(ctx.by))
        return Decision((event,), ClaimAnswer(team.score + points, points, rank, tier=treasure.tier))
    roll, loot = _drawn(treasure, ctx.roll())
    points, _ = brought(treasure, rank, roll)
    event = Claimed(team.id, treasure.id, treasure.title, rank, points, Author(ctx.by), loot.id, roll)
    tier = loot.tier or treasure.tier
    return Decision((event,), ClaimAnswer(team.score + points, points, rank, loot.title[:LOOT_TOLD], tier))


def brought(treasure: Treasure, rank: int, roll: int) -> tuple[int, str]:
    """Return the points of the `rank`-th piece of a treasure, and the id of the loot that a roll brings ("": none)."""
    points = treasure.points + (treasure.bonus[rank - 1] if 0 < rank <= len(treasure.bonus) else 0)
    if not treasure.loot:
        return points, ""
    loot = _drawn(treasure, roll)[1]
    return points + loot.points, loot.id


def _apply_claimed(state: Hunt, event: Claimed, at_ms: int) -> None:
    team = state.teams[event.team]
    treasure = state.plan.treasure_index[event.treasure]
    if event.rank:
        state.claims[treasure] += 1
    team.treasures |= 1 << treasure
    if event.loot:
        loot = more_of(team).loot
        if event.loot not in loot:
            loot.append(event.loot)
    state.score(team, event.points, at_ms)
    if state.plan.of_items:
        state.open_things((team,), at_ms, state.plan.of_items)


def _show_claimed(tell: Telling, state: Hunt, event: Claimed) -> None:
    team = state.teams[event.team]
    index = state.plan.treasure_index[event.treasure]
    left = state.plan.treasures[index].quantity - state.claims[index]
    shown = Shown("claimed", team.id, team.name, treasure=event.treasure, title=event.title, rank=event.rank, left=left)
    found = state.plan.loot_index.get(event.loot)
    loot = found.title if found is not None else ""
    tier = (found.tier if found is not None else "") or state.plan.treasures[index].tier
    if tier:
        shown = msgspec.structs.replace(shown, tier=tier)
    own = msgspec.structs.replace(shown, by=event.personal.by, points=event.points, score=team.score, loot=loot)
    tell.team(team, own)
    tell.opened(team)
    if state.rest.curtain is not None:  # how many are left is for everybody who looks for one; who took it is not
        tell.news(Shown("claimed", treasure=event.treasure, title=event.title, left=left))
    elif event.rank:
        tell.news(shown)
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
