"""Who is in which team: how players are named, found, taken out and put in; what several features share. Pure.

A team's captain is the first of its members.
"""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Rejected
from huntserver.game.permission import NOT_JOINED, is_host, not_there, team_of
from huntserver.game.state import Hunt, Phase, Team
from huntserver.game.unusual import TeamMore

LEFT_KEPT: Final = 20_000
"""Players remembered that left a team while the hunt ran; beyond them the oldest are forgotten."""


def not_changing(state: Hunt) -> Rejected | None:
    """Return why nobody changes teams now, or None: after the end places are told, and told by who was in."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if state.phase is Phase.ENDED:
        return Rejected("too_late", "the hunt is over; teams stay as they are")
    if state.more.withdrawing:
        return Rejected("wrong_phase", "final places are being withdrawn; try again", True, 1000)
    return None


def player_of(state: Hunt, given: str, team: Team | None = None) -> str | Rejected:
    """Return the id of the member that is meant, by id (`p:` may be left out) or by name, in a team or in the hunt."""
    for id in (given, f"p:{given}"):
        if id in state.members and team in (None, state.members[id]):
            return id
    teams = state.teams.values() if team is None else (team,)
    wanted = given.casefold()
    called = ((by, name_of(t, by)) for t in teams for by in t.members)
    named = [by for by, name in called if name.casefold() == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        return Rejected("no_such_player", f"{len(named)} players have this name: {', '.join(named[:5])}; give the id")
    where = "in this hunt" if team is None else "in the team"
    return Rejected("no_such_player", f"nobody {where} has this id or name")


def name_of(team: Team, player: str) -> str:
    """Return what a member is called."""
    return team.names[team.members.index(player)] if team.names else team.name


def led(state: Hunt, given: str | None, ctx: Context) -> Team | Rejected:
    """Return the team that a captain leads, or that a host names; or why the sender decides nothing for it."""
    if is_host(state, ctx):
        if given is None:
            return Rejected("bad_field", "name the team")
        return team_of(state, given)
    team = state.members.get(ctx.by)
    if team is None:
        return not_there(state) or NOT_JOINED
    meant = given is None or state.teams.get(given) is team or given.casefold() == team.name.casefold()
    if not meant or team.members[0] != ctx.by:
        return Rejected("not_allowed", "only the team's captain or a host may do this")
    return team


def has_played(team: Team) -> bool:
    """Tell whether something stands to a team's name, or a host enrolled it: it stays when the last member goes."""
    return (team.more is not None and team.more.enrolled) or has_something(team)


def has_something(team: Team) -> bool:
    """Tell whether a team has solved, tried, taken or claimed something, or has points."""
    return bool(team.solved or team.treasures or team.hints or team.score or team.attempts) or has_parts(team)


def has_parts(team: Team) -> bool:
    """Tell whether a team has done a part of a clue."""
    return team.more is not None and bool(team.more.parts)


def take_out(state: Hunt, team: Team, player: str) -> None:
    """Take a member out of a team, and so out of the hunt."""
    at = team.members.index(player)
    team.members = team.members[:at] + team.members[at + 1 :]
    team.names = team.names[:at] + team.names[at + 1 :]
    del state.members[player]
    state.more.moved.pop(player, None)


def put_in(state: Hunt, team: Team, player: str, name: str) -> None:
    """Put a player into a team, behind those who are in it."""
    team.members = (*team.members, player)
    if team.invite:
        team.names = (*team.names, name)
    state.members[player] = team
    state.more.asking.pop(player, None)
    state.more.left.pop(player, None)


def note_left(state: Hunt, team: Team, player: str, name: str) -> None:
    """Remember who left a team that plays."""
    if state.phase not in (Phase.RUNNING, Phase.PAUSED):
        return
    left = state.more.left
    left[player] = (team.id, name)
    while len(left) > LEFT_KEPT:
        del left[next(iter(left))]


def has_left(state: Hunt, given: str) -> str:
    """Return the id of a player, given by id or name, that left while the hunt ran; "" if there is none such."""
    left = state.more.left
    found = [by for by, (_, name) in left.items() if given in (by, by[2:]) or given.casefold() == name.casefold()]
    return found[0] if len(found) == 1 and found[0] not in state.members else ""


def invite_anew(state: Hunt, team: Team, invite: str) -> None:
    """Give a team another invite code; the old one belongs to nobody."""
    del state.invites[team.invite]
    team.invite = invite
    state.invites[invite] = team


def more_of(team: Team) -> TeamMore:
    """Return what is not as usual of a team, to be changed."""
    team.more = team.more or TeamMore()
    return team.more
