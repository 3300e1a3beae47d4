"""Clues that somebody of the hunt confirms."""

from __future__ import annotations

from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.amending import Accept, AwardSolve
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.scanning import Scan
from lab.rigs.game import Table, code, digest

KNOT = """
title = "Knots"
[[clues]]
id = "q"
title = "A bowline"
kind = "manual"
[[clues]]
id = "r"
title = "Next"
kind = "manual"
unlock = "q"
"""


def test_nothing_that_a_team_sends_solves_it_and_a_hosts_award_does_and_opens_the_next() -> None:
    table = Table(KNOT).running("ann")
    assert code(table.guess("done", clue="q")) == "wrong_kind"
    table.send(Scan("done-done"))
    table.send(CheckIn(0.0, 0.0, clue="q"))
    assert code(table.host(Accept("q", "done"))) == "wrong_kind"
    assert table.state.solves == [0, 0]
    team = table.state.members["p:ann"].id
    assert code(table.host(AwardSolve(team, "r"))) == "locked"
    assert table.host(AwardSolve(team, "q")).verdict == "correct"
    assert table.host(AwardSolve(team, "r")).verdict == "correct"
    assert table.state.teams[team].score == 20
    assert digest(table.replay()) == digest(table.state)


def test_keys_of_other_kinds_do_not_belong_to_it() -> None:
    found = check_definition(KNOT.replace('kind = "manual"', 'kind = "manual"\nanswers = ["x"]', 1).encode(), "toml")
    assert isinstance(found, list)
    assert str(found[0]).startswith("clues[0].answers: does not belong to kind 'manual'")
