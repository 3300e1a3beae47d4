"""The hosts' big board: all teams once, then those that changed; what an answer would change; a team's own page."""

from __future__ import annotations

import random
from typing import Any

import pytest

from actors.entity import Rejected
from huntserver.game.features import big_board
from huntserver.game.features.amending import Accept
from huntserver.game.features.big_board import BigBoardQuery, SourceQuery, ViewAsQuery, WouldAcceptQuery
from huntserver.game.features.joining import Join
from huntserver.game.features.naming import Rename
from huntserver.game.features.page import PageQuery
from lab.hunts import large_hunt, right
from lab.rigs.game import OWNER, SMALL, Table

QUERIES = [BigBoardQuery(), WouldAcceptQuery("c1", "x"), ViewAsQuery("t1"), SourceQuery()]


def asked(table: Table, **given: Any) -> Any:
    return table.ask(BigBoardQuery(**given), OWNER, "host")


def test_only_the_hunts_host_asks() -> None:
    table = Table().running()
    for query in QUERIES:
        for who, role in (("p:ann", "player"), ("h:another", "host")):
            assert table.ask(query, who, role).code == "not_allowed"
        assert not isinstance(table.ask(query, OWNER, "host"), Rejected)


def test_a_row_says_how_a_team_stands_at_every_clue() -> None:
    table = Table().running()
    for text in ("a", "b"):
        table.guess(text)
    table.guess("one", "bob")
    rows = {row.name: row for row in asked(table).rows}
    assert rows["Ann"].cells == "2--"
    assert rows["Bob"].cells == "s0-"
    assert (rows["Bob"].score, rows["Bob"].members, rows["Bob"].out) == (15, 1, False)


def test_whoever_asks_again_hears_of_those_that_changed_and_misses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(big_board, "TEAMS_MAX", 2)
    table = Table().running()
    for n in range(7):
        table.send(Join(), f"p:x{n}")
    held: dict[str, Any] = {}
    since, after, known = -1, 0, big_board.NOBODY_NEW
    for step in range(40):
        board = asked(table, since=since, after=after, known=known)
        held.update({row.id: row for row in board.rows})
        known = max([board.teams if known == big_board.NOBODY_NEW else known, *(row.number for row in board.rows)])
        moved = [row for row in board.rows if (row.seq, row.number) > (since, after)]
        if moved:
            since, after = moved[-1].seq, moved[-1].number
        if step < 12:  # they play on between the portions
            table.guess(f"wrong {step}", f"p:x{step % 7}")
            if step % 4 == 0:
                table.send(Join(), f"p:y{step}")
        elif not board.more and not board.rows:
            break
    fresh: dict[str, Any] = {}
    monkeypatch.setattr(big_board, "TEAMS_MAX", 500)
    fresh.update({row.id: row for row in asked(table).rows})
    assert held == fresh
    assert len(held) == 12


def test_what_an_answer_would_change_is_what_accepting_it_changes() -> None:
    table = Table().running()
    table.guess("uno")
    table.guess("uno", "bob")
    would = table.ask(WouldAcceptQuery("c1", "uno"), OWNER, "host")
    assert (would.teams, would.players, would.points, would.already) == (2, 2, 27, False)
    before = sum(row.score for row in asked(table).rows)
    table.host(Accept("c1", "uno"))
    for _ in range(10):
        table.tick(1)
    assert sum(row.score for row in asked(table).rows) - before == would.points
    assert table.ask(WouldAcceptQuery("c1", "uno"), OWNER, "host").already
    assert table.ask(WouldAcceptQuery("c2", "x"), OWNER, "host").code == "wrong_kind"
    assert table.ask(WouldAcceptQuery("none", "x"), OWNER, "host").code == "no_such_clue"


def test_a_host_sees_the_page_of_a_team_as_it_is() -> None:
    table = Table().running()
    table.guess("one")
    own = table.ask(PageQuery())
    assert table.ask(ViewAsQuery("t1"), OWNER, "host") == own
    assert table.ask(ViewAsQuery("nobody"), OWNER, "host").code == "no_such_team"


def test_the_source_is_the_definition() -> None:
    table = Table().running()
    found = table.ask(SourceQuery(), OWNER, "host")
    assert '"answers":["one"]' in found.definition
    assert found.phase == "running"
    assert 'id = "c1"' in SMALL
    table.host(Rename("t1", "Ada the Great"))
    assert {row.name for row in asked(table).rows} >= {"Ada the Great"}


def test_the_letters_of_a_row_are_those_of_each_clue_looked_at_by_itself() -> None:
    table, dice = Table(large_hunt(90, solo=True)).running("ann", "bob"), random.Random(5)
    for _ in range(200):
        number = dice.choice((dice.randint(1, 90), 7))
        table.guess(
            right(number) if dice.random() < 0.3 else f"wrong {dice.random()}",
            dice.choice(("ann", "bob")),
            f"c{number}",
        )
    for row in asked(table).rows:
        team = table.state.teams[row.id]
        for index, letter in enumerate(row.cells):
            tried = (team.attempts or {}).get(index)
            wrong = "0" if tried is None else str(min(9, tried.wrong))
            assert letter == ("s" if team.solved >> index & 1 else wrong if team.unlocked >> index & 1 else "-")
        assert len(row.cells) == 90
        assert {"s", "0", "1"} <= set(row.cells)
