"""The standings as others see them: as they are, frozen, or revealed from the last place up. Pure.

While they are frozen nothing here rests on what happened since, but for a team's own score and for who is to be seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from huntserver.game import views
from huntserver.game.shown import Row
from huntserver.game.state import Hunt, Team
from huntserver.game.unusual import Curtain, FrozenRow


def drawn(state: Hunt, at_ms: int) -> Curtain:
    """Return the standings as they are now, to be kept."""
    final = state.plan.final
    top = state.standings.top(len(state.teams))
    rows = [
        FrozenRow(t.id, t.score, t.solved.bit_count(), t.score_at, t.bracket, bool(t.solved & final), t.used_ms)
        for t in top
    ]
    return Curtain(at_ms, rows)


def rows(state: Hunt, count: int, bracket: str | None = None) -> list[Row]:
    """Return the first rows that may be seen, overall or of a bracket; of a reveal, those that are revealed."""
    curtain = state.rest.curtain
    if curtain is None:
        return [views.row(state, team, i) for i, team in enumerate(state.standings.top(count, bracket), 1)]
    if curtain.hidden >= 0:
        hidden = {team.id for team in state.standings.top(curtain.hidden)}
        top = enumerate(state.standings.top(count + len(hidden), bracket), 1)
        return [views.row(state, team, i) for i, team in top if team.id not in hidden][:count]
    seen = _shown(state, curtain, bracket)
    return [
        Row(
            i, row.team, state.teams[row.team].name, row.score, row.solved, row.at_ms, row.bracket, row.finished,
            row.used_ms,
        )
        for i, row in zip(range(1, count + 1), seen, strict=False)
    ]  # fmt: skip


def _shown(state: Hunt, curtain: Curtain, bracket: str | None) -> Iterator[FrozenRow]:
    """Yield the frozen rows, overall or of a bracket; a team that was hidden since is not shown."""
    for row in curtain.rows:
        if bracket in (None, row.bracket) and not state.teams[row.team].is_unofficial:
            yield row


def size(state: Hunt, bracket: str | None = None) -> int:
    """Return how many teams stand, as may be seen."""
    curtain = state.rest.curtain
    if curtain is None or curtain.hidden >= 0:
        return state.standings.size(bracket)
    return sum(1 for _ in _shown(state, curtain, bracket))


def place(state: Hunt, team: Team, bracket: str | None = None) -> int:
    """Return a team's own place as it may be seen; 0: it has none."""
    curtain = state.rest.curtain
    if not team.stands:
        return 0
    if curtain is None:
        return state.standings.place(team, bracket)
    if 0 <= curtain.hidden < state.standings.place(team):
        return state.standings.place(team, bracket)
    seen = _shown(state, curtain, bracket)
    return next((i for i, row in enumerate(seen, 1) if row.team == team.id), 0)
