"""Time that hosts give: extra time for one team, and stretches of play that do not count for anybody. Pure."""

from __future__ import annotations

from typing import Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.channels import Telling
from huntserver.game.command import HostCommand
from huntserver.game.event import HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.guessing import cool_down_ms
from huntserver.game.moment import moment
from huntserver.game.permission import act, not_host, team_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase
from huntserver.game.unusual import TeamMore

EXTRA_MAX_S: Final = 7 * 86_400


class ExtraTime(HostCommand, tag="extra_time", frozen=True):
    """Give one team `seconds` of play beyond the hunt's end, or take them back with a number below zero."""

    team: str
    seconds: int


class RemoveInterval(HostCommand, tag="remove_interval", frozen=True):
    """Let `seconds` of play not count, as if the hunt had been paused then: the end and all that waits move.

    The interval ended at `until`, written as 2030-05-01T10:00:00+02:00; now, if that is left out.
    """

    seconds: int
    until: str | None = None


class ExtraTimeGiven(HostEvent, tag="extra_time_given", frozen=True, gc=False):
    """A team's extra time is `extra_ms` now."""

    team: str
    extra_ms: int


class IntervalRemoved(HostEvent, tag="interval_removed", frozen=True, gc=False):
    """Play from `from_ms` to `to_ms` of play time does not count."""

    from_ms: int
    to_ms: int


def extra_time(state: Hunt, command: ExtraTime, ctx: Context) -> Decision | Rejected:
    """Give extra time."""
    refused = not_host(state, ctx, Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    had_s = team.more.extra_ms // 1000 if team.more is not None else 0
    extra_s = had_s + command.seconds
    if command.seconds == 0 or not 0 <= extra_s <= EXTRA_MAX_S:
        return Rejected("bad_field", f"the team would have {extra_s} s of extra time, allowed is 0 to {EXTRA_MAX_S}")
    if state.started_ms and not state.ends_ms and state.definition.schedule.limit_s is None:
        return Rejected("wrong_phase", "the hunt has no end, so no team needs extra time")
    given = ExtraTimeGiven(team.id, extra_s * 1000, personal=act(ctx, command))
    return Decision((given,), {"extra_s": extra_s})


def _apply_extra_time(state: Hunt, event: ExtraTimeGiven, at_ms: int) -> None:
    team = state.teams[event.team]
    team.more = team.more or TeamMore()
    team.more.extra_ms = event.extra_ms
    state.find_overtime()


def _show_extra_time(tell: Telling, state: Hunt, event: ExtraTimeGiven) -> None:
    team = state.teams[event.team]
    shown = Shown("extra_time_given", team.id, team.name, ends_ms=state.ends_of(team), for_ms=event.extra_ms)
    tell.team(team, shown)
    tell.hosts(shown)


def remove_interval(state: Hunt, command: RemoveInterval, ctx: Context) -> Decision | Rejected:
    """Let a stretch of play not count."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    to_ms = state.play_ms(ctx.now_ms)
    if command.until is not None:
        until_ms = moment(command.until, "until")
        if isinstance(until_ms, Rejected):
            return until_ms
        if not state.zero_ms <= until_ms <= ctx.now_ms:
            return Rejected("bad_field", "until lies before the start of play or in the future")
        to_ms = min(to_ms, until_ms - state.zero_ms)
    if not 1 <= command.seconds * 1000 <= to_ms:
        return Rejected("bad_field", f"seconds is {command.seconds}, allowed is 1 to {to_ms // 1000}: the play so far")
    removed = IntervalRemoved(to_ms - command.seconds * 1000, to_ms, personal=act(ctx, command))
    return Decision((removed,), {"ends_ms": state.ends_ms and state.ends_ms + command.seconds * 1000})


def _apply_interval_removed(state: Hunt, event: IntervalRemoved, at_ms: int) -> None:
    length_ms = event.to_ms - event.from_ms

    def moved(play_ms: int) -> int:
        """Return a play time as it counts now: inside of what is removed nothing passed."""
        return max(event.from_ms, play_ms - length_ms) if play_ms > event.from_ms else play_ms

    state.zero_ms += length_ms
    if state.ends_ms:
        state.ends_ms += length_ms
    for team in state.teams.values():
        for clue, attempt in (team.attempts or {}).items():
            if attempt.until:
                wait_ms = cool_down_ms(state.plan.attempts_of(clue), attempt.wrong)
                attempt.until = moved(attempt.until - wait_ms) + wait_ms
        if team.opened:
            team.opened = {clue: moved(play_ms) for clue, play_ms in team.opened.items()}
        if team.more is not None and team.more.tally is not None:
            team.more.tally.row_ms = moved(team.more.tally.row_ms)
        if team.more is not None and team.has_begun:
            began_ms, more = team.more.began_ms, team.more
            more.began_ms = moved(began_ms)
            if more.tally is not None:
                more.tally.used_ms = moved(began_ms + more.tally.used_ms) - more.began_ms
    if state.plan.own_start:
        state.stand_anew()


def _show_interval_removed(tell: Telling, state: Hunt, event: IntervalRemoved) -> None:
    shown = Shown("interval_removed", ends_ms=state.ends_ms, for_ms=event.to_ms - event.from_ms)
    tell.all(shown)
    tell.hosts(shown)


FEATURE: Final = Feature(
    takes=(Takes(ExtraTime, extra_time, SentBy.HOST), Takes(RemoveInterval, remove_interval, SentBy.HOST)),
    makes=(
        Makes(ExtraTimeGiven, _apply_extra_time, _show_extra_time, times=True),
        Makes(IntervalRemoved, _apply_interval_removed, _show_interval_removed, times=True),
    ),
)
