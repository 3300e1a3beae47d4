"""Clues that are solved by being somewhere: a point and the radius within which a check-in counts. Pure."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Ranges, Wrong, within

BANDS_M: Final = (100, 250, 500, 1000, 2000, 5000)
RANGES: Final[Ranges] = {"lat": (-90, 90), "lon": (-180, 180), "radius_m": (5, 5000)}


class Location(Part, frozen=True):
    """A point in degrees (WGS 84) and the radius within which a check-in solves, 5 to 5000 m.

    `tells`: whether a check-in that is too far off says roughly how far.
    """

    lat: float
    lon: float
    radius_m: float = 50.0
    tells: Literal["nothing", "band"] = "nothing"

    def told(self, away_m: float) -> str:
        """Return how far a team is, roughly, if it is told at all."""
        if self.tells == "nothing":
            return ""
        band_m = next((m for m in BANDS_M if away_m <= m), 0)
        return f": less than {band_m} m to go" if band_m else f": more than {BANDS_M[-1]} m to go"


class LocationKeys(Part, frozen=True):
    """Where the clue is solved."""

    location: Location | None = None


def check(wrong: Wrong, path: str, clue: LocationKeys) -> None:
    """Report a point that is not on earth, or a radius that nobody meets."""
    if clue.location is not None:
        place = clue.location
        if 90 < abs(place.lat) <= 180 and abs(place.lon) <= 90 and place.lon:
            what = f"has lat {place.lat} and lon {place.lon}, which are swapped"
            wrong(f"{path}.location", what, f"write lat = {place.lon}, lon = {place.lat}")
            place = msgspec.structs.replace(place, lat=place.lon, lon=place.lat)
        within(wrong, f"{path}.location.", place, RANGES)


KIND: Final = Kind(
    "location",
    LocationKeys,
    owns=("location",),
    check=check,
    parts={"location": Location},
    place=lambda clue: clue.location,
)
