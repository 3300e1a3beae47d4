"""Distances on the earth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.geo import distance_m, valid_position

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert distance_m(0, 0, 1, 0) == pytest.approx(111_195, abs=5)


def test_the_eiffel_tower_is_four_kilometres_from_notre_dame() -> None:
    assert distance_m(48.85837, 2.294481, 48.852968, 2.349902) == pytest.approx(4_100, abs=60)


def test_the_date_line_and_the_poles_are_no_walls() -> None:
    assert distance_m(0, 179.9995, 0, -179.9995) == pytest.approx(111, abs=1)
    assert distance_m(90, 0, 90, 123) == pytest.approx(0, abs=0.01)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distance_is_the_same_both_ways_and_at_most_half_way_round(a: float, b: float, c: float, d: float) -> None:
    there, back = distance_m(a, b, c, d), distance_m(c, d, a, b)
    assert there == pytest.approx(back, rel=1e-6, abs=0.01)
    assert 0 <= there <= 20_015_200


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_what_is_no_place_is_not_valid(lat: float, lon: float) -> None:
    assert not valid_position(lat, lon)
