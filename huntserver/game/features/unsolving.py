"""Solves that a host gave are taken back: awards, accepted photos, what an accepted answer brought. Pure.

The team stands as if it had not solved the clue: its points, ties and rows are what they were, and it can solve it.
What the solve opened stays open. Its rank is free again if nobody has solved the clue since, else nobody has it. A
photo that had solved it waits for a host again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.desk import PhotoVerdict
from huntserver.game.event import Author, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.permission import act, given_clue
from huntserver.game.photos import all_waiting, latest
from huntserver.game.player.commands import TakeCredit, to_player
from huntserver.game.questions import desk
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team, parts_done
from huntserver.game.unusual import GivenSolve, TeamTally

NOT_GIVEN: Final = Rejected("wrong_phase", "no host gave this solve; it can be taken back by points alone: adjust")


class Unsolve(HostCommand, tag="unsolve", frozen=True):
    """Take back that a team has solved a clue, or has done a part of one, which a host had given it: by `award`, by
    accepting its photo, or by accepting an answer."""

    team: str
    clue: str
    part: str = ""


class SolveUndone(HostEvent, tag="unsolved", frozen=True, gc=False):
    """A team has not solved a clue, or (`only_part`) not done `part` of it; it loses `points`.

    `last`: nobody solved it since, its rank is free again. `members` were credited with it; `first`: as first finders.
    `photo`: the number of the photo that had solved it and waits again.
    """

    team: str
    clue: str
    points: int = 0
    part: str = ""
    only_part: bool = False
    last: bool = False
    members: list[str] = []
    first: bool = False
    photo: int = 0


def unsolve(state: Hunt, command: Unsolve, ctx: Context) -> Decision | Rejected:
    """Take a solve back."""
    found = given_clue(state, command.team, command.clue, ctx)
    if isinstance(found, Rejected):
        return found
    team, index = found
    given = team.more.given if team.more is not None else {}
    solved = bool(team.solved >> index & 1)
    if command.part and not solved:
        if command.part not in parts_done(team, command.clue):
            return Rejected("wrong_phase", "the team has not done this part")
        if f"{command.clue}.{command.part}" not in given:
            return NOT_GIVEN
        event = SolveUndone(team.id, command.clue, 0, command.part, only_part=True, personal=act(ctx, command))
        return Decision((event,), {"team": team.id, "score": team.score})
    if not solved:
        return Rejected("wrong_phase", "the team has not solved this clue")
    if command.clue not in given:
        return NOT_GIVEN
    if command.part not in ("", given[command.clue].part):
        return Rejected("wrong_phase", "the clue was solved since: take back the clue first, without a part")
    event = _undone(state, team, command.clue, act(ctx, command))
    return Decision((event,), {"team": team.id, "points": -event.points, "score": team.score - event.points})


def _undone(state: Hunt, team: Team, clue: str, author: Author) -> SolveUndone:
    """Return the event that takes back a solve which a host gave a team."""
    assert team.more is not None
    given = team.more.given[clue]
    part = given.part if f"{clue}.{given.part}" in team.more.given else ""
    photo = latest(state, team, clue, part)
    told = all(held.clue != clue for held in team.more.held)
    return SolveUndone(
        team.id,
        clue,
        given.points,
        part,
        last=given.rank == state.solves[state.plan.clue_index[clue]] > 0,
        members=list(given.members) if told and given.rank else [],
        first=given.rank == 1 and not state.plan.own_start,
        photo=photo.number if photo is not None and photo.verdict == PhotoVerdict.ACCEPTED else 0,
        personal=author,
    )


def _apply(state: Hunt, event: SolveUndone, at_ms: int) -> None:
    team, index = state.teams[event.team], state.plan.clue_index[event.clue]
    assert team.more is not None
    if event.part:
        team.more.given.pop(f"{event.clue}.{event.part}", None)
        done = [id for id in team.more.parts.get(event.clue, ()) if id != event.part]
        team.more.parts = {k: v for k, v in (team.more.parts | {event.clue: done}).items() if v}
    if event.only_part:
        return
    given = team.more.given.pop(event.clue)
    team.solved &= ~(1 << index)
    if event.last:
        state.solves[index] -= 1
    if any(held.clue == event.clue for held in team.more.held):
        team.more.held = [held for held in team.more.held if held.clue != event.clue]
        state.find_held()
    if state.rest.fastest.get(event.clue, (0, ""))[1] == event.team:
        del state.rest.fastest[event.clue]
    if event.photo:
        photo = desk(state).photos[event.photo]
        photo.verdict, photo.held = "", None
    _restore(team, given)
    state.score(team, -event.points, at_ms, reached=False)
    if state.phase in (Phase.RUNNING, Phase.PAUSED):
        state.open_things((team,), at_ms, state.plan.dependents[index])


def _restore(team: Team, given: GivenSolve) -> None:
    """Let a team have reached its score when it had before, and what is counted of it, where nothing came since."""
    if team.score_at == given.after_ms:
        team.score_at = given.before_ms
    if team.more is None or team.more.tally is None:
        return
    tally, before, after = team.more.tally, given.before or TeamTally(), given.after or TeamTally()
    for name in TeamTally.__struct_fields__:
        if name != "wrong" and getattr(tally, name) == getattr(after, name):
            setattr(tally, name, getattr(before, name))


def _show(tell: Telling, state: Hunt, event: SolveUndone) -> None:
    team = state.teams[event.team]
    waiting = all_waiting(state) if event.photo else None
    shown = Shown(
        "unsolved", team.id, team.name, clue=event.clue, part=event.part, points=-event.points, waiting=waiting
    )
    tell.team(team, Shown("unsolved", clue=event.clue, part=event.part, points=-event.points, score=team.score))
    tell.opened(team)
    tell.hosts(shown)
    if event.points:
        tell.board()


def _take_credit(event: SolveUndone, hunt: str) -> Sequence[Reaction]:
    return tuple(to_player(by, TakeCredit(hunt, event.clue, event.points, event.first)) for by in event.members)


FEATURE: Final = Feature(
    takes=(Takes(Unsolve, unsolve, SentBy.HOST),),
    makes=(Makes(SolveUndone, _apply, _show, _take_credit, times=True),),
)
