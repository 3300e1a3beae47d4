"""Recovery from snapshots and markers gives the fold from zero (`tests/models/snapshots.py`)."""

from __future__ import annotations

import pytest

from tests.models.snapshots import Rules, run
from tests.models.verdicts import assert_clean, assert_goes_through, assert_unsafe

WRONG = "the fold from zero is"


def test_a_marker_without_the_fence_loses_acknowledged_records() -> None:
    """D1. Guards: *it carries all that the fold keeps per shard: nonce and next seq*."""
    found = run(Rules(fence_in_marker=False))
    assert_unsafe(found, WRONG)
    assert_goes_through(found.trace, ("snapshot", "marker at 2", "writes entity 0 at 2"))


@pytest.mark.parametrize(
    "highest", [pytest.param(True, id="D2: the highest"), pytest.param(False, id="D6: the one written last")]
)
def test_recovery_from_any_marker_gives_the_fold_from_zero(highest: bool) -> None:
    """D2, D6. Guards: *keyed by (entity, nonce)*, *nonce and next seq*, *tombstoned once its own newer snapshot is
    acknowledged*; a stale owner's late marker costs replay, not safety."""
    assert_clean(run(Rules(highest_marker=highest)), 5_000, 20_000)


def test_tombstones_for_all_entities_after_the_first_snapshot_lose_the_others() -> None:
    """D3. Guards: *the older nonces' keys of an entity are tombstoned once its own newer snapshot is acknowledged*."""
    found = run(Rules(tombstone_each=False))
    assert_unsafe(found, WRONG)
    assert_goes_through(found.trace, ("1 opens a tenure", "snapshot of entity 1", "1 tombstones entity 0"))


@pytest.mark.parametrize(
    "highest", [pytest.param(True, id="D4: the highest"), pytest.param(False, id="D5: the one written last")]
)
def test_a_snapshot_keyed_by_its_entity_alone_lets_a_stale_owner_replace_a_newer_one(highest: bool) -> None:
    """D4, D5. Guards: *keyed by nonce because a paused owner's late write must not replace a newer owner's*."""
    found = run(Rules(keyed_by_nonce=False, highest_marker=highest))
    assert_unsafe(found, WRONG)
    assert_goes_through(found.trace, ("under nonce 2", "marker", "under nonce 1"))


def test_a_snapshot_of_what_is_not_known_to_count_brings_void_records_back() -> None:
    """D7. Guards: *a snapshot is computed at once and held until what it rests on is durable*."""
    found = run(Rules(known_to_count=False))
    assert_unsafe(found, WRONG)
    assert_goes_through(found.trace, ("(void)", "snapshot"))


@pytest.mark.parametrize("tombstone_each", [False, True])
def test_a_marker_that_names_its_entities_notices_a_lost_snapshot(tombstone_each: bool) -> None:
    """D8. Guards: *replay starts at the highest marker whose number and sum fit the snapshots found*."""
    assert_clean(run(Rules(tombstone_each=tombstone_each, entities_in_marker=True)), 5_000, 25_000)
