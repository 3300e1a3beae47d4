"""When play starts, stops, goes on and ends, by hosts and by the clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected, Timer
from huntserver.game import views
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.commitment import Committed, commitment, secret_of, seed_of
from huntserver.game.event import Author, GameEvent, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes, Times
from huntserver.game.features.reopening import reopen_until
from huntserver.game.features.rescheduling import move_schedule
from huntserver.game.media import missing
from huntserver.game.permission import act, not_host
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase

PROBLEMS_SHOWN: Final = 20
EXTEND_MAX_S: Final = 30 * 86_400
NEVER_BEGAN: Final = Rejected("wrong_phase", "the hunt ended before it began; reopen it first", retry=True)


class Publish(HostCommand, tag="publish", frozen=True):
    """Fix the version and open the doors: players may join."""


class Start(HostCommand, tag="start", frozen=True):
    """Start play now."""


class Pause(HostCommand, tag="pause", frozen=True):
    """Stop play; the time does not count."""


class Unpause(HostCommand, tag="unpause", frozen=True):
    """Go on after a pause; ends and cool-downs move by its length."""


class End(HostCommand, tag="end", frozen=True):
    """End play; final places are written. `reopen` undoes it."""


class Extend(HostCommand, tag="extend", frozen=True):
    """Move the end by `by_s` seconds, also after it; before play begins, a scheduled start moves with it."""

    by_s: int


class Published(HostEvent, tag="published", frozen=True, gc=False):
    """The definition is fixed, players may join. `secret`: of what is committed to (see `commitment`)."""

    secret: str = ""


class Started(HostEvent, tag="started", frozen=True, gc=False):
    """Play began; `ends_ms` is when it ends (0: by a host). `seed`: of what teams draw, where the hunt has draws."""

    ends_ms: int
    seed: int = 0


class Paused(HostEvent, tag="paused", frozen=True, gc=False):
    """Play stopped."""


class Unpaused(HostEvent, tag="unpaused", frozen=True, gc=False):
    """Play goes on; ends and cool-downs moved by `for_ms`."""

    for_ms: int


class Extended(HostEvent, tag="extended", frozen=True, gc=False):
    """Play ends at `ends_ms` now."""

    ends_ms: int


class Ended(HostEvent, tag="ended", frozen=True, gc=False):
    """Play is over."""


def publish(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Fix the definition and let players in."""
    refused = not_host(state, ctx, Phase.DRAFT)
    if refused is not None:
        return refused
    if not state.source:
        return Rejected("no_definition", "PUT the definition first", retry=True)
    if _over(state, ctx.now_ms):
        return Rejected("bad_definition", "schedule.ends_at is over; move it and PUT the definition again")
    if lacking := missing(state.definition, state.rest.media):
        why = tuple(map(str, lacking[:PROBLEMS_SHOWN]))
        return Rejected("bad_definition", why[0], retry=True, why=why)
    secret = secret_of(ctx)
    answer = {"phase": "published", "commitment": commitment(secret, state.source)}
    return Decision((Published(secret, personal=act(ctx, command)),), answer)


def _over(state: Hunt, now_ms: int) -> bool:
    return 0 < state.scheduled_end_ms <= now_ms


