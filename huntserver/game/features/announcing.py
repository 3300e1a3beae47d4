"""What hosts tell everybody, a bracket or a team. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.media import said
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt

ANNOUNCEMENT_MAX: Final = 500
ANNOUNCEMENTS_KEPT: Final = 20


class Announce(HostCommand, tag="announce", frozen=True):
    """Tell everybody, or one team, or one bracket."""

    text: str
    team: str | None = None
    bracket: str | None = None


class Announced(HostEvent, tag="announced", frozen=True, gc=False):
    """A host told everybody, a team, or a bracket."""

    text: str
    team: str = ""
    bracket: str = ""


def announce(state: Hunt, command: Announce, ctx: Context) -> Decision | Rejected:
    """Tell everybody, a team or a bracket."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if command.team is not None and command.bracket is not None:
        return Rejected("bad_field", "team and bracket exclude each other")
    if not 1 <= len(command.text.strip()) <= ANNOUNCEMENT_MAX:
        return Rejected("bad_text", f"{len(command.text)} characters, allowed is 1 to {ANNOUNCEMENT_MAX}")
    team = team_of(state, command.team) if command.team is not None else None
    if isinstance(team, Rejected):
        return team
    if command.bracket is not None and command.bracket not in state.definition.brackets:
        return Rejected("no_such_bracket", "there is no such bracket")
    text = said(state, command.text)
    if isinstance(text, Rejected):
        return text
    told = Announced(text, team.id if team else "", command.bracket or "", personal=act(ctx, command))
    return Decision((told,), {})


def _apply_announced(state: Hunt, event: Announced, at_ms: int) -> None:
    state.announced = [*state.announced, (at_ms, event)][-ANNOUNCEMENTS_KEPT:]


def _show_announced(tell: Telling, state: Hunt, event: Announced) -> None:
    shown = Shown("announced", text=event.text)
    if event.team:
        tell.team(state.teams[event.team], shown)
    elif event.bracket:
        for team in state.teams.values():
            if team.bracket == event.bracket:
                tell.team(team, shown)
    else:
        tell.all(shown)
    tell.hosts(Shown("announced", event.team, text=event.text))


FEATURE: Final = Feature(
    takes=(Takes(Announce, announce, SentBy.HOST),),
    makes=(Makes(Announced, _apply_announced, _show_announced),),
)
