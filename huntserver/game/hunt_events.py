"""What happens in a hunt: the events of its log. A tag once written keeps its meaning for ever.

What a person wrote or what points at one (name, text, position) stands in the one `personal` member of an event.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="type", gc=False, omit_defaults=True):
    """Root of all events."""


class Author(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Personal: who did it, what they wrote, where they were, what they are called."""

    by: str = ""
    text: str = ""
    name: str = ""
    team_name: str = ""
    lat: float | None = None
    lon: float | None = None


class Created(Event, tag="created", frozen=True, gc=False):
    """The hunt exists, owned by `owner`."""

    owner: str


class Defined(Event, tag="defined", frozen=True, gc=False):
    """Its definition: JSON text in normal form, and the blake2b digest of it."""

    digest: str
    definition: str


class Published(Event, tag="published", frozen=True, gc=False):
    """The definition is fixed, players may join."""


class Joined(Event, tag="joined", frozen=True, gc=False):
    """A player joined `team`, which is new if the hunt does not know it; `title` is the hunt's."""

    team: str
    title: str
    personal: Author
    invite: str = ""
    bracket: str = ""


class Started(Event, tag="started", frozen=True, gc=False):
    """Play began; `ends_ms` is when it ends (0: by a host)."""

    ends_ms: int


class Paused(Event, tag="paused", frozen=True, gc=False):
    """Play stopped."""


class Unpaused(Event, tag="unpaused", frozen=True, gc=False):
    """Play goes on; ends and cool-downs moved by `for_ms`."""

    for_ms: int


class Extended(Event, tag="extended", frozen=True, gc=False):
    """Play ends at `ends_ms` now."""

    ends_ms: int


class Ended(Event, tag="ended", frozen=True, gc=False):
    """Play is over."""


class Placed(Event, tag="placed", frozen=True, gc=False):
    """Final places of some players, in parts after the end: (player, place, points); place 0: taken out."""

    results: list[tuple[str, int, int]]


class Released(Event, tag="released", frozen=True, gc=False):
    """Clues that wait for `after_s` seconds of play are open to teams whose other conditions are met."""

    after_s: int


class Guessed(Event, tag="guessed", frozen=True, gc=False):
    """A guess that was `incorrect` or `partial`. `mark` is the CRC-32 of its normalised text; the next guess at this
    clue waits for `wait_ms` of play."""

    team: str
    clue: str
    verdict: str
    mark: int
    personal: Author
    wait_ms: int = 0


class Solved(Event, tag="solved", frozen=True, gc=False):
    """A clue solved by a guess, a code or a check-in; `rank` 1 is the first finder; `points` with the bonus in."""

    team: str
    clue: str
    points: int
    rank: int
    how: str
    members: list[str]
    personal: Author


class HintTaken(Event, tag="hint_taken", frozen=True, gc=False):
    """A team paid `price` for a hint."""

    team: str
    clue: str
    hint: str
    price: int


class Claimed(Event, tag="claimed", frozen=True, gc=False):
    """A piece of treasure claimed, the `rank`-th of its kind."""

    team: str
    treasure: str
    title: str
    rank: int
    points: int
    personal: Author


class Announced(Event, tag="announced", frozen=True, gc=False):
    """A host told everybody, a team, or a bracket."""

    text: str
    team: str = ""
    bracket: str = ""


class Adjusted(Event, tag="adjusted", frozen=True, gc=False):
    """A host gave or took points."""

    team: str
    points: int
    reason: str


class Removed(Event, tag="removed", frozen=True, gc=False):
    """A host took a team out of the standings, or (`back`) let it in again."""

    team: str
    reason: str
    back: bool = False


HuntEvent: TypeAlias = (
    Created
    | Defined
    | Published
    | Joined
    | Started
    | Paused
    | Unpaused
    | Extended
    | Ended
    | Placed
    | Released
    | Guessed
    | Solved
    | HintTaken
    | Claimed
    | Announced
    | Adjusted
    | Removed
)
