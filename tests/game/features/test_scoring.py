"""What clues are worth, and hints that build on each other."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.shape import Clue
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.page import PageQuery
from huntserver.game.plan import worth
from lab.rigs.game import Table, code

WELL = """
title = "The well"
[[clues]]
id = "well"
title = "The well"
answers = ["42"]
[[clues.hints]]
id = "where"
text = "Behind the church."
[[clues.hints]]
id = "what"
text = "Count the stones."
needs = ["where"]
"""


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 50), st.integers(0, 30), st.integers(0, 200))
def test_a_worth_never_rises_with_solves_and_stays_between_its_bounds(
    points: int, least: int, decay: int, decay_solves: int, solves: int
) -> None:
    least = min(least, points)
    clue = Clue(id="c", title="C", points=points, points_min=least, decay=decay, decay_solves=decay_solves)
    assert worth(clue, 0) == points
    assert least <= worth(clue, solves + 1) <= worth(clue, solves) <= points
    if decay_solves:
        assert worth(clue, decay_solves) == worth(clue, decay_solves + solves) == least


def test_two_ways_to_sink_exclude_each_other() -> None:
    both = WELL.replace('answers = ["42"]', 'answers = ["42"]\ndecay = 1\ndecay_solves = 3')
    found = check_definition(both.encode(), "toml")
    assert isinstance(found, list)
    assert [p.path for p in found] == ["clues[0].decay_solves"]


def test_a_hint_is_taken_after_those_that_it_needs_and_says_which() -> None:
    table = Table(WELL).running("ann")
    refused = table.send(TakeHint("well", "what"))
    assert (code(refused), refused.msg) == ("hint_locked", "take the hint 'where' first")
    assert table.ask(PageQuery()).clues[0].hints[1].needs == ["where"]
    assert code(table.send(TakeHint("well", "where"))) == ""
    assert code(table.send(TakeHint("well", "what"))) == ""


def test_a_hint_that_needs_none_before_it_is_a_fault_with_its_path() -> None:
    for needed in ("what", "who"):
        found = check_definition(WELL.replace('needs = ["where"]', f'needs = ["{needed}"]').encode(), "toml")
        assert isinstance(found, list)
        assert [p.path for p in found] == ["clues[0].hints[1].needs[0]"]


def test_points_that_sink_along_a_curve_are_rounded_once() -> None:
    # 7 of 10 solves take 49 hundredths of 500: 245. In floating point a little less, so that 256 were left.
    well = Clue(id="well", title="The well", points=500, decay_solves=10)
    assert [worth(well, solves) for solves in (0, 1, 7, 10, 11)] == [500, 495, 255, 0, 0]


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 500), st.integers(0, 600))
def test_points_along_a_curve_are_the_least_whole_number_not_below_it(a: int, b: int, decay: int, solves: int) -> None:
    most, least = max(a, b), min(a, b)
    clue = Clue(id="well", title="The well", points=most, points_min=least, decay_solves=decay)
    exact = most - (most - least) * Fraction(min(solves, decay), decay) ** 2
    assert worth(clue, solves) == ceil(exact)
    assert least <= worth(clue, solves + 1) <= worth(clue, solves) <= most
