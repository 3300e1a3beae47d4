"""The example hunts: checked, and played to their end."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.entity import Rejected
from huntserver.game.command import Command
from huntserver.game.definition.shape import Clue
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.guessing import Guess
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End
from huntserver.game.features.treasures import Claim
from huntserver.game.geo import distance_m
from huntserver.game.judging.answer import Answer
from lab import ROOT
from lab.rigs.game import Table, definition
from tests.game.judging.before import normalise

EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
LANDMARKS = {  # from the French state's and Wikipedia's gazetteers, to the fourth decimal
    "glass": (48.8610, 2.3358),
    "bridge": (48.8573, 2.3411),
    "bells": (48.8530, 2.3498),
    "thinker": (48.8553, 2.3158),
    "arch": (48.8738, 2.2950),
    "terrace": (48.8620, 2.2889),
    "lady": (48.8584, 2.2945),
}


def answer(clue: Clue) -> Command:
    """Return a command that solves the clue."""
    if clue.kind == "code":
        return Scan(clue.codes[0])
    if clue.location is not None:
        return CheckIn(clue.location.lat, clue.location.lon)
    first = clue.answers[0]
    if isinstance(first, Answer):
        plain = next((a for a in clue.answers if isinstance(a, str)), "")
        return Guess(clue.id, plain if first.number is None else f"{first.number:g}")
    return Guess(clue.id, first)


def solve_all(table: Table, player: str) -> list[str]:
    """Let a player solve whatever they can see until nothing is left; return the order."""
    clues = {x.id: x for x in table.state.plan.clues}
    order: list[str] = []
    while True:
        seen = [v.id for v in table.ask(PageQuery(), f"p:{player}").clues if not v.solved]
        if not seen:
            return order
        given = table.send(answer(clues[seen[0]]), f"p:{player}")
        assert not isinstance(given, Rejected), (seen[0], given)
        assert given.verdict == "correct"
        order.append(seen[0])


def test_there_are_three_examples() -> None:
    assert [p.stem for p in EXAMPLES] == ["city", "museum", "race"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_can_be_played_to_its_end_by_what_its_players_see(path: Path) -> None:
    table = Table(path.read_text()).running("ann", "bob")
    order = solve_all(table, "ann")
    assert sorted(order) == sorted(x.id for x in table.state.plan.clues)
    assert table.ask(PageQuery()).team.finished
    for treasure in table.state.plan.treasures:
        assert not isinstance(table.send(Claim(treasure.id)), Rejected)
    solve_all(table, "bob")
    table.host(End())
    table.tick(1)
    assert [(r.name, r.place) for r in table.ask(BoardQuery()).rows] == [("Ann", 1), ("Bob", 2)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_has_hints_and_unlocks_and_one_finish(path: Path) -> None:
    d = definition(path.read_text())
    assert any(x.hints for x in d.clues)
    assert any(x.unlock for x in d.clues)
    assert sum(x.final for x in d.clues) == 1
    assert d.treasures


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_no_clue_gives_its_own_answer_away(path: Path) -> None:
    for clue in definition(path.read_text()).clues:
        told = normalise(clue.title + clue.text)
        given = [a for a in clue.answers if isinstance(a, str)] + clue.codes
        assert not [a for a in given if normalise(a) in told], clue.id


def test_the_city_hunts_places_are_where_they_are() -> None:
    path = next(p for p in EXAMPLES if p.stem == "city")
    places = {x.id: x.location for x in definition(path.read_text()).clues if x.location is not None}
    assert places.keys() == LANDMARKS.keys()
    for id, place in places.items():
        assert distance_m(place.lat, place.lon, *LANDMARKS[id]) < place.radius_m, id


def test_the_letters_of_the_city_hunt_spell_its_last_answer() -> None:
    d = definition(next(p for p in EXAMPLES if p.stem == "city").read_text())
    numbers = ["FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH", "SEVENTH"]
    letters = {n: x.solved_text.rstrip(".")[-1] for n in numbers for x in d.clues if f"Your {n} " in x.solved_text}
    assert "".join(letters[n] for n in numbers).lower() == d.clues[-1].answers[0]


def test_the_digits_of_the_museum_hunt_open_its_safe() -> None:
    d = definition(next(p for p in EXAMPLES if p.stem == "museum").read_text())
    numbers = ["FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH"]
    digits = [x.solved_text.rstrip(".")[-1] for n in numbers for x in d.clues if f"{n} DIGIT" in x.solved_text]
    assert "".join(digits) == d.clues[-1].answers[0]
