"""The standings as clients ask for them. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game import views
from huntserver.game.command import Query
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import not_there
from huntserver.game.shown import Row
from huntserver.game.state import Hunt

BOARD_MAX: Final = 500


class BoardQuery(Query, tag="board", frozen=True):
    """The standings: the first `top` rows (1-500), overall or of a bracket, and the asker's own row."""

    bracket: str | None = None
    top: int = 50


class Board(msgspec.Struct, frozen=True, omit_defaults=True):
    """The standings: how many teams stand, the first rows, and the asker's own."""

    teams: int
    rows: list[Row]
    mine: Row | None = None
    bracket: str = ""


def board(state: Hunt, query: BoardQuery, ctx: Context) -> Board | Rejected:
    """Answer a `BoardQuery`."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if not 1 <= query.top <= BOARD_MAX:
        return Rejected("bad_field", f"top is {query.top}, allowed is 1 to {BOARD_MAX}")
    if query.bracket is not None and query.bracket not in state.definition.brackets:
        return Rejected("no_such_bracket", "there is no such bracket")
    top = state.standings.top(query.top, query.bracket)
    rows = [views.row(state, team, i + 1) for i, team in enumerate(top)]
    team = state.members.get(ctx.by)
    mine = None
    if team is not None and not team.out and query.bracket in (None, team.bracket):
        mine = views.row(state, team, state.standings.place(team, query.bracket))
    return Board(state.standings.size(query.bracket), rows, mine, query.bracket or "")


FEATURE: Final = Feature(answers=(AnswersTo(BoardQuery, board, Board),))
