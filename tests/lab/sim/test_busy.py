"""Shards that decide and write on a tick keep every promise, of each kind of play."""

from __future__ import annotations

import pytest

from lab.sim import seeds
from lab.sim.busy import BUSY
from lab.sim.cluster import ClusterSimulation
from lab.sim.faults import SeedFaults
from lab.sim.runs import WORKLOADS, told
from lab.sim.simulation import Simulation

SEEDS = 20


@pytest.mark.parametrize("workload", ["toy", "game"])
def test_every_promise_is_kept_on_a_tick(workload: str) -> None:
    base, ticks = seeds.suite_base(), 0
    for seed in range(base, base + SEEDS):
        sim = Simulation(seed, make=WORKLOADS[workload], on=("busy",))
        outcome = sim.run()
        assert not outcome.violations, told(outcome, workload, whole=False)
        ticks += sum(node.system.shards()[0].ports.pacer.ticks for node in sim.nodes)
    assert ticks > 0


def test_every_promise_is_kept_on_a_tick_while_shards_move() -> None:
    base = seeds.suite_base()
    for seed in range(base, base + SEEDS // 4):
        outcome = ClusterSimulation(seed, on=("busy",)).run()
        assert not outcome.violations, told(outcome, "cluster", whole=False)


def test_some_seeds_are_busy_and_the_others_are_as_they_were() -> None:
    busy = [SeedFaults(seed).busy for seed in range(400)]
    assert 0.5 * BUSY < sum(busy) / len(busy) < 2 * BUSY
    assert not any(SeedFaults(seed, off=("busy",)).busy for seed in range(400))
    assert SeedFaults(7, on=("busy",)).at == SeedFaults(7, off=("busy",)).at
