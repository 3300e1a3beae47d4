"""What the hosts committed to before play began, for everybody who asks: nobody can change an answer unseen. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game.command import Query
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import NO_HUNT, role_of
from huntserver.game.state import Hunt, Phase


class CommitmentsQuery(Query, tag="commitments", frozen=True):
    """The commitments to the hunt's definition, answers and draws included, oldest first: one when it was published,
    one for each time that it was amended."""


class Commitments(msgspec.Struct, frozen=True):
    """Commitments as (ms since 1970, SHA-256 as hex). Empty in a hunt that was published before there were any."""

    commitments: list[tuple[int, str]]


def commitments(state: Hunt, query: Any, ctx: Context) -> Commitments | Rejected:
    """Answer a `CommitmentsQuery`."""
    if state.phase in (Phase.NONE, Phase.DRAFT) and not role_of(state, ctx):
        return NO_HUNT
    committed = state.rest.committed
    return Commitments(list(committed.made) if committed is not None else [])


FEATURE: Final = Feature(answers=(AnswersTo(CommitmentsQuery, commitments, Commitments),))
