"""Whole nodes under faults, on virtual time: what the checker must never find, and that a seed is a seed.

The other invariants (I3, I4, I5, I7, I10) are reported by the simulation too; what it reports of them is being looked
into, seed by seed, and is not held by this test yet.
"""

from __future__ import annotations

import pytest

from actors.testing.simulation import Simulation

HELD = frozenset({"I1", "I2", "I8", "I11"})


@pytest.mark.parametrize("base", [0, 5_000, 90_000])
def test_acknowledged_commands_have_one_effect_under_every_fault(base: int) -> None:
    found = []
    calls = 0
    for seed in range(base, base + 40):
        outcome = Simulation(seed).run()
        calls += outcome.totals.calls
        found += [(seed, v) for v in outcome.violations if v.invariant in HELD]
    assert found == []
    assert calls > 500


def test_a_seed_gives_the_same_time_line_again() -> None:
    assert Simulation(77).run().digest == Simulation(77).run().digest
