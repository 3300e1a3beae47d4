"""The audit trail: what hosts did, who, when, why, and what would undo it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game.command import Query
from huntserver.game.event import UNTOLD
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.permission import not_host
from huntserver.game.state import Hunt
from huntserver.game.unusual import AuditLine

KEPT: Final = 200
DETAIL_MAX: Final = 300


class AuditQuery(Query, tag="audit", frozen=True):
    """The youngest 200 things that hosts did. Never answers unless the sender is a host."""


class Audit(msgspec.Struct, frozen=True):
    """What hosts did, oldest first: seq, ms, event, who, reason, its fields as JSON, the operation that undoes it."""

    lines: list[AuditLine]


def note(state: Hunt, event: Any, seq: int, at_ms: int, undo: str) -> None:
    """Write a line about what a host did, if it is known which host it was; the event has a `personal`."""
    author = event.personal
    if author is None or author.by.startswith("p:"):  # what a captain did in his own team is no host's act
        return
    fields = {k: v for k, v in msgspec.to_builtins(event).items() if k not in UNTOLD}
    changed = fields.get("changed")
    if changed:
        fields.pop("marks", None)  # says less, and would not leave room
    detail = msgspec.json.encode(fields).decode() if fields else ""
    while changed and len(detail) > DETAIL_MAX:
        changed.popitem()
        detail = msgspec.json.encode(fields).decode()
    tag = str(event.__struct_config__.tag)
    line = AuditLine(seq, at_ms, tag, author.by, author.text, detail[:DETAIL_MAX], undo)
    state.more.audit = [*state.more.audit, line][-KEPT:]


def audit(state: Hunt, query: Any, ctx: Context) -> Audit | Rejected:
    """Answer an `AuditQuery`."""
    lines = state.more.audit
    return not_host(state, ctx) or Audit([_with_undo(line, lines[:i]) for i, line in enumerate(lines)])


def _with_undo(line: AuditLine, before: list[AuditLine]) -> AuditLine:
    """Return a line with what undoes it, where that is not written down but follows from what is."""
    made = _UNDONE_BY.get(line.what)
    if line.undo or made is None or not line.detail or len(line.detail) >= DETAIL_MAX:
        return line
    return msgspec.structs.replace(line, undo=made(msgspec.json.decode(line.detail), before))


def _extra_time(fields: dict[str, Any], before: list[AuditLine]) -> str:
    """Take what the team was given beside what it had."""
    team = fields["team"]
    had = [msgspec.json.decode(line.detail) for line in before if line.what == "extra_time_given"]
    had_ms = next((one["extra_ms"] for one in reversed(had) if one["team"] == team), 0)
    return f"extra_time {team} {(had_ms - fields['extra_ms']) // 1000}"


_UNDONE_BY: Final[dict[str, Callable[[dict[str, Any], list[AuditLine]], str]]] = {
    "enrolled": lambda of, _: f"unenroll {of['team']}",
    "erratum_given": lambda of, _: f"unerratum {of['clue']}",
    "medium_added": lambda of, _: f"remove_medium {of['name']}",
    "approval_changed": lambda of, _: f"approval {'open' if of.get('ask') else 'ask'} --team {of['team']}",
    "unbegun": lambda of, _: f"begin --team {of['team']}",
    "photo_judged": lambda of, _: (
        f"unsolve {of['team']} {of['clue']}" if of.get("accepted") else f"accept_photo p{of['number']}"
    ),
    "extra_time_given": _extra_time,
}
"""By event: what undoes it, made of the fields in its line and of the lines before it."""


FEATURE: Final = Feature(answers=(AnswersTo(AuditQuery, audit, Audit),))
