"""What hosts may do with a hunt, and what its timers do. Decides, changes nothing. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.commands import Adjust, Announce, Define, Disqualify, Extend
from huntserver.game.definition import DEFINITION_BYTES_MAX
from huntserver.game.hunt_events import (
    Adjusted,
    Announced,
    Created,
    Defined,
    Ended,
    Extended,
    Paused,
    Placed,
    Published,
    Released,
    Removed,
    Started,
    Unpaused,
)
from huntserver.game.hunt_state import Hunt, Phase, ms
from huntserver.game.solvability import check_definition

ANNOUNCEMENT_MAX: Final = 500
PLACES_A_RECORD: Final = 500
NO_HUNT: Final = Rejected("no_such_hunt", "there is no hunt with this id")


def is_host(state: Hunt, ctx: Context) -> bool:
    """Tell whether the sender runs this hunt: its owner, an admin, or the server itself."""
    return ctx.role in ("admin", "system") or (ctx.role == "host" and ctx.by == state.owner)


def _host(state: Hunt, ctx: Context, *phases: Phase) -> Rejected | None:
    if state.phase is Phase.NONE:
        return NO_HUNT
    if not is_host(state, ctx):
        return Rejected("not_allowed", "only the hunt's host may do this")
    if phases and state.phase not in phases:
        wanted = " or ".join(p.name.lower() for p in phases)
        return Rejected("wrong_phase", f"the hunt is {state.phase.name.lower()}, this needs {wanted}", retry=True)
    return None


def create(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Make the hunt."""
    if state.phase is not Phase.NONE:
        return Rejected("hunt_exists", "a hunt with this id exists already")
    if ctx.role not in ("host", "admin", "system"):
        return Rejected("not_allowed", "only hosts create hunts")
    return Decision((Created(ctx.by),), {"phase": "draft"})


def define(state: Hunt, command: Define, ctx: Context) -> Decision | Rejected:
    """Take a checked definition."""
    refused = _host(state, ctx, Phase.DRAFT)
    if refused is not None:
        return refused
    data = command.definition.encode()
    if len(data) > DEFINITION_BYTES_MAX:
        return Rejected("too_large", f"{len(data)} bytes, allowed are {DEFINITION_BYTES_MAX}")
    checked = check_definition(data, "json")
    if isinstance(checked, list):
        return Rejected("bad_definition", "; ".join(map(str, checked[:5])))
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return Decision((Defined(digest, command.definition),), {"digest": digest, "clues": len(checked.clues)})


def publish(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Fix the definition and let players in."""
    refused = _host(state, ctx, Phase.DRAFT)
    if refused is not None:
        return refused
    if state.definition is None:
        return Rejected("no_definition", "PUT the definition first", retry=True)
    return Decision((Published(),), {"phase": "published"})


def start(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Start play."""
    refused = _host(state, ctx, Phase.PUBLISHED)
    return refused or Decision((_started(state, ctx.now_ms),), {"phase": "running"})


def _started(state: Hunt, now_ms: int) -> Started:
    assert state.definition is not None
    s = state.definition.schedule
    if s.duration_s is not None:
        return Started(now_ms + s.duration_s * 1000)
    if s.ends_at is not None:
        return Started(max(ms(s.ends_at), now_ms + 1000))
    return Started(0)


def pause(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Stop play for a while."""
    return _host(state, ctx, Phase.RUNNING) or Decision((Paused(),), {"phase": "paused"})


def unpause(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Go on; what was waited does not count."""
    refused = _host(state, ctx, Phase.PAUSED)
    return refused or Decision((Unpaused(ctx.now_ms - state.paused_ms),), {"phase": "running"})


def end(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """End play for good."""
    refused = _host(state, ctx, Phase.RUNNING, Phase.PAUSED, Phase.PUBLISHED)
    return refused or Decision((Ended(),), {"phase": "ended"})


def extend(state: Hunt, command: Extend, ctx: Context) -> Decision | Rejected:
    """Move the end."""
    refused = _host(state, ctx, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    if not -86_400 <= command.by_s <= 30 * 86_400 or command.by_s == 0:
        return Rejected("bad_field", f"by_s is {command.by_s}, allowed is -86400 to 2592000 and not 0")
    if not state.ends_ms:
        return Rejected("wrong_phase", "the hunt has no end that could be moved")
    ends_ms = max(state.ends_ms + command.by_s * 1000, ctx.now_ms + 1000)
    return Decision((Extended(ends_ms),), {"ends_ms": ends_ms})


def announce(state: Hunt, command: Announce, ctx: Context) -> Decision | Rejected:
    """Tell everybody, a team or a bracket."""
    refused = _host(state, ctx)
    if refused is not None:
        return refused
    if not 1 <= len(command.text) <= ANNOUNCEMENT_MAX:
        return Rejected("bad_text", f"{len(command.text)} characters, allowed is 1 to {ANNOUNCEMENT_MAX}")
    if command.team is not None and command.team not in state.teams:
        return Rejected("no_such_team", "there is no such team")
    if command.bracket is not None and (state.definition is None or command.bracket not in state.definition.brackets):
        return Rejected("no_such_bracket", "there is no such bracket")
    return Decision((Announced(command.text, command.team or "", command.bracket or ""),), {})


def adjust(state: Hunt, command: Adjust, ctx: Context) -> Decision | Rejected:
    """Give or take points."""
    refused = _host(state, ctx)
    if refused is not None:
        return refused
    if command.team not in state.teams:
        return Rejected("no_such_team", "there is no such team")
    if command.points == 0 or abs(command.points) > 1_000_000 or not 1 <= len(command.reason) <= ANNOUNCEMENT_MAX:
        return Rejected("bad_field", "points are -1000000 to 1000000 and not 0, with a reason of 1 to 500 characters")
    score = state.teams[command.team].score + command.points
    return Decision((Adjusted(command.team, command.points, command.reason),), {"score": score})


def disqualify(state: Hunt, command: Disqualify, ctx: Context) -> Decision | Rejected:
    """Take a team out, or let it back."""
    refused = _host(state, ctx)
    if refused is not None:
        return refused
    team = state.teams.get(command.team)
    if team is None:
        return Rejected("no_such_team", "there is no such team")
    if team.out is not command.back:
        return Rejected("wrong_phase", "the team is in that state already")
    return Decision((Removed(command.team, command.reason[:ANNOUNCEMENT_MAX], command.back),), {})


def fire(state: Hunt, timer: str, ctx: Context) -> Sequence[Any]:
    """Return the events of a timer that is due."""
    if timer == "start":
        return (_started(state, ctx.now_ms),)
    if timer == "end":
        return (Ended(),)
    if timer == "release":
        return (Released(next(s for s in state.after_s if s > state.released_s)),)
    assert timer.startswith("place-"), timer
    some = list(state.members.items())[state.placed : state.placed + PLACES_A_RECORD]
    return (Placed([(by, 0 if team.out else state.standings.place(team), team.score) for by, team in some]),)
