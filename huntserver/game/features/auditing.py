"""The audit trail: what hosts did, who, when, why, and what would undo it. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game.command import Query
from huntserver.game.event import HostEvent
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import not_host
from huntserver.game.state import Hunt
from huntserver.game.unusual import AuditLine

KEPT: Final = 200
DETAIL_MAX: Final = 300
HIDDEN: Final = ("type", "personal", "definition", "secret")
"""Fields that are not part of a line's detail: said elsewhere in it, too large, or nobody's business before the end."""


class AuditQuery(Query, tag="audit", frozen=True):
    """The youngest 200 things that hosts did. Never answers unless the sender is a host."""


class Audit(msgspec.Struct, frozen=True):
    """What hosts did, oldest first: seq, ms, event, who, reason, its fields as JSON, the operation that undoes it."""

    lines: list[AuditLine]


def note(state: Hunt, event: HostEvent, seq: int, at_ms: int, undo: str) -> None:
    """Write a line, if it is known which host it was."""
    author = event.personal
    if author is None or author.by.startswith("p:"):  # what a captain did in his own team is no host's act
        return
    fields = {k: v for k, v in msgspec.to_builtins(event).items() if k not in HIDDEN}
    detail = msgspec.json.encode(fields).decode() if fields else ""
    tag = str(event.__struct_config__.tag)
    line = AuditLine(seq, at_ms, tag, author.by, author.text, detail[:DETAIL_MAX], undo)
    state.more.audit = [*state.more.audit, line][-KEPT:]


def audit(state: Hunt, query: Any, ctx: Context) -> Audit | Rejected:
    """Answer an `AuditQuery`."""
    return not_host(state, ctx) or Audit(list(state.more.audit))


FEATURE: Final = Feature(answers=(AnswersTo(AuditQuery, audit, Audit),))
