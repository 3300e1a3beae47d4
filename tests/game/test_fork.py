"""What would be is what comes of it when it is done, and looking at it changes nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from huntserver.game.definition.shape import source
from huntserver.game.features import copying
from huntserver.game.features.amending import Accept, AwardSolve
from huntserver.game.features.authoring import Define
from huntserver.game.features.copying import Copied, CopyQuery
from huntserver.game.features.schedule import End
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.fork import PLAIN, WhatIf, what_if
from lab.rigs.game import HUNT, OWNER, SMALL, Table, code, digest


def playing() -> Table:
    """Ann solved, Bob and Cid guessed what was not accepted."""
    table = Table(SMALL).running("ann", "bob", "cid")
    table.guess("one")
    table.tick(1)
    table.guess("uno", "bob")
    table.guess("uno", "cid")
    return table


def seen(table: Table, *commands: Any) -> WhatIf:
    found = what_if(table.state, commands, table.now_ms)
    assert isinstance(found, WhatIf), found
    return found


def dearer(table: Table) -> Define:
    clues = [msgspec.structs.replace(c, points=c.points + 7) for c in table.state.definition.clues]
    return Define(source(msgspec.structs.replace(table.state.definition, clues=clues)), "compensate")


@pytest.mark.parametrize(
    "commands",
    [
        lambda table: [Accept("c1", "uno")],
        lambda table: [dearer(table)],
        lambda table: [AwardSolve("Bob", "c1"), Adjust("t1", -12, "late")],
        lambda table: [Disqualify("t1", "two phones"), Accept("c1", "uno")],
    ],
)
def test_what_is_told_beforehand_is_what_comes_of_it(commands: Any) -> None:
    table = playing()
    before = digest(table.state)
    told = seen(table, *commands(table))
    assert digest(table.state) == before
    places = {team.id: i for i, team in enumerate(table.state.standings.top(9), 1)}
    scores = {team.id: team.score for team in table.state.teams.values()}
    assert {m.team: (m.place, m.points) for m in told.teams} == {id: (places[id], scores[id]) for id in scores}
    for command in commands(table):
        assert not code(table.host(command))
        table.tick(1)
    places = {team.id: i for i, team in enumerate(table.state.standings.top(9), 1)}
    after = {t.id: (places.get(t.id, 0), t.score, t.solved.bit_count()) for t in table.state.teams.values()}
    assert {m.team: (m.new_place, m.new_points, m.new_solved) for m in told.teams} == after
    assert any(m.moves for m in told.teams)
    assert not told.reopen


def test_a_hunt_that_has_ended_is_taken_as_in_its_last_moment_of_play() -> None:
    table = playing()
    table.host(End())
    table.tick(60)
    told = seen(table, Accept("c1", "uno"))
    assert told.reopen
    assert [(m.name, m.new_place, m.new_points) for m in told.teams] == [("Ann", 1, 15), ("Bob", 2, 12), ("Cid", 3, 10)]
    assert not seen(table, Adjust("Bob", 5, "x")).reopen


def test_what_is_refused_says_so_and_a_draft_has_no_standings() -> None:
    table = playing()
    assert code(what_if(table.state, [Accept("c9", "x")], table.now_ms)) == "no_such_clue"
    assert code(what_if(table.state, [Adjust("nobody", 5, "x")], table.now_ms)) == "no_such_team"
    assert code(what_if(HUNT.create("h2"), [], table.now_ms)) == "wrong_phase"


def test_a_copy_is_the_hunt_for_hosts_alone_and_of_no_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    table = playing()
    assert code(table.ask(CopyQuery(), by="p:ann", role="player")) == "not_allowed"
    told = table.ask(CopyQuery(), OWNER, "host")
    assert isinstance(told, Copied)
    assert digest(PLAIN.decode(table.state.id, told.parts)) == digest(table.state)
    monkeypatch.setattr(copying, "TEAMS_MAX", 2)
    assert code(table.ask(CopyQuery(), OWNER, "host")) == "too_large"
