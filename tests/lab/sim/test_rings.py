"""Servers of one log with key rings of their own that seal nothing: each reads what the others wrote."""

from __future__ import annotations

from lab.sim import seeds
from lab.sim.rings_workload import RingsWorkload
from lab.sim.runs import told
from lab.sim.simulation import Simulation

SEEDS = 20


def test_nodes_with_rings_of_their_own_and_none_write_the_same_and_read_each_others_snapshots() -> None:
    base, played = seeds.suite_base(), 0
    for seed in range(base, base + SEEDS):
        sim = Simulation(seed, make=RingsWorkload)
        outcome = sim.run()
        assert not outcome.violations, told(outcome, "rings", whole=False)
        rings = {sim.workload.kinds_of(f"n{number}")[0][0].opened is None for number in range(1, sim._started + 1)}
        played += len(rings) == 2 and outcome.totals.commands > 0
    assert played > SEEDS // 4
