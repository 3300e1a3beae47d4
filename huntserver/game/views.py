"""How clues, treasures and rows of the standings look to a team. Never an answer to a clue. Pure."""

from __future__ import annotations

from typing import Any

from huntserver.game.plan import HINTS_A_CLUE, worth
from huntserver.game.shown import ClueView, ErratumView, HintView, Row, TreasureView
from huntserver.game.state import Hunt, Team, bits


def clue_view(state: Hunt, team: Team, index: int) -> ClueView:
    """Return a clue as the team may see it."""
    plan = state.plan
    clue = plan.clues[index]
    attempt = team.attempts.get(index) if team.attempts else None
    opened_ms = state.zero_ms + (team.opened.get(index, 0) if team.opened else 0)
    solved = bool(team.solved >> index & 1)
    return ClueView(
        id=clue.id,
        number=index + 1,
        title=clue.title,
        text=clue.text,
        kind=clue.kind,
        points=worth(clue, state.solves[index]),
        solved=solved,
        solved_text=clue.solved_text if solved else "",
        hints=[
            HintView(
                h.id,
                h.price,
                opened_ms + h.after_s * 1000,
                h.text if index * HINTS_A_CLUE + i in team.hints else None,
                h.needs,
            )
            for i, h in enumerate(clue.hints)
        ],
        wrong=attempt.wrong if attempt else 0,
        wait_until_ms=state.zero_ms + attempt.until if attempt and attempt.until else 0,
        final=clue.final,
        asks=plan.asks[index],
        errata=[ErratumView(at_ms, text) for at_ms, text in state.more.errata.get(clue.id, ())],
    )


def clue_views(state: Hunt, team: Team, mask: int) -> list[ClueView]:
    """Return the clues among the things of `mask`."""
    return [clue_view(state, team, i) for i in bits(mask & state.plan.clue_bits)]


def treasure_views(state: Hunt, team: Team, mask: int) -> list[TreasureView]:
    """Return the treasures among the things of `mask`."""
    first = len(state.plan.clues)
    made = []
    for i in bits(mask >> first):
        t = state.plan.treasures[i]
        left = t.quantity - state.claims[i]
        made.append(TreasureView(t.id, t.title, t.text, t.points, left, bool(team.treasures >> i & 1)))
    return made


def opened(state: Hunt, team: Team, mask: int) -> dict[str, Any]:
    """Return the clues and treasures of `mask`, as fields of a `Shown`."""
    return {"clues": clue_views(state, team, mask), "treasures": treasure_views(state, team, mask)}


def row(state: Hunt, team: Team, place: int) -> Row:
    """Return a team's line of the standings."""
    solved = team.solved.bit_count()
    finished = bool(team.solved & state.plan.final)
    return Row(place, team.id, team.name, team.score, solved, team.score_at, team.bracket, finished)
