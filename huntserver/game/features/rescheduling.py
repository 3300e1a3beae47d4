"""A start that moves: the schedule is changed before play begins, and a start is undone. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import Author, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.moment import moment
from huntserver.game.permission import act, not_host
from huntserver.game.questions import questions
from huntserver.game.roster import has_parts
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase
from huntserver.game.unusual import NOT_BEGUN, HuntRest

NO_TIMES: Final = Rejected("wrong_phase", "the hunt has no scheduled start or end; use start, or reschedule")
SOLVED: Final = Rejected(
    "wrong_phase", "teams have solved clues, taken hints or claimed treasures already; use pause, or end", retry=False
)


class Reschedule(HostCommand, tag="reschedule", frozen=True):
    """Set when play starts and ends by itself, before it has begun; what is left out stays.

    `starts_at` and `ends_at` are written as 2030-05-01T10:00:00+02:00; "" takes a time away, so that a host starts or
    ends play.
    """

    starts_at: str | None = None
    ends_at: str | None = None


class Unstart(HostCommand, tag="unstart", frozen=True):
    """Undo a start, as long as nobody has solved, taken or claimed anything: clues close again, guesses are forgotten.

    Play starts again by `start`, or by itself at `starts_at`.
    """

    starts_at: str | None = None


class Rescheduled(HostEvent, tag="rescheduled", frozen=True, gc=False):
    """Play starts and ends at these times by itself; 0: by a host (or, the end, after the duration)."""

    starts_ms: int
    ends_ms: int


class Unstarted(HostEvent, tag="unstarted", frozen=True, gc=False):
    """Play has not begun; it starts by itself at `starts_ms` (0: by a host)."""

    starts_ms: int


def _given(text: str | None, now: int, field: str, now_ms: int) -> int | Rejected:
    """Return a time of the schedule: the one given, or that which is `now`."""
    if text is None:
        return now
    if not text:
        return 0
    at_ms = moment(text, field)
    if not isinstance(at_ms, Rejected) and at_ms <= now_ms:
        return Rejected("bad_field", f"{field} lies in the past")
    return at_ms


def reschedule(state: Hunt, command: Reschedule, ctx: Context) -> Decision | Rejected:
    """Set start and end."""
    refused = not_host(state, ctx, Phase.PUBLISHED)
    if refused is not None:
        return refused
    starts_ms = _given(command.starts_at, state.starts_ms, "starts_at", ctx.now_ms)
    if isinstance(starts_ms, Rejected):
        return starts_ms
    ends_ms = _given(command.ends_at, state.scheduled_end_ms, "ends_at", ctx.now_ms)
    if isinstance(ends_ms, Rejected):
        return ends_ms
    return _moved(starts_ms, ends_ms, ctx.now_ms, act(ctx, command))


def _moved(starts_ms: int, ends_ms: int, now_ms: int, author: Author) -> Decision | Rejected:
    if 0 < ends_ms <= (starts_ms or now_ms):
        return Rejected("bad_field", "the end would not be after the start; give both")
    return Decision((Rescheduled(starts_ms, ends_ms, personal=author),), {"starts_ms": starts_ms, "ends_ms": ends_ms})


def move_schedule(state: Hunt, by_ms: int, now_ms: int, author: Author) -> Decision | Rejected:
    """Move the scheduled start and end of a hunt that has not begun, both by as much."""
    starts_ms, ends_ms = state.starts_ms, state.scheduled_end_ms
    if not starts_ms and not ends_ms:
        return NO_TIMES
    if starts_ms > 0 and starts_ms + by_ms <= now_ms:
        return Rejected("bad_field", "the start would lie in the past; use start")
    return _moved(starts_ms and starts_ms + by_ms, ends_ms and ends_ms + by_ms, now_ms, author)


def unstart(state: Hunt, command: Unstart, ctx: Context) -> Decision | Rejected:
    """Undo a start."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    if (
        any(state.solves)
        or any(state.claims)
        or any(
            t.solved or t.treasures or t.hints or has_parts(t) for t in state.teams.values()
        )  # also of teams that do not count
        or any(q.answered for q in questions(state))
    ):
        return SOLVED
    starts_ms = _given(command.starts_at, 0, "starts_at", ctx.now_ms)
    if isinstance(starts_ms, Rejected):
        return starts_ms
    return Decision((Unstarted(starts_ms, personal=act(ctx, command)),), {"phase": "published"})


def _apply_rescheduled(state: Hunt, event: Rescheduled, at_ms: int) -> None:
    state.more.starts_ms, state.more.scheduled_end_ms = event.starts_ms, event.ends_ms


def _apply_unstarted(state: Hunt, event: Unstarted, at_ms: int) -> None:
    state.phase = Phase.PUBLISHED
    state.more.starts_ms = event.starts_ms
    state.started_ms = state.zero_ms = state.ends_ms = state.paused_ms = state.released_s = state.attempts = 0
    state.wrongs, state.tried = [0] * len(state.wrongs), [0] * len(state.tried)
    state.recent.clear()
    state.rest = HuntRest(media=state.rest.media, committed=state.rest.committed)
    for team in state.teams.values():
        team.unlocked, team.opened, team.attempts = 0, None, None
        if team.more is not None:
            team.more.tally = None
            team.more.began_ms, team.more.released_s = NOT_BEGUN, 0
    if state.plan.tallies or state.plan.own_start:
        state.stand_anew()


def _show(tell: Telling, state: Hunt, event: Rescheduled | Unstarted) -> None:
    shown = Shown(str(event.__struct_config__.tag), starts_ms=state.starts_ms, ends_ms=state.scheduled_end_ms)
    tell.all(shown)
    tell.hosts(shown)


FEATURE: Final = Feature(
    takes=(Takes(Reschedule, reschedule, SentBy.HOST), Takes(Unstart, unstart, SentBy.HOST)),
    makes=(
        Makes(Rescheduled, _apply_rescheduled, _show, times=True),
        Makes(Unstarted, _apply_unstarted, _show, times=True, undo=lambda e: "start"),
    ),
)
