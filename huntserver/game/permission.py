"""Who may do what now: the refusals that several features share. Pure."""

from __future__ import annotations

import enum
from typing import Final

from actors.entity import Context, Rejected
from huntserver.game.command import HostCommand
from huntserver.game.event import Author
from huntserver.game.state import Hunt, Phase, Team

NO_HUNT: Final = Rejected("no_such_hunt", "there is no hunt with this id")
NOT_JOINED: Final = Rejected("not_joined", "join the hunt first", retry=True)
HOSTS: Final = ("host", "admin", "system")
"""The roles of tokens that create hunts."""


class Role(enum.IntEnum):
    """What somebody is in one hunt. Each may do what those below it may.

    A spectator sees the standings and what everybody is told; a reviewer judges what teams send; a host runs the hunt;
    the owner also says who else does.
    """

    NOBODY = 0
    SPECTATOR = 1
    REVIEWER = 2
    HOST = 3
    OWNER = 4


WATCHER: Final = "watcher"
"""The role of a token that watches one hunt by a link, and sends nothing."""
GRANTED: Final = ("host", "reviewer", "spectator")
RIGHTS: Final[dict[str, Role]] = {
    "grant": Role.OWNER,
    "revoke": Role.OWNER,
    "erase": Role.OWNER,
    "accept": Role.REVIEWER,
    "award": Role.REVIEWER,
    "unsolve": Role.REVIEWER,
    "overview": Role.REVIEWER,
    "queue": Role.REVIEWER,
    "take_up": Role.REVIEWER,
    "put_back": Role.REVIEWER,
    "answer": Role.REVIEWER,
    "close_question": Role.REVIEWER,
    "refund": Role.REVIEWER,
    "accept_photo": Role.REVIEWER,
    "reject_photo": Role.REVIEWER,
}
"""The least role of those operations of hosts, by tag, that do not take a host."""


def role_of(state: Hunt, ctx: Context) -> Role:
    """Return what the sender is in this hunt. Admins and the server itself are as the owner."""
    if ctx.role in ("admin", "system") or (ctx.role == "host" and ctx.by == state.owner):
        return Role.OWNER
    staff = state.more.staff
    given = staff.roles.get(ctx.by) if staff is not None else None
    if given is None:
        return Role.NOBODY
    role = Role[given[0].upper()]
    return role if ctx.role == "host" else min(role, Role.SPECTATOR)


def not_there(state: Hunt) -> Rejected | None:
    """Return the refusal for a hunt that does not exist (or is not shown yet), or None."""
    return NO_HUNT if state.phase is Phase.NONE or state.phase is Phase.DRAFT else None


def is_host(state: Hunt, ctx: Context) -> bool:
    """Tell whether the sender runs this hunt."""
    return role_of(state, ctx) >= Role.HOST


def not_host(state: Hunt, ctx: Context, *phases: Phase, least: Role = Role.HOST) -> Rejected | None:
    """Return why the sender may not do what takes the role `least`, in one of these phases (none: in any), or None."""
    if state.phase is Phase.NONE:
        return NO_HUNT
    if role_of(state, ctx) < least:
        who = "owner" if least is Role.OWNER else "host" if least is Role.HOST else "host or a reviewer"
        return Rejected("not_allowed", f"only the hunt's {who} may do this")
    if phases and state.phase not in phases:
        wanted = " or ".join(p.name.lower() for p in phases)
        return Rejected("wrong_phase", f"the hunt is {state.phase.name.lower()}, this needs {wanted}", retry=True)
    return None


def act(ctx: Context, command: HostCommand | None = None, team_name: str = "", name: str = "") -> Author:
    """Return who does this and why, for the event of what a host does; `name`: of the player it is done to."""
    return Author(ctx.by, text=(command.reason or "") if command is not None else "", name=name, team_name=team_name)


def not_playing(state: Hunt, team: Team | None, now_ms: int, *, begun: bool = True) -> Rejected | None:
    """Return why the sender may not play now, or None; `begun`: not before its own play has.

    `guessing` has the same test inline: it is the hot path.
    """
    if team is None:
        return not_there(state) or NOT_JOINED
    if state.phase is Phase.ENDED:
        return Rejected("too_late", "the hunt is over")
    if state.phase is Phase.PAUSED:
        return Rejected("paused", "the hunt is paused", retry=True)
    if state.phase is not Phase.RUNNING:
        return Rejected("not_running", "the hunt has not started", retry=True)
    if team.out:
        return Rejected("disqualified", "your team was taken out of this hunt")
    if state.apart:
        if begun and state.plan.own_start and not team.has_begun:
            return Rejected("not_running", "your team has not begun: begin when you are ready", retry=True)
        if 0 < state.ends_of(team) <= now_ms:
            others = "" if state.plan.own_start else "; others have extra time"
            return Rejected("too_late", f"your team's time is over{others}")
    return None


def not_open(team: Team, index: int) -> Rejected | None:
    """Return why a clue cannot be dealt with, or None: an unknown one and a locked one look alike."""
    if index < 0 or not team.unlocked >> index & 1:
        return Rejected("locked", "the clue is locked, or there is no such clue", retry=True)
    if team.solved >> index & 1:
        return Rejected("already_solved", "your team has solved this clue")
    return None


def team_of(state: Hunt, given: str) -> Team | Rejected:
    """Return the team that a host means, by its id or its name; case does not matter in names."""
    team = state.teams.get(given) or state.names.get(given.casefold())
    if team is not None and not team.is_dissolved:
        return team
    named = [t for t in state.teams.values() if t.name.casefold() == given.casefold() and not t.is_dissolved]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(t.id for t in named[:10])
        return Rejected("no_such_team", f"{len(named)} teams have this name: {ids}; give the id")
    return Rejected("no_such_team", "there is no team with this id or name")


def given_clue(state: Hunt, team: str, clue: str, ctx: Context) -> tuple[Team, int] | Rejected:
    """Return the team and the clue (its number) that a host gives or takes back, or why it cannot be."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED, least=RIGHTS["award"])
    if refused is not None:
        return refused
    found = team_of(state, team)
    if isinstance(found, Rejected):
        return found
    index = state.plan.clue_index.get(clue, -1)
    return Rejected("no_such_clue", "there is no such clue") if index < 0 else (found, index)
