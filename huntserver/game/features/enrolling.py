"""Teams that hosts bring in before anybody has come, from a roster; and the brackets of teams that are there. Pure.

An enrolled team has a name, a bracket and an invite code that the host hands out; who comes by it first leads the team.
It stays also when nobody is in it.
"""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import free_invite
from huntserver.game.features.naming import free_name
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.roster import has_something, more_of, not_changing
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team
from huntserver.game.vault import GONE, nameless


class Enroll(HostCommand, tag="enroll", frozen=True):
    """Make a team that nobody is in yet; the answer holds the invite code to hand out."""

    name: str
    bracket: str | None = None


class Unenroll(HostCommand, tag="unenroll", frozen=True):
    """Take back a team from a roster that nobody has been in: its name and its code are free again."""

    team: str


class SetBracket(HostCommand, tag="bracket", frozen=True):
    """Put a team into another bracket. `team` is its id or its name."""

    team: str
    bracket: str


class Enrolled(HostEvent, tag="enrolled", frozen=True, gc=False):
    """A team called `personal.team_name` may come."""

    team: str
    invite: str
    bracket: str = ""


class Unenrolled(HostEvent, tag="unenrolled", frozen=True, gc=False):
    """A team that nobody has been in is no more."""

    team: str


class BracketChanged(HostEvent, tag="bracket_changed", frozen=True, gc=False):
    """A team stands in another bracket."""

    team: str
    bracket: str


def _no_bracket(state: Hunt, bracket: str | None) -> Rejected | None:
    brackets = state.definition.brackets
    if bracket is None or bracket in brackets:
        return None
    return Rejected("no_such_bracket", f"brackets are: {', '.join(brackets)[:200] or 'none'}")


def enroll(state: Hunt, command: Enroll, ctx: Context) -> Decision | Rejected:
    """Make a team."""
    refused = not_host(state, ctx) or not_changing(state) or _no_bracket(state, command.bracket)
    if refused is not None:
        return refused
    if state.plan.solo:
        return Rejected("wrong_kind", "in this hunt everybody plays alone")
    if len(state.teams) >= state.definition.teams.players_max:
        return Rejected("hunt_full", f"the hunt has {len(state.teams)} teams; it allows so many players")
    name = free_name(state, command.name)
    if isinstance(name, Rejected):
        return name
    id, invite = f"t{len(state.teams) + 1}", free_invite(state, ctx.roll())
    bracket = command.bracket or state.plan.bracket
    enrolled = Enrolled(id, invite, bracket, personal=act(ctx, command, team_name=name))
    return Decision((enrolled,), {"team": id, "invite": invite})


def unenroll(state: Hunt, command: Unenroll, ctx: Context) -> Decision | Rejected:
    """Take an enrolled team back."""
    refused = not_host(state, ctx) or not_changing(state)
    if refused is not None:
        return refused
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    if team.members or has_something(team):
        why = f"{len(team.members)} players are in it" if team.members else "it has played"
        return Rejected("wrong_phase", f"the team cannot be taken back, {why}: disqualify it, or merge it")
    return Decision((Unenrolled(team.id, personal=act(ctx, command)),), {"team": team.id})


def set_bracket(state: Hunt, command: SetBracket, ctx: Context) -> Decision | Rejected:
    """Put a team into another bracket."""
    published = (Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED, Phase.ENDED)
    refused = not_host(state, ctx, *published) or _no_bracket(state, command.bracket)
    if refused is not None:
        return refused
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    if team.bracket == command.bracket:
        return Rejected("wrong_phase", "the team is in this bracket")
    changed = BracketChanged(team.id, command.bracket, personal=act(ctx, command))
    return Decision((changed,), {"team": team.id})


def _apply_enrolled(state: Hunt, event: Enrolled, at_ms: int) -> None:
    assert event.personal is not None
    name = nameless(event.team) if event.personal.team_sealed == GONE else event.personal.team_name
    team = Team(event.team, len(state.teams) + 1, name, bracket=event.bracket, invite=event.invite)
    team.score_at = at_ms
    more_of(team).enrolled = True
    state.enlist(team)
    state.standings.add(team)
    if state.phase in (Phase.RUNNING, Phase.PAUSED):
        state.open_things((team,), at_ms)


def _apply_unenrolled(state: Hunt, event: Unenrolled, at_ms: int) -> None:
    team = state.teams[event.team]
    more_of(team).enrolled = False
    state.dissolve(team)


def _apply_bracket(state: Hunt, event: BracketChanged, at_ms: int) -> None:
    team = state.teams[event.team]
    if team.stands:
        state.standings.remove(team)
    team.bracket = event.bracket
    if team.stands:
        state.standings.add(team)


def _show_enrolled(tell: Telling, state: Hunt, event: Enrolled) -> None:
    tell.hosts(Shown("enrolled", event.team, state.teams[event.team].name))
    tell.board("teams")


def _show_unenrolled(tell: Telling, state: Hunt, event: Unenrolled) -> None:
    tell.hosts(Shown("unenrolled", event.team, state.teams[event.team].name))
    tell.board("teams")


def _show_bracket(tell: Telling, state: Hunt, event: BracketChanged) -> None:
    team = state.teams[event.team]
    shown = Shown("bracket_changed", team.id, team.name, text=event.bracket)
    tell.team(team, shown)
    tell.hosts(shown)
    tell.board()


FEATURE: Final = Feature(
    takes=(
        Takes(Enroll, enroll, SentBy.HOST),
        Takes(Unenroll, unenroll, SentBy.HOST),
        Takes(SetBracket, set_bracket, SentBy.HOST),
    ),
    makes=(
        Makes(Enrolled, _apply_enrolled, _show_enrolled, times=True),
        Makes(Unenrolled, _apply_unenrolled, _show_unenrolled, times=True),
        Makes(BracketChanged, _apply_bracket, _show_bracket),
    ),
)
