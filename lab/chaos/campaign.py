"""The fault campaign: real servers on a real log, faults of every kind while players play, then the verdict.

    python -m lab.chaos --log kafka --faults 30 --seed 7
    python -m lab.chaos --log sqlite --kinds kill,power --faults 50

Bounded in faults and time, on this machine alone. Appends a row to `lab/ledger.json`; exit status 1 on a violation.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import uvloop

from huntserver.load.server_process import NotServing
from lab import ROOT
from lab.chaos.faults import MENU, Injection
from lab.chaos.verdict import Judged, judge, told
from lab.chaos.world import Setup, World, world
from lab.ledger import append_row
from lab.machines import disk as disks
from lab.machines import network

OUT: Final = ROOT / "lab" / "out" / "chaos"
OVERLAP: Final = 0.25
"""Share of faults that are followed by the next before everything answers again."""

FAULTS_MAX: Final = 1000
LAST_ANSWERS_S: Final = 30.0
CLOCKS_APART_S: Final = 6.0
"""What two clocks may be apart, and a step that is none."""


class Result(NamedTuple):
    """A campaign's end."""

    violations: list[str]
    faults: Counter[str]
    commands: int
    judged: Judged
    world: World


def possible(log: str, wanted: Sequence[str]) -> tuple[dict[str, Injection], list[str]]:
    """Return the faults that can be done with this log on this machine, and for the others why not."""
    scheme = log.partition(":")[0]
    have = {"", scheme, "clock"}
    if wanted and all(MENU[kind].needs == "stderr" for kind in wanted):
        have.add("stderr")
    why: dict[str, str] = {"kafka": "only on Kafka", "sqlite": "only on SQLite"}
    why["stderr"] = "in a campaign of its own, in which the server writes a line for every command"
    if log == "kafka":
        have.add("brokers")
    why["brokers"] = "only on brokers of the campaign's own (--log kafka)"
    why["links"] = network.missing() if scheme == "kafka" else "only on Kafka: an SQLite log has no link"
    for needs, kind in (("disk", "tmpfs"), ("ext4", "ext4")):
        why[needs] = disks.missing(kind) if scheme == "sqlite" else "only on SQLite"
    have |= {needs for needs in ("links", "disk", "ext4") if not why[needs]}
    can = {kind: MENU[kind] for kind in wanted if MENU[kind].needs in have}
    return can, [f"{kind}: {why[MENU[kind].needs]}" for kind in wanted if kind not in can]


async def strike(
    made: World, menu: dict[str, Injection], faults: int, *, gap_s: float, until: float, patience: float
) -> None:
    """Inject faults one after the other, and note the longest time to answer after each kind."""
    kinds, weights = list(menu), [fault.weight for fault in menu.values()]
    # every kind once, in random order, then by weight
    todo = made.rng.sample(kinds, len(kinds))
    todo += made.rng.choices(kinds, weights, k=max(0, faults - len(todo)))
    within_s = 0.0
    for number, kind in enumerate(todo[:faults]):
        if time.monotonic() > until:
            print(f"the time is over after {number} of {faults} faults", flush=True)
            break
        await asyncio.sleep(0.1 + made.rng.random() * gap_s)
        fault = menu[kind]
        await made.runs()
        healed_ns = await fault.strike(made)
        made.counts[kind] += 1
        within_s = max(within_s, fault.within_s * patience)
        last = number == min(faults, len(todo)) - 1 or time.monotonic() > until
        if not last and made.rng.random() < OVERLAP:
            continue
        took_s = await made.answers(healed_ns, within_s, kind)
        made.longest_s[kind] = max(made.longest_s.get(kind, 0.0), took_s)
        within_s = 0.0
        print(
            f"{sum(made.counts.values()):4d} faults, {made.crowd.commands():8,d} commands; {kind}: "
            f"everything answers {took_s:.1f} s after it",
            flush=True,
        )


async def campaign(setup: Setup, menu: dict[str, Injection], arguments: argparse.Namespace) -> Result:
    """Run one campaign."""
    loop, running = asyncio.get_running_loop(), asyncio.current_task()
    assert running is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)  # what was started and mounted is cleared away all the same
    async with world(setup) as made:
        made.patience = arguments.patience
        await made.make()
        began = time.monotonic()
        try:
            await strike(
                made, menu, arguments.faults,
                gap_s=arguments.gap_s, until=began + arguments.seconds, patience=arguments.patience,
            )  # fmt: skip
            await asyncio.sleep(1.0)
        except NotServing as why:
            made.violation("I10", str(why))
        played_s = time.monotonic() - began
        stuck = await made.crowd.finish(LAST_ANSWERS_S)
        if stuck:
            keys = [(player.by, *player.open) for player in stuck[:3]]
            text = f"{len(stuck)} players without an answer {LAST_ANSWERS_S:.0f} s after the last fault: {keys}"
            made.violation("I10", text)
        print(f"{made.crowd.commands() / played_s:,.0f} commands/s; draining and judging", flush=True)
        await made.end(made.active, gently=True)
        await made.end(made.spare, gently=False)
        if made.brokers is not None:
            await asyncio.to_thread(made.brokers.start)
        judged = await judge(made.config, made.crowd)
        most = 3 * sum(made.counts.values()) + 1 + made.starts_tried_again + made.started_by_hand
        if judged.tenures_most > most:
            made.violation("I10", f"a shard saw {judged.tenures_most} tenures for {sum(made.counts.values())} faults")
        ahead_s = judged.latest_ms / 1000 - time.time()
        if ahead_s > CLOCKS_APART_S:
            made.violation("I7", f"a record is {ahead_s:.1f} s ahead of now")
        if not judged.states:
            made.violation("I5", "no state could be compared: the last drain left no snapshot")
        violations = [*made.wrong, *judged.violations]
        if violations:
            keep(made)
        return Result(violations, made.counts, made.crowd.commands(), judged, made)


