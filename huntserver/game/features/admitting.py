"""Teams that let nobody in unasked: who comes by the code waits until the captain or a host admits them. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import Author, GameEvent, HostEvent, called
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import AskedIn, Joined
from huntserver.game.permission import act
from huntserver.game.roster import led, not_changing
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team


class Admit(HostCommand, tag="admit", frozen=True):
    """Let somebody in who asks for it, or (`refuse`) do not. `player` is an id or a name; hosts name the `team`."""

    player: str
    team: str | None = None
    refuse: bool = False


class Declined(HostEvent, tag="declined", frozen=True, gc=False):
    """Who asked is not let in."""

    team: str
    player: str


def admit(state: Hunt, command: Admit, ctx: Context) -> Decision | Rejected:
    """Let somebody in, or not."""
    refused = not_changing(state)
    if refused is not None:
        return refused
    team = led(state, command.team, ctx)
    if isinstance(team, Rejected):
        return team
    asks = [
        (by, name)
        for by, (of, name) in state.more.asking.items()
        if of == team.id and command.player in (by, by[2:], name)
    ]
    if len(asks) != 1:
        why = f"{len(asks)} of this name ask; give the id" if asks else "nobody of this id or name asks to come in"
        return Rejected("no_such_player", why)
    ((player, name),) = asks
    if command.refuse:
        return Decision((Declined(team.id, player, personal=act(ctx, command)),), {"team": team.id})
    d = state.definition.teams
    if len(team.members) >= d.size_max:
        return Rejected("team_full", f"the team has its {d.size_max} members", retry=True)
    if len(state.members) >= d.players_max:
        return Rejected("hunt_full", f"the hunt has its {d.players_max} players", retry=True)
    events: tuple[GameEvent, ...] = (Joined(team.id, state.definition.title, Author(player, name=name), admitted=True),)
    return Decision(events, {"team": team.id})


def _apply_asked(state: Hunt, event: AskedIn, at_ms: int) -> None:
    state.more.asking[event.personal.by] = (event.team, called(event.personal))


def _apply_declined(state: Hunt, event: Declined, at_ms: int) -> None:
    state.more.asking.pop(event.player, None)


def _show_asked(tell: Telling, state: Hunt, event: AskedIn) -> None:
    _tell(tell, state.teams[event.team], "asked", event.personal.by, event.personal.name)


def _show_declined(tell: Telling, state: Hunt, event: Declined) -> None:
    _tell(tell, state.teams[event.team], "declined", event.player, "")


def _tell(tell: Telling, team: Team, what: str, by: str, name: str) -> None:
    tell.team(team, Shown(what, team.id, name, by=by))


FEATURE: Final = Feature(
    takes=(Takes(Admit, admit, SentBy.BOTH),),
    makes=(Makes(AskedIn, _apply_asked, _show_asked), Makes(Declined, _apply_declined, _show_declined)),
)
