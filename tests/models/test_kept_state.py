"""State that is kept over a tenure record at last known + 1 (`tests/models/kept_state.py`)."""

from __future__ import annotations

from tests.models.kept_state import Keep, Rules, run
from tests.models.verdicts import assert_clean, assert_goes_through, assert_unsafe


def test_replaying_at_every_tenure_is_safe() -> None:
    """C1. The ground that rule 6 stands on: nobody keeps anything."""
    assert_clean(run(Rules(keep=Keep.NOBODY, log_max=5)), 15_000, 50_000)


def test_keeping_the_state_with_nothing_given_up_is_safe() -> None:
    """C2. Guards rule 6: *a standby, or an owner with nothing staged, in flight or given up, keeps its state*."""
    assert_clean(run(Rules()), 30_000, 90_000)


def test_keeping_a_state_with_a_batch_given_up_in_it_is_unsafe() -> None:
    """C3. Guards *or given up* in rule 6."""
    found = run(Rules(keep=Keep.ALL))
    assert_unsafe(found, "was computed on")
    assert_goes_through(found.trace, ("0 gives up its batch", "KEEPS", "0 decides (0, 1)"))


def test_keeping_the_state_over_a_log_that_lost_its_end_is_unsafe() -> None:
    """C4. Guards *`unclean.leader.election.enable=false`*, which the server checks at its start: without it an offset
    does not say what lies before it."""
    found = run(Rules(unclean=True))
    assert_unsafe(found, "was computed on")
    assert_goes_through(found.trace, ("UNCLEAN", "KEEPS"))


def test_keeping_the_state_is_safe_among_three_owners() -> None:
    """C5. Guards rule 6 where a third node may write between."""
    assert_clean(run(Rules(owners=3, commands=1, tenures=1)), 40_000, 120_000)
