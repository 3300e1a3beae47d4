"""Hosts make two teams one. Pure.

The other team's members, solves, opened clues, hints and treasures come over; what both had counts once. Of points come
those that each clue is worth now, without bonus, and the treasures' without bonus; what the other team paid for hints
and what hosts gave or took stays behind. The longer cool-down holds, and the longer extra time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game import views
from huntserver.game.bits import bits
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.definition.values import MEMBERS_MAX
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.completing import completed_by_merging, join_parts
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.photos import hand_over as hand_over_photos
from huntserver.game.plan import CHECK_INS
from huntserver.game.player.commands import ChangeTeam, to_player
from huntserver.game.questions import hand_over
from huntserver.game.roster import more_of, name_of, not_changing, put_in, take_out
from huntserver.game.shown import Shown
from huntserver.game.state import TRIED_MAX, Attempt, Hunt, Phase, Team, parts_done
from huntserver.game.unusual import NOT_BEGUN
from huntserver.game.worth import worth_to

_MARKS_MAX: Final = -4 * TRIED_MAX


class Merge(HostCommand, tag="merge", frozen=True):
    """Make two teams one: all of team `other` goes over to `team`, and `other` is no more. Both are ids or names."""

    team: str
    other: str


class Merged(HostEvent, tag="merged", frozen=True, gc=False):
    """All of `other` went over to `team`: `members`, and `points` for the clues and treasures that `team` had not."""

    team: str
    other: str
    title: str
    members: list[str]
    points: int = 0


def merge(state: Hunt, command: Merge, ctx: Context) -> Decision | Rejected:
    """Make two teams one."""
    refused = not_host(state, ctx) or not_changing(state)
    if refused is not None:
        return refused
    if state.plan.solo:
        return Rejected("wrong_kind", "in this hunt everybody plays alone: there are no teams to merge")
    team, other = team_of(state, command.team), team_of(state, command.other)
    if isinstance(team, Rejected):
        return team
    if isinstance(other, Rejected):
        return other
    if team is other:
        return Rejected("bad_field", "a team cannot be merged with itself")
    if team.out or other.out:
        return Rejected("disqualified", "one of the teams was taken out of the hunt; let it back first")
    size = len(team.members) + len(other.members)
    if size > MEMBERS_MAX:
        return Rejected("team_full", f"the team would have {size} members, allowed are {MEMBERS_MAX}")
    points = _points(state, team, other, ctx.now_ms)
    merged = Merged(team.id, other.id, state.definition.title, list(other.members), points, personal=act(ctx, command))
    solved = tuple(completed_by_merging(state, team, other, ctx.now_ms))
    points += sum(event.points for event in solved)
    return Decision((merged, *solved), {"team": team.id, "points": points, "members": size})


def _points(state: Hunt, team: Team, other: Team, now_ms: int) -> int:
    plan = state.plan
    clues = bits(other.solved & ~team.solved)
    treasures = bits(other.treasures & ~team.treasures)
    solves = (worth_to(state, other, i, max(state.solves[i] - 1, 0), state.play_ms(now_ms)) for i in clues)
    return sum(solves) + sum(plan.treasures[i].points for i in treasures)


def _apply_merged(state: Hunt, event: Merged, at_ms: int) -> None:
    team, other = state.teams[event.team], state.teams[event.other]
    names = [name_of(other, by) for by in event.members]
    for by, name in zip(event.members, names, strict=True):
        take_out(state, other, by)
        put_in(state, team, by, name)
    team.solved |= other.solved
    team.unlocked |= other.unlocked
    team.treasures |= other.treasures
    team.hints = (*team.hints, *(hint for hint in other.hints if hint not in team.hints))
    for clue, opened_ms in (other.opened or {}).items():
        team.opened = team.opened or {}
        team.opened[clue] = min(opened_ms, team.opened.get(clue, opened_ms))
    join_parts(team, other)
    _join_attempts(state, team, other)
    if other.more is not None and other.more.extra_ms:
        more = more_of(team)
        more.extra_ms = max(more.extra_ms, other.more.extra_ms)
        other.more.extra_ms = 0
        state.find_overtime()
    if other.more is not None and other.has_begun:
        more, began_ms = more_of(team), other.more.began_ms
        more.began_ms = min(began_ms, more.began_ms) if team.has_begun else began_ms
        more.released_s = max(more.released_s, other.more.released_s)
        other.more.began_ms = NOT_BEGUN
    if other.more is not None and other.more.loot:
        held = more_of(team).loot
        held += [name for name in other.more.loot if name not in held]
        other.more.loot = []
    if other.more is not None:
        other.more.given = {}  # the points are what they are worth now: there is nothing left to be taken back
    if other.more is not None and other.more.held:
        more_of(team).held += other.more.held
        other.more.held = []
        state.find_held()
    hand_over(state, team, other)
    hand_over_photos(state, team, other)
    state.dissolve(other)
    other.solved = other.unlocked = other.treasures = other.score = 0
    other.hints, other.opened = (), None
    state.score(team, event.points, at_ms)
    if state.phase in (Phase.RUNNING, Phase.PAUSED):
        state.open_things((team,), at_ms)


def _join_attempts(state: Hunt, team: Team, other: Team) -> None:
    """Keep what either tried, the larger count and the longer wait; nothing of what is solved."""
    for of in (team, other):
        for clue in of.attempts or ():
            if clue >= 0:
                state.tried[clue] -= 1
    found = team.attempts or {}
    for clue, theirs in (other.attempts or {}).items():
        ours = found.get(clue, Attempt())
        tried = (theirs.tried + ours.tried)[_MARKS_MAX:]
        found[clue] = Attempt(max(ours.wrong, theirs.wrong), max(ours.until, theirs.until), tried)
    state.attempts -= len(team.attempts or {}) + len(other.attempts or {})
    other.attempts = None
    team.attempts = {clue: a for clue, a in found.items() if not _is_settled(state, team, clue)} or None
    state.attempts += len(team.attempts or {})
    for clue in team.attempts or ():
        if clue >= 0:
            state.tried[clue] += 1


def _is_settled(state: Hunt, team: Team, number: int) -> bool:
    """Tell whether what was tried under a number, of a clue or a part, needs no more tries."""
    if number >= 0:
        return bool(team.solved >> number & 1)
    if number >= CHECK_INS:
        return False
    part = state.plan.parts.numbered(number)
    return bool(team.solved >> part.of & 1) or part.id in parts_done(team, part.clue)


def _show_merged(tell: Telling, state: Hunt, event: Merged) -> None:
    team, other = state.teams[event.team], state.teams[event.other]
    for by in team.members:  # all begin anew: what is open, tried and taken has changed for both
        tell.parted(other if by in event.members else team, by)
        state.more.moved[by] = tell.seq
    mask = state.opened_to(team)
    shown = Shown("merged", team.id, team.name, points=event.points, score=team.score)
    tell.team(team, msgspec.structs.replace(shown, **views.opened(state, team, mask)))
    tell.hosts(shown)
    tell.board()


def _change(event: Merged, hunt: str) -> Sequence[Reaction]:
    return tuple(to_player(by, ChangeTeam(hunt, event.team, event.title)) for by in event.members)


FEATURE: Final = Feature(
    takes=(Takes(Merge, merge, SentBy.HOST, confirm="two teams become one, for good"),),
    makes=(Makes(Merged, _apply_merged, _show_merged, _change, times=True),),
)
