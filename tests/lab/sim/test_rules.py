"""The full game's rules in the simulation: the play reaches them, and a frozen board that goes on is noticed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from huntserver.game import curtain, views
from huntserver.game import hunt as rules
from lab.sim.rules_workload import RulesWorkload
from lab.sim.simulation import Simulation

SEEDS = 40
REACHED = ("BoardFrozen", "BoardThawed", "BoardRevealed", "SolvesTold", "CountingChanged", "Begun", "Claimed", "Solved")


def test_the_play_reaches_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[str] = Counter()
    apply = rules.apply

    def counted(state: Any, event: Any, seq: int, at_ms: int) -> None:
        done[type(event).__name__] += 1
        apply(state, event, seq, at_ms)

    monkeypatch.setattr(rules, "apply", counted)  # before the kinds of a simulation are made
    for seed in range(SEEDS):
        assert Simulation(seed, make=RulesWorkload).run().violations == []
    assert [name for name in REACHED if not done[name]] == []


def test_a_frozen_board_that_goes_on_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def live(state: Any, count: int, bracket: str | None = None) -> list[Any]:
        return [views.row(state, team, i) for i, team in enumerate(state.standings.top(count, bracket), 1)]

    monkeypatch.setattr(curtain, "rows", live)
    for seed in range(400):
        found = Simulation(seed, make=RulesWorkload).run().violations
        if any("frozen standings" in str(violation) for violation in found):
            return
    pytest.fail("nobody noticed")
