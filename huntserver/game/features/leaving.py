"""How players go out of a team: by themselves, or taken out by their captain or a host. Pure.

What the team has solved, its points and treasures stay with the team; a treasure in a player's own inventory stays with
the player. A team that nobody is left in and that has nothing to its name is dissolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command, HostCommand
from huntserver.game.event import Author, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.joining import free_invite
from huntserver.game.permission import NOT_JOINED, is_host
from huntserver.game.player.commands import LeaveHunt, to_player
from huntserver.game.roster import (
    has_played,
    invite_anew,
    led,
    name_of,
    not_changing,
    note_left,
    player_of,
    take_out,
)
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team


class LeaveTeam(Command, tag="leave_team", frozen=True):
    """Go out of one's team, and so out of the hunt."""


class Kick(HostCommand, tag="kick", frozen=True):
    """Take a member out of a team, which gets a new invite code: captains and hosts do. `player` is an id or a name."""

    player: str
    team: str | None = None


class Left(HostEvent, tag="left", frozen=True, gc=False):
    """A member is out of a team: gone (`kicked`: taken out by a captain or a host). `invite`: the team's new code.

    `personal.name` is what the member is called. `dissolved`: nobody is left, and the team had nothing to its name.
    """

    team: str
    player: str
    kicked: bool = False
    invite: str = ""
    dissolved: bool = False


def leave_team(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Go out of one's team."""
    refused = not_changing(state)
    if refused is not None:
        return refused
    team = state.members.get(ctx.by)
    if team is None:
        return NOT_JOINED
    return Decision((left(team, ctx.by, Author(ctx.by, name=name_of(team, ctx.by))),), {"team": team.id})


def kick(state: Hunt, command: Kick, ctx: Context) -> Decision | Rejected:
    """Take a member out."""
    refused = not_changing(state)
    if refused is not None:
        return refused
    within: Team | None = None
    if not is_host(state, ctx) or command.team is not None:
        found = led(state, command.team, ctx)
        if isinstance(found, Rejected):
            return found
        within = found
    player = player_of(state, command.player, within)
    if isinstance(player, Rejected):
        return player
    if player == ctx.by:
        return Rejected("bad_field", "this is you; leave the team instead")
    team = state.members[player]
    invite = free_invite(state, ctx.roll()) if team.invite else ""
    author = Author(ctx.by, text=command.reason or "", name=name_of(team, player))
    return Decision((left(team, player, author, kicked=True, invite=invite),), {"team": team.id, "invite": invite})


def left(team: Team, player: str, author: Author, *, kicked: bool = False, invite: str = "") -> Left:
    """Return the event of a member who goes out of a team."""
    dissolved = len(team.members) == 1 and not has_played(team)
    return Left(team.id, player, kicked, "" if dissolved else invite, dissolved, personal=author)


def _apply_left(state: Hunt, event: Left, at_ms: int) -> None:
    team = state.teams[event.team]
    name = name_of(team, event.player)
    take_out(state, team, event.player)
    if event.invite:
        invite_anew(state, team, event.invite)
    if event.dissolved:
        state.dissolve(team)
    else:
        note_left(state, team, event.player, name)


def _show_left(tell: Telling, state: Hunt, event: Left) -> None:
    team = state.teams[event.team]
    tell.parted(team, event.player)
    name = event.personal.name if event.personal is not None else ""
    shown = Shown("left", team.id, name, by=event.player, how="kicked" if event.kicked else "")
    tell.team(team, replace(shown, text=event.invite))
    tell.hosts(shown)
    if event.dissolved:
        tell.board()


def _leave(event: Left, hunt: str) -> Sequence[Reaction]:
    return (to_player(event.player, LeaveHunt(hunt, event.team, event.kicked)),)


FEATURE: Final = Feature(
    takes=(Takes(LeaveTeam, leave_team), Takes(Kick, kick, SentBy.BOTH)),
    makes=(Makes(Left, _apply_left, _show_left, _leave),),
)
