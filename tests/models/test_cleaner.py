"""Recovery beside a live owner and the log cleaner (`tests/models/cleaner.py`)."""

from __future__ import annotations

import pytest

from tests.models.cleaner import Check, Rules, run
from tests.models.verdicts import assert_clean, assert_goes_through, assert_unsafe


def test_a_reader_that_races_the_cleaner_loses_an_entity_and_does_not_notice() -> None:
    """G1. Guards: *number and exclusive-or of the id hashes of the entities before it* in a marker."""
    found = run(Rules())
    assert_unsafe(found, "no snapshot was found")
    assert_goes_through(found.trace, ("the reader starts", "the cleaner removes the older", "reads the marker"))


def test_a_number_without_a_sum_is_fooled_by_an_entity_that_came_later() -> None:
    """Guards: *number and exclusive-or*: one lost and one new give the right number."""
    found = run(Rules(check=Check.NUMBER))
    assert_unsafe(found, "no snapshot was found")
    assert_goes_through(found.trace, ("the cleaner removes the older", "reads another entity's snapshot"))


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(Rules(end_taken_again=True), id="G2: the end is taken again until it stands still"),
        pytest.param(Rules(cleaner_waits=True), id="G3: the cleaner waits for longer than a recovery"),
        pytest.param(Rules(check=Check.NUMBER_AND_SUM), id="G4: the marker counts and sums its entities"),
    ],
)
def test_each_of_three_rules_keeps_a_reader_from_losing_an_entity(rules: Rules) -> None:
    """Guards: *`min.compaction.lag.ms` >= 1 h* and *the highest marker whose number and sum fit the snapshots found
    (they do not when the cleaner ran past the reader)*."""
    assert_clean(run(rules), 50, 1_000)
