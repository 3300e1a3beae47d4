"""What teams are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.naming import Rename
from huntserver.game.features.schedule import End
from huntserver.game.features.standing import Adjust
from huntserver.game.names import NAME_MAX
from lab.rigs.game import SMALL, TEAMS, Table, code, digest


def two_teams() -> Table:
    table = Table(TEAMS).published()
    table.join("ann", team="Owls")
    table.join("cid", team="Bats")
    return table


def test_a_renamed_team_is_found_by_its_new_name_alone_and_everybody_is_told() -> None:
    table = two_teams()
    table.host(Rename("Owls", "Night Owls"))
    assert [row.name for row in table.ask(BoardQuery()).rows] == ["Night Owls", "Bats"]
    assert code(table.host(Rename("Owls", "X"))) == "no_such_team"
    assert table.join("bob", team="Owls").team == "t3"
    told = table.pushes("team:t1")[-1].events[0]
    assert (told.type, told.name) == ("renamed", "Night Owls")
    assert [push.state for _, push in table.shown if push.channel == "hunt"][-2] == "board"


def test_a_team_may_keep_its_name_in_other_case_but_not_take_another_teams() -> None:
    table = two_teams()
    assert code(table.host(Rename("t1", "OWLS"))) == ""
    assert code(table.host(Rename("t1", "bats"))) == "team_name_taken"
    assert code(table.host(Rename("t1", " "))) == "bad_text"
    assert code(table.host(Rename("t1", "x" * (NAME_MAX + 1)))) == "bad_text"
    assert code(table.send(Rename("t1", "Y"), "p:cid")) == "not_allowed"
    assert code(table.send(Rename("t1", "Y"))) == ""


def test_solo_players_of_one_name_are_told_apart() -> None:
    table = Table(SMALL).published()
    table.join("ann")
    table.send(Rename("t1", "X"), "h:owner", "host")
    table.join("x")
    assert [t.name for t in table.state.teams.values()] == ["X", "X 2"]
    assert table.host(Adjust("x", 5, "y")) == {"score": 5}
    assert code(table.host(Rename("t2", "x"))) == "team_name_taken"
    for team in table.state.teams.values():  # names of hunts from before they were told apart
        team.name = "X"
    refused = table.host(Adjust("x", 5, "y"))
    assert code(refused) == "no_such_team"
    assert "t1, t2" in refused.msg
    table.host(End())
    table.tick(1)
    assert code(table.host(Rename("t2", "Ex"))) == ""


@pytest.mark.parametrize("mode", ["solo", "teams"])
@given(names=st.lists(st.sampled_from(["A", "a", "B", "Bats", "C d"]), max_size=6))
def test_renaming_back_and_forth_leaves_the_hunt_as_it_was(mode: str, names: list[str]) -> None:
    table = two_teams() if mode == "teams" else Table(SMALL).published()
    if mode == "solo":
        table.join("ann")
        table.join("cid")
    before = [t.name for t in table.state.teams.values()]
    for name in names:
        table.host(Rename("t1", name))
        taken = [t.name.casefold() for t in table.state.teams.values()]
        assert mode == "solo" or len(set(taken)) == len(taken)
    table.host(Rename("t1", "Quite another"))
    table.host(Rename("t1", before[0]))
    fresh = two_teams() if mode == "teams" else Table(SMALL).published()
    if mode == "solo":
        fresh.join("ann")
        fresh.join("cid")
    assert table.state.names.keys() == fresh.state.names.keys()
    assert digest(table.replay()) == digest(table.state)
    for state in (table.state, fresh.state):  # the channels' places in the log differ, nothing else
        state.hunt_seq = state.host_seq = 0
        state.more.audit = []
        for team in state.teams.values():
            team.seq = 0
    assert digest(table.state) == digest(fresh.state)
