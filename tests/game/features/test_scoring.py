"""What clues are worth, and hints that build on each other."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.shape import Clue, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Define
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.plan import worth
from lab.rigs.game import Table, code, definition

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


SHAPES = st.sampled_from(["curve", "log", "line"])


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 60), SHAPES, st.integers(0, 200))
def test_every_shape_sinks_from_its_points_to_its_least(points: int, least: int, over: int, shape: str, n: int) -> None:
    least = min(least, points)
    clue = Clue(id="c", title="C", points=points, points_min=least, decay_solves=over, decay_shape=shape)
    assert worth(clue, 0) == points
    assert least <= worth(clue, n + 1) <= worth(clue, n) <= points
    assert worth(clue, over) == worth(clue, over + n) == least


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 600), st.integers(0, 700_000))
def test_points_sink_evenly_with_time(points: int, least: int, over_s: int, open_ms: int) -> None:
    least = min(least, points)
    clue = Clue(id="c", title="C", points=points, points_min=least, decay_s=over_s)
    exact = points - (points - least) * Fraction(min(open_ms, over_s * 1000), over_s * 1000)
    assert worth(clue, 9, open_ms) == ceil(exact)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("decay_s = 60\ndecay = 1", "clues[0].decay_s"),
        ('decay_shape = "log"', "clues[0].decay_shape"),
        ('decay_shape = "wave"\ndecay_solves = 2', "clues[0].decay_shape"),
        ('[scoring]\nranking = ["score", "score"]', "scoring.ranking[1]"),
        ('[scoring]\nranking = ["luck"]', "scoring.ranking[0]"),
        ("[scoring]\nfreeze_s = 60", "scoring.freeze_s"),
        ("[scoring.streak]\nafter = 1", "scoring.streak.after"),
    ],
)
def test_what_does_not_fit_is_said_with_what_to_do(keys: str, path: str) -> None:
    at_clue = keys.startswith("decay")
    toml = WELL.replace('answers = ["42"]', f'answers = ["42"]\n{keys}') if at_clue else f"{WELL}\n{keys}\n"
    found = check_definition(toml.encode(), "toml")
    assert isinstance(found, list)
    assert [p.path for p in found] == [path]
    assert all(p.cure for p in found)


TWO = "title = 'Two'\n" + "".join(f'[[clues]]\nid = "c{n}"\ntitle = "T"\nanswers = ["a{n}"]\n' for n in range(4))
MOVES = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3), st.booleans()), max_size=15)


def standing(table: Table) -> list[tuple[str, int, int]]:
    return [(row.name, row.score, row.at_ms) for row in table.ask(BoardQuery()).rows]


@given(MOVES, st.integers(0, 15), st.integers(0, 15), st.integers(-30, 30), st.booleans())
def test_a_correction_that_is_undone_leaves_the_standings_as_if_it_had_never_been(
    moves: list[tuple[str, int, bool]], done: int, undone: int, points: int, out: bool
) -> None:
    """Points given and taken back any time later, or a disqualification that is undone before anybody plays on."""
    done, undone = sorted((done, undone))
    tables = [Table(TWO).running("a", "b", "c"), Table(TWO).running("a", "b", "c")]
    for i in range(16):
        if i == done:
            for back in (False, True) if out else ():
                tables[0].host(Disqualify("B", "a slip", back))
            if points:
                tables[0].host(Adjust("B", points, "a slip"))
        if i == undone and points:
            tables[0].host(Adjust("B", -points, "it was none"))
        if i < len(moves):
            who, clue, right = moves[i]
            for table in tables:
                table.tick(1)
                table.guess(f"a{clue}" if right else f"wrong {i}", who, f"c{clue}")
    assert standing(tables[0]) == standing(tables[1])


WORDS = ["score", "reached", "solves", "first_solve", "last_solve", "final", "hints", "wrong"]


@given(st.permutations(WORDS), st.integers(1, 8), MOVES)
def test_teams_are_ordered_by_what_the_hunt_says(
    words: list[str], count: int, moves: list[tuple[str, int, bool]]
) -> None:
    ranking = words[:count]
    hint = 'hints = [{ id = "h", text = "x" }]'
    toml = TWO.replace('answers = ["a1"]', f'answers = ["a1"]\nfinal = true\npoints = 7\n{hint}')
    toml = toml.replace("title = 'Two'\n", f"title = 'Two'\n[scoring]\nranking = {ranking}\n".replace("'", '"'))
    table = Table(toml).running("a", "b", "c")
    facts = {who: dict.fromkeys(WORDS, 0) | {"reached": table.now_ms} for who in "abc"}
    never = 1 << 62
    for fact in facts.values():
        fact |= {"first_solve": never, "last_solve": never, "final": never}
    for i, (who, clue, right) in enumerate(moves):
        table.tick(1)
        fact = facts[who]
        if clue == 3 and not code(table.send(TakeHint("c1", "h"), f"p:{who}")):
            fact["hints"] += 1
        answer = table.guess(f"a{clue}" if right else f"wrong {i}", who, f"c{clue}")
        if code(answer):
            continue
        if not right:
            fact["wrong"] += 1
            continue
        fact["score"] -= answer.points
        fact["solves"] -= 1
        fact["reached"] = fact["last_solve"] = table.now_ms
        fact["first_solve"] = min(fact["first_solve"], table.now_ms)
        if clue == 1:
            fact["final"] = table.now_ms
    wanted = sorted("abc", key=lambda who: [*(facts[who][word] for word in ranking), who])
    assert [row[0].lower() for row in standing(table)] == wanted
    assert [t.id for t in table.replay().standings.top(9)] == [t.id for t in table.state.standings.top(9)]


def test_how_teams_are_ordered_is_fixed_once_play_has_begun() -> None:
    table = Table(TWO).running("a")
    other = source(definition('scoring = { ranking = ["wrong"] }\n' + TWO))
    refused = table.host(Define(other, "keep"))
    assert (code(refused), refused.msg.partition(":")[0]) == ("bad_definition", "scoring.ranking")
