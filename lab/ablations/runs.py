"""Every safeguard switched off in turn: how many seeds until it is missed, and by which broken promise.

    python -m lab.ablations
    python -m lab.ablations --only nonce --only redaction
    python -m lab.ablations --write
    python -m lab.ablations --show nonce --first 77

Exit status 1 when a safeguard is not missed within the seeds. `--write` puts the table into `docs/proof/how.md`.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from lab import ROOT
from lab.ablations import gateway_safeguards, session_safeguards
from lab.ablations import table as safeguards
from lab.ablations.safeguard import AREAS, Safeguard
from lab.ablations.table import NOT_BUILT, Missed, Run, missed, switched_off, whole_nodes
from lab.checkout import commit
from lab.sim import gateway_world, seeds
from lab.sim.runs import WORKLOADS, again, told
from lab.sim.simulation import Simulation

SEEDS: Final = 1_000
PAGE: Final = ROOT / "docs" / "proof" / "how.md"
HEADING: Final = "## Ablations"
WORKLOAD_OF: Final = {"nodes": "toy", "sessions": "session"}
"""What is played on the simulated nodes of these worlds."""

ABOUT: Final = """\
A safeguard whose removal nobody notices is not tested. Each one below is taken out of the running code (by
`lab/ablations/safeguard.py`; the code itself has no switch), and seeds are played until the checker finds a promise
broken that the same seed keeps with the safeguard in place. `nodes`: the simulation of whole nodes; faults that are
named are in every seed, all others come by chance. `sessions`: the same, with players behind real gateways.
`gateway`: real connections, rooms and rules over sockets in memory
(`lab/sim/gateway_world.py`); BOUND means that more waits than the limits allow. The areas are the nine in
which one planted bug each has to be found. `make ablations` prints this table and fails when a safeguard is not missed
within {most:,} seeds; `make sim SEED=n ABLATE="name"` shows one."""


class AblationRow(NamedTuple):
    """A safeguard, and how it was missed; None: it was not."""

    safeguard: Safeguard
    world: str
    missed: Missed | None


def _on_nodes(world: str, safeguard: Safeguard) -> Run:
    return partial(whole_nodes, on=safeguard.on, make=WORKLOADS[WORKLOAD_OF[world]])


def table() -> Iterator[tuple[Safeguard, str, Run]]:
    """Yield every safeguard with the world that judges it, by area."""
    rows: list[tuple[Safeguard, str, Run]] = [
        *((safeguard, "nodes", _on_nodes("nodes", safeguard)) for safeguard in safeguards.SAFEGUARDS.values()),
        *((safeguard, "gateway", gateway_world.play) for safeguard in gateway_safeguards.SAFEGUARDS.values()),
        *(
            (safeguard, "sessions", _on_nodes("sessions", safeguard))
            for safeguard in session_safeguards.SAFEGUARDS.values()
        ),
    ]
    yield from sorted(rows, key=lambda row: AREAS.index(row[0].area))


def line(row: AblationRow) -> str:
    """Return a row for a terminal."""
    name = f"{row.safeguard.name:28} {row.safeguard.area:26}"
    if row.missed is None:
        return f"{name} not missed"
    return f"{name} {row.missed.seeds:>5}  {row.missed.violation.invariant:6} seed {row.missed.seed}"


def markdown(rows: Sequence[AblationRow], base: int, most: int) -> str:
    """Return the section of the page."""
    today = datetime.date.today().isoformat()
    lines = [
        HEADING,
        "",
        textwrap.fill(ABOUT.format(most=most), 120, break_long_words=False, break_on_hyphens=False),
        "",
        f"Commit {commit()}, {today}, seeds from {base}.",
        "",
        "| area | safeguard | what it does | world | seeds until missed | found as |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        found = ("not missed", "-") if row.missed is None else (str(row.missed.seeds), row.missed.violation.invariant)
        s = row.safeguard
        world = row.world + (f", {' and '.join(s.on)} on" if s.on else "")
        lines.append(f"| {s.area} | {s.name} | {s.protects} | {world} | {found[0]} | {found[1]} |")
    for absent in NOT_BUILT:
        lines.append(f"| {absent.area} | {absent.name} | {absent.protects} | - | {absent.why} | - |")
    return "\n".join(lines) + "\n"


def show(name: str, seed: int) -> int:
    """Play one seed without a safeguard and print what is found; return the exit status."""
    safeguard, world, run = next(row for row in table() if row[0].name == name)
    print(f"without {name!r} ({safeguard.area}): {safeguard.protects}")
    with switched_off(safeguard):
        if world in WORKLOAD_OF:
            workload = WORKLOAD_OF[world]
            text = told(Simulation(seed, make=WORKLOADS[workload], on=safeguard.on).run(), workload, whole=False)
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
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"so many at most for each (default {SEEDS:,})")
    parser.add_argument("--first", type=int, default=seeds.base(), help="the first of them (default: by the commit)")
    parser.add_argument("--only", action="append", help="a safeguard by its name; may be given again")
    parser.add_argument("--show", help="a safeguard by its name: play the first seed without it, and tell")
    parser.add_argument("--write", action="store_true", help="write the table into docs/proof/how.md")
    asked = parser.parse_args(argv)
    if not 1 <= asked.seeds <= 1_000_000 or asked.first < 0:
        parser.error(f"--seeds is {asked.seeds}, allowed are 1 to 1,000,000; --first {asked.first}, allowed from 0")
    known = [safeguard.name for safeguard, _, _ in table()]
    for name in (*(asked.only or ()), *([asked.show] if asked.show else [])):
        if name not in known:
            parser.error(f"no safeguard is called {name!r}; there are: {', '.join(known)}")
    if asked.show:
        return show(asked.show, asked.first)
    if asked.write and asked.only:
        parser.error("--write is for the whole table, not with --only")
    rows = []
    for safeguard, world, run in table():
        if asked.only and safeguard.name not in asked.only:
            continue
        rows.append(
            AblationRow(safeguard, world, missed(safeguard, range(asked.first, asked.first + asked.seeds), run))
        )
        print(line(rows[-1]), flush=True)
    for absent in () if asked.only else NOT_BUILT:
        print(f"{absent.name:28} {absent.area:26} {absent.why}")
    if asked.write:
        write(markdown(rows, asked.first, asked.seeds))
    left = [row.safeguard.name for row in rows if row.missed is None]
    print(
        f"{len(rows) - len(left)} of {len(rows)} safeguards are missed" + (f"; not: {', '.join(left)}" if left else "")
    )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
