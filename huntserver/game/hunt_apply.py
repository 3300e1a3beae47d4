"""Events into the state of a hunt: one function an event, chosen by its class. Never refuses, never decides. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from huntserver.game.hunt_events import (
    Adjusted,
    Announced,
    Claimed,
    Created,
    Defined,
    Ended,
    Extended,
    Guessed,
    HintTaken,
    Joined,
    Paused,
    Placed,
    Published,
    Released,
    Removed,
    Solved,
    Started,
    Unpaused,
)
from huntserver.game.hunt_state import TRIED_MAX, Attempt, Hunt, Phase, Team

ANNOUNCEMENTS_KEPT: Final = 20
_MARKS_MAX: Final = -4 * TRIED_MAX


def apply(state: Hunt, event: Any, seq: int, at_ms: int) -> None:
    """Change the state by one event of the record with the hunt's seq `seq`, written at `at_ms`."""
    if event.__class__ is Guessed:  # nearly all records: spares a look-up and a call
        team = state.teams[event.team]
        clue = state.plan.clue_index[event.clue]
        attempts = team.attempts
        if attempts is None:
            attempts = team.attempts = {}
        attempt = attempts.get(clue)
        if attempt is None:
            attempt = attempts[clue] = Attempt()
            state.attempts += 1
        attempt.tried = (attempt.tried + event.mark.to_bytes(4, "big"))[_MARKS_MAX:]
        if event.verdict == "incorrect":
            attempt.wrong += 1
            state.wrongs[clue] += 1
            if event.wait_ms:
                attempt.until = at_ms - state.zero_ms + event.wait_ms
        state.recent.append((at_ms, event))
    else:
        APPLY[event.__class__](state, event, at_ms)


def _created(state: Hunt, event: Created, at_ms: int) -> None:
    state.phase = Phase.DRAFT
    state.owner = event.owner


def _defined(state: Hunt, event: Defined, at_ms: int) -> None:
    state.define(event.definition, event.digest)


def _published(state: Hunt, event: Published, at_ms: int) -> None:
    state.phase = Phase.PUBLISHED
    state.set_timer()


def _joined(state: Hunt, event: Joined, at_ms: int) -> None:
    who = event.personal
    team = state.teams.get(event.team)
    if team is None:
        name = who.team_name or who.name or who.by.partition(":")[2]
        team = Team(event.team, len(state.teams) + 1, name, bracket=event.bracket, invite=event.invite)
        team.score_at = at_ms
        state.enlist(team)
        state.standings.add(team)
        if state.phase in (Phase.RUNNING, Phase.PAUSED):
            state.open_things((team,), at_ms)
    team.members = (*team.members, who.by)
    if team.invite:
        team.names = (*team.names, who.name)
    state.members[who.by] = team


def _started(state: Hunt, event: Started, at_ms: int) -> None:
    state.phase = Phase.RUNNING
    state.started_ms = state.zero_ms = at_ms
    state.ends_ms = event.ends_ms
    state.open_things(state.teams.values(), at_ms)
    state.set_timer()


def _paused(state: Hunt, event: Paused, at_ms: int) -> None:
    state.phase = Phase.PAUSED
    state.paused_ms = at_ms
    state.set_timer()


def _unpaused(state: Hunt, event: Unpaused, at_ms: int) -> None:
    state.phase = Phase.RUNNING
    state.paused_ms = 0
    state.zero_ms += event.for_ms
    if state.ends_ms:
        state.ends_ms += event.for_ms
    state.set_timer()


def _extended(state: Hunt, event: Extended, at_ms: int) -> None:
    state.ends_ms = event.ends_ms
    state.set_timer()


def _ended(state: Hunt, event: Ended, at_ms: int) -> None:
    state.phase = Phase.ENDED
    state.ended_ms = state.paused_ms or at_ms
    state.paused_ms = 0
    state.set_timer()


def _placed(state: Hunt, event: Placed, at_ms: int) -> None:
    state.placed += len(event.results)
    state.set_timer()


def _released(state: Hunt, event: Released, at_ms: int) -> None:
    state.released_s = event.after_s
    state.open_things(state.teams.values(), at_ms, state.plan.timed)
    state.set_timer()


def _solved(state: Hunt, event: Solved, at_ms: int) -> None:
    team = state.teams[event.team]
    clue = state.plan.clue_index[event.clue]
    team.solved |= 1 << clue
    if team.attempts is not None and team.attempts.pop(clue, None) is not None:
        state.attempts -= 1
    state.solves[clue] += 1
    _score(state, team, event.points, at_ms)
    state.open_things((team,), at_ms, state.plan.dependents[clue])


def _score(state: Hunt, team: Team, points: int, at_ms: int) -> None:
    if not points:
        return
    if not team.out:
        state.standings.remove(team)
    team.score += points
    if points > 0:
        team.score_at = at_ms
    if not team.out:
        state.standings.add(team)


def _hint_taken(state: Hunt, event: HintTaken, at_ms: int) -> None:
    team = state.teams[event.team]
    found = state.plan.hint(state.plan.clue_index[event.clue], event.hint)
    assert found is not None
    team.hints = (*team.hints, found[0])
    _score(state, team, -event.price, at_ms)


def _claimed(state: Hunt, event: Claimed, at_ms: int) -> None:
    team = state.teams[event.team]
    treasure = state.plan.treasure_index[event.treasure]
    state.claims[treasure] += 1
    team.treasures |= 1 << treasure
    _score(state, team, event.points, at_ms)


def _announced(state: Hunt, event: Announced, at_ms: int) -> None:
    state.announced = [*state.announced, (at_ms, event)][-ANNOUNCEMENTS_KEPT:]


def _adjusted(state: Hunt, event: Adjusted, at_ms: int) -> None:
    _score(state, state.teams[event.team], event.points, at_ms)


def _removed(state: Hunt, event: Removed, at_ms: int) -> None:
    team = state.teams[event.team]
    if event.back and team.out:
        state.standings.add(team)
    elif not event.back and not team.out:
        state.standings.remove(team)
    team.out = not event.back


APPLY: Final[dict[type, Callable[[Hunt, Any, int], None]]] = {
    Created: _created,
    Defined: _defined,
    Published: _published,
    Joined: _joined,
    Started: _started,
    Paused: _paused,
    Unpaused: _unpaused,
    Extended: _extended,
    Ended: _ended,
    Placed: _placed,
    Released: _released,
    Solved: _solved,
    HintTaken: _hint_taken,
    Claimed: _claimed,
    Announced: _announced,
    Adjusted: _adjusted,
    Removed: _removed,
}
