"""Normalisation, numbers and what a judge accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.game.judging.before import Judge, normalise, number

TABLE = [
    ("one", "one"),
    ("One", "one"),
    ("  o n\te ", "one"),
    ("Notre-Dame", "notredame"),
    ("notre dame", "notredame"),
    ("L'Été, 2024!", "lete2024"),
    ("ÉCOLE", "ecole"),
    ("straße", "strasse"),
    ("ＦＵＬＬ　ｗｉｄｔｈ", "fullwidth"),
    ("½", "12"),
    ("x²", "x2"),
    ("İstanbul", "istanbul"),
    ("Σίσυφος", "σισυφοσ"),
    ("Москва", "москва"),
    ("東京", "東京"),
    ("हिन्दी", "हिन्दी"),
    ("under_score", "underscore"),
    ("zero\u200bwidth", "zerowidth"),
    ("?!…", ""),
    ("★", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "normal"), TABLE)
def test_a_text_is_normalised_as_documented(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_accents_matter_only_where_a_clue_says_so() -> None:
    assert normalise("Café") == normalise("cafe")
    assert normalise("Café", accents=True) != normalise("cafe", accents=True)
    assert normalise("Cafe\u0301", accents=True) == normalise("CAFÉ", accents=True)


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(max_size=60))
def test_case_and_spaces_never_matter(text: str) -> None:
    assert normalise(" " + text + "\t ") == normalise(text)
    assert normalise(text.upper().lower()) == normalise(normalise(text.upper().lower()))


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_the_fast_way_for_plain_letters_agrees_with_the_long_one(text: str) -> None:
    assert normalise(text) == normalise(text + "é")[:-1]


@pytest.mark.parametrize(
    ("text", "value"),
    [("42", 42), (" 4 2 ", 42), ("3,5", 3.5), ("-3.5", -3.5), ("1e3", 1000), ("four", None), ("nan", None),
     ("inf", None), ("1e999999999999", None), ("", None), ("1" * 41, None), ("1,000,000", None)],
)  # fmt: skip
def test_a_number_is_read_as_a_decimal(text: str, value: float | None) -> None:
    found = number(text)
    assert (None if found is None else float(found)) == value


@given(st.text(max_size=60))
def test_reading_a_number_never_fails(text: str) -> None:
    judge = Judge([], patterns=[], numbers=[("12.5", "0.5")], partial=[])
    assert judge.correct(text) in (True, False)
    assert judge.mark(text, judge.normal(text)) >= 0


def test_a_number_is_right_within_its_tolerance_both_ends_included() -> None:
    judge = Judge([], patterns=[], numbers=[("12.5", "0.5")], partial=[])
    assert [judge.correct(t) for t in ("12", "13,0", "11.999", "13.001", "twelve")] == [True, True, False, False, False]


def test_an_expression_must_match_the_whole_guess_and_ignores_case() -> None:
    judge = Judge([], patterns=["colou?r (red|blue)"], numbers=[], partial=[])
    assert judge.correct(" Color RED ")
    assert not judge.correct("colour red!")


def test_signs_and_points_tell_guesses_apart_where_numbers_are_asked() -> None:
    numbers = Judge([], patterns=[], numbers=[("7", "0")], partial=[])
    texts = Judge(["seven"], patterns=[], numbers=[], partial=[])
    assert numbers.mark("-3.5", "35") != numbers.mark("35", "35")
    assert texts.mark("so-so", texts.normal("so-so")) == texts.mark("So So", texts.normal("So So"))


def test_nothing_written_has_no_mark() -> None:
    judge = Judge(["a"], patterns=[], numbers=[], partial=[])
    assert judge.mark("?!", judge.normal("?!")) == 0
