"""How clues, treasures and rows of the standings look to a team. Never an answer to a clue. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from huntserver.game.bits import bits
from huntserver.game.definition.shape import Treasure
from huntserver.game.plan import HINTS_A_CLUE, worth
from huntserver.game.shown import (
    ClueView,
    ErratumView,
    HintView,
    OwnClue,
    OwnTreasure,
    PartView,
    RoundView,
    Row,
    SharedClues,
    Sinks,
    TreasureView,
)
from huntserver.game.state import Hunt, Team, parts_done


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
        sinks=_sinks(state, team, index),
        round=clue.round,
        fed_by=plan.feeding[index],
        parts=_parts(state, team, index) if plan.parts.all else [],
    )


def _parts(state: Hunt, team: Team, index: int) -> list[PartView]:
    """Return how the parts of a clue stand that are done or were tried."""
    made = []
    tried = team.attempts or {}
    for part in state.plan.parts.of.get(index, ()):
        if part.id in parts_done(team, part.clue):
            made.append(PartView(part.id, done=True))
        elif part.number in tried:
            attempt = tried[part.number]
            wait_until_ms = state.zero_ms + attempt.until if attempt.until else 0
            made.append(PartView(part.id, wrong=attempt.wrong, wait_until_ms=wait_until_ms))
    return made


def _sinks(state: Hunt, team: Team, index: int) -> Sinks | None:
    clue = state.plan.clues[index]
    if not clue.decay_s or team.solved >> index & 1:
        return None
    from_ms = state.zero_ms + (team.opened.get(index, 0) if team.opened else 0)
    return Sinks(from_ms, from_ms + clue.decay_s * 1000, clue.points_min)


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
        mine = bool(team.treasures >> i & 1)
        from_ms, until_ms = _window(state, team, t)
        loot = _loot(team, t)
        made.append(TreasureView(t.id, t.title, t.text, t.points, left, mine, t.tier, loot, from_ms, until_ms))
    return made


def _window(state: Hunt, team: Team, treasure: Treasure) -> tuple[int, int]:
    """Return from when to when a treasure can be claimed; 0: as long as it is open."""
    from_s, until_s = treasure.from_s, treasure.until_s
    began_ms = state.began_ms(team)
    return from_s and began_ms + from_s * 1000, until_s and began_ms + until_s * 1000


def _loot(team: Team, treasure: Treasure) -> list[str]:
    """Return the titles of what is, or may be, in a treasure."""
    held = team.more.loot if team.more is not None else ()
    got = [loot.title for loot in treasure.loot if loot.id in held]
    return got or [loot.title for loot in treasure.loot]


def round_views(state: Hunt, mask: int) -> list[RoundView]:
    """Return the rounds of the clues of `mask`, in the order of the file."""
    rounds = state.plan.rounds
    if not rounds:
        return []
    of = {state.plan.clues[i].round for i in bits(mask & state.plan.clue_bits)}
    return [RoundView(r.id, r.title, r.text) for r in rounds if r.id in of]


def own_clue(state: Hunt, team: Team, index: int, *, inline: bool) -> OwnClue:
    """Return a clue as the team may see it, without what is in a block; `inline`: what it earned is not in one."""
    plan = state.plan
    clue = plan.clues[index]
    attempt = team.attempts.get(index) if team.attempts else None
    solved = bool(team.solved >> index & 1)
    first = index * HINTS_A_CLUE
    return OwnClue(
        id=clue.id,
        number=index + 1,
        points=worth(clue, state.solves[index]),
        solved=solved,
        solved_text=clue.solved_text if solved and inline else "",
        opened_ms=state.zero_ms + (team.opened.get(index, 0) if team.opened else 0) if clue.hints else 0,
        taken={h.id: h.text for i, h in enumerate(clue.hints) if first + i in team.hints}
        if inline and team.hints and clue.hints
        else {},
        wrong=attempt.wrong if attempt else 0,
        wait_until_ms=state.zero_ms + attempt.until if attempt and attempt.until else 0,
        errata=[ErratumView(at_ms, text) for at_ms, text in state.more.errata.get(clue.id, ())],
        sinks=_sinks(state, team, index),
        round=clue.round,
        fed_by=plan.feeding[index],
        parts=_parts(state, team, index) if plan.parts.all else [],
    )


def own_clues(state: Hunt, team: Team, *, inline: bool) -> Sequence[OwnClue]:
    """Return the clues that a team sees, without what is in blocks; one list for all that have done nothing."""
    opened = team.unlocked & state.plan.clue_bits
    done_parts = team.more is not None and team.more.parts
    if team.solved or team.attempts or team.hints or team.opened or state.more.errata or done_parts:
        return [own_clue(state, team, i, inline=inline) for i in bits(opened)]
    key = (state.plan, opened, state.zero_ms, tuple(state.solves))
    if state.fresh is None or state.fresh[0] != key:
        state.fresh = (key, SharedClues(own_clue(state, team, i, inline=inline) for i in bits(opened)))
    found: Sequence[OwnClue] = state.fresh[1]
    return found


def own_treasures(state: Hunt, team: Team, mask: int) -> list[OwnTreasure]:
    """Return the treasures among the things of `mask`, without what is in a block."""
    first = len(state.plan.clues)
    return [
        OwnTreasure(
            t.id,
            t.quantity - state.claims[i],
            bool(team.treasures >> i & 1),
            t.tier,
            _loot(team, t),
            *_window(state, team, t),
        )
        for i, t in ((i, state.plan.treasures[i]) for i in bits(mask >> first))
    ]


def earned_bytes(state: Hunt, team: Team) -> int:
    """Return about how many bytes the texts are that a team earned by solving and by taking hints."""
    clues = state.plan.clues
    size = sum(len(clues[i].solved_text) for i in bits(team.solved))
    return size + sum(len(clues[n // HINTS_A_CLUE].hints[n % HINTS_A_CLUE].text) for n in team.hints)


def opened(state: Hunt, team: Team, mask: int) -> dict[str, Any]:
    """Return the clues and treasures of `mask`, as fields of a `Shown`."""
    return {
        "clues": clue_views(state, team, mask),
        "treasures": treasure_views(state, team, mask),
        "rounds": round_views(state, mask),
    }


def row(state: Hunt, team: Team, place: int) -> Row:
    """Return a team's line of the standings."""
    solved = team.solved.bit_count()
    finished = bool(team.solved & state.plan.final)
    return Row(place, team.id, team.name, team.score, solved, team.score_at, team.bracket, finished, team.used_ms)
