"""A command refused to its sender is never executed by a straggling copy (`tests/models/refused_keys.py`)."""

from __future__ import annotations

import pytest

from tests.models.refused_keys import Rules, run
from tests.models.verdicts import assert_clean, assert_goes_through, assert_unsafe

WHY = "told refused, and executed"


@pytest.mark.parametrize("addressed", [False, True])
def test_a_refusal_that_is_forgotten_is_executed_after_all(addressed: bool) -> None:
    """F1. Guards: *an owner remembers the refusals it gave by key and gives them to every further copy*."""
    found = run(Rules(remembers=False, addressed=addressed))
    assert_unsafe(found, WHY)
    assert_goes_through(found.trace, ("copy 1 is refused by 0", "unlocked", "copy 0 is executed by 0"))


def test_a_memory_of_refusals_is_of_no_use_to_the_next_owner() -> None:
    """F2. Guards: *a command carries the nonce it is addressed to; an owner under another nonce answers `moved`*."""
    found = run(Rules(addressed=False))
    assert_unsafe(found, WHY)
    assert_goes_through(found.trace, ("copy 1 is refused by 0", "owner 1 takes over", "copy 0 is executed by 1"))


@pytest.mark.parametrize("copies", [2, 3, 4])
def test_a_command_refused_to_its_sender_is_never_executed(copies: int) -> None:
    """F3. Guards: *a command refused to its sender is never executed later by a straggling copy*."""
    assert_clean(run(Rules(copies=copies)), 40, 2_000)
