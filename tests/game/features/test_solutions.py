"""Solutions: told after the end, to whoever was in the hunt, in portions."""

from __future__ import annotations

from huntserver.game.features.schedule import End
from huntserver.game.features.solutions import BYTES_MAX, Solutions, SolutionsQuery
from lab.rigs.game import Table, code

HUNT = """
title = "Small"
[[clues]]
id = "a"
title = "Gate"
answers = ["a"]
solution = "Count both wings."
[[clues]]
id = "b"
title = "Free"
answers = ["b"]
[[clues]]
id = "c"
title = "Locked"
answers = ["c"]
unlock = "a"
solution = "Read the first letters."
"""


def test_solutions_are_told_after_the_end_to_those_in_the_hunt_also_of_what_stayed_locked() -> None:
    table = Table(HUNT).running("ann")
    assert code(table.ask(SolutionsQuery())) == "wrong_phase"
    table.host(End())
    told = table.ask(SolutionsQuery())
    assert [(one.clue, one.number, one.title, one.text) for one in told.solutions] == [
        ("a", 1, "Gate", "Count both wings."), ("c", 3, "Locked", "Read the first letters."),
    ]  # fmt: skip
    assert not told.more
    assert code(table.ask(SolutionsQuery(), "p:zoe")) == "not_joined"
    assert table.ask(SolutionsQuery(), "h:owner", "host") == told


def test_long_solutions_come_in_portions_that_are_the_whole() -> None:
    clues = "".join(
        f'[[clues]]\nid = "c{i}"\ntitle = "C"\nanswers = ["a"]\nsolution = "{"x" * 3900}"\n' for i in range(10)
    )
    table = Table('title = "Large"\n' + clues).running("ann")
    table.host(End())
    found: list[str] = []
    after, portions = 0, 0
    while True:
        told: Solutions = table.ask(SolutionsQuery(after))
        assert sum(len(one.text) for one in told.solutions) <= BYTES_MAX
        found += [one.clue for one in told.solutions]
        after, portions = told.solutions[-1].number, portions + 1
        if not told.more:
            break
    assert found == [f"c{i}" for i in range(10)]
    assert portions == 3
