"""What a clue is worth to one team at one moment. Pure."""

from __future__ import annotations

from huntserver.game.plan import worth
from huntserver.game.state import Hunt, Team


def worth_to(state: Hunt, team: Team, index: int, solves: int, played_ms: int) -> int:
    """Return a clue's points for a team, without bonus, once so many teams have solved it and so far into play."""
    clue = state.plan.clues[index]
    if not clue.decay_s:
        return worth(clue, solves)
    opened_ms = team.opened.get(index, 0) if team.opened else 0
    return worth(clue, solves, max(0, played_ms - opened_ms))


def row_after(state: Hunt, team: Team, how: str, at_ms: int) -> int:
    """Return how many solves a team has in a row with one more at a time; 0: this one belongs to no row."""
    streak = state.plan.streak
    if streak is None or how in ("host", "rejudged", "photo"):
        return 0
    tally = team.more.tally if team.more is not None else None
    if tally is None or not tally.row:
        return 1
    late = streak.within_s and state.play_ms(at_ms) - tally.row_ms > streak.within_s * 1000
    return 1 if late else tally.row + 1
