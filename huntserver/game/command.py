"""The roots of what a hunt can be told and asked. A tag is the operation's name on the wire. Pure data."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

REASON_MAX: Final = 500
Reason: TypeAlias = Annotated[str, msgspec.Meta(max_length=REASON_MAX)]


class Command(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=False, gc=False):
    """Root of all commands: what a client, a host, a timer or another entity can ask for."""


class HostCommand(Command, frozen=True, kw_only=True):
    """Root of what hosts do: with a reason, if they give one, that the audit trail keeps."""

    reason: Reason | None = None


class Query(msgspec.Struct, frozen=True, tag_field="op"):
    """Root of all questions: they change nothing."""
