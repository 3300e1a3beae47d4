"""How players come into a hunt: alone, with a new team, or by an invite code. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.entity import Context, Decision, Reaction, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import Command
from huntserver.game.event import Author, GameEvent, called
from huntserver.game.feature import Feature, Makes, Takes
from huntserver.game.features.naming import free_name
from huntserver.game.look_alikes import looks_of
from huntserver.game.names import NAME_MAX, fit_name
from huntserver.game.permission import not_there
from huntserver.game.player.commands import EnterHunt, to_player
from huntserver.game.roster import put_in
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team
from huntserver.game.vault import GONE, nameless

INVITE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 letters and digits without those that look alike (I, O, 0, 1)."""

INVITE_LENGTH: Final = 6
ASKING_MAX: Final = 50
"""Players that may wait to be let into one team."""

NO_SUCH_INVITE: Final = Rejected("no_such_team", "no team has this invite code")
ROWS_SHOWN: Final = 50
"""A team without points behind so many others is on nobody's board: when thousands join at once, the board that goes to
all of them need not be made anew four times a second."""


class Join(Command, tag="join", frozen=True):
    """Enter a hunt: alone, with a new team (`team` its name), or with `invite` into one that exists."""

    team: str | None = None
    invite: str | None = None
    bracket: str | None = None


class Joined(GameEvent, tag="joined", frozen=True, gc=False):
    """A player joined `team`, which is new if the hunt does not know it; `title` is the hunt's."""

    team: str
    title: str
    personal: Author
    invite: str = ""
    bracket: str = ""
    admitted: bool = False
    """Let in by the captain or a host, after having asked."""


class AskedIn(GameEvent, tag="asked_in", frozen=True, gc=False):
    """A player has the code of a team whose captain lets people in."""

    team: str
    personal: Author


class JoinAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The team joined; `invite` lets others in. `waiting`: the team's captain has to let the player in first."""

    team: str
    invite: str = ""
    waiting: bool = False


def join(state: Hunt, command: Join, ctx: Context) -> Decision | Rejected:
    """Enter the hunt."""
    refused = _may_not_join(state, command, ctx)
    if refused is not None:
        return refused
    author = Author(ctx.by, name=_name(ctx))
    home = state.teams.get(state.more.left.get(ctx.by, ("", ""))[0])
    if home is not None and home.is_dissolved:
        home = None
    if command.invite is None:
        if home is None:
            return _new_team(state, command, ctx)
        if home.invite:
            return _not_home(home)
        return Decision((Joined(home.id, state.definition.title, author),), JoinAnswer(home.id))
    team = invited(state, command.invite)
    if team is None:
        return NO_SUCH_INVITE
    if home is not None and team is not home:
        return _not_home(home)
    return _come_in(state, team, author)


def invited(state: Hunt, invite: str) -> Team | None:
    """Return the team that an invite code lets into, however it was typed."""
    return state.invites.get("".join(invite.split()).upper())


def _not_home(home: Team) -> Rejected:
    text = f"you played for {home.name}: come back by its invite code, or ask a host to move you"
    return Rejected("in_other_team", text, retry=True)


def _come_in(state: Hunt, team: Team, author: Author) -> Decision | Rejected:
    if team.out:
        return Rejected("disqualified", "this team was taken out of the hunt")
    d = state.definition
    if len(team.members) >= d.teams.size_max:
        return Rejected("team_full", f"the team has its {d.teams.size_max} members", retry=True)
    if team.more is not None and team.more.approval and team.members:
        asking = state.more.asking
        if asking.get(author.by, ("", ""))[0] == team.id:
            return Rejected("waiting", "the team's captain has not let you in yet", retry=True)
        if sum(of == team.id for of, _ in asking.values()) >= ASKING_MAX:
            return Rejected("team_full", f"{ASKING_MAX} others wait to be let in", retry=True)
        return Decision((AskedIn(team.id, author),), JoinAnswer(team.id, waiting=True))
    return Decision((Joined(team.id, d.title, author),), JoinAnswer(team.id, team.invite))


