"""Reactions are applied exactly once, whatever fails or is sent twice (`tests/models/reactions.py`)."""

from __future__ import annotations

from tests.models.reactions import Rules, run
from tests.models.verdicts import assert_clean, assert_goes_through, assert_unsafe


def test_a_mark_of_the_seq_alone_holds_while_no_record_is_cut() -> None:
    """E1. Guards: *one message outstanding per (source, target), carrying all that is due in order*."""
    assert_clean(run(Rules(mark_has_place=False, cut_anywhere=False)), 1_000, 4_000)


def test_a_mark_of_the_seq_alone_loses_what_lies_behind_a_cut() -> None:
    """E2. Guards: *the target keeps the highest (seq, n) per source*."""
    found = run(Rules(mark_has_place=False))
    assert_unsafe(found, "the mark passed (1, 1)")


def test_a_mark_of_seq_and_place_holds_wherever_messages_are_cut() -> None:
    """E3. Guards: *command id (source entity, seq, n), n its place in the full list of the record's reactions*."""
    assert_clean(run(Rules()), 20_000, 90_000)


def test_two_messages_outstanding_lose_a_reaction() -> None:
    """E4. Guards: *the next only after the durable acknowledgement*."""
    found = run(Rules(outstanding=2))
    assert_unsafe(found, "the mark passed (1, 0)")
    assert_goes_through(found.trace, ("sends (1, 0)", "sends (1, 1)", "applies (1, 1)"))


def test_a_duplicate_answered_at_once_loses_a_reaction_with_the_batch() -> None:
    """E5. Guards: *a duplicate is answered only when the mark it rests on is durable*."""
    found = run(Rules(mark_has_place=False, cut_anywhere=False, duplicates_held=False))
    assert_unsafe(found, "the cursor passed (1, 0)")
    assert_goes_through(found.trace, ("applies (1, 0)", "a duplicate is answered", "writes the cursor 2"))
