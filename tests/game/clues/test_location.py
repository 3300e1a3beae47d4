"""Clues that are solved by being somewhere: at a point, in an area, along a route."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.clues.location import Location, Stop
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.geo import distance_m, from_area_m, from_line_m
from lab.rigs.game import Table, code

HUNT = """
title = "Walks"
[tries.check_ins]
free = 100
[[clues]]
id = "park"
title = "The park"
kind = "location"
[clues.location]  # an L: its south-west quarter is not of it
tells = "band"
area = [
    [48.8470, 2.3360], [48.8470, 2.3390], [48.8450, 2.3390], [48.8450, 2.3375], [48.8460, 2.3375], [48.8460, 2.3360],
]
[[clues]]
id = "quay"
title = "Along the quay"
kind = "location"
location = { route = [[48.8600, 2.3200], [48.8600, 2.3300], [48.8650, 2.3300]], radius_m = 30 }
"""


def test_an_area_is_solved_inside_it_and_in_its_dent_one_is_not_there_yet() -> None:
    table = Table(HUNT).running("ann", "bob")
    dent = table.send(CheckIn(48.8455, 2.3365, clue="park"), "p:ann")
    assert (dent.verdict, dent.reply) == ("incorrect", "you are not close enough yet: less than 100 m to go")
    assert table.send(CheckIn(48.8455, 2.3380, clue="park"), "p:ann").verdict == "correct"
    # Half of the position's error counts, as at a point: the dent's corner is some 30 m off.
    assert table.send(CheckIn(48.8458, 2.3371, clue="park", accuracy_m=90.0), "p:bob").verdict == "correct"


def test_a_route_is_solved_anywhere_along_it_and_the_nearest_place_is_meant_if_none_is_named() -> None:
    table = Table(HUNT).running("ann")
    assert table.send(CheckIn(48.8604, 2.3250), "p:ann").verdict == "incorrect"
    assert table.send(CheckIn(48.8602, 2.3250), "p:ann").verdict == "correct"
    assert code(table.send(CheckIn(48.8602, 2.3250, clue="quay"), "p:ann")) == "already_solved"


FAULTS = [
    ("{ radius_m = 20 }", "clues[0].location", "has no position"),
    ("{ lat = 1.0 }", "clues[0].location", "has lat"),
    ("{ lat = 1.0, lon = 2.0, route = [[1, 2], [1, 3]] }", "clues[0].location", "has lat and lon and route"),
    ("{ area = [[1, 2], [1, 3]] }", "clues[0].location.area", "has 2 entries"),
    ("{ route = [[1, 2]] }", "clues[0].location.route", "has 1 entries"),
    ("{ area = [[1.0, 2.0], [1.0, 2.01], [91.0, 2.0]] }", "clues[0].location.area[2]", "is [91.0, 2.0]"),
    ("{ area = [[1.0, 2.0], [1.01, 2.01], [1.0, 2.01], [1.01, 2.0]] }", "clues[0].location.area", "sides that cross"),
    ("{ area = [[1.0, 2.0], [1.0, 2.01], [1.0, 2.02]] }", "clues[0].location.area", "no inside"),
    ("{ route = [[1.0, 2.0], [3.0, 2.0]] }", "clues[0].location.route", "reaches 111 km"),
    ("{ route = [[1.0, nan], [3.0, 2.0]] }", "clues[0].location.route[0]", "is [1.0, nan]"),
]


@pytest.mark.parametrize(("location", "path", "what"), FAULTS)
def test_a_place_that_nobody_can_be_at_is_named(location: str, path: str, what: str) -> None:
    text = f'title = "T"\n[[clues]]\nid = "a"\ntitle = "A"\nkind = "location"\nlocation = {location}\n'
    found = check_definition(text.encode(), "toml")
    assert isinstance(found, list)
    assert [(p.path, what in p.what) for p in found] == [(path, True)], found


NEAR = st.floats(-0.02, 0.02)
SHAPES = st.lists(st.tuples(NEAR, NEAR), min_size=3, max_size=12, unique=True)


@given(SHAPES, NEAR, NEAR, st.floats(-80, 80), st.sampled_from([0.0, 179.99, -180.0, 90.0]))
def test_a_shape_is_never_nearer_than_said_and_its_corners_are_on_it(
    shape: list[tuple[float, float]], north: float, east: float, lat: float, lon: float
) -> None:
    corners = [(lat + a, (lon + b + 180) % 360 - 180) for a, b in shape]
    at = lat + north, (lon + east + 180) % 360 - 180
    for location in (Location(area=corners), Location(route=corners, radius_m=30)):
        place = Stop(location)
        away_m, least_m = place.away_m(*at), place.at_least_m(*at)
        assert away_m >= least_m - 0.02 * abs(least_m) - 1.0
        assert all(place.away_m(*corner) <= 0.01 for corner in corners)
        nearest_m = min(distance_m(*at, *corner) for corner in corners)
        assert away_m <= nearest_m * 1.01 + 0.01
    assert from_area_m(*at, corners) <= from_line_m(*at, corners) + 0.01


@given(NEAR, NEAR, st.integers(3, 40), st.floats(100, 2000))
def test_an_area_that_is_round_holds_what_is_nearer_to_its_middle_than_its_sides(
    north: float, east: float, corners: int, radius_m: float
) -> None:
    degree_m = distance_m(0, 0, 1, 0)
    turns = [2 * math.pi * i / corners for i in range(corners)]
    ring = [(radius_m / degree_m * math.cos(t), radius_m / degree_m * math.sin(t)) for t in turns]
    off_m, apothem_m = distance_m(0, 0, north, east), radius_m * math.cos(math.pi / corners)
    away_m = from_area_m(north, east, ring)
    if off_m < apothem_m * 0.999:
        assert away_m == 0.0
    elif off_m > radius_m * 1.001:
        assert off_m - radius_m - 1 <= away_m <= off_m - apothem_m + 1
