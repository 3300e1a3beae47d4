"""Hosts put a player into another team, which gains nothing and loses nothing by it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.definition.values import MEMBERS_MAX
from huntserver.game.event import HostEvent, called
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.player.commands import ChangeTeam, to_player
from huntserver.game.roster import has_left, has_played, name_of, not_changing, player_of, put_in, take_out
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt


class MovePlayer(HostCommand, tag="move", frozen=True):
    """Put a player into another team, also beyond the size of teams. `player` and `team` are ids or names."""

    player: str
    team: str


class PlayerMoved(HostEvent, tag="moved", frozen=True, gc=False):
    """A host put a player into `team` of the hunt `title`, out of `out_of` ("": the player had left).

    `dissolved`: that team is no more.
    """

    player: str
    team: str
    title: str
    out_of: str = ""
    dissolved: bool = False


def move(state: Hunt, command: MovePlayer, ctx: Context) -> Decision | Rejected:
    """Put a player into another team."""
    refused = not_host(state, ctx) or not_changing(state)
    if refused is not None:
        return refused
    if state.plan.solo:
        return Rejected("wrong_kind", "in this hunt everybody plays alone: there is no team to move to")
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    player = has_left(state, command.player) or player_of(state, command.player)
    if isinstance(player, Rejected):
        return player
    old = state.members.get(player)
    if old is team:
        return Rejected("already_joined", "the player is in this team")
    if len(team.members) >= MEMBERS_MAX:
        return Rejected("team_full", f"a team has at most {MEMBERS_MAX} members")
    if old is None:
        players_max = state.definition.teams.players_max
        if len(state.members) >= players_max:
            return Rejected("hunt_full", f"the hunt has its {players_max} players; take one out, or amend the limit")
        author = act(ctx, command, name=state.more.left[player][1])
        return Decision((PlayerMoved(player, team.id, state.definition.title, personal=author),), {"team": team.id})
    dissolved = len(old.members) == 1 and not has_played(old)
    author = act(ctx, command, name=name_of(old, player))
    moved = PlayerMoved(player, team.id, state.definition.title, old.id, dissolved, personal=author)
    return Decision((moved,), {"team": team.id, "out_of": old.id})


def _apply_moved(state: Hunt, event: PlayerMoved, at_ms: int) -> None:
    assert event.personal is not None
    old = state.teams.get(event.out_of)
    if old is not None:
        take_out(state, old, event.player)
    put_in(state, state.teams[event.team], event.player, called(event.personal))
    if event.dissolved and old is not None:
        state.dissolve(old)


def _show_moved(tell: Telling, state: Hunt, event: PlayerMoved) -> None:
    assert event.personal is not None
    old, team, name = state.teams.get(event.out_of), state.teams[event.team], event.personal.name
    state.more.moved[event.player] = tell.seq
    if old is not None:
        tell.parted(old, event.player)
        tell.team(old, Shown("left", old.id, name, by=event.player, how="moved"))
    tell.team(team, Shown("joined", team.id, name, by=event.player))
    tell.hosts(Shown("moved", team.id, name, by=event.player))
    if event.dissolved:
        tell.board()


def _change(event: PlayerMoved, hunt: str) -> Sequence[Reaction]:
    return (to_player(event.player, ChangeTeam(hunt, event.team, event.title)),)


def _undo(event: PlayerMoved) -> str:
    return f"move {event.player} {event.out_of}" if event.out_of and not event.dissolved else ""


FEATURE: Final = Feature(
    takes=(Takes(MovePlayer, move, SentBy.HOST),),
    makes=(Makes(PlayerMoved, _apply_moved, _show_moved, _change, undo=_undo),),
)