def start(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Start play."""
    refused = not_host(state, ctx, Phase.PUBLISHED)
    if refused is not None:
        return refused
    if _over(state, ctx.now_ms):
        return Rejected("too_late", "schedule.ends_at is over")
    return Decision((_started(state, ctx, act(ctx, command)),), {"phase": "running"})


def _started(state: Hunt, ctx: Context, author: Author | None = None) -> Started:
    duration_s = state.definition.schedule.duration_s
    ends_ms = ctx.now_ms + duration_s * 1000 if duration_s is not None else state.scheduled_end_ms
    return Started(ends_ms, _seed(state, ctx) if state.plan.draws else 0, personal=author)


def _seed(state: Hunt, ctx: Context) -> int:
    """Return the seed of what teams draw: the one that was committed to, where one was."""
    committed = state.rest.committed
    return seed_of(committed.secret) if committed is not None else ctx.roll()


def pause(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Stop play for a while."""
    return not_host(state, ctx, Phase.RUNNING) or Decision((Paused(personal=act(ctx, command)),), {"phase": "paused"})


def unpause(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Go on; what was waited does not count."""
    refused = not_host(state, ctx, Phase.PAUSED)
    goes_on = Unpaused(ctx.now_ms - state.paused_ms, personal=act(ctx, command))
    return refused or Decision((goes_on,), {"phase": "running"})


def end(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """End play; final places are written. `reopen` undoes it."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED, Phase.PUBLISHED)
    return refused or Decision((Ended(personal=act(ctx, command)),), {"phase": "ended"})


def extend(state: Hunt, command: Extend, ctx: Context) -> Decision | Rejected:
    """Move the end; what that means follows from the phase."""
    refused = not_host(state, ctx, Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED, Phase.ENDED)
    if refused is not None:
        return refused
    if abs(command.by_s) > EXTEND_MAX_S or command.by_s == 0:
        return Rejected("bad_field", f"by_s is {command.by_s}, allowed is -{EXTEND_MAX_S} to {EXTEND_MAX_S}, not 0")
    by_ms, author = command.by_s * 1000, act(ctx, command)
    if not state.started_ms:
        return move_schedule(state, by_ms, ctx.now_ms, author) if state.phase is Phase.PUBLISHED else NEVER_BEGAN
    if not state.ends_ms:
        return Rejected("wrong_phase", "the hunt has no end that could be moved")
    ends_ms = state.ends_ms + by_ms
    if state.phase is Phase.ENDED:
        return reopen_until(state, ends_ms, ctx.now_ms, author)
    if ends_ms <= (state.paused_ms or ctx.now_ms):
        return Rejected("bad_field", "the end would lie in the past; use end")
    return Decision((Extended(ends_ms, personal=author),), {"ends_ms": ends_ms})


def _apply_published(state: Hunt, event: Published, at_ms: int) -> None:
    state.phase = Phase.PUBLISHED
    if event.secret:
        made = (at_ms, commitment(event.secret, state.source))
        state.rest.committed = Committed(event.secret, [made])


def _apply_started(state: Hunt, event: Started, at_ms: int) -> None:
    state.phase = Phase.RUNNING
    state.started_ms = state.zero_ms = at_ms
    state.ends_ms = event.ends_ms
    state.rest.seed = event.seed
    state.open_things(state.teams.values(), at_ms)


def _apply_paused(state: Hunt, event: Paused, at_ms: int) -> None:
    state.phase = Phase.PAUSED
    state.paused_ms = at_ms


def _apply_unpaused(state: Hunt, event: Unpaused, at_ms: int) -> None:
    state.phase = Phase.RUNNING
    state.paused_ms = 0
    state.zero_ms += event.for_ms
    if state.ends_ms:
        state.ends_ms += event.for_ms


def _apply_extended(state: Hunt, event: Extended, at_ms: int) -> None:
    state.ends_ms = event.ends_ms


def _apply_ended(state: Hunt, event: Ended, at_ms: int) -> None:
    state.phase = Phase.ENDED
    state.ended_ms = state.paused_ms or at_ms
    state.paused_ms = 0


def _show_phase(tell: Telling, state: Hunt, event: Any) -> None:
    type_ = event.__struct_config__.tag
    for_ms = event.for_ms if isinstance(event, Unpaused) else 0
    shown = Shown(type_, ends_ms=state.ends_ms, for_ms=for_ms)
    tell.all(shown)
    tell.hosts(shown)


def _show_started(tell: Telling, state: Hunt, event: Started) -> None:
    tell.hosts(Shown("started", ends_ms=event.ends_ms))
    # Nobody has solved anything, so the first clues are mostly the same for all teams, and go to all in one push.
    shown = Shown("started", ends_ms=event.ends_ms)
    if not state.plan.plain or state.plan.own_start:
        tell.all(shown)
        for team, mask in state.opened:
            tell.team(team, Shown("opened", **views.opened(state, team, mask)))
        return
    if state.opened:
        shown = msgspec.structs.replace(shown, **views.opened(state, *state.opened[0]))
    tell.all(shown)


def _start_due(state: Hunt) -> Timer | None:
    waits = state.phase is Phase.PUBLISHED and state.starts_ms
    return Timer(state.starts_ms, "start") if waits else None


def _start_fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    return (_started(state, ctx),)


def _end_due(state: Hunt) -> Timer | None:
    """The end, once also the team with the most extra time is through."""
    runs_out = state.phase is Phase.RUNNING and state.ends_ms
    return Timer(state.ends_ms + state.overtime_ms, "end") if runs_out else None


def _end_fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    return (Ended(),)


FEATURE: Final = Feature(
    takes=(
        Takes(Publish, publish, SentBy.HOST),
        Takes(Start, start, SentBy.HOST),
        Takes(Pause, pause, SentBy.HOST),
        Takes(Unpause, unpause, SentBy.HOST),
        Takes(End, end, SentBy.HOST, confirm="This ends play for everybody"),
        Takes(Extend, extend, SentBy.HOST),
    ),
    makes=(
        Makes(Published, _apply_published, _show_phase, times=True),
        Makes(Started, _apply_started, _show_started, times=True, undo=lambda e: "unstart"),
        Makes(Paused, _apply_paused, _show_phase, times=True, undo=lambda e: "unpause"),
        Makes(Unpaused, _apply_unpaused, _show_phase, times=True, undo=lambda e: "pause"),
        Makes(Extended, _apply_extended, _show_phase, times=True),
        Makes(Ended, _apply_ended, _show_phase, times=True, undo=lambda e: "reopen"),
    ),
    times=(Times("start", _start_due, _start_fires), Times("end", _end_due, _end_fires)),
)
