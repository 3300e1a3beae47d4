"""What hosts do to a team's standing: give and take points, take it out and let it back. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command
from huntserver.game.definition.part import POINTS_MAX
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.photos import waiting as photos_waiting
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team

REASON_MAX: Final = 500


class Adjust(Command, tag="adjust", frozen=True):
    """Give or take points, with the reason the team is shown. `team` is its id or its name."""

    team: str
    points: int
    reason: str


class Disqualify(Command, tag="disqualify", frozen=True):
    """Take a team out of the standings and stop its play; `back` undoes it. `team` is its id or its name."""

    team: str
    reason: str
    back: bool = False


class Adjusted(HostEvent, tag="adjusted", frozen=True, gc=False):
    """A host gave or took points. `corrects`: when the team reached its score stays as it was."""

    team: str
    points: int
    reason: str
    corrects: bool = False


class Removed(HostEvent, tag="removed", frozen=True, gc=False):
    """A host took a team out of the standings, or (`back`) let it in again."""

    team: str
    reason: str
    back: bool = False


def _standing(state: Hunt, ctx: Context, team: str) -> Team | Rejected:
    """Return the team whose standing may be changed now, or why not."""
    refused = not_host(state, ctx, Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED, Phase.ENDED)
    if refused is not None:
        return refused
    being_placed = state.placed < len(state.members) and state.rest.curtain is None and not photos_waiting(state)
    if state.phase is Phase.ENDED and being_placed:
        return Rejected("wrong_phase", "final places are being written; try again", True, 1000)
    return team_of(state, team)


def adjust(state: Hunt, command: Adjust, ctx: Context) -> Decision | Rejected:
    """Give or take points."""
    team = _standing(state, ctx, command.team)
    if isinstance(team, Rejected):
        return team
    if command.points == 0 or abs(command.points) > POINTS_MAX:
        return Rejected("bad_field", f"points is {command.points}, allowed is -{POINTS_MAX} to {POINTS_MAX}, not 0")
    if not 1 <= len(command.reason.strip()) <= REASON_MAX:
        return Rejected("bad_text", f"the reason has 1 to {REASON_MAX} characters")
    adjusted = Adjusted(team.id, command.points, command.reason, corrects=True, personal=act(ctx))
    return Decision((adjusted,), {"score": team.score + command.points})


def disqualify(state: Hunt, command: Disqualify, ctx: Context) -> Decision | Rejected:
    """Take a team out, or let it back."""
    team = _standing(state, ctx, command.team)
    if isinstance(team, Rejected):
        return team
    if len(command.reason) > REASON_MAX:
        return Rejected("bad_text", f"the reason has at most {REASON_MAX} characters")
    if team.out is not command.back:
        return Rejected("wrong_phase", "the team is in that state already")
    return Decision((Removed(team.id, command.reason, command.back, personal=act(ctx)),), {})


def _apply_adjusted(state: Hunt, event: Adjusted, at_ms: int) -> None:
    state.score(state.teams[event.team], event.points, at_ms, reached=not event.corrects)


def _apply_removed(state: Hunt, event: Removed, at_ms: int) -> None:
    team = state.teams[event.team]
    if team.stands:
        state.standings.remove(team)
    team.out = not event.back
    if team.stands:
        state.standings.add(team)


def _show_adjusted(tell: Telling, state: Hunt, event: Adjusted) -> None:
    team = state.teams[event.team]
    shown = Shown("adjusted", team.id, team.name, points=event.points, score=team.score, reason=event.reason)
    tell.team(team, shown)
    tell.opened(team)
    tell.hosts(shown)
    tell.board()


def _show_removed(tell: Telling, state: Hunt, event: Removed) -> None:
    team = state.teams[event.team]
    shown = Shown("removed", team.id, team.name, reason=event.reason, back=event.back)
    tell.team(team, shown)
    tell.hosts(shown)
    tell.board()


FEATURE: Final = Feature(
    takes=(Takes(Adjust, adjust, SentBy.HOST), Takes(Disqualify, disqualify, SentBy.HOST)),
    makes=(
        Makes(Adjusted, _apply_adjusted, _show_adjusted, undo=lambda e: f"adjust {e.team} {-e.points}"),
        Makes(
            Removed,
            _apply_removed,
            _show_removed,
            times=True,  # its photos may be what final places wait for
            undo=lambda e: f"disqualify {e.team}" + ("" if e.back else " --back"),
        ),
    ),
)
