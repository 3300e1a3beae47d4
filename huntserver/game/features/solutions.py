"""How clues are solved, as the hosts wrote it for afterwards: told to everybody in the hunt once it has ended. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game.command import Query
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import NOT_JOINED, not_there, role_of
from huntserver.game.state import Hunt, Phase

BYTES_MAX: Final = 16_000
"""Of the texts of one answer, but for a single longer one: it goes between other things to a slow phone."""


class SolutionsQuery(Query, tag="solutions", frozen=True):
    """After the end: what the hosts wrote of how clues are solved, of those whose number is above `after`."""

    after: int = 0


class Solution(msgspec.Struct, frozen=True, gc=False):
    """How a clue is solved. `number` counts from 1 in the order of the file."""

    clue: str
    number: int
    title: str
    text: str


class Solutions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Solutions in the order of the file. `more`: ask again, after the last number."""

    solutions: list[Solution]
    more: bool = False


def solutions(state: Hunt, query: SolutionsQuery, ctx: Context) -> Solutions | Rejected:
    """Answer a `SolutionsQuery`."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if ctx.by not in state.members and not role_of(state, ctx):
        return NOT_JOINED
    if state.phase is not Phase.ENDED:
        return Rejected("wrong_phase", "solutions are told after the end")
    told: list[Solution] = []
    size = 0
    for i, clue in enumerate(state.plan.clues):
        if not clue.solution or i < query.after:
            continue
        size += len(clue.solution.encode())
        if told and size > BYTES_MAX:
            return Solutions(told, more=True)
        told.append(Solution(clue.id, i + 1, clue.title, clue.solution))
    return Solutions(told)


FEATURE: Final = Feature(answers=(AnswersTo(SolutionsQuery, solutions, Solutions),))
