"""Questions and photos in the simulation: the play reaches them, and what is told to the wrong team is noticed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from huntserver.game import hunt as rules
from huntserver.game.channels import Telling
from huntserver.game.shown import Shown
from huntserver.game.state import Team
from lab.sim.desk_workload import DeskWorkload
from lab.sim.simulation import Simulation

SEEDS = 40
REACHED = (
    "QuestionAsked", "QuestionAdded", "QuestionWithdrawn", "QuestionAnswered", "QuestionClosed", "TakenUp",
    "PhotoHandedIn", "PhotoTakenBack", "PhotoJudged",
)  # fmt: skip


def test_the_play_reaches_questions_and_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[str] = Counter()
    apply = rules.apply

    def counted(state: Any, event: Any, seq: int, at_ms: int) -> None:
        done[type(event).__name__] += 1
        apply(state, event, seq, at_ms)

    monkeypatch.setattr(rules, "apply", counted)  # before the kinds of a simulation are made
    for seed in range(SEEDS):
        assert Simulation(seed, make=DeskWorkload).run().violations == []
    assert [name for name in REACHED if not done[name]] == []


def test_a_question_that_all_teams_hear_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    quietly = Telling.team

    def loudly(self: Telling, team: Team, shown: Shown) -> None:
        quietly(self, team, shown)
        if shown.question is not None:
            self.all(shown)

    monkeypatch.setattr(Telling, "team", loudly)
    for seed in range(100):
        found = Simulation(seed, make=DeskWorkload).run().violations
        if any("told the hosts" in str(violation) for violation in found):
            return
    pytest.fail("nobody noticed")
