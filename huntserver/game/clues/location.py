"""Clues that are solved by being somewhere: a point and the radius within which a check-in counts. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Ranges, Wrong, within

RANGES: Final[Ranges] = {"lat": (-90, 90), "lon": (-180, 180), "radius_m": (5, 5000)}


class Location(Part, frozen=True):
    """A point in degrees (WGS 84) and the radius within which a check-in solves, 5 to 5000 m."""

    lat: float
    lon: float
    radius_m: float = 50.0


class LocationKeys(Part, frozen=True):
    """Where the clue is solved."""

    location: Location | None = None


def check(wrong: Wrong, path: str, clue: LocationKeys) -> None:
    """Report a point that is not on earth, or a radius that nobody meets."""
    if clue.location is not None:
        within(wrong, f"{path}.location.", clue.location, RANGES)


KIND: Final = Kind(
    "location",
    LocationKeys,
    owns=("location",),
    check=check,
    parts={"location": Location},
    place=lambda clue: clue.location,
)
