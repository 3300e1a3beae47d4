"""A start of its own for every team: it begins when it says so, when a host says so, or in turn. Pure.

Play time of such a team counts from there: what opens after a while, windows of treasures, its limit, the time it used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actors.entity import Context, Decision, Rejected, Timer
from huntserver.game import views
from huntserver.game.channels import Telling
from huntserver.game.command import Command, HostCommand
from huntserver.game.event import Author, GameEvent, HostEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes, Times
from huntserver.game.permission import NOT_JOINED, act, is_host, not_host, not_playing, team_of
from huntserver.game.roster import has_parts, more_of
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team
from huntserver.game.unusual import NOT_BEGUN, TAKEN_BACK

TOGETHER: Final = Rejected("wrong_phase", "in this hunt all begin together", retry=False)


class Begin(Command, tag="begin", frozen=True):
    """Begin one's own play, in a hunt where every team does so for itself. A host names the `team`."""

    team: str | None = None


class Unbegin(HostCommand, tag="unbegin", frozen=True):
    """Take back that a team has begun, as long as it has solved, taken and claimed nothing."""

    team: str


class Begun(GameEvent, tag="begun", frozen=True, gc=False):
    """A team's own play began; `personal`: who said so, none when its turn had come."""

    team: str
    personal: Author | None = None


class BeginningUndone(HostEvent, tag="unbegun", frozen=True, gc=False):
    """A team has not begun; it begins when it, or a host, says so."""

    team: str


class TeamReleased(GameEvent, tag="team_released", frozen=True, gc=False):
    """Things that wait for `after_s` seconds of play are open to a team, if its other conditions are met."""

    team: str
    after_s: int


def begin(state: Hunt, command: Begin, ctx: Context) -> Decision | Rejected:
    """Begin a team's own play."""
    if not state.plan.own_start:
        return TOGETHER
    team: Team | Rejected | None = state.members.get(ctx.by)
    if command.team is not None:
        if not is_host(state, ctx):
            return Rejected("not_allowed", "only the hunt's host may begin for a team")
        team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    if team is None:
        return not_playing(state, None, ctx.now_ms) or NOT_JOINED
    if team.has_begun:
        return Rejected("wrong_phase", "the team has begun already")
    refused = not_playing(state, team, ctx.now_ms, begun=False)
    if refused is not None:
        return refused
    limit_s = state.definition.schedule.limit_s
    ends_ms = ctx.now_ms + limit_s * 1000 if limit_s is not None else 0
    ends_ms = min(ends_ms or state.ends_ms, state.ends_ms or ends_ms)
    return Decision((Begun(team.id, Author(ctx.by)),), {"ends_ms": ends_ms})


def unbegin(state: Hunt, command: Unbegin, ctx: Context) -> Decision | Rejected:
    """Take a beginning back."""
    refused = not_host(state, ctx, Phase.RUNNING, Phase.PAUSED)
    if refused is not None:
        return refused
    team = team_of(state, command.team)
    if isinstance(team, Rejected):
        return team
    if not team.has_begun:
        return Rejected("wrong_phase", "the team has not begun", retry=True)
    if team.solved or team.hints or team.treasures or has_parts(team):
        return Rejected("wrong_phase", "the team has solved, taken or claimed something; give it extra time instead")
    return Decision((BeginningUndone(team.id, personal=act(ctx, command)),), {"team": team.id})


def _apply_begun(state: Hunt, event: Begun, at_ms: int) -> None:
    team = state.teams[event.team]
    more_of(team).began_ms = state.play_ms(at_ms)
    state.open_things((team,), at_ms)


def _apply_unbegun(state: Hunt, event: BeginningUndone, at_ms: int) -> None:
    team = state.teams[event.team]
    more = more_of(team)
    more.began_ms, more.released_s, more.tally = TAKEN_BACK, 0, None
    for clue in team.attempts or {}:
        state.attempts -= 1
        if clue >= 0:
            state.tried[clue] -= 1
    team.unlocked, team.opened, team.attempts = 0, None, None
    state.score(team, 0, at_ms)


def _apply_released(state: Hunt, event: TeamReleased, at_ms: int) -> None:
    team = state.teams[event.team]
    more_of(team).released_s = event.after_s
    state.open_things((team,), at_ms, state.plan.timed)


def _show_begun(tell: Telling, state: Hunt, event: Begun) -> None:
    team = state.teams[event.team]
    by = event.personal.by if event.personal is not None else ""
    opened = views.opened(state, team, state.opened_to(team))
    tell.team(team, Shown("begun", by=by, starts_ms=state.began_ms(team), ends_ms=state.ends_of(team), **opened))
    tell.hosts(Shown("begun", team.id, team.name, ends_ms=state.ends_of(team)))


def _show_unbegun(tell: Telling, state: Hunt, event: BeginningUndone) -> None:
    team = state.teams[event.team]
    shown = Shown("unbegun", team.id, team.name)
    tell.team(team, shown)
    tell.hosts(shown)


def _show_released(tell: Telling, state: Hunt, event: TeamReleased) -> None:
    tell.opened(state.teams[event.team])


def _turn_due(state: Hunt) -> Timer | None:
    """The turn of the next team: the first begins with the hunt, each later one `stagger_s` after the one before."""
    every_s = state.definition.schedule.stagger_s
    if not every_s or state.phase is not Phase.RUNNING:
        return None
    for team in state.teams.values():
        began = team.more.began_ms if team.more is not None else NOT_BEGUN
        if began == NOT_BEGUN and team.members and not team.out:
            return Timer(state.zero_ms + (team.index - 1) * every_s * 1000, f"begin-{team.id}")
    return None


def _turn_fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    due = _turn_due(state)
    assert due is not None
    return (Begun(due.id.removeprefix("begin-")),)


def _own_next(state: Hunt) -> tuple[int, Team, int] | None:
    """Return when what opens next to a team by its own time, which team, and the time it waits for in seconds."""
    after_s = state.plan.after_s
    if not state.plan.own_start or not after_s or state.phase is not Phase.RUNNING:
        return None
    found: tuple[int, Team, int] | None = None
    for team in state.teams.values():
        if not team.has_begun or team.out or team.more is None or team.more.released_s >= after_s[-1]:
            continue
        wait_s = next(s for s in after_s if s > team.more.released_s)
        due_ms = team.more.began_ms + wait_s * 1000
        if found is None or due_ms < found[0]:
            found = (due_ms, team, wait_s)
    return found


def _own_due(state: Hunt) -> Timer | None:
    found = _own_next(state)
    return Timer(state.zero_ms + found[0], f"own-{found[1].id}-{found[2]}") if found is not None else None


def _own_fires(state: Hunt, ctx: Context) -> Sequence[GameEvent]:
    found = _own_next(state)
    assert found is not None
    return (TeamReleased(found[1].id, found[2]),)


FEATURE: Final = Feature(
    takes=(Takes(Begin, begin, SentBy.BOTH), Takes(Unbegin, unbegin, SentBy.HOST)),
    makes=(
        Makes(Begun, _apply_begun, _show_begun, times=True),
        Makes(BeginningUndone, _apply_unbegun, _show_unbegun, times=True),
        Makes(TeamReleased, _apply_released, _show_released, times=True),
    ),
    times=(Times("begin-", _turn_due, _turn_fires), Times("own-", _own_due, _own_fires)),
)
