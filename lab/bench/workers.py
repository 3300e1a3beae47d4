"""What a second worker adds: one process against `--workers 2`, the same load on both, CPU time of each command.

    python -m lab.bench.workers [--kafka HOST:PORT] [--rate 1500] [--pairs 3]

Where generator, broker and two workers share two cores, commands a second say how the cores are shared and nothing of
the server. CPU time a command does: with a core for each worker, the busier one is the limit. Open loop at a rate that
both stand, runs alternate, medians are shown. Owns the two set-ups; the load is `lab.bench.generator`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from huntserver.auth import Tokens, load_key
from huntserver.load.machine import listener
from huntserver.load.own_server import LIMITS, SHARDS
from huntserver.load.server_process import NotServing, ServerProcess
from lab.bench.processes import OTHER_CORE, generate, used
from lab.bench.rows import Rows
from lab.hunts import campaign_hunt
from lab.machines.brokers import brokers
from lab.machines.cluster import uneven, view
from lab.machines.servers import LocalServer

HUNTS: Final = 16
SHARED_S: Final = 120.0
COINS: Final = 100_000


class WorkerCost(NamedTuple):
    """CPU time of one command, in us: of all server processes, of the busiest of them, of the broker (0: not here)."""

    all_us: float
    busiest_us: float
    broker_us: float

    @classmethod
    def of(cls, before: dict[str, float], after: dict[str, float], commands: int) -> WorkerCost:
        """Sum up what processes used between two looks, in s by name."""
        took = {name: 1e6 * (after[name] - before[name]) / commands for name in before}
        broker_us = took.pop("broker", 0.0)
        return cls(sum(took.values()), max(took.values()), broker_us)


def scaling(one: WorkerCost, two: WorkerCost) -> float:
    """Return how many times the commands of one process two workers do, each with a core of its own."""
    return one.all_us / two.busiest_us


@contextmanager
def workers(count: int, kafka: str, folder: Path) -> Iterator[LocalServer]:
    """Run one process, or several workers once each has its share of the shards. Raises `NotServing`."""
    told = []
    for number in range(HUNTS):
        path = folder / f"campaign{number}.toml"
        path.write_text(campaign_hunt(COINS))
        told += ["--hunt", str(path)]
    told += [part for limit in LIMITS for part in ("--limit", limit)]
    (folder / "config.toml").write_text(
        f'[log]\nurl = "kafka:{kafka}"\nhunt_shards = {SHARDS}\nplayer_shards = {SHARDS}\nreplication = 1\n'
        f'topic_prefix = "bench-{time.time_ns():x}"\n'
    )
    more = ("--workers", str(count)) if count > 1 else ()
    server = LocalServer(folder, "--config", "config.toml", "--data", str(folder), *more, *told)
    server.launch()
    try:
        server.until_ready(SHARED_S)
        if count > 1:
            _until_shared(server, count, folder)
        yield server
    finally:
        server.stop()


def _until_shared(server: LocalServer, count: int, folder: Path) -> None:
    """Wait until each worker serves its share, as the first one knows: it answers on the port after the shared one."""
    deadline, first = time.monotonic() + SHARED_S, ServerProcess(folder, port=server.port + 1)
    while True:
        tokens = Tokens(load_key(folder / "token.key", make=False))
        seen = view(first, tokens.mint("admin", "operator", "Operator"))
        shards = seen.get("shards", [])
        moved = bool(shards) and all(row["owner"] == row["given"] != "" for row in shards)
        if moved and len(seen["members"]) == count and not uneven(seen):
            return
        if time.monotonic() > deadline:
            raise NotServing(f"the workers have not shared the shards in {SHARED_S:.0f} s:\n{server.tail()}")
        time.sleep(0.1)


def _looking(server: LocalServer, kafka: str) -> Callable[[], dict[str, float]]:
    """Return what tells the CPU time of each server process and of the broker, if it runs here."""
    pids = {f"server {pid}": pid for pid in _processes(server.pid)}
    if broker := listener(int(kafka.rpartition(":")[2])):
        pids["broker"] = broker
    return lambda: {name: used(pid).cpu_s for name, pid in pids.items()}


def _processes(pid: int) -> list[int]:
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def cost(count: int, kafka: str, asked: argparse.Namespace, tag: str) -> WorkerCost:
    """Run the load against one process or several workers."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, workers(count, kafka, Path(name)) as server:
        arguments: list[Any] = ["--port", server.port, "--key-file", f"{name}/token.key", "--players", asked.players]
        arguments += ["--hunts", HUNTS, "--rate", asked.rate, "--seconds", asked.seconds, "--tag", tag]
        result = generate(server.pid, *map(str, arguments), look=_looking(server, kafka))
        if result["errors"]:
            print(f"  {result['errors']} errors", flush=True)
        before, after = result["looks"]
        return WorkerCost.of(before, after, result["replies"])


def measure(rows: Rows, kafka: str, asked: argparse.Namespace) -> None:
    """Run pairs, one process and two workers by turns, and add the rows."""
    costs: dict[int, list[WorkerCost]] = {1: [], 2: []}
    for pair in range(asked.pairs):
        for count in (1, 2) if pair % 2 == 0 else (2, 1):
            costs[count].append(cost(count, kafka, asked, f"{pair}-{count}-"))
    one, two = (WorkerCost(*map(statistics.median, zip(*costs[n], strict=True))) for n in (1, 2))
    rows.add("workers_1_cpu_us", one.all_us, "us/command")
    rows.add("workers_2_cpu_us", two.all_us, "us/command", "workers_1_cpu_us")
    rows.add("workers_2_busier_cpu_us", two.busiest_us, "us/command", "workers_1_cpu_us")
    rows.add("workers_1_broker_cpu_us", one.broker_us, "us/command")
    rows.add("workers_2_broker_cpu_us", two.broker_us, "us/command", "workers_1_broker_cpu_us")
    rows.add("workers_2_scaling", scaling(one, two), "times")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", default="", help="HOST:PORT of a broker that is there (default: one of its own)")
    parser.add_argument("--players", type=int, default=400)
    parser.add_argument("--rate", type=int, default=1500, help="commands/s: what both stand on this machine")
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    with nullcontext() if asked.kafka else brokers(core=OTHER_CORE) as own:
        measure(Rows(), own.address if own else asked.kafka, asked)


if __name__ == "__main__":
    main()
