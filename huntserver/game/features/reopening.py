"""An end that is undone: play goes on, and the final places that players were told are withdrawn. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from actors.entity import Context, Decision, Reaction, Rejected, Timer
from huntserver.game import views
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import Author, GameEvent, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes, Times
from huntserver.game.features.placing import PLACES_A_RECORD, PLACES_EVERY_MS
from huntserver.game.permission import act, not_host
from huntserver.game.player.commands import ReopenHunt, to_player
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, once_a_reopening

FOR_MAX_S: Final = 30 * 86_400


class Reopen(HostCommand, tag="reopen", frozen=True):
    """Undo an end: play goes on for `for_s` seconds, and the time since the end does not count.

    Without `for_s` a hunt that a host ended has what was left of its time.
    """

    for_s: int | None = None


class Reopened(HostEvent, tag="reopened", frozen=True, gc=False):
    """Play goes on until `ends_ms` (0: a host ends it); of the time since the end, `removed_ms` do not count."""

    ends_ms: int
    removed_ms: int = 0


class Withdrawn(GameEvent, tag="withdrawn", frozen=True, gc=False):
    """The final places of some players do not hold any more; in parts, after a hunt was reopened."""

    players: list[str]


def reopen(state: Hunt, command: Reopen, ctx: Context) -> Decision | Rejected:
    """Undo an end."""
    refused = not_host(state, ctx, Phase.ENDED)
    if refused is not None:
        return refused
    if command.for_s is not None and not 1 <= command.for_s <= FOR_MAX_S:
        return Rejected("bad_field", f"for_s is {command.for_s}, allowed is 1 to {FOR_MAX_S}")
    author = act(ctx, command)
    if not state.started_ms:  # it ended before it began
        return Decision((Reopened(0, personal=author),), {"phase": "published"})
    gap_ms = ctx.now_ms - state.ended_ms
    if command.for_s is not None:
        ends_ms = ctx.now_ms + command.for_s * 1000
    elif state.ends_ms and state.ends_ms <= state.ended_ms:
        return Rejected("bad_field", "the hunt's time is over; say how long it goes on: for_s")
    else:
        ends_ms = state.ends_ms and state.ends_ms + gap_ms
    return Decision((Reopened(ends_ms, gap_ms, personal=author),), {"phase": "running", "ends_ms": ends_ms})


def reopen_until(state: Hunt, ends_ms: int, now_ms: int, author: Author) -> Decision | Rejected:
    """Go on after the end as if it had been later all the time: nothing is removed."""
    if ends_ms <= now_ms:
        short_s = (now_ms - ends_ms) // 1000 + 1
        return Rejected("bad_field", f"that end is over too, by {short_s} s; extend by more, or reopen")
    return Decision((Reopened(ends_ms, personal=author),), {"ends_ms": ends_ms})


def _apply_reopened(state: Hunt, event: Reopened, at_ms: int) -> None:
    state.phase = Phase.RUNNING if state.started_ms else Phase.PUBLISHED
    if not state.started_ms and state.starts_ms <= at_ms:
        state.more.starts_ms = 0
    state.zero_ms += event.removed_ms
    state.ends_ms = event.ends_ms
    state.ended_ms = 0
    state.more.reopenings += 1
    if not state.more.withdrawing:
        state.more.withdrawing, state.more.reopened_ms = state.placed, at_ms
    if state.started_ms:  # what hosts accepted after the end opens now what rests on it
        state.open_things(state.teams.values(), at_ms)


def _show_reopened(tell: Telling, state: Hunt, event: Reopened) -> None:
    shown = Shown("reopened", ends_ms=state.ends_ms, for_ms=event.removed_ms)
    tell.all(shown)
    tell.hosts(shown)
    for team, mask in state.opened:
        tell.team(team, Shown("opened", **views.opened(state, team, mask)))


def _apply_withdrawn(state: Hunt, event: Withdrawn, at_ms: int) -> None:
    state.placed -= len(event.players)
    if not state.placed:
        state.more.withdrawing = state.more.reopened_ms = 0


def _reopen(event: Withdrawn, hunt: str) -> Sequence[Reaction]:
    return tuple(to_player(by, ReopenHunt(hunt)) for by in event.players)


def _due(state: Hunt) -> Timer | None:
    if not state.more.withdrawing:
        return None
    done = (state.more.withdrawing - state.placed) // PLACES_A_RECORD
    return Timer(state.more.reopened_ms + PLACES_EVERY_MS * done, once_a_reopening(state, f"withdraw-{state.placed}"))


def _fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    first = max(0, state.placed - PLACES_A_RECORD)
    return (Withdrawn(list(islice(state.members, first, state.placed))),)


FEATURE: Final = Feature(
    takes=(Takes(Reopen, reopen, SentBy.HOST),),
    makes=(
        Makes(Reopened, _apply_reopened, _show_reopened, times=True, undo=lambda e: "end"),
        Makes(Withdrawn, _apply_withdrawn, react=_reopen, times=True),
    ),
    times=(Times("withdraw-", _due, _fires),),
)
