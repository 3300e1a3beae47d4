"""Several nodes share the shards of one log: every promise is kept, and every shard ends with one owner."""

from __future__ import annotations

from collections import Counter

import pytest

from lab.sim import seeds
from lab.sim.cluster import ClusterSimulation
from lab.sim.fleet import FleetSimulation
from lab.sim.runs import told

PARTS = 5
FEWER = 5
"""One seed in so many: a seed of several nodes takes as much longer."""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_is_kept_while_nodes_join_leave_die_and_lose_each_other(part: int) -> None:
    base, count = seeds.suite_base(), max(seeds.count() // FEWER, 10 * PARTS)
    commands, struck = 0, Counter[str]()
    for seed in range(base + part, base + count, PARTS):
        outcome = ClusterSimulation(seed).run()
        assert not outcome.violations, told(outcome, "cluster", whole=False)
        commands += outcome.totals.commands
        struck.update(outcome.faults)
    assert commands > 100
    assert struck["cut"] * struck["dropped"] * struck["join"] > 0


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(1, id="a node that the group has lost serves a shard, and commands go to another"),
        pytest.param(97, id="a node that still holds a shard sends its commands to itself, and another has taken it"),
    ],
)
def test_seeds_that_found_something(seed: int) -> None:
    outcome = ClusterSimulation(seed, off=("bad_link",)).run()  # as it was when they found it
    assert not outcome.violations, told(outcome, "cluster", whole=False)


def test_a_tenure_that_lands_a_second_time_is_no_turn_of_its_node() -> None:
    outcome = ClusterSimulation(5_000_753, on=("bad_link",)).run()
    assert outcome.faults["bad_link"]
    assert not outcome.violations, told(outcome, "cluster", whole=False)


def test_a_seed_of_the_cluster_is_the_same_twice() -> None:
    one, two = ClusterSimulation(31).run(), ClusterSimulation(31).run()
    assert one.digest == two.digest
    assert one.digest != ClusterSimulation(32).run().digest


def test_sixty_four_shards_on_up_to_eight_nodes_have_one_owner_each_after_many_changes_and_move_little() -> None:
    run = FleetSimulation(1, changes=16)
    outcome = run.run()
    assert not outcome.violations, told(outcome, "fleet", whole=False)
    assert run.made.total() == 16
    assert run.made["join"] * run.made["crash"] * run.made["leave"] > 0
    assert outcome.totals.tenures <= 1.5 * run.moves_due
