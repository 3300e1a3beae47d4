"""Expressions that could run for ever are refused; those that are allowed answer at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntserver.game.answers import GUESS_MAX
from huntserver.game.patterns import PATTERN_MAX, pattern_problem


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*b", "(a|a)*", "(a|aa)+$", "a?" * 40, "a{0,99}a{0,99}a{0,99}", ".*.*.*x", "(?:x*)*", "(.{0,50}){50}",
     "(a?){60}", "((a|b)?c?)*"],
)  # fmt: skip
def test_an_expression_with_too_many_ways_to_match_is_refused(pattern: str) -> None:
    assert "could run for ever" in pattern_problem(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", r"(?P<x>a)(?P=x)", "(a)?(?(1)b|c)"])
def test_an_expression_that_looks_back_is_refused(pattern: str) -> None:
    assert "back-reference" in pattern_problem(pattern)


def test_an_expression_that_is_none_or_too_long_is_refused() -> None:
    assert "not a regular expression" in pattern_problem("(")
    assert "not a regular expression" in pattern_problem("[[a]")  # a warning: read differently by a later Python
    assert f"allowed are {PATTERN_MAX}" in pattern_problem("a" * (PATTERN_MAX + 1))


@pytest.mark.parametrize(
    "pattern", ["colou?r", "(the )?(blue|red) gates?", "[0-9]{4}", ".*tower.*", "(ab)*", r"\d+ ?(m|metres)", "x{3}"]
)
def test_what_hunts_need_is_allowed(pattern: str) -> None:
    assert pattern_problem(pattern) == ""


@settings(max_examples=60)
@given(st.text(alphabet="ab.*+?()|{},0123456789[]", max_size=24))
def test_whatever_is_allowed_answers_the_worst_guesses(pattern: str) -> None:
    if pattern_problem(pattern):
        return
    compiled = re.compile(pattern, re.IGNORECASE)
    for guess in ("a" * GUESS_MAX, "ab" * (GUESS_MAX // 2), "a" * (GUESS_MAX - 1) + "!"):
        compiled.fullmatch(guess)  # the test's own time limit is what is tested


def test_the_costliest_allowed_expressions_answer_too() -> None:
    for pattern in (".*a.*b", "a*a*c", "(a|a|a)(a|a|a)a{0,150}a?a?a?c", "(.{0,199})(.{0,199})x"):
        assert pattern_problem(pattern) == ""
        assert re.compile(pattern).fullmatch("a" * GUESS_MAX) is None
