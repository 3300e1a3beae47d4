"""Who opens a tenure, and when: what weaker rules end in, and that the chosen ones end in one owner, soon.

Names A1 to A14 are those of the review that found the weak rules; ADR 0001 has the rules.
"""

from __future__ import annotations

import pytest

from tests.models.explore import Found, progress, restless, tenures_most
from tests.models.tenures import Rules, Suspicion, graph, has_one_owner, has_owner
from tests.models.verdicts import assert_clean, assert_goes_round, assert_goes_through, assert_stuck

FIRST_TEXT = Rules(suspicion=Suspicion.WHILE_DOWN, reopens_own_late=False, majority=False, next_follows=False)
ONCE = FIRST_TEXT._replace(suspicion=Suspicion.ONCE)
REACHED = ONCE._replace(kills=False, late_tenures=False, must_be_reached=True, holder=1)
CHOSEN = [
    pytest.param(Rules(faults=4), 25_000, 45_000, id="A12: three nodes, four faults"),
    pytest.param(Rules(faults=3, refused_redial=True), 5_000, 10_000, id="three nodes, a dead process refuses"),
    pytest.param(Rules(nodes=4, faults=3), 45_000, 80_000, id="A13: four nodes, three faults"),
    pytest.param(Rules(nodes=2, faults=4), 150, 500, id="A14: two nodes, four faults"),
    pytest.param(Rules(nodes=2, faults=4, refused_redial=True), 150, 500, id="two nodes, a dead process refuses"),
]


def run(rules: Rules) -> Found:
    """Search a variant for a deadlock or a livelock."""
    return progress(graph(rules), lambda world: has_owner(world, rules))


def test_killed_nodes_alone_are_no_trouble_for_any_rule() -> None:
    """A1. Guards: *a link reset allows each other member one tenure*: the first text erred on live nodes only."""
    assert_clean(run(FIRST_TEXT._replace(cuts=False, late_tenures=False)), 30, 100)


@pytest.mark.parametrize("nodes", [3, 2])
def test_two_live_nodes_with_a_cut_link_take_the_shard_from_each_other_for_ever(nodes: int) -> None:
    """A2, A2b. Guards: *one tenure per shard of that peer, used up by it, until the link was up again*."""
    found = run(FIRST_TEXT._replace(nodes=nodes, faults=1, kills=False, late_tenures=False))
    assert_goes_round(found, "1 opens a tenure", "0 reads", "0 opens a tenure", "1 reads")


def test_a_nodes_own_late_tenure_kills_its_shard() -> None:
    """A3. Guards: *the newest tenure is its own but not the very one it holds [...]: at once, with a fresh nonce*."""
    alone = FIRST_TEXT._replace(nodes=2, kills=False, cuts=False)
    assert_stuck(run(alone._replace(faults=1)), "0 drops its memory", "0 late tenure lands")


def test_a_fresh_tenure_after_an_own_late_one_brings_the_shard_back() -> None:
    """A4. Guards the same sentence: with it the trace of A3 ends well."""
    alone = FIRST_TEXT._replace(nodes=2, kills=False, cuts=False)
    assert_clean(run(alone._replace(faults=2, reopens_own_late=True)), 10, 40)


def test_a_tenure_that_is_read_may_not_end_a_suspicion_that_arose_later() -> None:
    """A5, A6. Guards: *used up by it, until the link was up again*: clean with cuts alone, stuck with a kill."""
    rules = FIRST_TEXT._replace(suspicion=Suspicion.UNTIL_READ)
    assert_clean(run(rules._replace(kills=False, late_tenures=False)), 15, 60)
    found = run(rules._replace(reopens_own_late=True, group_rule=False))
    assert_stuck(found, "0 drops its memory", "kill 0")


def test_one_tenure_a_link_reset_ends_every_quarrel_over_cut_links() -> None:
    """A7. Guards: *a link reset allows each other member one tenure per shard of that peer*."""
    assert_clean(run(ONCE._replace(kills=False, late_tenures=False, faults=3)), 100, 400)


def test_a_dead_nodes_late_tenure_needs_the_groups_standing_rule() -> None:
    """A8, A9. Guards: *the newest one names a node that is no member of the generation and the table gives it the
    shard (a standing rule, checked when a tenure is read and when a generation comes)*."""
    rules = ONCE._replace(reopens_own_late=True)
    found = run(rules._replace(faults=3, group_rule=False))
    assert_stuck(found, "kill 0", "1 opens a tenure", "0 late tenure lands")
    assert_clean(run(rules._replace(faults=4)), 15_000, 40_000)


def test_a_node_that_nobody_can_reach_takes_the_shard_unless_a_majority_is_asked_for() -> None:
    """A10. Guards: *or if it has links to more than half of the members, itself counted*."""
    assert_stuck(run(REACHED), "cut 0 1", "cut 1 2", "0 opens a tenure", "1 opens a tenure")


def test_a_majority_without_the_next_in_order_leaves_a_shard_with_an_unreachable_owner() -> None:
    """A11, A11d. Guards: *the next in order follows when nothing was read 500 ms later*."""
    found = run(REACHED._replace(majority=True))
    assert_stuck(found, "0 opens a tenure", "1 opens a tenure", "cut 1 2")
    assert_clean(run(REACHED._replace(majority=True, next_follows=True)), 50, 200)


def test_an_owner_that_releases_in_a_minority_leaves_two_nodes_without_any() -> None:
    """A11b, A11c. Guards: *an owner does not release because it is in a minority*: right with three, wrong with two."""
    rules = REACHED._replace(majority=True, minority_releases=True)
    assert_clean(run(rules), 30, 150)
    assert_stuck(run(rules._replace(nodes=2, faults=1, must_be_reached=False, holder=0)), "cut 0 1", "0 releases")


def test_four_nodes_with_three_cut_links_may_keep_an_owner_that_one_peer_reaches() -> None:
    """A11e. A known limit, not a promise: until the links heal the others answer `busy`."""
    found = run(Rules(nodes=4, faults=3, kills=False, late_tenures=False, must_be_reached=True, holder=1))
    assert_stuck(found, "cut 0 1", "cut 0 2", "cut 1 2")


@pytest.mark.parametrize(("rules", "least", "most"), CHOSEN)
def test_after_the_last_fault_every_shard_has_exactly_one_owner_within_three_tenures(
    rules: Rules, least: int, most: int
) -> None:
    """Guards rule 4 as a whole: *the newest tenure is the owner*; who opens one, when, and who comes next.

    A late tenure is a fault until it has landed. Nothing rests on the 500 ms: every order of moves is tried.
    """
    found = graph(rules)
    assert_clean(progress(found, lambda world: has_owner(world, rules)), least, most)
    assert restless(found, has_one_owner) is None
    count, trace = tenures_most(found, since=lambda world: not world.late)
    assert 1 <= count <= 3, trace


def test_without_the_majority_more_than_three_tenures_are_opened() -> None:
    """Guards: *links to more than half of the members*; and shows that tenures are counted at all."""
    rules = Rules(faults=3, majority=False)
    count, trace = tenures_most(graph(rules), since=lambda world: not world.late)
    assert count > 3
    assert_goes_through(trace, ("cut", "cut"))


def test_a_rest_without_an_owner_is_noticed() -> None:
    """Guards the check of *exactly one owner* itself: without the group's rule a lost majority stays lost."""
    rules = Rules(nodes=2, faults=1, group_rule=False)
    trace = restless(graph(rules), has_one_owner)
    assert trace is not None
    assert_goes_through(trace, ("kill 0",))
