"""The rules of succession of the product, in every order of what can happen: one owner in the end, soon."""

from __future__ import annotations

import pytest

from tests.models.explore import progress, restless, tenures_most
from tests.models.placement import Bounds, graph, has_one_owner, has_owner
from tests.models.verdicts import assert_clean, assert_goes_round, assert_goes_through, assert_stuck

MENU = Bounds().menu


@pytest.mark.parametrize(
    ("bounds", "least", "most", "tenures"),
    [
        pytest.param(Bounds(), 25_000, 60_000, 3, id="three nodes, two faults"),
        pytest.param(Bounds(nodes=2, faults=3), 12_000, 30_000, 4, id="two nodes, three faults"),
        pytest.param(Bounds(nodes=4, faults=1), 500, 20_000, 3, id="four nodes, one fault"),
        pytest.param(Bounds(refused_redial=False, menu=MENU - {"pause", "move"}), 2_000, 30_000, 3, id="none refused"),
    ],
)
def test_after_the_last_fault_a_shard_comes_to_have_one_owner_with_few_tenures(
    bounds: Bounds, least: int, most: int, tenures: int
) -> None:
    world = graph(bounds)
    assert_clean(progress(world, has_owner), least, most)
    assert restless(world, has_one_owner) is None
    opened, trace = tenures_most(world, lambda state: state.faults_left == 0)
    assert 0 < opened <= tenures, trace


def test_without_one_tenure_for_each_reset_two_nodes_take_a_shard_in_turn_for_ever() -> None:
    found = progress(graph(Bounds(faults=1, one_for_each_reset=False)), has_owner)
    assert_goes_round(found, "1 opens a tenure", "0 reads", "0 opens a tenure", "1 reads")


def test_without_a_fresh_tenure_after_an_own_late_one_a_shard_is_nobodys() -> None:
    found = progress(graph(Bounds(nodes=2, faults=1, late_is_opened_anew=False)), has_owner)
    assert_stuck(found, "0 gives up a tenure and opens another", "0 late tenure lands")


def test_without_waiting_for_a_later_table_two_nodes_that_the_group_lost_take_a_shard_in_turn_for_ever() -> None:
    """Each has a table in which the other is no member, and that gives it the shard."""
    found = progress(graph(Bounds(nodes=2, later_table_is_waited_for=False)), has_owner)
    assert_goes_through(found.trace, ("stop 0", "the group drops 0", "0 goes on", "stop 1", "1 goes on"))
    assert_goes_round(found, "opens a tenure", "reads", "opens a tenure")
