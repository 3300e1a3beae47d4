"""The roots of what a hunt can be told and asked. A tag is the operation's name on the wire. Pure data."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=False, gc=False):
    """Root of all commands: what a client, a host, a timer or another entity can ask for."""


class Query(msgspec.Struct, frozen=True, tag_field="op"):
    """Root of all questions: they change nothing."""
