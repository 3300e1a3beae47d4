"""Clues that are solved by being somewhere: at a point, in an area, or along a route. Pure."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from huntserver.game.clues.kind import Kind
from huntserver.game.definition.part import Part, Ranges, Wrong, within
from huntserver.game.geo import Position, crosses_itself, distance_m, from_area_m, from_line_m, middle, valid_position

BANDS_M: Final = (100, 250, 500, 1000, 2000, 5000)
RANGES: Final[Ranges] = {
    "lat": (-90, 90),
    "lon": (-180, 180),
    "radius_m": (5, 5000),
    "area": (3, 200),
    "route": (2, 200),
}
RADIUS_M: Final = 50.0
SPAN_MAX_M: Final = 50_000.0


class Location(Part, frozen=True):
    """A point (`lat`, `lon`), the corners of an `area`, or the points of a `route`, in degrees (WGS 84).

    `radius_m`: how far from it a check-in still solves, 5 to 5000 m; 50 m where it is not said, for an area 0.
    `tells`: whether a check-in that is too far off says roughly how far.
    """

    lat: float | None = None
    lon: float | None = None
    area: list[Position] | None = None
    route: list[Position] | None = None
    radius_m: float | None = None
    tells: Literal["nothing", "band"] = "nothing"


class LocationKeys(Part, frozen=True):
    """Where the clue is solved."""

    location: Location | None = None


class Stop:
    """What check-ins are held against. `lat`, `lon`: the point, or the middle of the shape."""

    __slots__ = ("_location", "_span_m", "lat", "lon", "radius_m")

    def __init__(self, location: Location) -> None:
        shape = location.area or location.route
        at = middle(shape) if shape else (location.lat or 0.0, location.lon or 0.0)
        self.lat, self.lon = at
        self.radius_m = (0.0 if location.area else RADIUS_M) if location.radius_m is None else location.radius_m
        self._span_m = max(distance_m(*at, *corner) for corner in shape) if shape else 0.0
        self._location = location

    def at_least_m(self, lat: float, lon: float) -> float:
        """Return what `away_m` is not less than, without a look at the whole shape."""
        return distance_m(lat, lon, self.lat, self.lon) - self._span_m - self.radius_m

    def away_m(self, lat: float, lon: float) -> float:
        """Return how many metres a position is too far off; none, or less: it solves."""
        if self._location.area:
            return from_area_m(lat, lon, self._location.area) - self.radius_m
        if self._location.route:
            return from_line_m(lat, lon, self._location.route) - self.radius_m
        return self.at_least_m(lat, lon)

    def told(self, away_m: float) -> str:
        """Return how far a team is, roughly, if it is told at all."""
        if self._location.tells == "nothing":
            return ""
        band_m = next((m for m in BANDS_M if away_m <= m), 0)
        return f": less than {band_m} m to go" if band_m else f": more than {BANDS_M[-1]} m to go"

    def __str__(self) -> str:
        if self._location.area:
            beside = f", or within {self.radius_m:g} m of it" if self.radius_m else ""
            return f"in the area of {len(self._location.area)} corners around {self.lat:.5f}, {self.lon:.5f}{beside}"
        if self._location.route:
            return f"within {self.radius_m:g} m of the route of {len(self._location.route)} points"
        return f"within {self.radius_m:g} m of {self.lat}, {self.lon}"


def check(wrong: Wrong, path: str, clue: LocationKeys) -> None:
    """Report a place that is not on earth, or one that nobody meets."""
    place, path = clue.location, f"{path}.location"
    if place is None:
        return
    given = [name for name in ("lat", "area", "route") if getattr(place, name) is not None]
    if len(given) != 1 or (place.lat is None) != (place.lon is None):
        seen = " and ".join(name for name in ("lat", "lon", "area", "route") if getattr(place, name) is not None)
        wrong(
            path,
            f"has {seen or 'no position'}",
            "give lat and lon, or the corners of an area, or the points of a route",
        )
        return
    if place.lat is not None and place.lon and 90 < abs(place.lat) <= 180 and abs(place.lon) <= 90:
        what = f"has lat {place.lat} and lon {place.lon}, which are swapped"
        wrong(path, what, f"write lat = {place.lon}, lon = {place.lat}")
        place = msgspec.structs.replace(place, lat=place.lon, lon=place.lat)
    within(wrong, f"{path}.", place, RANGES)
    for name in ("area", "route"):
        shape = getattr(place, name)
        if shape is not None:
            _check_shape(wrong, f"{path}.{name}", name, shape)


def _check_shape(wrong: Wrong, path: str, name: str, shape: list[Position]) -> None:
    off_earth = next(((i, at) for i, at in enumerate(shape) if not valid_position(*at)), None)
    if off_earth is not None:
        i, (lat, lon) = off_earth
        wrong(f"{path}[{i}]", f"is [{lat}, {lon}]", "write [latitude, longitude]: -90 to 90, -180 to 180")
        return
    least, most = RANGES[name]
    if not least <= len(shape) <= most:
        return  # told already
    at = middle(shape)
    span_m = max(distance_m(*at, *corner) for corner in shape)
    if span_m > SPAN_MAX_M:
        wrong(path, f"reaches {span_m / 1000:,.0f} km from its middle", f"allowed is {SPAN_MAX_M / 1000:g} km")
    elif name == "area" and crosses_itself(shape):
        wrong(path, "has sides that cross, or no inside", "give the corners in their order along the outline")


def _place(clue: LocationKeys) -> Stop:
    assert clue.location is not None, "checked: a clue of this kind has a location"
    return Stop(clue.location)


KIND: Final = Kind(
    "location",
    LocationKeys,
    owns=("location",),
    check=check,
    place=_place,
)
