"""Clues that are answered by choosing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.clues.choice import ChoiceJudge, option_key
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.page import Page, PageQuery
from lab.rigs.game import Table, code

LANGUAGES = """
title = "Languages"
[[clues]]
id = "q"
title = "Which one came first?"
kind = "choice"
options = ["C", "C#", "C++"]
right = ["C"]
attempts = { free = 1, cool_down_s = 30 }
"""


def faults(old: str, new: str) -> list[str]:
    found = check_definition(LANGUAGES.replace(old, new).encode(), "toml")
    return [str(p) for p in found] if isinstance(found, list) else []


def test_a_team_sees_the_options_and_never_which_is_right() -> None:
    table = Table(LANGUAGES).running("ann")
    page = table.ask(PageQuery())
    assert isinstance(page, Page)
    assert msgspec.to_builtins(page.clues[0].asks) == {"kind": "choice", "options": ["C", "C#", "C++"]}
    assert "right" not in msgspec.json.encode(page).decode()
    assert "right" not in table.json_of_shown()


def test_options_that_differ_by_a_sign_are_different_and_wrong_ones_cost_a_cool_down() -> None:
    table = Table(LANGUAGES).running("ann")
    assert table.guess("c++", clue="q").verdict == "incorrect"
    assert table.guess("C#", clue="q").wait_ms == 30_000
    assert code(table.guess("C", clue="q")) == "cool_down"
    table.tick(30)
    assert code(table.guess("C++", clue="q")) == "duplicate"
    assert table.guess(" c ", clue="q").verdict == "correct"


def test_what_is_no_option_is_refused_and_costs_nothing() -> None:
    table = Table(LANGUAGES).running("ann")
    for text in ("", "D", "C##", "cpp", "right"):
        refused = table.guess(text, clue="q")
        assert (code(refused), refused.msg) == ("bad_text", "choose one of the options that are shown")
    assert table.state.wrongs == [0]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('right = ["C"]', "", "clues[0].right: is missing beside options"),
        ('right = ["C"]', 'right = ["D"]', "clues[0].right[0]: is none of the options"),
        ('["C", "C#", "C++"]', '["C", "C#", " c"]', "clues[0].options[2]: is the same as options[0]"),
        ('["C", "C#", "C++"]', '["C"]', "clues[0].right: holds every option, so nothing is to be chosen"),
        ('["C", "C#", "C++"]', '["C", "", "x"]', "clues[0].options[1]: has 0 characters"),
        ('options = ["C", "C#", "C++"]', "", "clues[0].options: is missing in a clue of kind 'choice'"),
        ('kind = "choice"', 'answers = ["C"]', "clues[0].options: does not belong to kind 'text'"),
    ],
)
def test_a_fault_in_a_choice_is_named_with_its_path(old: str, new: str, fault: str) -> None:
    assert any(line.startswith(fault) for line in faults(old, new)), faults(old, new)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=8), st.data())
def test_exactly_the_right_options_are_right_and_exactly_the_options_can_be_chosen(
    options: list[str], pick: st.DataObject
) -> None:
    right = pick.draw(st.lists(st.sampled_from(options), min_size=1))
    judge = ChoiceJudge(options, right)
    for text in [*options, pick.draw(st.text(max_size=20))]:
        normal = judge.normal(text)
        assert bool(judge.mark(text, normal)) == (option_key(text) in map(option_key, options))
        assert (normal in judge.texts) == (option_key(text) in map(option_key, right))


@pytest.mark.parametrize(
    ("options", "typed", "chosen"),
    [
        (["Café", "Bar"], "Cafe\u0301", "Café"),
        (["Café", "Bar"], "cafe", "Café"),
        (["don't", "do"], "don’t", "don't"),
        (["1–2", "3–4"], "3-4", "3–4"),
        (["½", "¼"], "1/2", "½"),
        (["❤️", "💙"], "❤", "❤️"),
        (["Red", "Green"], "Ｒｅｄ.", "Red"),
        (["-", "–", "—"], "–", "–"),
        (["C", "C#", "C++"], "c ++", "C++"),
        (["résumé", "resume"], "RÉSUMÉ", "résumé"),
    ],
)
def test_an_option_that_is_typed_is_known_as_people_write_it(options: list[str], typed: str, chosen: str) -> None:
    judge = ChoiceJudge(options, [chosen])
    assert judge.read(typed)[2]
    assert judge.read(typed)[1] == judge.read(chosen)[1] != 0


def test_what_could_be_two_options_is_neither() -> None:
    judge = ChoiceJudge(["résumé", "resumé", "‐"], ["résumé"])
    assert judge.read("resume")[1:] == (0, False)
    assert ChoiceJudge(["-", "–"], ["–"]).read("—")[1:] == (0, False)
