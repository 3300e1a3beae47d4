"""The standings as clients ask for them. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game import curtain, views
from huntserver.game.command import Query
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import Role, not_there, role_of
from huntserver.game.shown import Row
from huntserver.game.state import Hunt

BOARD_MAX: Final = 500


class BoardQuery(Query, tag="board", frozen=True):
    """The standings: the first `top` rows (1-500), overall or of a bracket, and the asker's own row.

    Frozen ones are shown as they were, to hosts and reviewers as they are, unless they ask for them `as_seen`.
    """

    bracket: str | None = None
    top: int = 50
    as_seen: bool = False


class Board(msgspec.Struct, frozen=True, omit_defaults=True):
    """The standings: how many teams stand, the first rows, and the asker's own.

    `frozen_ms`: they are shown as they were then, but for the score of `mine`. `hidden`: so many places from the top
    are not revealed yet; the others stand as they are.
    """

    teams: int
    rows: list[Row]
    mine: Row | None = None
    bracket: str = ""
    frozen_ms: int = 0
    hidden: int = 0


def board(state: Hunt, query: BoardQuery, ctx: Context) -> Board | Rejected:
    """Answer a `BoardQuery`."""
    refused = not_there(state)
    if refused is not None:
        return refused
    if not 1 <= query.top <= BOARD_MAX:
        return Rejected("bad_field", f"top is {query.top}, allowed is 1 to {BOARD_MAX}")
    if query.bracket is not None and query.bracket not in state.definition.brackets:
        return Rejected("no_such_bracket", "there is no such bracket")
    frozen = state.rest.curtain
    if frozen is not None and not query.as_seen and ctx.role != "system" and role_of(state, ctx) >= Role.REVIEWER:
        rows = [views.row(state, team, i) for i, team in enumerate(state.standings.top(query.top, query.bracket), 1)]
        size = state.standings.size(query.bracket)
    else:
        rows, size = curtain.rows(state, query.top, query.bracket), curtain.size(state, query.bracket)
    team = state.members.get(ctx.by)
    mine = None
    if team is not None and team.stands and query.bracket in (None, team.bracket):
        mine = views.row(state, team, curtain.place(state, team, query.bracket))
    board = Board(size, rows, mine, query.bracket or "")
    if frozen is None:
        return board
    return msgspec.structs.replace(board, frozen_ms=frozen.at_ms, hidden=max(frozen.hidden, 0))


FEATURE: Final = Feature(answers=(AnswersTo(BoardQuery, board, Board),))
