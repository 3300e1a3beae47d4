"""The roots of what happens in a hunt. A tag once written keeps its meaning for ever. Pure data.

What a person wrote or what points at one (name, text, position) stands in the one `personal` member of an event.
"""

from __future__ import annotations

from typing import Final

import msgspec

from huntserver.game.vault import ERASED, GONE

UNTOLD: Final = ("type", "personal", "definition", "written", "secret")
"""Fields of events that no line about one repeats: said elsewhere in it, too large, or nobody's business before the
end."""
NO_RING: Final = (
    "names in it are sealed, and there is no key ring: give it the key file that this log was written with "
    "([privacy] key_file)"
)


class GameEvent(msgspec.Struct, frozen=True, tag_field="type", gc=False, omit_defaults=True):
    """Root of all events of hunts."""


class Author(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Personal: who did it, what they wrote, where they were, what they are called.

    In the log all but `by` is in `sealed`, under the person's key, and `team_name` in `team_sealed` under the team's
    (`sealing`); either is `vault.GONE` once that key is destroyed. Nobody is ever sent what is sealed.
    """

    by: str = ""
    text: str = ""
    name: str = ""
    team_name: str = ""
    lat: float | None = None
    lon: float | None = None
    sealed: str = ""
    team_sealed: str = ""


def called(who: Author) -> str:
    """Return what a person is called in an event. Raises ValueError if that is sealed and nobody could open it."""
    if who.sealed:
        if who.sealed != GONE:
            raise ValueError(NO_RING)
        return ERASED
    return who.name


class HostEvent(GameEvent, frozen=True, kw_only=True, gc=False):
    """Root of what hosts do. `personal`: which host, and the reason given; none when the clock did it.

    Records from before the audit trail have none either.
    """

    personal: Author | None = None
