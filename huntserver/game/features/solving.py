"""What solving a clue brings, however it was solved: points by rank, what opens, first finders. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.entity import Decision, Reaction
from huntserver.game import views
from huntserver.game.channels import Telling
from huntserver.game.event import Author, GameEvent
from huntserver.game.feature import Feature, Makes
from huntserver.game.plan import CHECK_INS, CODES, worth
from huntserver.game.player.commands import CreditSolve, to_player
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Team

WAYS: Final = {"code": CODES, "place": CHECK_INS}
"""Ways of solving whose wrong tries are counted over all clues; a right one ends the count."""


class Solved(GameEvent, tag="solved", frozen=True, gc=False):
    """A clue solved by a guess, a code or a check-in; `rank` 1 is the first finder; `points` with the bonus in."""

    team: str
    clue: str
    points: int
    rank: int
    how: str
    members: list[str]
    personal: Author


class GuessAnswer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The verdict on a guess, code or check-in. `wait_ms`: before the next guess on this clue."""

    verdict: str
    points: int = 0
    score: int | None = None
    rank: int = 0
    wait_ms: int = 0
    reply: str = ""


def solve(state: Hunt, team: Team, index: int, *, how: str, author: Author) -> Decision:
    """Return the decision that a team has solved a clue."""
    clue = state.plan.clues[index]
    rank = state.solves[index] + 1
    points = worth(clue, rank - 1)
    if rank <= len(clue.first_bonus):
        points += clue.first_bonus[rank - 1]
    event = Solved(team.id, clue.id, points, rank, how, list(team.members), author)
    return Decision((event,), GuessAnswer("correct", points, team.score + points, rank))


def _apply_solved(state: Hunt, event: Solved, at_ms: int) -> None:
    team = state.teams[event.team]
    clue = state.plan.clue_index[event.clue]
    team.solved |= 1 << clue
    if team.attempts is not None:
        way = WAYS.get(event.how)
        for tried in (clue,) if way is None else (clue, way):
            if team.attempts.pop(tried, None) is not None:
                state.attempts -= 1
                if tried >= 0:
                    state.tried[tried] -= 1
    state.solves[clue] += 1
    state.score(team, event.points, at_ms)
    state.open_things((team,), at_ms, state.plan.dependents[clue])


def _show_solved(tell: Telling, state: Hunt, event: Solved) -> None:
    team = state.teams[event.team]
    index = state.plan.clue_index[event.clue]
    clue = state.plan.clues[index]
    mask = state.opened[0][1] if state.opened else 0
    own = Shown(
        "solved",
        by=event.personal.by,
        clue=clue.id,
        clue_number=index + 1,
        rank=event.rank,
        points=event.points,
        score=team.score,
        text=clue.solved_text,
        how=event.how,
        final=clue.final,
        clues=views.clue_views(state, team, mask),
        treasures=views.treasure_views(state, team, mask),
    )
    tell.team(team, own)
    if event.rank == 1:
        # By number: the id and the title of a clue may give away what others have not come to.
        tell.all(Shown("first_finder", team.id, team.name, clue_number=index + 1))
    kept = event.personal if state.plan.kinds[index].kept else None
    tell.hosts(Shown("solved", team.id, team.name, clue=clue.id, points=event.points, rank=event.rank, personal=kept))
    if event.points:
        tell.board()


def _credit(event: Solved, hunt: str) -> Sequence[Reaction]:
    credit = CreditSolve(hunt, event.clue, event.points, event.rank == 1)
    return tuple(to_player(by, credit) for by in event.members)


FEATURE: Final = Feature(makes=(Makes(Solved, _apply_solved, _show_solved, _credit),))
