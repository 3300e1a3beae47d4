"""What a page tells of what opens a clue: numbers, times and points; never a title or an id of what is hidden."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from huntserver.game.definition.rules import rules_of
from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.features.page import PageQuery
from huntserver.game.features.schedule import Pause, Unpause
from huntserver.game.locks import LOCKS_MAX, Lock, locks_of
from lab.rigs.game import OWNER, SMALL, Table

CASES: list[tuple[str, dict[str, Any]]] = [
    ("a", {"clues": [1]}),
    ("a and b", {"clues": [1, 2]}),
    ("a or b", {"clues": [1, 2], "least": 1}),
    ("2 of (a, b, c)", {"clues": [1, 2, 3], "least": 2}),
    ("3 of (a, b, c)", {"clues": [1, 2, 3]}),
    ("after 0:30", {"after_s": 1800}),
    ("a and b and after 0:30", {"all": [{"clues": [1, 2]}, {"after_s": 1800}]}),
    ("a or after 0:05", {"any": [{"clues": [1]}, {"after_s": 300}]}),
    ("(a or b) and c", {"all": [{"clues": [3]}, {"clues": [1, 2], "least": 1}]}),
    ("a and a", {"clues": [1]}),
    ("points >= 20 and a", {"all": [{"clues": [1]}, {"points": 20}]}),
    ("not a", {"other": True}),
    ("draw 1 of 2", {"other": True}),
]


def locks(d: Definition) -> list[Lock]:
    return locks_of(d, rules_of(d))


def hunt(rule: str) -> Definition:
    return Definition(
        title="T", clues=[Clue(id=id, title=id.upper()) for id in "abc"] + [Clue(id="secret", title="S", unlock=rule)]
    )


@pytest.mark.parametrize(("rule", "told"), CASES)
def test_a_rule_is_told_by_numbers(rule: str, told: dict[str, Any]) -> None:
    (lock,) = locks(hunt(rule))
    assert lock.number == 4
    assert msgspec.json.decode(msgspec.json.encode(lock.needs)) == told


def test_a_page_of_many_clues_tells_of_the_first() -> None:
    many = Definition(
        title="T", clues=[Clue(id="a", title="A"), *(Clue(id=f"c{i}", title="C", unlock="a") for i in range(500))]
    )
    assert [lock.number for lock in locks(many)] == list(range(2, LOCKS_MAX + 2))


def test_a_page_says_what_opens_what_and_names_nothing_hidden() -> None:
    table = Table(SMALL.replace('id = "c3"\ntitle = "', 'id = "c3"\ntitle = "Hiddentitle ')).running()
    page = table.ask(PageQuery())
    assert page.locks
    told = msgspec.json.encode(page.locks).decode()
    assert "Hiddentitle" not in msgspec.json.encode(page).decode()
    assert '"c' not in told.replace('"clues"', "")


def test_seconds_of_play_are_told_in_wall_time_that_a_pause_moves() -> None:
    table = Table(SMALL).running()
    before = table.ask(PageQuery()).zero_ms
    table.send(Pause(), OWNER, "host")
    table.tick(60)
    table.send(Unpause(), OWNER, "host")
    assert table.ask(PageQuery()).zero_ms == before + 60_000
