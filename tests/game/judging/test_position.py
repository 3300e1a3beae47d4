"""Positions as answers: every way in which phones, maps and people write one, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from huntserver.game.definition.solvability import check_definition
from huntserver.game.geo import valid_position
from huntserver.game.judging.answer import Answer
from huntserver.game.judging.judge import TextJudge
from huntserver.game.judging.position import positions

TOWER = Answer(position="48.8584, 2.2945", radius_m=20)
HERE = [
    "48.8584, 2.2945", "48.8584 2.2945", "48,8584 2,2945", "48,8584; 2,2945", "48,8584, 2,2945",
    "N48.8584 E2.2945",
    "48.8584°N 2.2945°E", "48.8584N,2.2945E", "N 48° 51.504 E 002° 17.670", "48 51.504 2 17.670",
    "48°51′30.2″N 2°17′40.2″E", "48° 51' 30.2'' N, 2° 17' 40.2” E", "48 51 30.2 N 2 17 40.2 E",
    "48 51 30.2 2 17 40.2",
    "48° 51' 30,2\" N 2° 17' 40,2\" E", "48d51m30.2s N 2d17m40.2s E", "48º51'30.2\"N 2º17'40.2\"E",
    "48:51:30.2 N 2:17:40.2 E",
    "E 2.2945 N 48.8584", "2.2945 E, 48.8584 N", "lat 48.8584 lon 2.2945",
    "Latitude: 48.8584, Longitude: 2.2945",
    "lon=2.2945 lat=48.8584", "(48.8584, 2.2945)", "the answer is 48.8584, 2.2945",
    "48.8584 Nord 2.2945 Ost",
    "48,8584 N 2,2945 O", "48.8584 Nord 2.2945 Est", "４８．８５８４，２．２９４５", "٤٨٫٨٥٨٤ ٢٫٢٩٤٥",
    "48.8584 с.ш. 2.2945 в.д.",
    "北緯48度51分30.2秒 東経2度17分40.2秒", "48.8584 - 2.2945", "48.8584 / 2.2945", "\u200e48.8584, 2.2945\u200e",
    "geo:48.8584,2.2945;u=35", "https://www.google.com/maps/@48.8584,2.2945,17z",
    "https://maps.google.com/?q=48.8584,2.2945",
    "https://www.openstreetmap.org/#map=17/48.8584/2.2945",
    "https://osm.org/?mlat=48.8584&mlon=2.2945#map=5/1.0/2.0",
    "48.8585, 2.2946",
]  # fmt: skip
ELSEWHERE = [
    "48.8584", "48", "tower", "48.8584, 2.2945, 3", "2.2945, 48.8584", "-48.8584, 2.2945",
    "48.8584, -2.2945", "S 48.8584 E 2.2945",
    "48.8584 N 2.2945 W", "N N 48.8584 2.2945", "48.8584 N 2.2945 N", "48.8584, 2.2945 m",
    "48.8584--2.2945", "48.8584.2.2945",
    "488584, 22945", "48.8594, 2.2945", "48.8584, 2.2955", "91, 2", "48 61 2 17", "", "48 51 2",
    "lat 2.2945 lon 48.8584",
]  # fmt: skip


@pytest.mark.parametrize("guess", HERE)
def test_a_position_is_met_however_it_is_written(guess: str) -> None:
    assert TextJudge([TOWER]).correct(guess)


@pytest.mark.parametrize("guess", ELSEWHERE)
def test_another_position_or_none_is_not_it(guess: str) -> None:
    assert not TextJudge([TOWER]).correct(guess)


@pytest.mark.parametrize(
    ("guess", "right"),
    [("-33.8568, 151.2153", True), ("−33.8568 151.2153", True), ("33.8568 S 151.2153 E", True),
     ("33.8568S151.2153E", True),
     ("-33.8568 S, 151.2153", True), ("33.8568, 151.2153", False), ("33°51'24.5\"S 151°12'55.1\"E", True)],
)  # fmt: skip
def test_south_is_a_letter_or_a_minus(guess: str, right: bool) -> None:
    assert TextJudge([Answer(position="33.8568 S, 151.2153 E")]).correct(guess) is right


def test_without_a_radius_it_is_fifty_metres() -> None:
    judge = TextJudge([Answer(position="0.0, 10.0")])
    assert judge.correct("0.00044, 10.0")
    assert not judge.correct("0.00046, 10.0")


@pytest.mark.parametrize(
    ("answer", "path", "says"),
    [
        ('{ position = "the tower" }', "position", "is no position"),
        ('{ position = "48.8 N 2.3 O" }', "position", "may be two"),
        ('{ position = "48.8, 2.3", radius_m = 0.5 }', "radius_m", "allowed is 1 to 100000 metres"),
        ("{ number = 3, radius_m = 5 }", "radius_m", "stands beside number"),
        ('{ position = "48.8, 2.3", accepts = ["48.9, 2.3"] }', "accepts[0]", "is not accepted"),
        ('{ position = "48.8, 2.3", text = "x" }', "", "has text and position"),
        ('{ set = ["a", { position = "48.8, 2.3" }] }', "set[1]", "or a position"),
    ],
)
def test_a_position_that_cannot_be_met_is_a_fault(answer: str, path: str, says: str) -> None:
    found = check_definition(f'title = "T"\n[[clues]]\nid = "a"\ntitle = "A"\nanswers = [{answer}]\n'.encode(), "toml")
    assert isinstance(found, list)
    at = "clues[0].answers[0]" + (f".{path}" if path else "")
    assert any(p.path == at and says in str(p) for p in found), found


@given(some.text(alphabet="0123456789.,°'\" NSEWO-+:;/()latlongeo", max_size=40))
def test_any_text_is_read_as_positions_on_earth_or_none(text: str) -> None:
    assert all(valid_position(*at) for at in positions(text))
