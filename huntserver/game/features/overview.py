"""What a host sees of a hunt. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game import views
from huntserver.game.command import Query
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.features.announcing import Announced
from huntserver.game.features.guessing import Guessed
from huntserver.game.permission import RIGHTS, role_of
from huntserver.game.sealing import recent
from huntserver.game.shown import Row
from huntserver.game.state import Hunt, Phase

OVERVIEW_TEAMS: Final = 100


class OverviewQuery(Query, tag="overview", frozen=True):
    """What a host sees: phase, counts, per-clue figures, teams. Never answers unless the sender is a host."""


class ClueFigures(msgspec.Struct, frozen=True, gc=False):
    """How a clue fares."""

    id: str
    title: str
    solves: int
    wrong: int


class Overview(msgspec.Struct, frozen=True):
    """What a host sees of a hunt: figures, the first 100 teams, the 30 youngest guesses that were not right."""

    hunt: str
    title: str
    phase: str
    owner: str
    digest: str
    players: int
    teams: int
    now_ms: int
    started_ms: int
    ends_ms: int
    clues: list[ClueFigures]
    treasures: dict[str, int]
    top: list[Row]
    guesses: list[tuple[int, Guessed]]
    announced: list[tuple[int, Announced]]


def overview(state: Hunt, query: Any, ctx: Context) -> Overview | Rejected:
    """Answer an `OverviewQuery`: hosts only."""
    if state.phase is Phase.NONE:
        return Rejected("no_such_hunt", "there is no hunt with this id")
    if role_of(state, ctx) < RIGHTS["overview"]:
        return Rejected("not_allowed", "only the hunt's host or a reviewer may see this")
    plan = state.plan
    return Overview(
        hunt=state.id,
        title=plan.definition.title,
        phase=state.phase.name.lower(),
        owner=state.owner,
        digest=state.digest,
        players=len(state.members),
        teams=len(state.teams),
        now_ms=ctx.now_ms,
        started_ms=state.started_ms,
        ends_ms=state.ends_ms,
        clues=[ClueFigures(c.id, c.title, state.solves[i], state.wrongs[i]) for i, c in enumerate(plan.clues)],
        treasures={t.id: t.quantity - state.claims[i] for i, t in enumerate(plan.treasures)},
        top=[views.row(state, t, i + 1) for i, t in enumerate(state.standings.top(OVERVIEW_TEAMS))],
        guesses=recent(state),
        announced=list(state.announced),
    )


FEATURE: Final = Feature(answers=(AnswersTo(OverviewQuery, overview, Overview),))
