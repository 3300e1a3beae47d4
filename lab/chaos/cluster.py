"""The fault campaign on a cluster: real nodes on a real broker, hurt while players play through a gateway; the verdict.

    python -m lab.chaos.cluster --faults 30 --seed 7
    python -m lab.chaos.cluster --kinds kill,pause-long --log kafka:127.0.0.1:9092

Bounded in faults and time, on this machine alone. Prints how long the hunts of a hurt node waited, by kind of fault.
Appends a row to `lab/ledger.json`; exit status 1 on a violation.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import uvloop

from huntserver.load.server_process import NotServing
from lab.chaos.campaign import FAULTS_MAX, LAST_ANSWERS_S, OUT, OVERLAP
from lab.chaos.cluster_faults import CLUSTER_MENU, ClusterFault
from lab.chaos.cluster_world import ClusterSetup, ClusterWorld, cluster_world
from lab.chaos.verdict import Judged, judge, told
from lab.chaos.waits import SentCommand, Waits, longest, of
from lab.ledger import append_row

TENURES: Final = 3
"""A shard may see so many a fault (I10)."""


class ClusterResult(NamedTuple):
    """A campaign's end. `waits`: by kind of fault, the longest wait of each hunt that it hurt."""

    violations: list[str]
    faults: dict[str, int]
    commands: int
    judged: Judged
    waits: Mapping[str, Waits]


async def strike(world: ClusterWorld, menu: Mapping[str, ClusterFault], asked: argparse.Namespace) -> None:
    """Inject faults one after the other, each kind once in random order, then by weight."""
    kinds, until = list(menu), time.monotonic() + asked.seconds
    todo = world.rng.sample(kinds, len(kinds))
    todo += world.rng.choices(kinds, [menu[kind].weight for kind in kinds], k=max(0, asked.faults - len(todo)))
    within_s = 0.0
    for number, kind in enumerate(todo[: asked.faults], 1):
        if time.monotonic() > until:
            print(f"the time is over after {number - 1} of {asked.faults} faults", flush=True)
            break
        await asyncio.sleep(0.1 + world.rng.random() * asked.gap_s)
        healed_ns = await menu[kind].strike(world)
        within_s = max(within_s, menu[kind].within_s * asked.patience)
        last = number == min(asked.faults, len(todo)) or time.monotonic() > until
        if not last and world.rng.random() < asked.overlap:
            continue
        took_s = await world.answers(healed_ns, within_s, kind)
        within_s = 0.0
        print(f"{number:4d} faults, {world.crowd.commands():8,d} commands; {kind}: answers {took_s:.2f} s after it",
              flush=True)  # fmt: skip


