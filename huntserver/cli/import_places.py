"""Places of other systems as location clues: GPX and GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from huntserver.cli.import_parts import Ids, ImportFault, Notes, Tree, number


def gpx(text: str) -> Tree:
    """Read the waypoints of a GPX file, or the points of its first route."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ImportFault("declares entities, which no GPX file needs; remove the DOCTYPE")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ImportFault(f"is not valid XML: {error}") from None
    if _name(root) != "gpx":
        raise ImportFault(f"is XML, but <{_name(root)}>, not GPX")
    points = [e for e in root if _name(e) == "wpt"] or [e for e in root.iter() if _name(e) == "rtept"]
    if not points:
        raise ImportFault("has no waypoints and no route; a recorded track has no stops: mark them as waypoints")
    title = next((e.text for e in root.iter() if _name(e) == "name" and e not in list(_children(points))), None)
    return {"title": (title or "").strip(), "clues": list(_stops(_waypoints(points)))}


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(points: list[ElementTree.Element]) -> Iterator[ElementTree.Element]:
    for point in points:
        yield from point


def _waypoints(points: list[ElementTree.Element]) -> Iterator[tuple[str, str, str, str]]:
    for n, point in enumerate(points, 1):
        told = {_name(e): (e.text or "").strip() for e in point}
        text = told.get("desc") or told.get("cmt") or ""
        yield told.get("name") or f"Stop {n}", text, point.get("lat", ""), point.get("lon", "")


def _stops(points: Iterator[tuple[str, str, str, str]]) -> Iterator[Tree]:
    ids = Ids()
    for n, (title, text, lat, lon) in enumerate(points, 1):
        at: Tree = {"lat": number(lat, n, "lat of point"), "lon": number(lon, n, "lon of point")}
        yield _stop(ids, title, text, at)


def _stop(ids: Ids, title: str, text: str, at: Tree) -> Tree:
    return {"id": ids.of(title), "title": title[:200], "text": text[:10_000], "kind": "location", "location": at}


def geojson(text: str, notes: Notes) -> Tree:
    """Read the points, areas and lines of a GeoJSON file (RFC 7946: longitude first)."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportFault(f"is not valid JSON: {error}") from None
    features = found.get("features") if found.get("type") == "FeatureCollection" else [found]
    if found.get("type") not in ("FeatureCollection", "Feature") or not isinstance(features, list):
        raise ImportFault("is JSON, but no GeoJSON FeatureCollection; a hunt file goes to huntserver check as it is")
    ids, clues = Ids(), []
    for n, feature in enumerate(features, 1):
        shape = (feature.get("geometry") or {}) if isinstance(feature, dict) else {}
        about = (feature.get("properties") or {}) if isinstance(feature, dict) else {}
        at = _shape(shape, n)
        if at is None:
            seen = shape.get("type") or "feature without a shape"
            notes.add(f"feature {n} is a {seen}, not a Point, Polygon or LineString: left out")
            continue
        if shape["type"] == "Polygon" and len(shape["coordinates"]) > 1:
            notes.add(f"feature {n}: the holes of its area are left out")
        if about.get("radius_m") is not None:
            at["radius_m"] = number(str(about["radius_m"]), n, "radius_m")
        title = str(about.get("name") or about.get("title") or f"Stop {n}")
        clues.append(_stop(ids, title, str(about.get("description") or ""), at))
    if not clues:
        raise ImportFault("has no feature that is a Point, a Polygon or a LineString")
    return {"title": str(found.get("name") or ""), "clues": clues}


def _shape(shape: Tree, n: int) -> Tree | None:
    """Return a location of a GeoJSON geometry; None: it is none that a clue can have."""
    kind, at = shape.get("type"), shape.get("coordinates")
    if kind == "Polygon" and isinstance(at, list) and at:
        ring = _positions(at[0], n)
        return {"area": ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring}
    if kind == "LineString":
        return {"route": _positions(at, n)}
    if kind == "Point":
        lat, lon = _position(at, n)
        return {"lat": lat, "lon": lon}
    return None


def _positions(of: Any, n: int) -> list[list[float]]:
    if not isinstance(of, list):
        raise ImportFault(f"feature {n} has no list of positions")
    return [_position(at, n) for at in of]


def _position(at: Any, n: int) -> list[float]:
    """Return latitude and longitude of a position of GeoJSON (longitude first)."""
    if not isinstance(at, list) or len(at) < 2:
        raise ImportFault(f"feature {n} has the position {at!r}; a position is [longitude, latitude]")
    return [number(str(at[1]), n, "latitude"), number(str(at[0]), n, "longitude")]
