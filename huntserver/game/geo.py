"""Distances on the earth, for location clues. Pure.

Positions are degrees (WGS 84), latitude first. Lines and areas are measured in a plane that touches the earth where one
stands: within 100 km the error is below 0.1 %, and near the shape, where it matters, far less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG

Position: TypeAlias = tuple[float, float]
Plane: TypeAlias = list[tuple[float, float]]
"""Positions in metres east and north of where one stands."""


def distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance in metres between two points in degrees (haversine; error below 0.6 %)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    d_phi, d_lambda = phi_b - phi_a, math.radians(lon_b - lon_a)
    h = math.sin(d_phi / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(d_lambda / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def valid_position(lat: float, lon: float) -> bool:
    """Tell whether the pair is a place on earth (NaN and infinities are not)."""
    return -90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0


def from_line_m(lat: float, lon: float, line: Sequence[Position]) -> float:
    """Return the distance in metres from a position to the nearest part of a line of two positions or more."""
    return min(_from_origin_m(a, b) for a, b in pairwise(_around(lat, lon, line)))


def from_area_m(lat: float, lon: float, outline: Sequence[Position]) -> float:
    """Return the distance in metres from a position to an area (0 inside); its outline closes by itself."""
    ring = _around(lat, lon, [*outline, outline[0]])
    return 0.0 if _holds_origin(ring) else min(_from_origin_m(a, b) for a, b in pairwise(ring))


def middle(positions: Sequence[Position]) -> Position:
    """Return a position amid others, also across the date line."""
    first = positions[0][1]
    east = sum(_wrapped(lon - first) for _, lon in positions) / len(positions)
    return sum(lat for lat, _ in positions) / len(positions), _wrapped(first + east)


def crosses_itself(outline: Sequence[Position]) -> bool:
    """Tell whether two sides of an area that are no neighbours meet, or the area has no inside."""
    ring = _around(*outline[0], [*outline, outline[0]])
    sides = list(pairwise(ring))
    if abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in sides)) < 1.0:  # twice the square metres
        return True
    last = len(sides) - 1
    return any(
        _meet(*sides[i], *sides[j])
        for i in range(len(sides))
        for j in range(i + 2, len(sides))
        if not (i == 0 and j == last)
    )


def _wrapped(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0


def _around(lat: float, lon: float, positions: Iterable[Position]) -> Plane:
    north = math.radians(1) * EARTH_RADIUS_M
    east = north * math.cos(math.radians(lat))
    return [(_wrapped(b - lon) * east, (a - lat) * north) for a, b in positions]


def _from_origin_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return how far the stretch from `a` to `b` is from (0, 0)."""
    (ax, ay), (dx, dy) = a, (b[0] - a[0], b[1] - a[1])
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0.0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length2))
    return math.hypot(ax + along * dx, ay + along * dy)


def _holds_origin(ring: Plane) -> bool:
    """Tell whether a closed ring goes round (0, 0): a ray to the east crosses it an odd number of times."""
    inside = False
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > 0.0) != (by > 0.0) and ax + (bx - ax) * ay / (ay - by) > 0.0:
            inside = not inside
    return inside


def _meet(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Tell whether the stretches ab and cd have a point in common."""

    def turn(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def between(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])

    sides = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and between(*end) for side, end in zip(sides, ends, strict=True))
