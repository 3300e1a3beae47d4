"""Ghosts: recorded teams to race, shown to players by their own play time, and in no standings."""

from __future__ import annotations

import pytest

from huntserver.game.definition.part import Problem
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.features.schedule import Pause, Start, Unpause
from lab.rigs.game import SMALL, START_MS, Table, definition

GHOST = '[[ghosts]]\nname = "Owls of last year"\ncourse = [[60, 10, 1], [300, 25, 2]]\n'


def test_a_page_has_the_ghosts_and_from_when_they_run_and_no_board_has_them() -> None:
    table = Table(SMALL + GHOST).published()
    table.join("ann")
    before = table.ask(PageQuery())
    assert (before.zero_ms, [g.name for g in before.ghosts]) == (0, ["Owls of last year"])
    assert table.ask(PageQuery(), "p:nobody").ghosts == []
    table.host(Start())
    table.tick(10)
    table.host(Pause())
    table.tick(30)
    table.host(Unpause())
    page = table.ask(PageQuery())
    assert (page.zero_ms, page.ghosts[0].course) == (START_MS + 30_000, [(60, 10, 1), (300, 25, 2)])
    board = table.ask(BoardQuery())
    assert (board.teams, [row.name for row in board.rows]) == (1, ["Ann"])


def test_a_hunt_without_ghosts_is_what_it_was() -> None:
    assert "ghosts" not in Table(SMALL).running("ann").state.source
    assert definition(SMALL).ghosts == []


@pytest.mark.parametrize(
    ("ghost", "path"),
    [
        ('name = ""\ncourse = [[0, 1, 1]]', "ghosts[0].name"),
        ('name = "x"', "ghosts[0].course"),
        ('name = "x"\ncourse = [[60, 1, 1], [60, 2, 1]]', "ghosts[0].course[1]"),
        ('name = "x"\ncourse = [[60, 1, 501]]', "ghosts[0].course[0]"),
        ('name = "x"\ncourse = [[60, 1]]', "ghosts[0].course[0]"),
    ],
)
def test_a_ghost_that_cannot_run_is_named_with_its_path(ghost: str, path: str) -> None:
    found = check_definition((SMALL + "[[ghosts]]\n" + ghost).encode(), "toml")
    assert isinstance(found, list)
    assert [p.path for p in found if isinstance(p, Problem)] == [path]
