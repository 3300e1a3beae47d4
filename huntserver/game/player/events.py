"""What happens to a player: the events of its log. A tag once written keeps its meaning for ever."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class PlayerEvent(msgspec.Struct, frozen=True, tag_field="type", gc=False, omit_defaults=True):
    """Root of a player's events."""


class Entered(PlayerEvent, tag="entered", frozen=True, gc=False):
    """Joined a hunt. `admitted`: let in after having asked."""

    hunt: str
    title: str
    team: str
    admitted: bool = False


class TeamChanged(PlayerEvent, tag="team_changed", frozen=True, gc=False):
    """Is in another team of a hunt."""

    hunt: str
    team: str
    title: str


class LeftHunt(PlayerEvent, tag="left_hunt", frozen=True, gc=False):
    """Left a hunt, or was taken out (`kicked`); its treasures stay in the inventory."""

    hunt: str
    team: str
    kicked: bool = False


class Credited(PlayerEvent, tag="credited", frozen=True, gc=False):
    """The team solved a clue."""

    hunt: str
    clue: str
    points: int
    first: bool = False


class CreditTaken(PlayerEvent, tag="credit_taken", frozen=True, gc=False):
    """A host took back that the team has solved a clue."""

    hunt: str
    clue: str
    points: int
    first: bool = False


class Awarded(PlayerEvent, tag="awarded", frozen=True, gc=False):
    """A piece of treasure came into the inventory."""

    hunt: str
    treasure: str
    title: str
    rank: int


class Closed(PlayerEvent, tag="closed", frozen=True, gc=False):
    """A hunt ended at this place (0: out of the standings), with the team's points."""

    hunt: str
    place: int
    points: int


class PlaceWithdrawn(PlayerEvent, tag="place_withdrawn", frozen=True, gc=False):
    """A hunt that had ended goes on: the place does not hold."""

    hunt: str


class SetAside(PlayerEvent, tag="set_aside", frozen=True, gc=False):
    """A reaction that could not be applied, kept and counted: `what` names it, `why` the reason."""

    what: str
    hunt: str
    why: str


AnyPlayerEvent: TypeAlias = (
    Entered | TeamChanged | LeftHunt | Credited | CreditTaken | Awarded | Closed | PlaceWithdrawn | SetAside
)
