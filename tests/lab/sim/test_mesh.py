"""Players at any node of a cluster hear each push once, in order, while hunts move between nodes and links are lost."""

from __future__ import annotations

from collections import Counter

import pytest

from lab.sim import seeds
from lab.sim.mesh import WEATHER, MeshSimulation
from lab.sim.runs import told

PARTS = 2
FEWER = 12
"""One seed in so many: a seed of several whole nodes takes as much longer."""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_is_kept_to_players_whose_hunts_live_on_other_nodes_and_move(part: int) -> None:
    base, count = seeds.suite_base(), max(seeds.count() // FEWER, 10 * PARTS)
    pushes, struck = 0, Counter[str]()
    for seed in range(base + part, base + count, PARTS):
        outcome = MeshSimulation(seed).run()
        assert not outcome.violations, told(outcome, "mesh", whole=False)
        pushes += outcome.totals.pushes
        struck.update(outcome.faults)
    assert pushes > 100
    assert struck["cut"] * struck["dropped"] * struck["join"] * struck["stall"] * struck["aside"] > 0


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(9, id="an owner that recovers shows its last records again"),
        pytest.param(46, id="what another owner wrote before a snapshot is shown by nobody"),
        pytest.param(78, id="a view lies in the inbox of a node that stands still"),
        pytest.param(168, id="an owner that lost a shard follows it as a standby and takes itself for its owner"),
        pytest.param(265, id="an idle owner hears of a newer tenure by a table alone"),
        pytest.param(1191, id="the whole cluster was exchanged in order, its tables count from 1 again"),
    ],
)
def test_seeds_that_found_something(seed: int) -> None:
    outcome = MeshSimulation(seed, off=(*WEATHER, "bad_link")).run()  # as it was when they found it
    assert not outcome.violations, told(outcome, "mesh", whole=False)


def test_a_seed_of_whole_nodes_is_the_same_twice() -> None:
    one, two = MeshSimulation(31).run(), MeshSimulation(31).run()
    assert one.digest == two.digest