async def campaign(setup: ClusterSetup, menu: Mapping[str, ClusterFault], asked: argparse.Namespace) -> ClusterResult:
    """Run one campaign."""
    loop, running = asyncio.get_running_loop(), asyncio.current_task()
    assert running is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    async with cluster_world(setup) as world:
        world.patience = asked.patience
        await world.make()
        try:
            await strike(world, menu, asked)
            await asyncio.sleep(1.0)
        except NotServing as why:
            world.violation("I10", str(why))
        stuck = await world.crowd.finish(LAST_ANSWERS_S)
        if stuck:
            keys = [(player.by, *player.open) for player in stuck[:3]]
            world.violation("I10", f"{len(stuck)} players without an answer {LAST_ANSWERS_S:.0f} s later: {keys}")
        for name in [*world.running(), "gate"]:
            await world.ended(name)
        judged = await judge(world.cluster.config(), world.crowd)
        most = TENURES * world.counts.total() + 1
        if judged.tenures_most > most:
            world.violation("I10", f"a shard saw {judged.tenures_most} tenures for {world.counts.total()} faults")
        if not judged.states:
            world.violation("I5", "no state could be compared: the last drain left no snapshot")
        violations = [*world.wrong, *judged.violations]
        if violations or asked.keep:
            OUT.mkdir(parents=True, exist_ok=True)
            for path in world.folder.glob("*.log"):
                shutil.copy(path, OUT)
            print(f"what the nodes printed: {OUT}")
        sent = (SentCommand(player.hunt, one.sent_ns, one.answered_ns) for player, one in world.crowd.asked())
        waits = {kind: of(values) for kind, values in longest(sent, world.windows).items()}
        return ClusterResult(violations, dict(sorted(world.counts.items())), world.crowd.commands(), judged, waits)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", default="", help="kafka:HOST:PORT of brokers that are there (default: one of its own)")
    parser.add_argument("--faults", type=int, default=30, help=f"1 to {FAULTS_MAX}")
    parser.add_argument("--kinds", default="", help=f"comma-separated, of: {', '.join(CLUSTER_MENU)} (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=3, help="that serve hunts and players, 2 to 4; a gateway besides")
    parser.add_argument("--players", type=int, default=64, help="at a time, 16 to 2000")
    parser.add_argument("--rate", type=float, default=600.0, help="commands/s asked of all players, 10 to 20000")
    parser.add_argument("--outstanding", type=int, default=4, help="commands of a player at a time, 1 to 16")
    parser.add_argument("--gap-s", type=float, default=0.8, help="between two faults at most")
    parser.add_argument("--seconds", type=float, default=150.0, help="fault injection ends after this, 1 to 3600")
    parser.add_argument(
        "--patience", type=float, default=1.0, help="of I10, on a machine that does other work: 1 to 20"
    )
    parser.add_argument(
        "--overlap", type=float, default=OVERLAP, help="share of faults that the next one follows at once"
    )
    parser.add_argument("--standby", action="store_true", help="nodes with [cluster] standby = true")
    parser.add_argument("--keep", action="store_true", help="what the nodes printed, also without a violation")
    parser.add_argument("--note", default="", help="for the ledger")
    parser.add_argument("--no-ledger", action="store_true")
    asked = parser.parse_args(words)
    for name, low, high in (
        ("faults", 1, FAULTS_MAX), ("nodes", 2, 4), ("players", 16, 2000), ("rate", 10, 20_000),
        ("outstanding", 1, 16), ("gap_s", 0, 60), ("seconds", 1, 3600), ("patience", 1, 20), ("overlap", 0, 1),
    ):  # fmt: skip
        if not low <= getattr(asked, name) <= high:
            parser.error(f"--{name.replace('_', '-')} is {getattr(asked, name)}, allowed is {low} to {high}")
    asked.kinds = [kind for kind in asked.kinds.split(",") if kind] or list(CLUSTER_MENU)
    for kind in asked.kinds:
        if kind not in CLUSTER_MENU:
            parser.error(f"--kinds names {kind!r}, allowed are {', '.join(CLUSTER_MENU)}")
    if asked.log and not asked.log.startswith("kafka:"):
        parser.error(f"--log is {asked.log!r}, allowed is kafka:HOST:PORT")
    return asked


def main() -> None:
    """Run from the command line."""
    asked = parsed(sys.argv[1:])
    menu = {kind: CLUSTER_MENU[kind] for kind in asked.kinds}
    setup = ClusterSetup(
        asked.log or 1, asked.seed, asked.nodes, asked.players, asked.rate, asked.outstanding, asked.standby
    )
    began = time.monotonic()
    try:
        result = uvloop.run(campaign(setup, menu, asked))
    except asyncio.CancelledError:
        sys.exit("ended before its time; no verdict, no row in the ledger")
    waits = report(result, menu, time.monotonic() - began)
    if not asked.no_ledger:
        append_row(
            "chaos cluster", result.commands, result.faults, len(result.violations),
            "python -m lab.chaos.cluster " + " ".join(sys.argv[1:]), note="; ".join(filter(None, [asked.note, waits])),
        )  # fmt: skip
    sys.exit(1 if result.violations else 0)


def report(result: ClusterResult, menu: Mapping[str, ClusterFault], took_s: float) -> str:
    """Print what was done and found; return the waits in one line."""
    faults = ", ".join(f"{count} {kind}" for kind, count in result.faults.items())
    print(f"{sum(result.faults.values())} faults ({faults}), {took_s:.0f} s in all")
    print("longest wait of each hunt whose node was hurt, in s:")
    for kind, waits in sorted(result.waits.items()):
        goal = menu[kind].goal_s if kind in menu else 0.0
        met = "" if not goal else f"  goal {goal:g} at p99: {'met' if waits.p99_s <= goal else 'missed'}"
        print(
            f"  {kind:16} p50 {waits.p50_s:6.3f}  p99 {waits.p99_s:6.3f}  max {waits.max_s:6.3f}  of {waits.hunts}{met}"
        )
    print(told(result.commands, result.judged, result.violations))
    return "waits p50/p99: " + ", ".join(
        f"{kind} {waits.p50_s:.2f}/{waits.p99_s:.2f} s" for kind, waits in sorted(result.waits.items())
    )


if __name__ == "__main__":
    main()
