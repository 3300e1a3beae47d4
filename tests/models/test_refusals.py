"""Refusals and reads: how old they may be, and that `pos` never goes back (`tests/models/refusals.py`)."""

from __future__ import annotations

from tests.models.refusals import Ask, Rules, run, run_session
from tests.models.verdicts import assert_clean, assert_goes_through, assert_stuck, assert_unsafe


def test_a_proof_counted_from_the_answer_bounds_nothing() -> None:
    """B1. Guards: *the last acknowledged append was handed to the producer at most 1 s before the answer leaves*."""
    found = run(Rules(Ask.FRESH, proof_from_answer=True))
    assert_unsafe(found, "acknowledged 2 ticks ago")
    assert_goes_through(found.trace, ("0 sends probe", "1 is answered data", "0 is answered probe", "0 refuses"))


def test_a_proof_counted_from_the_sending_bounds_how_old_a_refusal_is() -> None:
    """B2. Guards: *misses no change acknowledged more than 1 s before it left*."""
    assert_clean(run(Rules(Ask.FRESH)), 20_000, 90_000)


def test_a_proof_within_its_life_does_not_make_refusals_linearizable() -> None:
    """B3. Guards: *accepted commands are linearizable; a refusal or read names its `pos`*: no more is promised."""
    assert_unsafe(run(Rules(Ask.LINEARIZABLE)), "after pos 1 was acknowledged")


def test_a_refusal_that_waits_for_a_batch_sent_after_it_is_linearizable() -> None:
    """B4. Guards: *`too_late`, `lost` and every host operation wait for a batch sent after the command came*."""
    assert_clean(run(Rules(Ask.LINEARIZABLE, proof_ticks=0)), 20_000, 120_000)


def test_a_session_without_a_floor_sees_pos_go_back() -> None:
    """B5. Guards: *for refusals and reads it never goes back in a session*."""
    found = run(Rules(Ask.FORWARD))
    assert_unsafe(found, "saw pos 1, then 0")
    assert_goes_through(found.trace, ("1 refuses at pos 1", "0 refuses at pos 0"))


def test_a_session_with_a_floor_never_sees_pos_go_back() -> None:
    """B6. Guards: *a lower one is a stale owner's and is asked again*."""
    assert_clean(run(Rules(Ask.FORWARD, floor=True)), 20_000, 90_000)


def test_a_floor_under_accepted_commands_asks_for_ever() -> None:
    """B7. Guards: *the answer of an accepted command is final whatever its `pos`*."""
    found = run_session(accepted_exempt=False)
    assert_stuck(found, "a query is answered at pos 3")


def test_an_accepted_command_is_answered_whatever_the_floor() -> None:
    """B8. Guards the same sentence."""
    assert_clean(run_session(accepted_exempt=True), 3, 8)
