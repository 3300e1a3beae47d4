"""Points in time as people write them, RFC 3339 with an offset, as ms since 1970. Pure."""

from __future__ import annotations

from datetime import datetime

from actors.entity import Rejected


def ms(at: datetime | None) -> int:
    """Return ms since 1970; 0 for none."""
    return int(at.timestamp() * 1000) if at is not None else 0


def moment(text: str, field: str) -> int | Rejected:
    """Return the ms of a point in time that stands in a field of a command, or why it is none."""
    example = "write it as 2030-05-01T10:00:00+02:00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return Rejected("bad_field", f"{field} is {text[:40]!r}, which is no point in time; {example}")
    if at.tzinfo is None:
        return Rejected("bad_field", f"{field} is {text[:40]!r}, which has no offset; {example}")
    return ms(at)
