"""Seeds of the simulation on the command line: one, told in full, or many, until one breaks a promise.

    python -m lab.sim --seed 77 --timeline
    python -m lab.sim --seeds 10000 --first 1 --jobs 2 --ledger

Exit status 1 when a promise was broken; then everything that is needed to look into it has been printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from actors.checker.log_judge import Totals
from lab.checkout import commit
from lab.ledger import append_row
from lab.sim.cluster import ClusterSimulation
from lab.sim.desk_workload import DeskWorkload
from lab.sim.fleet import FleetSimulation
from lab.sim.game_workload import GameWorkload, LargeGameWorkload
from lab.sim.mesh import MeshSimulation
from lab.sim.rings_workload import RingsWorkload
from lab.sim.rules_workload import RulesWorkload
from lab.sim.session_workload import SessionWorkload
from lab.sim.simulation import MakeWorkload, Outcome, Simulation
from lab.sim.workload import ToyWorkload

WORKLOADS: Final[dict[str, MakeWorkload]] = {
    "toy": ToyWorkload, "game": GameWorkload, "session": SessionWorkload, "large": LargeGameWorkload,
    "rules": RulesWorkload, "desk": DeskWorkload, "rings": RingsWorkload,
}  # fmt: skip
WORLDS: Final[dict[str, type[ClusterSimulation]]] = {
    "cluster": ClusterSimulation, "fleet": FleetSimulation, "mesh": MeshSimulation,
}  # fmt: skip
"""Not workloads of one process at a time, but worlds of their own: several nodes share the shards."""
LAST_LINES: Final = 60
SEEDS_MAX: Final = 10_000_000
TELL_S: Final = 5.0
CHUNK: Final = 16


class Ran(NamedTuple):
    """What a worker reports of one seed."""

    seed: int
    broken: int
    totals: Totals
    faults: dict[str, int]


def again(seed: int, workload: str) -> str:
    """Return the command that replays a seed."""
    return f"make sim SEED={seed}" + ("" if workload == "toy" else f" WORKLOAD={workload}")


def told(outcome: Outcome, workload: str, *, whole: bool) -> str:
    """Return one seed's verdict in lines; of a broken one the end of its time line and the command that replays it."""
    totals = outcome.totals
    faults = ", ".join(f"{count} {name}" for name, count in sorted(outcome.faults.items())) or "none"
    verdict = f"{len(outcome.violations)} violations" if outcome.violations else "no violation"
    lines = []
    if whole or outcome.violations:
        shown = outcome.timeline if whole else outcome.timeline[-LAST_LINES:]
        lines += [f"{at:10.6f} {place:6} " + " ".join(map(str, what)) for at, place, *what in shown]
    lines += [str(violation) for violation in outcome.violations]
    lines += [
        f"seed {outcome.seed} of {workload} at commit {commit()}: {verdict}",
        f"  {totals.calls} calls, {totals.commands} commands, {totals.records} records ({totals.void} void), "
        f"{totals.tenures} tenures, {totals.pushes} pushes, {totals.reactions} reactions, {outcome.virtual_s:.1f} s",
        f"  faults: {faults}",
        f"  time line {outcome.digest}",
    ]
    if outcome.violations:
        lines.append(f"  again: {again(outcome.seed, workload)}")
    return "\n".join(lines)


def simulation(seed: int, workload: str) -> Simulation:
    """Return a seed's simulation, not run yet."""
    return WORLDS[workload](seed) if workload in WORLDS else Simulation(seed, make=WORKLOADS[workload])


def run_one(task: tuple[int, str]) -> Ran:
    """Run a seed in a worker."""
    seed, workload = task
    outcome = simulation(seed, workload).run()
    return Ran(seed, len(outcome.violations), outcome.totals, outcome.faults)


def _run_all(seeds: Sequence[int], workload: str, jobs: int) -> Iterator[Ran]:
    tasks = [(seed, workload) for seed in seeds]
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(run_one, tasks, chunksize=CHUNK)


