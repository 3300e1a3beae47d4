"""What a test asks of a search: a rule shown unsafe with a trace, or shown safe in all of its states."""

from __future__ import annotations

from tests.models.explore import Found, Verdict


def assert_unsafe(found: Found, why: str) -> None:
    """The weak rule was caught, for the reason given, and a trace says how."""
    assert found.verdict is Verdict.UNSAFE, found
    assert why in found.why, found
    assert len(found.trace) >= 2, found


def assert_stuck(found: Found, *steps: str) -> None:
    """The weak rule leads to a state that nothing mends; its trace goes through `steps` in this order."""
    assert found.verdict is Verdict.DEADLOCK, found
    assert_goes_through(found.trace, steps)


def assert_goes_round(found: Found, *steps: str) -> None:
    """The weak rule opens tenures for ever; one round of it has `steps` in this order."""
    assert found.verdict is Verdict.LIVELOCK, found
    assert found.trace, found
    assert_goes_through(found.cycle, steps)


def assert_clean(found: Found, least: int, most: int) -> None:
    """Every state was seen, nothing is wrong in any, and the model is neither empty nor grown out of hand."""
    assert found.verdict is Verdict.CLEAN, found
    assert found.exhaustive, found
    assert least <= found.states <= most, found


def assert_goes_through(trace: tuple[str, ...], steps: tuple[str, ...]) -> None:
    """`steps` occur in `trace` in their order; others may lie between."""
    rest = iter(trace)
    for step in steps:
        assert any(step in label for label in rest), (step, trace)