def keep(made: World) -> None:
    """Keep the servers' output after a violation."""
    OUT.mkdir(parents=True, exist_ok=True)
    for path in made.folder.glob("*.log"):
        shutil.copy(path, OUT)
    print(f"what the servers printed: {OUT}")


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", default="kafka", help="kafka (brokers of its own), sqlite, or kafka:HOST:PORT")
    parser.add_argument("--faults", type=int, default=30, help=f"1 to {FAULTS_MAX}")
    parser.add_argument("--kinds", default="", help=f"comma-separated, of: {', '.join(MENU)} (default: all possible)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--players", type=int, default=96, help="at a time, 16 to 2000")
    parser.add_argument("--rate", type=float, default=3000.0, help="commands/s asked of all players, 10 to 20000")
    parser.add_argument("--outstanding", type=int, default=8, help="commands of a player at a time, 1 to 16")
    parser.add_argument("--gap-s", type=float, default=0.8, help="between two faults at most")
    parser.add_argument("--seconds", type=float, default=150.0, help="fault injection ends after this, 1 to 3600")
    parser.add_argument("--disk", choices=("ext4", "tmpfs", "plain"), default="", help="under the SQLite log")
    parser.add_argument(
        "--default-limits", action="store_true", help="late_s, give_up_s and snapshots as users have them: long pauses"
    )
    parser.add_argument("--port", type=int, default=0, help="of the first broker (0: any free)")
    parser.add_argument(
        "--patience", type=float, default=1.0, help="of I10, on a machine that does other work: 1 to 20"
    )
    parser.add_argument("--note", default="", help="for the ledger")
    parser.add_argument("--no-ledger", action="store_true")
    asked = parser.parse_args(words)
    for name, low, high in (
        ("faults", 1, FAULTS_MAX), ("players", 16, 2000), ("rate", 10, 20_000), ("outstanding", 1, 16),
        ("seconds", 1, 3600), ("gap_s", 0, 60), ("port", 0, 65_000), ("patience", 1, 20),
    ):  # fmt: skip
        if not low <= getattr(asked, name) <= high:
            parser.error(f"--{name.replace('_', '-')} is {getattr(asked, name)}, allowed is {low} to {high}")
    asked.kinds = [kind for kind in asked.kinds.split(",") if kind] or list(MENU)
    for kind in asked.kinds:
        if kind not in MENU:
            parser.error(f"--kinds names {kind!r}, allowed are {', '.join(MENU)}")
    if asked.log not in ("kafka", "sqlite") and not asked.log.startswith("kafka:"):
        parser.error(f"--log is {asked.log!r}, allowed are kafka, sqlite and kafka:HOST:PORT")
    return asked


def setup_for(asked: argparse.Namespace, menu: dict[str, Injection]) -> Setup:
    """Choose what the world needs for the faults of the menu."""
    needs = {fault.needs for fault in menu.values()}
    disk = asked.disk if asked.disk != "plain" else ""
    if asked.log == "sqlite" and not asked.disk:
        disk = "ext4" if "ext4" in needs else "tmpfs" if "disk" in needs else ""
    return Setup(
        asked.log, asked.seed, asked.players, asked.rate, asked.outstanding, "links" in needs, disk, asked.port,
        asked.default_limits, "stderr" in needs, "clock" in needs,
    )  # fmt: skip


def main() -> None:
    """Run from the command line."""
    asked = parsed(sys.argv[1:])
    menu, left_out = possible(asked.log, asked.kinds)
    for line in left_out:
        print(f"left out: {line}", flush=True)
    if not menu:
        sys.exit("none of the kinds asked for can be done here")
    setup = setup_for(asked, menu)
    began = time.monotonic()
    try:
        result = uvloop.run(campaign(setup, menu, asked))
    except asyncio.CancelledError:
        sys.exit("ended before its time; no verdict, no row in the ledger")
    report(result, time.monotonic() - began)
    if not asked.no_ledger:
        append_row(
            f"chaos {asked.log.partition(':')[0]}", result.commands, dict(sorted(result.faults.items())),
            len(result.violations), "python -m lab.chaos " + " ".join(sys.argv[1:]), note=asked.note,
        )  # fmt: skip
    sys.exit(1 if result.violations else 0)


def report(result: Result, took_s: float) -> None:
    """Print what was done and found."""
    faults = ", ".join(f"{count} {kind}" for kind, count in sorted(result.faults.items()))
    print(f"{sum(result.faults.values())} faults ({faults}), {took_s:.0f} s in all")
    made = result.world
    print("longest until everything answered: " + ", ".join(f"{k} {s:.1f} s" for k, s in made.longest_s.items()))
    print(
        f"{made.starts_tried_again} starts tried again while the log was away, {made.started_by_hand} servers started "
        f"by hand after a zombie had opened a newer tenure"
    )
    print(told(result.commands, result.judged, result.violations))


if __name__ == "__main__":
    main()
