"""A copy of a hunt for what only looks at it: the server tries on it what a host asks about. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game import stored
from huntserver.game.command import Query
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import not_host
from huntserver.game.state import Hunt

TEAMS_MAX: Final = 2000
"""Of a hunt that is copied within its turn: some 10 ms."""


class CopyQuery(Query, tag="copy", frozen=True):
    """The hunt's state. Never answers unless the sender is a host, and for a hunt of more than `TEAMS_MAX` teams."""


class Copied(msgspec.Struct, frozen=True):
    """The hunt's state as it is stored, in parts, nothing in it sealed."""

    parts: list[bytes]
    now_ms: int


def copied(state: Hunt, query: Any, ctx: Context) -> Copied | Rejected:
    """Answer a `CopyQuery`."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if len(state.teams) > TEAMS_MAX:
        return Rejected(
            "too_large", f"the hunt has {len(state.teams)} teams, looked at are {TEAMS_MAX}: use huntserver what-if"
        )
    return Copied(list(stored.encode(state, seals=False)), ctx.now_ms)


FEATURE: Final = Feature(answers=(AnswersTo(CopyQuery, copied, Copied, wire=False),))
