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


def apply(state: Hunt, event: Any, seq: int, at_ms: int) -> None:
    """Change the state by one event."""
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
        team = Team(event.team, len(state.teams) + 1, name, event.bracket, event.invite)
        state.teams[team.id] = team
        state.names[name.casefold()] = team
        if team.invite:
            state.invites[team.invite] = team
        state.standings.add(team)
        if state.phase == Phase.RUNNING:
            state.open_clues((team,), at_ms)
    team.members.append(who.by)
    state.members[who.by] = team


def _started(state: Hunt, event: Started, at_ms: int) -> None:
    state.phase = Phase.RUNNING
    state.started_ms = at_ms
    state.ends_ms = event.ends_ms
    state.open_clues(state.teams.values(), at_ms)
    state.set_timer()


def _paused(state: Hunt, event: Paused, at_ms: int) -> None:
    state.phase = Phase.PAUSED
    state.paused_ms = at_ms
    state.set_timer()


def _unpaused(state: Hunt, event: Unpaused, at_ms: int) -> None:
    state.phase = Phase.RUNNING
    state.paused_ms = 0
    state.idle_ms += event.for_ms
    if state.ends_ms:
        state.ends_ms += event.for_ms
    for team in state.teams.values():
        for attempt in team.attempts.values():
            if attempt.until_ms:
                attempt.until_ms += event.for_ms
        for i in team.opened_ms:
            team.opened_ms[i] += event.for_ms
    state.set_timer()


def _extended(state: Hunt, event: Extended, at_ms: int) -> None:
    state.ends_ms = event.ends_ms
    state.set_timer()


def _ended(state: Hunt, event: Ended, at_ms: int) -> None:
    state.phase = Phase.ENDED
    state.ended_ms = state.paused_ms or at_ms
    state.set_timer()


def _placed(state: Hunt, event: Placed, at_ms: int) -> None:
    state.placed += len(event.results)
    state.set_timer()


def _released(state: Hunt, event: Released, at_ms: int) -> None:
    state.released_s = event.after_s
    state.open_clues(state.teams.values(), at_ms)
    state.set_timer()


def _guessed(state: Hunt, event: Guessed, at_ms: int) -> None:
    team = state.teams[event.team]
    clue = state.clue_index[event.clue]
    attempt = team.attempts.get(clue)
    if attempt is None:
        attempt = team.attempts[clue] = Attempt()
    attempt.tried = (attempt.tried + event.mark.to_bytes(4, "big"))[-4 * TRIED_MAX :]
    if event.verdict == "incorrect":
        attempt.wrong += 1
        attempt.until_ms = event.until_ms


def _solved(state: Hunt, event: Solved, at_ms: int) -> None:
    team = state.teams[event.team]
    clue = state.clue_index[event.clue]
    team.solved |= 1 << clue
    team.attempts.pop(clue, None)
    state.solves[clue] += 1
    _score(state, team, event.points, at_ms)
    state.open_clues((team,), at_ms)


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
    team.hints = (*team.hints, f"{event.clue}/{event.hint}")
    _score(state, team, -event.price, at_ms)


def _claimed(state: Hunt, event: Claimed, at_ms: int) -> None:
    team = state.teams[event.team]
    state.claims[state.treasure_index[event.treasure]] += 1
    team.treasures = (*team.treasures, event.treasure)
    _score(state, team, event.points, at_ms)


def _announced(state: Hunt, event: Announced, at_ms: int) -> None:
    if not event.team and not event.bracket:
        state.announced = [*state.announced, (at_ms, event.text)][-ANNOUNCEMENTS_KEPT:]


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
    Guessed: _guessed,
    Solved: _solved,
    HintTaken: _hint_taken,
    Claimed: _claimed,
    Announced: _announced,
    Adjusted: _adjusted,
    Removed: _removed,
}
