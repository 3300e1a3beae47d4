"""What hosts may do with a hunt, and what its timers do. Decides, changes nothing. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.commands import Adjust, Announce, Define, Disqualify, Extend
from huntserver.game.definition import source
from huntserver.game.definition_file import DEFINITION_BYTES_MAX
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
from huntserver.game.hunt_state import PLACES_A_RECORD, Hunt, Phase
from huntserver.game.solvability import check_definition

ANNOUNCEMENT_MAX: Final = 500
POINTS_MAX: Final = 1_000_000
EXTEND_MAX_S: Final = 30 * 86_400
PROBLEMS_SHOWN: Final = 20
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
    if len(command.definition) > DEFINITION_BYTES_MAX:
        return Rejected("too_large", f"{len(command.definition)} characters, allowed are {DEFINITION_BYTES_MAX} bytes")
    checked = check_definition(command.definition.encode(), "json")
    if isinstance(checked, list):
        shown = tuple(map(str, checked[:PROBLEMS_SHOWN]))
        return Rejected("bad_definition", shown[0], why=shown)
    text = source(checked)
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return Decision((Defined(digest, text),), {"digest": digest, "clues": len(checked.clues)})


def publish(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Fix the definition and let players in."""
    refused = _host(state, ctx, Phase.DRAFT)
    if refused is not None:
        return refused
    if not state.source:
        return Rejected("no_definition", "PUT the definition first", retry=True)
    if _over(state, ctx.now_ms):
        return Rejected("bad_definition", "schedule.ends_at is over; move it and PUT the definition again")
    return Decision((Published(),), {"phase": "published"})


def _over(state: Hunt, now_ms: int) -> bool:
    return 0 < state.plan.ends_ms <= now_ms


def start(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Start play."""
    refused = _host(state, ctx, Phase.PUBLISHED)
    if refused is not None:
        return refused
    if _over(state, ctx.now_ms):
        return Rejected("too_late", "schedule.ends_at is over")
    return Decision((_started(state, ctx.now_ms),), {"phase": "running"})


def _started(state: Hunt, now_ms: int) -> Started:
    duration_s = state.definition.schedule.duration_s
    return Started(now_ms + duration_s * 1000 if duration_s is not None else state.plan.ends_ms)


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
    if abs(command.by_s) > EXTEND_MAX_S or command.by_s == 0:
        return Rejected("bad_field", f"by_s is {command.by_s}, allowed is -{EXTEND_MAX_S} to {EXTEND_MAX_S}, not 0")
    if not state.ends_ms:
        return Rejected("wrong_phase", "the hunt has no end that could be moved")
    ends_ms = state.ends_ms + command.by_s * 1000
    if ends_ms <= (state.paused_ms or ctx.now_ms):
        return Rejected("bad_field", "the end would lie in the past; use end")
    return Decision((Extended(ends_ms),), {"ends_ms": ends_ms})


def announce(state: Hunt, command: Announce, ctx: Context) -> Decision | Rejected:
    """Tell everybody, a team or a bracket."""
    refused = _host(state, ctx)
    if refused is not None:
        return refused
    if command.team is not None and command.bracket is not None:
        return Rejected("bad_field", "team and bracket exclude each other")
    if not 1 <= len(command.text.strip()) <= ANNOUNCEMENT_MAX:
        return Rejected("bad_text", f"{len(command.text)} characters, allowed is 1 to {ANNOUNCEMENT_MAX}")
    if command.team is not None and command.team not in state.teams:
        return Rejected("no_such_team", "there is no such team")
    if command.bracket is not None and command.bracket not in state.definition.brackets:
        return Rejected("no_such_bracket", "there is no such bracket")
    return Decision((Announced(command.text, command.team or "", command.bracket or ""),), {})


def _standing(state: Hunt, ctx: Context, team: str) -> Rejected | None:
    """Return why a team's standing may not be changed now, or None."""
    refused = _host(state, ctx, Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED, Phase.ENDED)
    if refused is not None:
        return refused
    if state.phase is Phase.ENDED and state.placed < len(state.members):
        return Rejected("wrong_phase", "final places are being written; try again", True, 1000)
    return None if team in state.teams else Rejected("no_such_team", "there is no such team")


def adjust(state: Hunt, command: Adjust, ctx: Context) -> Decision | Rejected:
    """Give or take points."""
    refused = _standing(state, ctx, command.team)
    if refused is not None:
        return refused
    if command.points == 0 or abs(command.points) > POINTS_MAX:
        return Rejected("bad_field", f"points is {command.points}, allowed is -{POINTS_MAX} to {POINTS_MAX}, not 0")
    if not 1 <= len(command.reason.strip()) <= ANNOUNCEMENT_MAX:
        return Rejected("bad_text", f"the reason has 1 to {ANNOUNCEMENT_MAX} characters")
    score = state.teams[command.team].score + command.points
    return Decision((Adjusted(command.team, command.points, command.reason),), {"score": score})


def disqualify(state: Hunt, command: Disqualify, ctx: Context) -> Decision | Rejected:
    """Take a team out, or let it back."""
    refused = _standing(state, ctx, command.team)
    if refused is not None:
        return refused
    if len(command.reason) > ANNOUNCEMENT_MAX:
        return Rejected("bad_text", f"the reason has at most {ANNOUNCEMENT_MAX} characters")
    if state.teams[command.team].out is not command.back:
        return Rejected("wrong_phase", "the team is in that state already")
    return Decision((Removed(command.team, command.reason, command.back),), {})


def fire(state: Hunt, timer: str, ctx: Context) -> Sequence[Any]:
    """Return the events of a timer that is due."""
    match timer:
        case "start":
            return (_started(state, ctx.now_ms),)
        case "end":
            return (Ended(),)
        case "release":
            return (Released(next(s for s in state.plan.after_s if s > state.released_s)),)
    assert timer == f"place-{state.placed}", timer
    some = islice(state.members.items(), state.placed, state.placed + PLACES_A_RECORD)
    return (Placed([(by, 0 if team.out else state.standings.place(team), team.score) for by, team in some]),)
