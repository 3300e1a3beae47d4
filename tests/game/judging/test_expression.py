"""Expressions mean what Python's engine makes of them, see what they are said to see, and cost little together."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntserver.game.judging.answer import Answer
from huntserver.game.judging.expression import Expressions, problems
from huntserver.game.judging.judge import TextJudge
from huntserver.game.judging.linear import linear, same_case
from huntserver.game.judging.wrapper import wrapper_of
from huntserver.game.patterns import pattern_problem


def fits(pattern: str, guess: str, sees: str = "typed") -> bool:
    from huntserver.game.judging.folding import folded

    return Expressions([(pattern, sees)]).fit(guess, folded(guess))  # type: ignore[list-item]


RUN_ON_RE2 = ["(19)?69", "colou?r (red|blue)", "[a-z]{2,}", r"\d+ ?(m|metres)", "(a+)+", "[^a-c]x", ".*tower.*", "^ab$",
              "x{3,}?", "(?P<n>x)y", r"[\w.]+", r"\S+", "a|b|", "é+", "[à-ü]x", "(?:a?){50}"]  # fmt: skip
RUN_ON_PYTHON = [r"\bfoo\b", "(?=x)x", "(?<!a)b", "(?>ab)", "a++", "(?s:.)x", "(?i:a)b"]


@pytest.mark.parametrize("pattern", RUN_ON_RE2)
def test_what_re2_can_say_runs_there(pattern: str) -> None:
    assert linear(pattern) is not None


@pytest.mark.parametrize("pattern", RUN_ON_PYTHON)
def test_what_re2_cannot_say_runs_where_it_ran_before(pattern: str) -> None:
    assert linear(pattern) is None
    assert problems([(pattern, "typed")]) == []


PATTERNS = st.text(alphabet="abkKsé.*+?()|[]^-{}0123,\\dwsS ", max_size=16)
GUESSES = st.text(alphabet=st.sampled_from("abkKsSéÉ0129 _-²٣ſ\u212aıİi!\t\u00a0東"), max_size=12)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.lists(GUESSES, max_size=8))
def test_both_engines_agree_on_every_guess(pattern: str, guesses: list[str]) -> None:
    if pattern_problem(pattern):
        return  # not Python's, or Python would run for ever
    source = linear(pattern)
    if source is None:
        return
    ours = Expressions([(pattern, "raw")])
    python = re.compile(pattern, re.IGNORECASE)
    for guess in guesses:
        text = guess.strip()
        assert ours.fit(guess, "") == bool(python.fullmatch(text)), (pattern, text)


@settings(max_examples=300, deadline=None)
@given(st.characters(exclude_categories=["Cs"]))
def test_case_is_ignored_as_python_ignores_it(c: str) -> None:
    one = re.compile(re.escape(c), re.IGNORECASE)
    near = {c, *c.lower(), *c.upper(), *c.title(), *c.casefold(), "i", "s", "k", "\u0130", "\u0131", "\u017f", "\u212a"}
    assert {x for x in near if one.fullmatch(x)} <= set(map(chr, same_case(ord(c))))
    assert all(one.fullmatch(chr(x)) for x in same_case(ord(c)))


def test_an_expression_sees_quotes_dashes_and_composed_letters_alike() -> None:
    assert fits("rock 'n' roll", "Rock ’n’ Roll")
    assert fits("rock ’n’ roll", "rock 'n' roll")
    assert fits("cafe\u0301", "CAFÉ")
    assert fits("café", "cafe\u0301")
    assert fits("[à-ü]tage", "E\u0301TAGE")
    assert fits("a-b", "a – b".replace(" ", ""))
    assert fits("two words", "two\u00a0words")
    assert fits("wait\\.\\.\\.", "wait…")


def test_raw_is_the_text_as_it_came_and_folded_the_folded_one() -> None:
    assert not fits("rock 'n' roll", "rock ’n’ roll", "raw")
    assert fits("rock ’n’ roll", " rock ’n’ roll ", "raw")
    assert fits("(the)?oldlighthouse", "The old Lighthouse!", "folded")
    assert fits("[0-9]+", "٢٤", "folded")


@given(st.text(max_size=30))
def test_a_text_matches_itself_whatever_its_normal_form(text: str) -> None:
    text = text.strip()
    if text and not pattern_problem(re.escape(text)):
        assert fits(re.escape(text), unicodedata.normalize("NFD", text)) or not text.isprintable()


def test_what_could_run_for_ever_is_refused_only_where_re2_cannot_run_it() -> None:
    assert problems([("(a+)+", "typed"), ("(a|aa)+$", "typed"), ("a?" * 40, "typed")]) == []
    assert fits("(a+)+", "a" * 200)
    assert not fits("(a+)+", "a" * 199 + "-")
    ((at, fault),) = problems([("a", "typed"), (r"(\ba+)+", "typed")])
    assert at == 1
    assert "could run for ever" in fault
    assert "back-reference" in problems([(r"(a)\1", "typed")])[0][1]
    assert "not a regular expression" in problems([("(", "typed")])[0][1]


def test_the_expressions_of_a_clue_share_one_budget() -> None:
    dear = r"\b(.{0,99}) (.{0,99})x"
    assert problems([(dear, "typed")] * 4) == []
    ((at, fault),) = problems([(dear, "typed")] * 50)
    assert at < 10
    assert "together too slow" in fault
    cheap = [(f"colou?r {i}", "typed") for i in range(50)]
    assert problems(cheap) == []  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab.*+?()|{},0123456789[]", max_size=24))
def test_whatever_is_allowed_answers_the_worst_guesses_at_once(pattern: str) -> None:
    if problems([(pattern, "typed")]):
        return
    for guess in ("a" * 200, "ab" * 100, "a" * 199 + "!"):
        fits(pattern, guess)  # the test's own time limit is what is tested


def test_an_expression_forgives_what_phones_and_keyboards_add() -> None:
    judge = TextJudge([Answer(regex=r"colou?r|\d+ cats|stop!")])
    right = ["color. ", "Colour!", "ｃｏｌｏｕｒ", "12  cats", '"color"', "“color”", "stop!"]
    assert [text for text in right if not judge.correct(text)] == []
    assert [text for text in ("colour?x", "stop", "12cats", ".color") if judge.correct(text)] == []
    assert not TextJudge([Answer(regex="color", sees="raw")]).correct("color.")


def test_a_wrapper_comes_off_before_the_point_of_a_phone() -> None:
    judge = TextJudge(["flag"], wrapper=wrapper_of("flag{...}", needed=True))
    assert judge.correct("flag{Flag}.")
    assert judge.correct("FLAG{flag} ")
    assert not judge.correct("flag{flag")
    assert not judge.correct("flag{flag}x")
