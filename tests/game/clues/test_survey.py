"""Clues that are not judged."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.entity import Rejected
from huntserver.game.answers import GUESS_MAX
from lab.rigs.game import Table, code, digest

SURVEY = """
title = "Opinions"
[[clues]]
id = "q"
title = "What did you like?"
kind = "survey"
points = 3
"""
CANARY = "canary-7f31"


@given(st.text(max_size=GUESS_MAX))
def test_every_answer_that_says_something_counts_once_and_nothing_costs(text: str) -> None:
    table = Table(SURVEY).running("ann")
    answer = table.guess(text, clue="q")
    if isinstance(answer, Rejected):
        assert answer.code == "bad_text"
        assert not any(map(str.isprintable, text.split()))
        answer = table.guess("the mill", clue="q")
    assert (answer.verdict, answer.points) == ("correct", 3)
    assert code(table.guess("another", clue="q")) == "already_solved"
    assert table.state.wrongs == [0]
    assert digest(table.replay()) == digest(table.state)


def test_hosts_are_told_the_answer_and_other_teams_are_not() -> None:
    table = Table(SURVEY).running("ann", "bob")
    table.guess(CANARY, clue="q")
    assert table.log[-1].events[0].personal.text == CANARY
    told = {push.channel: msgspec.json.encode(push.events).decode() for _, push in table.shown if push.tells}
    assert CANARY in told["host"]
    assert not any(CANARY in text for channel, text in told.items() if channel != "host")


def test_an_answer_that_is_too_long_says_so() -> None:
    table = Table(SURVEY).running("ann")
    assert code(table.guess("x" * (GUESS_MAX + 1), clue="q")) == "guess_too_long"
