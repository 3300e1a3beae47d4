"""The roots of what happens in a hunt. A tag once written keeps its meaning for ever. Pure data.

What a person wrote or what points at one (name, text, position) stands in the one `personal` member of an event.
"""

from __future__ import annotations

import msgspec


class GameEvent(msgspec.Struct, frozen=True, tag_field="type", gc=False, omit_defaults=True):
    """Root of all events of hunts."""


class Author(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Personal: who did it, what they wrote, where they were, what they are called."""

    by: str = ""
    text: str = ""
    name: str = ""
    team_name: str = ""
    lat: float | None = None
    lon: float | None = None


class HostEvent(GameEvent, frozen=True, kw_only=True, gc=False):
    """Root of what hosts do. `personal`: which host, and the reason given; none when the clock did it.

    Records from before the audit trail have none either.
    """

    personal: Author | None = None
