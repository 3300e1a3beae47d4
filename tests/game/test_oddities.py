"""What is odd in a hunt though legal, what answers become, and how generated teams fare."""

from __future__ import annotations

import pytest

from huntserver.game.definition.explained import explain
from huntserver.game.definition.oddities import oddities
from huntserver.playthrough import play_through
from lab.rigs.game import SMALL, definition


def text_clue(*answers: str, more: str = "") -> str:
    listed = ", ".join(f'"{answer}"' for answer in answers)
    return f'[[clues]]\nid = "c{len(answers)}"\ntitle = "T"\nanswers = [{listed}]\n{more}'


def place(id: str, lat: float, lon: float, unlock: str = "") -> str:
    at = f"{{ lat = {lat}, lon = {lon}, radius_m = 30 }}"
    return f'[[clues]]\nid = "{id}"\ntitle = "T"\nkind = "location"\nlocation = {at}\nunlock = "{unlock}"\n'


def odd(toml: str) -> list[str]:
    return [str(found) for found in oddities(definition(f'title = "T"\n{toml}'))]


@pytest.mark.parametrize(("answers", "path"), [(("A!",), "answers[0]"), (("red", "r.e.d"), "answers[1]")])
def test_signs_that_are_dropped_although_they_tell_answers_apart_are_warned_of(
    answers: tuple[str, ...], path: str
) -> None:
    assert [line.partition(": ")[0] for line in odd(text_clue(*answers))] == [f"clues[0].{path}"]
    assert odd(text_clue(*answers, more='mode = "signs"\n')) == []


@pytest.mark.parametrize(
    "answers",
    [("don't stop!",), ("L'Été, 2024!",), ("lighthouse",), ("♠",), ("C#",), ("C++",), ("3.5",), ("1/2",), ("10:30",)],
)
def test_signs_that_count_or_do_not_matter_are_not_warned_of(answers: tuple[str, ...]) -> None:
    assert odd(text_clue(*answers)) == []


def test_a_stop_far_from_all_others_and_equal_places_are_warned_of() -> None:
    near = place("a", 48.85, 2.35) + place("b", 48.86, 2.34) + place("c", 48.87, 2.33)
    assert odd(near) == []
    (far,) = odd(near + place("d", 33.85, 151.21))
    assert far.startswith("clues[3].location: is ")
    assert "km from the nearest other place" in far
    (pair,) = odd(place("a", 48.85, 2.35) + place("b", -12.0, 2.35))
    assert "6,766 km" in pair
    (twin,) = odd(near + place("e", 48.86, 2.34))
    assert twin.startswith("clues[3].location: is the place of clues[1]")


def test_a_place_that_nobody_reaches_on_foot_in_time_is_warned_of_by_the_way_through_what_must_come_before() -> None:
    walk = place("a", 48.85, 2.35) + place("b", 48.90, 2.35, "a") + place("c", 48.85, 2.36, "b")
    hour, three = "[schedule]\nduration_s = 3600\n", "[schedule]\nduration_s = 10800\n"
    assert [line.partition(": ")[0] for line in odd(hour + walk)] == ["clues[1].location", "clues[2].location"]
    assert odd(three + walk) == []
    assert odd(hour + walk.replace('unlock = "a"', 'unlock = "a or after 0:10"').replace('unlock = "b"', "")) == []


def test_a_code_that_can_be_found_by_trying_is_warned_of_without_being_named() -> None:
    (short,) = odd('[[clues]]\nid = "q"\ntitle = "q"\nkind = "code"\ncodes = ["7319", "OAK-1723"]\n')
    assert short == (
        "clues[0].codes[0]: has 4 digits: accounts that try together have 3,430 tries in 24 h, so it is found by "
        "trying once in 2 such hunts; make it longer than 4"
    )
    assert "7319" not in short
    unbound = "[tries.codes_together]\nper_min = 0\n"
    (six,) = odd(unbound + '[[clues]]\nid = "q"\ntitle = "q"\nkind = "code"\ncodes = ["731928", "OAK-1723"]\n')
    assert "has 6 digits: accounts that try together have 58,400 tries in 24 h" in six


def test_each_answer_is_told_with_what_it_becomes_and_what_else_it_would_accept() -> None:
    lines = dict(explain(definition('title = "T"\n' + text_clue("L'Été, 2024!"))))
    assert "is compared as 'lete2024'" in lines["c1"]
    assert "also accepts" in lines["c1"]
    told = list(explain(definition(SMALL)))
    assert ("c1", "'on' is answered 'one letter more' and costs nothing") in told
    assert any(clue == "c2" and "TREE4711" in line.upper().replace("-", "") for clue, line in told)
    assert any(clue == "c3" and "within 100 m" in line for clue, line in told)


def test_generated_teams_play_a_hunt_through_alike_from_the_same_seed() -> None:
    d = definition(SMALL)
    seen = play_through(d, teams=30, seed=3)
    assert seen == play_through(d, teams=30, seed=3) != play_through(d, teams=30, seed=4)
    first, second, third = seen.clues
    assert first.opened == 30
    assert first.solved == second.opened >= second.solved >= 0
    assert all(clue.opened == clue.solved + clue.stuck for clue in seen.clues)
    assert sum(len(team.stuck) for team in seen.teams) == sum(clue.stuck for clue in seen.clues)
    assert third.opened <= first.solved
    assert [team.score for team in seen.teams] == sorted((team.score for team in seen.teams), reverse=True)


def test_who_waits_with_nothing_open_is_seen() -> None:
    gap = text_clue("a") + text_clue("a", "b", more='unlock = "c1 and after 5:00"\n')
    seen = play_through(definition(f'title = "T"\n[schedule]\nduration_s = 36000\n{gap}'), teams=5)
    assert all(team.idle_minutes > 60 for team in seen.teams)
    assert seen.clues[1].opened == 5
