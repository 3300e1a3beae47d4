"""The table of safeguards, and what is found when one is switched off: what nobody misses is not tested.

Owns the table of what the simulation of whole nodes judges. A safeguard is missed when a seed breaks a promise that
it is there for, and the same seed with the safeguard keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple

from actors.checker.history import Violation
from lab.ablations import bounds_safeguards, dedup_safeguards, entity_safeguards, log_safeguards, recovery_safeguards
from lab.ablations.safeguard import Patches, Safeguard
from lab.sim.busy import unless_asked
from lab.sim.simulation import MakeWorkload, Simulation
from lab.sim.workload import ToyWorkload

_ALL = (
    *log_safeguards.SAFEGUARDS,
    *recovery_safeguards.SAFEGUARDS,
    *dedup_safeguards.SAFEGUARDS,
    *entity_safeguards.SAFEGUARDS,
    *bounds_safeguards.SAFEGUARDS,
)
SAFEGUARDS: Final = {s.name: s for s in _ALL}

Run = Callable[[int], Sequence[Violation]]
"""What a seed breaks."""


class Missed(NamedTuple):
    """A safeguard was missed: number of seeds played, the seed that showed it, the violation."""

    seeds: int
    seed: int
    violation: Violation


@contextmanager
def switched_off(safeguard: Safeguard) -> Iterator[None]:
    """Take a safeguard away inside the block."""
    patches = Patches()
    try:
        safeguard.off(patches)
        yield
    finally:
        patches.restore()


@contextmanager
def ablated(name: str) -> Iterator[Safeguard]:
    """Take a safeguard away inside the block, by its name. Raises ValueError for a name that the table has not."""
    safeguard = SAFEGUARDS.get(name)
    if safeguard is None:
        raise ValueError(f"no safeguard is called {name!r}; there are: {', '.join(SAFEGUARDS)}")
    with switched_off(safeguard):
        yield safeguard


def whole_nodes(
    seed: int, on: Sequence[str] = (), make: MakeWorkload = ToyWorkload, off: Sequence[str] = ()
) -> Sequence[Violation]:
    """Play a seed of the simulation of whole nodes; it has the faults `on`, not those `off`, whatever else it has."""
    return Simulation(seed, make=make, on=on, off=unless_asked(on, off)).run().violations


def _expected(violation: Violation, safeguard: Safeguard) -> bool:
    return violation.invariant in safeguard.breaks and safeguard.sign in str(violation)


def missed(safeguard: Safeguard, seeds: Iterable[int], run: Run | None = None) -> Missed | None:
    """Play seeds (of whole nodes, unless `run` is given) without a safeguard until it is missed; None: it never is."""
    run = run or partial(whole_nodes, on=safeguard.on, off=safeguard.without)
    for count, seed in enumerate(seeds, 1):
        with switched_off(safeguard):
            broken = [v for v in run(seed) if _expected(v, safeguard)]
        if broken and not any(_expected(v, safeguard) for v in run(seed)):
            return Missed(count, seed, broken[0])
    return None
