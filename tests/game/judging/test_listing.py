"""Sets and lists in whatever way people part their things; wrappers and near misses."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.judging.answer import Answer
from huntserver.game.judging.folding import answer_forms, folded, guess_forms
from huntserver.game.judging.judge import TextJudge
from huntserver.game.judging.listing import ListAnswer
from huntserver.game.judging.nearness import allowed, near
from huntserver.game.judging.wrapper import Wrapper, wrapper_of


def things(*texts: str, ordered: bool = False, at_least: int = 0) -> ListAnswer:
    def fits(text: str) -> object:
        forms = set(answer_forms(text))
        return lambda guess: bool(forms & set(guess_forms(guess)))

    return ListAnswer(tuple(map(fits, texts)), ordered, at_least)  # type: ignore[arg-type]


COLOURS = things("red", "green", "dark blue")
RIGHT = ["red, green, dark blue", "dark blue; green; red", "Red & Green & Dark Blue", "red green and dark blue",
         "red\ngreen\ndark blue", "1. red\n2. green\n3. dark blue", "- red\n- green\n- dark blue",
          "red/green/dark blue",
         "red, green, and dark blue", "red, red, green, dark blue", "red - green - dark blue",
          "red, green und dark blue",
         "red、green、dark blue", "red، green، dark blue", "red, green, dark blue!", "dark blue red green",
         "red + green + dark blue", "red et green et dark blue", "red|green|dark blue"]  # fmt: skip


@pytest.mark.parametrize("guess", RIGHT)
def test_a_set_is_right_however_its_things_are_parted(guess: str) -> None:
    assert COLOURS.fits(guess)


@pytest.mark.parametrize(
    "guess", ["red, green", "red, green, blue", "red, green, dark blue, black", "", "red red green"]
)
def test_a_set_with_less_more_or_other_things_is_wrong(guess: str) -> None:
    assert not COLOURS.fits(guess)


@pytest.mark.parametrize("guess", ["dhe and aaa", "aaa and dhe", "and und dhe"])
def test_a_thing_may_be_a_word_for_and(guess: str) -> None:
    assert things("dhe", "and" if "aaa" not in guess else "aaa").fits(guess)


NAMES = st.lists(st.text(alphabet="abcdefgh", min_size=3, max_size=6), min_size=2, max_size=5, unique=True)
PARTED_BY = st.sampled_from([", ", "; ", "\n", " / ", " & ", " and ", " und ", ",", " | "])


@given(NAMES, PARTED_BY, st.randoms(use_true_random=False))
def test_order_matters_in_a_list_and_never_in_a_set(names: list[str], sign: str, order: object) -> None:
    mixed = names.copy()
    order.shuffle(mixed)  # type: ignore[attr-defined]
    assert things(*names).fits(sign.join(mixed))
    assert things(*names, ordered=True).fits(sign.join(names))
    if mixed != names:
        assert not things(*names, ordered=True).fits(sign.join(mixed))


def test_numbers_with_decimals_are_parted_where_a_person_parts_them() -> None:
    numbers = things("1.5", "2.5")
    assert [numbers.fits(t) for t in ("1,5; 2,5", "1.5, 2.5", "2.5 1.5", "1.5 and 2.5")] == [True] * 4
    digits = things("3", "5", "8", ordered=True)
    assert [digits.fits(t) for t in ("3,5,8", "3 5 8", "3-5-8", "3, 5 & 8", "8,5,3")] == [True] * 4 + [False]


def test_some_of_a_set_are_enough_where_the_host_says_so() -> None:
    some = things("red", "green", "blue", at_least=2)
    assert [some.fits(t) for t in ("red, blue", "red", "red, green, blue", "red, black")] == [True, False, True, False]


def test_a_part_that_fits_two_things_is_given_the_one_that_is_left() -> None:
    answer = ListAnswer((lambda t: folded(t) in ("a", "b"), lambda t: folded(t) == "a"))
    assert answer.fits("a, b")
    assert answer.fits("b, a")
    assert not answer.fits("b, b")


@given(st.text(alphabet="ab ,;&\n", max_size=200))
def test_parting_never_takes_long(text: str) -> None:
    many = things(*("".join(p) for p in itertools.product("ab", repeat=5)))
    assert many.fits(text) in (True, False)


def test_a_wrapper_is_taken_off_whatever_its_case() -> None:
    wrapper = wrapper_of("flag{...}")
    assert wrapper == Wrapper("flag{", "}")
    assert [wrapper.off(t) for t in ("flag{abc}", "FLAG{ abc }", "abc", " flag{a}b} ")] == ["abc", "abc", "abc", "a}b"]
    needed = wrapper_of("flag{}", needed=True)
    assert needed is not None
    assert needed.off("abc") is None
    assert [wrapper_of(t) for t in ("", "flag", "...", "a...b...c")] == [None] * 4


def test_a_near_miss_is_a_slip_in_a_text_that_is_long_enough() -> None:
    assert near("lighthuose", ["lighthouse"], 1) == "lighthouse"
    assert near("lighthose", ["lighthouse"], 1) == "lighthouse"
    assert near("lighthouse", ["lighthouse"], 1) is None
    assert near("lightheart", ["lighthouse"], 2) is None
    assert near("cat", ["car"], 1) is None
    assert near("1968", ["1969"], 1) is None
    assert near("apollo12", ["apollo11"], 2) is None


@given(st.text(alphabet="abcdef", min_size=1, max_size=12), st.text(alphabet="abcdef", min_size=1, max_size=12))
def test_nearness_is_the_number_of_slips(one: str, other: str) -> None:
    assert (near(one, [other], 2) is not None) == (0 < slips(one, other) <= allowed(other, 2))


def slips(a: str, b: str) -> int:
    """Return the optimal string alignment distance, by its definition."""
    rows = [[i + j if 0 in (i, j) else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i, j in itertools.product(range(1, len(a) + 1), range(1, len(b) + 1)):
        rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
        if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
            rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


def test_things_of_one_word_each_may_be_written_together_or_parted_by_points() -> None:
    colours = TextJudge([Answer(in_any_order=["red", "green", "dark blue"])])
    right = ["redgreendarkblue", "DarkBlueGreenRed!", "the red, the green, the dark blue"]
    assert [text for text in right if not colours.correct(text)] == []
    assert [
        t for t in ("redgreen", "redgreenblue", "redredgreendarkblue", "redgreendarkbluex") if colours.correct(t)
    ] == []
    figures = TextJudge([Answer(in_order=["1", "2", "3"])])
    assert [text for text in ("123", "1.2.3", "one two three") if not figures.correct(text)] == []
    assert [text for text in ("321", "12", "3.2.1", "1.23") if figures.correct(text)] == []


def test_trying_things_written_together_never_takes_long() -> None:
    judge = TextJudge([Answer(in_any_order=["a" * n for n in range(1, 41)])])
    assert not judge.correct("a" * 200)
    assert not judge.correct("a" * 120)


def test_a_list_may_hold_a_thing_twice() -> None:
    steps = TextJudge([Answer(in_order=["up", "up", "down"])])
    right = ["up, up, down", "up up down", "Up-Up-Down", "upupdown", "up\nup\ndown", "up and up and down"]
    assert [text for text in right if not steps.correct(text)] == []
    wrong = ["up, down", "up, down, up", "down, up, up", "up, up, up, down"]
    assert [text for text in wrong if steps.correct(text)] == []
    figures = TextJudge([Answer(in_order=[Answer(number=1), Answer(number=1), Answer(number=2)])])
    assert [text for text in ("1, 1, 2", "1;1.0;2", "one, one, two") if not figures.correct(text)] == []
    assert [text for text in ("1, 2", "1, 2, 1", "1, 1, 1, 2") if figures.correct(text)] == []
