"""Every safeguard switched off in turn: how many seeds until it is missed, and by which broken promise.

    python -m lab.ablations
    python -m lab.ablations --only nonce --only redaction
    python -m lab.ablations --write
    python -m lab.ablations --show nonce --first 77

Each is played from ten bases of seeds, the commit's and nine others: one lucky base shows nothing. Exit status 1 when a
safeguard is not missed within the seeds from every base. `--write` puts the table into `docs/proof/how.md`.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import statistics
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from multiprocessing import get_context
from typing import Final, NamedTuple

from lab import ROOT
from lab.ablations import (
    cluster_safeguards,
    gateway_safeguards,
    mesh_safeguards,
    moving_safeguards,
    rings_safeguards,
    session_safeguards,
)
from lab.ablations import table as safeguards
from lab.ablations.safeguard import AREAS, Safeguard
from lab.ablations.table import Missed, Run, missed, switched_off, whole_nodes
from lab.checkout import commit
from lab.sim import gateway_world, mesh, moving_hunt, seeds
from lab.sim.runs import WORKLOADS, again, told
from lab.sim.simulation import Simulation

SEEDS: Final = 1_000
BASES: Final = 10
PAGE: Final = ROOT / "docs" / "proof" / "how.md"
HEADING: Final = "## Ablations"
WORKLOAD_OF: Final = {"nodes": "toy", "sessions": "session", "rings": "rings"}
"""What is played on the simulated nodes of these worlds."""

ABOUT: Final = """\
A safeguard whose removal nobody notices is not tested. Each one below is taken out of the running code (by
`lab/ablations/safeguard.py`; the code itself has no switch), and seeds are played until the checker finds a promise
broken that the same seed keeps with the safeguard in place. `nodes`: the simulation of whole nodes; faults that are
named are in every seed, all others come by chance (few others: those that would hide it are in none). `cluster`:
several nodes at once that share the shards, with a simulated group and links (`lab/sim/cluster.py`). `mesh`: the same
with the product's links, router and watches, and players behind the gateways of all nodes (`lab/sim/mesh.py`).
`sessions`: the same, with players behind real gateways. `rings`: nodes play the game, whose key rings differ
(`lab/sim/rings_workload.py`). `moving hunt`: hunts that change their owner while somebody enters them, on three routers
(`lab/sim/moving_hunt.py`). `gateway`: real connections, rooms and rules over sockets in memory
(`lab/sim/gateway_world.py`); BOUND means that more waits than the limits allow. The areas are the nine in
which one planted bug each has to be found. `make ablations` prints this table: how many seeds it takes until the
safeguard is missed, median and worst over {bases} bases of seeds. It fails when one is not missed within {most:,} seeds
from every base; `make sim SEED=n ABLATE="name"` shows one."""


class AblationRow(NamedTuple):
    """A safeguard, and how it was missed from each base of seeds; None: it was not."""

    safeguard: Safeguard
    world: str
    missed: Sequence[Missed | None]

    @property
    def holds(self) -> bool:
        """Tell whether it was missed from every base."""
        return all(self.missed)

    @property
    def seeds(self) -> list[int]:
        """The seeds that it took from the bases from which it was missed, the fewest first."""
        return sorted(found.seeds for found in self.missed if found is not None)

    @property
    def broke(self) -> str:
        """The promises that were broken, the most frequent first."""
        return ", ".join(name for name, _ in Counter(f.violation.invariant for f in self.missed if f).most_common())


def _on_nodes(world: str, safeguard: Safeguard) -> Run:
    return partial(whole_nodes, on=safeguard.on, make=WORKLOADS[WORKLOAD_OF[world]], off=safeguard.without)


def table() -> Iterator[tuple[Safeguard, str, Run]]:
    """Yield every safeguard with the world that judges it, by area."""
    rows: list[tuple[Safeguard, str, Run]] = [
        *((safeguard, "nodes", _on_nodes("nodes", safeguard)) for safeguard in safeguards.SAFEGUARDS.values()),
        *(
            (safeguard, "cluster", partial(cluster_safeguards.play, on=safeguard.on, off=safeguard.without))
            for safeguard in cluster_safeguards.SAFEGUARDS.values()
        ),
        *(
            (safeguard, "mesh", partial(mesh.play, on=safeguard.on, off=safeguard.without))
            for safeguard in mesh_safeguards.SAFEGUARDS.values()
        ),
        *((safeguard, "rings", _on_nodes("rings", safeguard)) for safeguard in rings_safeguards.SAFEGUARDS.values()),
        *((safeguard, "gateway", gateway_world.play) for safeguard in gateway_safeguards.SAFEGUARDS.values()),
        *((safeguard, "moving hunt", moving_hunt.play) for safeguard in moving_safeguards.SAFEGUARDS.values()),
        *(
            (safeguard, "sessions", _on_nodes("sessions", safeguard))
            for safeguard in session_safeguards.SAFEGUARDS.values()
        ),
    ]
    yield from sorted(rows, key=lambda row: AREAS.index(row[0].area))


def line(row: AblationRow) -> str:
    """Return a row for a terminal."""
    name = f"{row.safeguard.name:28} {row.safeguard.area:26}"
    if not row.seeds:
        return f"{name} not missed"
    left = f"  not missed from {row.missed.count(None)} of {len(row.missed)} bases" if not row.holds else ""
    return f"{name} {statistics.median_low(row.seeds):>5} {row.seeds[-1]:>5}  {row.broke}{left}"


def markdown(rows: Sequence[AblationRow], bases: Sequence[int], most: int) -> str:
    """Return the section of the page."""
    today = datetime.date.today().isoformat()
    about = ABOUT.format(most=most, bases=len(bases))
    lines = [
        HEADING,
        "",
        textwrap.fill(about, 120, break_long_words=False, break_on_hyphens=False),
        "",
        f"Commit {commit()}, {today}, seeds from {', '.join(map(str, bases))}.",
        "",
        "| area | safeguard | what it does | world | median | worst | found as |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        median, worst = (statistics.median_low(row.seeds), row.seeds[-1]) if row.seeds else ("-", "-")
        s = row.safeguard
        world = row.world + (f", {' and '.join(s.on)} on" if s.on else "") + (", few others" if s.without else "")
        shown = str(worst) if row.holds else f"not missed from {row.missed.count(None)}"
        lines.append(f"| {s.area} | {s.name} | {s.protects} | {world} | {median} | {shown} | {row.broke or '-'} |")
    return "\n".join(lines) + "\n"


def judged(name: str, bases: Sequence[int], most: int) -> list[Missed | None]:
    """Play a safeguard, by its name, from each base; for a process of a pool."""
    safeguard, _, run = next(row for row in table() if row[0].name == name)
    return [missed(safeguard, range(first, first + most), run) for first in bases]


def measured(names: Sequence[str], bases: Sequence[int], most: int, jobs: int) -> Iterator[AblationRow]:
    """Yield the rows of some safeguards in the order of the table, each as soon as it and those before are there."""
    of = {safeguard.name: (safeguard, world) for safeguard, world, _ in table()}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for name, found in zip(names, pool.map(judged, names, repeat(bases), repeat(most)), strict=True):
            yield AblationRow(*of[name], found)


def show(name: str, seed: int) -> int:
    """Play one seed without a safeguard and print what is found; return the exit status."""
    safeguard, world, run = next(row for row in table() if row[0].name == name)
    print(f"without {name!r} ({safeguard.area}): {safeguard.protects}")
    with switched_off(safeguard):
        if world in WORKLOAD_OF:
            workload = WORKLOAD_OF[world]
            played = Simulation(seed, make=WORKLOADS[workload], on=safeguard.on, off=safeguard.without).run()
            text = told(played, workload, whole=False)
            print(text.replace(again(seed, workload), f'make sim SEED={seed} ABLATE="{name}"'))
        else:
            print("\n".join(map(str, run(seed))) or f"seed {seed}: no violation")
    kept = run(seed)
    print(f"with it: {len(kept)} violations")
    return 1 if kept else 0


def write(section: str) -> None:
    """Put the section in the page, in the place of the one that is there."""
    text = PAGE.read_text() if PAGE.exists() else "# Proof\n"
    before, found, rest = text.partition(HEADING + "\n")
    after = re.split(r"^(?=## )", rest, maxsplit=1, flags=re.MULTILINE)[1:] if found else []
    PAGE.write_text(before.rstrip() + "\n\n" + section + ("\n" + after[0] if after else ""))


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(prog="lab.ablations", description="Switch each safeguard off in turn.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"seeds per safeguard and base (default {SEEDS:,})")
    parser.add_argument("--first", type=int, default=seeds.base(), help="the first of them (default: by the commit)")
    parser.add_argument("--bases", type=int, default=BASES, help=f"from how many bases (default {BASES})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: a core each)")
    parser.add_argument("--only", action="append", help="a safeguard by its name; may be given again")
    parser.add_argument("--show", help="a safeguard by its name: play the first seed without it, and tell")
    parser.add_argument("--write", action="store_true", help="write the table into docs/proof/how.md")
    asked = parser.parse_args(argv)
    if not 1 <= asked.seeds <= 1_000_000 or asked.first < 0:
        parser.error(f"--seeds is {asked.seeds}, allowed are 1 to 1,000,000; --first {asked.first}, allowed from 0")
    if not 1 <= asked.bases <= 100 or not 1 <= asked.jobs <= 256:
        parser.error(f"--bases is {asked.bases}, allowed are 1 to 100; --jobs {asked.jobs}, allowed are 1 to 256")
    known = [safeguard.name for safeguard, _, _ in table()]
    for name in (*(asked.only or ()), *([asked.show] if asked.show else [])):
        if name not in known:
            parser.error(f"no safeguard is called {name!r}; there are: {', '.join(known)}")
    if asked.show:
        return show(asked.show, asked.first)
    if asked.write and asked.only:
        parser.error("--write is for the whole table, not with --only")
    bases = seeds.bases(asked.bases, asked.first)
    rows = []
    for row in measured([n for n in known if not asked.only or n in asked.only], bases, asked.seeds, asked.jobs):
        rows.append(row)
        print(line(row), flush=True)
    if asked.write:
        write(markdown(rows, bases, asked.seeds))
    left = [row.safeguard.name for row in rows if not row.holds]
    print(
        f"{len(rows) - len(left)} of {len(rows)} safeguards are missed" + (f"; not: {', '.join(left)}" if left else "")
    )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