class Soak:
    """Many seeds: their sums, and how fast."""

    def __init__(self, workload: str) -> None:
        self.workload = workload
        self.done = 0
        self.broken: list[int] = []
        self.sums: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._began_s = self._told_s = time.monotonic()

    def rate(self) -> float:
        """Return seeds per second of real time."""
        return self.done / max(time.monotonic() - self._began_s, 1e-9)

    def take(self, ran: Ran, of: int) -> None:
        """Count a seed in, and tell now and then."""
        self.done += 1
        if ran.broken:
            self.broken.append(ran.seed)
        self.sums.update(ran.totals._asdict())
        self.faults.update(ran.faults)
        if time.monotonic() - self._told_s >= TELL_S:
            self._told_s = time.monotonic()
            print(f"{self.done:,} of {of:,} seeds, {self.rate():.0f}/s, {self.sums['calls']:,} calls", file=sys.stderr)

    def summary(self, first: int) -> str:
        """Return the end in words."""
        sums = self.sums
        return (
            f"{self.done:,} seeds of {self.workload} from {first} at commit {commit()}: "
            f"{len(self.broken)} with a violation, {self.rate():.1f} seeds/s\n"
            f"  {sums['calls']:,} calls, {sums['commands']:,} commands, {sums['records']:,} records, "
            f"{sums['tenures']:,} tenures, {sums['pushes']:,} pushes, {sums['reactions']:,} reactions\n"
            f"  faults: {', '.join(f'{count:,} {name}' for name, count in sorted(self.faults.items()))}"
        )


def soak(first: int, count: int, workload: str, *, jobs: int = 1) -> Soak:
    """Run seeds `first` to `first + count - 1`, and stop at the first that breaks a promise."""
    sums = Soak(workload)
    for ran in _run_all(range(first, first + count), workload, jobs):
        sums.take(ran, count)
        if ran.broken:
            break
    return sums


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab.sim", description="Run seeds of the simulation.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seed", type=int, help="one seed, told in full")
    what.add_argument("--seeds", type=int, help="number of seeds; stops at the first that breaks a promise")
    parser.add_argument("--first", type=int, default=1, help="the first of them (default 1)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--workload", choices=sorted([*WORKLOADS, *WORLDS]), default="toy")
    parser.add_argument("--timeline", action="store_true", help="print the whole time line of the seed")
    parser.add_argument("--ledger", action="store_true", help="append a row to lab/ledger.json")
    found = parser.parse_args(argv)
    if found.seeds is not None and not 1 <= found.seeds <= SEEDS_MAX:
        parser.error(f"--seeds is {found.seeds}; allowed are 1 to {SEEDS_MAX}")
    if not 1 <= found.jobs <= 256:
        parser.error(f"--jobs is {found.jobs}; allowed are 1 to 256")
    for name in ("seed", "first"):
        value: Any = getattr(found, name)
        if value is not None and value < 0:
            parser.error(f"--{name} is {value}; allowed are 0 and more")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return the exit status."""
    asked = _arguments(argv)
    if asked.seed is not None:
        outcome = simulation(asked.seed, asked.workload).run()
        print(told(outcome, asked.workload, whole=asked.timeline))
        return 1 if outcome.violations else 0
    sums = soak(asked.first, asked.seeds, asked.workload, jobs=asked.jobs)
    if sums.broken:
        outcome = simulation(sums.broken[0], asked.workload).run()
        print(told(outcome, asked.workload, whole=False))
    print(sums.summary(asked.first))
    if asked.ledger:
        game = "" if asked.workload == "toy" else f" --workload {asked.workload}"
        command = f"python -m lab.sim --seeds {asked.seeds} --first {asked.first}{game}"
        note = f"{sums.sums['calls']:,} calls, {sums.sums['records']:,} records, {sums.rate():.0f} seeds/s"
        append_row(f"simulation {asked.workload}", sums.done, dict(sums.faults), len(sums.broken), command, note=note)
    return 1 if sums.broken else 0


if __name__ == "__main__":
    sys.exit(main())