def _may_not_join(state: Hunt, command: Join, ctx: Context) -> Rejected | None:
    refused = not_there(state)
    if refused is not None:
        return refused
    if not ctx.by.startswith("p:"):
        return Rejected("not_allowed", "players join; hosts watch")
    if ctx.by in state.rest.erased:
        return Rejected("not_allowed", "this player was erased; come in anew, as somebody else")
    own = state.members.get(ctx.by)
    if own is not None:
        meant = invited(state, command.invite) if command.invite is not None else own
        if meant is own:
            return Rejected("already_joined", "you are in this hunt already")
        if meant is None:
            return NO_SUCH_INVITE
        return Rejected("in_other_team", f"you are in the team {own.name}: leave it first, or ask a host to move you")
    if state.phase is Phase.ENDED:
        return Rejected("too_late", "the hunt is over")
    early_ms = state.plan.opens_ms - ctx.now_ms
    if early_ms > 0 and state.phase is Phase.PUBLISHED:
        return Rejected("not_running", "the doors are not open yet", True, early_ms)
    d = state.definition
    if len(state.members) >= d.teams.players_max:
        return Rejected("hunt_full", f"the hunt has its {d.teams.players_max} players", retry=True)
    if command.bracket is not None and command.bracket not in d.brackets:
        return Rejected("no_such_bracket", f"brackets are: {', '.join(d.brackets)[:200] or 'none'}")
    return None


def _name(ctx: Context) -> str:
    """Return the sender's name as it may be shown: a token's name is not checked when it is made."""
    return fit_name(ctx.name) or ctx.by.partition(":")[2][:NAME_MAX]


def _told_apart(state: Hunt, name: str) -> str:
    """Return a name that looks like nobody's who plays alone: a second Ann is Ann 2. Nobody is refused for a name."""
    room = NAME_MAX - len(str(len(state.teams))) - 1
    numbers = (*range(2, 10), len(state.teams) + 1)
    tries = (name, *(f"{name[:room].rstrip()} {n}" for n in numbers))
    return next((one for one in tries if not any(look in state.looks for look in looks_of(one))), tries[-1])


def _new_team(state: Hunt, command: Join, ctx: Context) -> Decision | Rejected:
    plan = state.plan
    id = f"t{len(state.teams) + 1}"
    bracket = command.bracket or plan.bracket
    if plan.solo:
        author = Author(ctx.by, name=_told_apart(state, _name(ctx)))
        return Decision((Joined(id, plan.definition.title, author, "", bracket),), JoinAnswer(id))
    name = free_name(state, command.team or _name(ctx))
    if isinstance(name, Rejected):
        return name
    invite = free_invite(state, ctx.roll())
    author = Author(ctx.by, name=_name(ctx), team_name=name)
    return Decision((Joined(id, plan.definition.title, author, invite, bracket),), JoinAnswer(id, invite))


def letters_of(roll: int, length: int) -> str:
    """Return a code to be typed, of so many letters (ten at most), made of a random 53-bit integer."""
    return "".join(INVITE_LETTERS[roll >> 5 * i & 31] for i in range(length))


def free_invite(state: Hunt, roll: int) -> str:
    """Draw a code from the command's roll; the next ones in turn if it is in use."""
    while True:
        code = letters_of(roll, INVITE_LENGTH)
        if code not in state.invites:
            return code
        roll += 1


def _apply_joined(state: Hunt, event: Joined, at_ms: int) -> None:
    who = event.personal
    team = state.teams.get(event.team)
    if team is None:
        gone = GONE in (who.team_sealed, "" if who.team_name or who.team_sealed else who.sealed)
        name = nameless(event.team) if gone else who.team_name or who.name or who.by.partition(":")[2]
        team = Team(event.team, len(state.teams) + 1, name, bracket=event.bracket, invite=event.invite)
        team.score_at = at_ms
        state.enlist(team)
        state.standings.add(team)
        if state.phase in (Phase.RUNNING, Phase.PAUSED):
            state.open_things((team,), at_ms)
    put_in(state, team, who.by, called(who))


def _show_joined(tell: Telling, state: Hunt, event: Joined) -> None:
    team = state.teams[event.team]
    if len(team.members) > 1 or team.seq:
        tell.team(team, Shown("joined", team.id, event.personal.name, by=event.personal.by))
    else:  # nobody listens to a new team yet: its first member is given the page
        tell.board("board" if len(state.teams) <= ROWS_SHOWN else "teams")


def _enter(event: Joined, hunt: str) -> Sequence[Reaction]:
    return (to_player(event.personal.by, EnterHunt(hunt, event.title, event.team, event.admitted)),)


FEATURE: Final = Feature(
    takes=(Takes(Join, join),),
    makes=(Makes(Joined, _apply_joined, _show_joined, _enter, times=True),),
)
