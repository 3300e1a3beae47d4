"""What teams are called: which names are free, and how hosts change one. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.look_alikes import looks_of, spoof
from huntserver.game.names import name_problem, shown_name
from huntserver.game.permission import NO_HUNT, act, is_host
from huntserver.game.roster import led, not_changing
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team
from huntserver.game.vault import GONE, nameless


class Rename(HostCommand, tag="rename", frozen=True):
    """Give a team another name. `team` is its id or its present name; captains may until the end, hosts at any time."""

    team: str
    name: str


class Renamed(HostEvent, tag="renamed", frozen=True, gc=False):
    """A team is called `personal.team_name` now."""

    team: str


def free_name(state: Hunt, text: str, team: Team | None = None) -> str | Rejected:
    """Return a name as it is shown, or why no team (but `team`, which may have it already) can have it."""
    name = shown_name(text)
    if problem := name_problem(name):
        return Rejected("bad_text", problem)
    if problem := spoof(name):
        return Rejected("bad_text", problem)
    if state.names.get(name.casefold(), team) is not team:
        return Rejected("team_name_taken", "another team has this name")
    for look in looks_of(name):
        other = state.looks.get(look, team)
        if other is not None and other is not team:
            return Rejected("team_name_taken", f"this looks like the name of another team, {other.name}")
    return name


def rename(state: Hunt, command: Rename, ctx: Context) -> Decision | Rejected:
    """Rename a team."""
    if not is_host(state, ctx):
        refused = not_changing(state)
        if refused is not None:
            return refused
    elif state.phase is Phase.NONE:
        return NO_HUNT
    team = led(state, command.team, ctx)
    if isinstance(team, Rejected):
        return team
    name = free_name(state, command.name, team)
    if isinstance(name, Rejected):
        return name
    return Decision((Renamed(team.id, personal=act(ctx, command, team_name=name)),), {"team": team.id})


def _apply_renamed(state: Hunt, event: Renamed, at_ms: int) -> None:
    assert event.personal is not None
    gone = event.personal.team_sealed == GONE
    state.rename(state.teams[event.team], nameless(event.team) if gone else event.personal.team_name)


def _show_renamed(tell: Telling, state: Hunt, event: Renamed) -> None:
    team = state.teams[event.team]
    shown = Shown("renamed", team.id, team.name)
    tell.team(team, shown)
    tell.hosts(shown)
    tell.board()


FEATURE: Final = Feature(
    takes=(Takes(Rename, rename, SentBy.BOTH),),
    makes=(Makes(Renamed, _apply_renamed, _show_renamed),),
)
