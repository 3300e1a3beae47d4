"""`python -m lab.bench`: everything in one run, server on one core, generator and broker on the other.

Each durable figure is a ratio to the bare echo measured in the same run under the same circumstances (broker running).
Writes `lab/bench/latest.json`, and the tables of `docs/proof/benchmark.md` and README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from huntserver.load.own_server import CLOSED_LIMITS, LIMITS, SHARDS, echo_server
from lab import ROOT
from lab.bench import growth, hop, large, rules
from lab.bench.batch_latency import mean_ms, scrape
from lab.bench.processes import CORES, OTHER_CORE, SERVER_CORE, generate, process
from lab.bench.rows import Rows
from lab.bench.table import LATEST, PLACES, write_tables
from lab.checkout import commit
from lab.hunts import campaign_hunt
from lab.machines.brokers import brokers
from lab.machines.servers import LocalServer, free_port

HUNTS = 50
PLAYERS = (100, 2000)
RATE = 2000
"""Commands a second of the latency rows; `FAST` those of the fast ones."""
FAST = 20_000
NEWS = 40
"""Of the row with news every so-manieth command is of everybody's concern: 50 a second."""
COINS = 100_000


def _say_if_limited(result: dict[str, Any]) -> None:
    """Say so when the generator had no time left, or the run had errors: the figure is then a lower bound."""
    if result["generator_cpu"] > 0.95:
        print(f"  the generator was the limit ({result['generator_cpu']:.0%} of its core)", flush=True)
    if result["errors"]:
        print(f"  {result['errors']} errors", flush=True)


def echo(rows: Rows, seconds: str, suffix: str = "") -> None:
    """Measure the ceiling at 100 and 2,000 connections."""
    for players in PLAYERS:
        with echo_server() as (port, pid):
            arguments = ("--target", "echo", "--players", str(players), "--seconds", seconds)
            r = generate(pid, "--port", str(port), *arguments)
            rows.add(f"echo_bare{suffix}_{players}", r["per_s"], "1/s")
            rows.add(f"cpu_us_echo{suffix}_{players}", 1e6 * r["server_cpu"] / r["per_s"], "us/message")
            _say_if_limited(r)
    if not suffix:
        rows.add("echo_bare", rows.value("echo_bare_100"), "1/s")


@contextmanager
def our_server(log: str, folder: Path, *, copies: int = 1, more: str = "") -> Iterator[LocalServer]:
    """Run our server with 50 hunts on a fresh log with `copies` replicas, pinned to a core; `more` of configuration."""
    told = []
    for i in range(HUNTS):
        path = folder / f"campaign{i}.toml"
        path.write_text(campaign_hunt(COINS))
        told += ["--hunt", str(path)]
    told += [part for limit in (*LIMITS, *CLOSED_LIMITS) for part in ("--limit", limit)]
    (folder / "config.toml").write_text(
        f'[log]\nurl = "{log}"\nhunt_shards = {SHARDS}\nplayer_shards = {SHARDS}\nreplication = {copies}\n'
        f'topic_prefix = "bench-{time.time_ns():x}"\n{more}'
    )
    on = ("taskset", "-c", SERVER_CORE)
    server = LocalServer(folder, "--config", "config.toml", "--data", str(folder), *told, within=on)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def ours(log: str, *arguments: str, copies: int = 1) -> dict[str, Any]:
    """Run the generator against a fresh server of ours; add how long a batch of hunts took."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        our_server(_log(log, name), Path(name), copies=copies) as server,
    ):
        port = str(server.port)
        to = ("--port", port, "--key-file", f"{name}/token.key")
        result = generate(server.pid, *to, *arguments, look=lambda: scrape(port))
        result["batch_ms"] = mean_ms(*result.pop("looks"))
        _say_if_limited(result)
        return result


def durable(rows: Rows, kind: str, log: str, seconds: str) -> None:
    """Measure durable guesses through the whole server, closed loop: in one hunt, and 2,000 players in 50."""
    suffix = "_kafka" if kind == "kafka" else ""
    for players, hunts in ((100, 1), (2000, 1), (2000, HUNTS)):
        runs = [
            ours(log, "--players", str(players), "--hunts", str(hunts), "--seconds", seconds, "--tag", str(turn))
            for turn in range(2)
        ]
        name = f"{kind}_{players}" + (f"_{hunts}_hunts" if hunts > 1 else "")
        rows.add(f"durable_{name}", statistics.median(r["per_s"] for r in runs), "1/s", f"echo_bare{suffix}_{players}")
        cost = min(1e6 * r["server_cpu"] / r["per_s"] for r in runs)
        rows.add(f"cpu_us_{name}", cost, "us/command", f"cpu_us_echo{suffix}_{players}")
        if kind == "sqlite" and players == 2000 and hunts == 1:
            rows.add("bytes_per_connection", runs[0]["joined_bytes"] / players, "bytes")
            rows.add("join_seconds_2000", runs[0]["connect_s"], "s")


def _places(rows: Rows, name: str, result: dict[str, Any], rate: int, to: str = "") -> None:
    for place in PLACES:
        rows.add(f"latency_{name}_{place}", result[f"{place}_ms"], "ms", f"latency_{to}_{place}" if to else "")
    rows.add(f"cpu_us_latency_{name}", 1e6 * result["server_cpu"] / rate, "us/command")


def _at_rate(log: str, rate: int, hunts: int, seconds: str, *, copies: int = 1, claims: int = 0) -> dict[str, Any]:
    """Run 2,000 players over `hunts` hunts at `rate` commands/s, open loop, against a fresh server of ours; with
    `claims` every so-manieth command is news to all others of its hunt."""
    arguments = ("--players", "2000", "--rate", str(rate), "--seconds", seconds, "--hunts", str(hunts))
    return ours(log, *arguments, "--claims", str(claims), copies=copies)


def _share(rows: Rows, name: str, result: dict[str, Any]) -> None:
    """Add the means of a command and of a batch, and the difference: what is not the log's."""
    rows.add(f"mean_{name}", result["mean_ms"], "ms")
    rows.add(f"mean_batch_{name}", result["batch_ms"], "ms", f"mean_{name}")
    rows.add(f"mean_rest_{name}", result["mean_ms"] - result["batch_ms"], "ms", f"mean_{name}")


def latency_three(rows: Rows, seconds: str) -> None:
    """Measure the latency at 2,000 commands/s in 50 hunts on three brokers, which share the cores with the rest."""
    with brokers(3) as three:
        result = _at_rate(f"kafka:{three.address}", RATE, HUNTS, seconds, copies=3)
    _places(rows, "kafka3_2000", result, RATE)
    _share(rows, "kafka3_2000", result)


def latency(rows: Rows, kind: str, log: str, seconds: str) -> None:
    """Measure latency from the intended time of sending: 2,000 players at 2,000 commands/s, in 50 hunts, in one, and in
    one with news for all; at 20,000 commands/s in 16; beside it the bare echo and the log's own round trip."""
    with echo_server() as (port, pid):
        arguments = ("--players", "2000", "--rate", str(RATE), "--seconds", seconds)
        _places(rows, "echo_2000", generate(pid, "--port", str(port), "--target", "echo", *arguments), RATE)
    if kind == "kafka":
        for place, value in round_trip(log.partition(":")[2]).items():
            rows.add(f"kafka_round_trip_{place}", value, "ms")
    for hunts, suffix, claims in ((HUNTS, "", 0), (1, "_one_hunt", 0), (1, "_news", NEWS)):
        result = _at_rate(log, RATE, hunts, seconds, claims=claims)
        _places(rows, f"{kind}_2000{suffix}", result, RATE, "echo_2000")
        if not suffix:
            _share(rows, f"{kind}_2000", result)
    result = _at_rate(log, FAST, 16, seconds)
    _places(rows, f"{kind}_fast", result, FAST)


def round_trip(kafka: str) -> dict[str, float]:
    """Return places of the time in ms that one batch of one record takes to be acknowledged, one after the other."""
    code = (
        "import asyncio,json,time\nfrom aiokafka import AIOKafkaProducer\nfrom lab.bench.generator import percentiles\n"
        "async def main():\n"
        f" p=AIOKafkaProducer(bootstrap_servers='{kafka}',acks='all',enable_idempotence=True); await p.start()\n"
        " took=[]\n"
        " for _ in range(2000):\n"
        "  began=time.monotonic_ns(); await p.send_and_wait('fastapi-peer',bytes(300),partition=0)\n"
        "  took.append(time.monotonic_ns()-began)\n"
        " await p.stop(); print(json.dumps(percentiles(took)))\n"
        "asyncio.run(main())\n"
    )
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    found: dict[str, float] = json.loads(out.stdout)
    return {place: found[f"{place}_ms"] for place in PLACES}


def peer(rows: Rows, kafka: str, seconds: str) -> None:
    """Measure the FastAPI peer the same way: closed loop, and the latency at 2,000 commands/s."""
    for players, rate in ((100, 0), (2000, 0), (2000, RATE)):
        port = str(free_port())
        command = [sys.executable, "-m", "lab.bench.peers.fastapi_kafka", port, kafka]
        with process(*command, core=SERVER_CORE, wait="listening") as server:
            time.sleep(3)
            arguments = ("--target", "peer", "--players", str(players), "--seconds", seconds, "--rate", str(rate))
            r = generate(server.pid, "--port", port, *arguments, "--hunts", str(HUNTS if rate else 1))
        if rate:
            _places(rows, "peer_fastapi_2000", r, rate)
            continue
        rows.add(f"peer_fastapi_{players}", r["per_s"], "1/s", f"echo_bare_kafka_{players}")
        if f"durable_kafka_{players}" in rows:
            ours_per_s = rows.value(f"durable_kafka_{players}")
            rows.add(f"over_fastapi_{players}", ours_per_s, "1/s", f"peer_fastapi_{players}")


def replay(rows: Rows, seconds: str) -> None:
    """Fold the log that a run made, from zero, with the real rules."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        with our_server(_log("sqlite", name), Path(name)) as s:
            arguments = ("--port", str(s.port), "--key-file", f"{name}/token.key", "--players", "500", "--hunts", "50")
            generate(s.pid, *arguments, "--seconds", seconds)
        code = (
            "import asyncio,time\nfrom huntserver.logs import *\nfrom huntserver.cli.offline import fold\n"
            "from huntserver.config import *\n"
            f"c=Config(log=LogChoice(url='sqlite:{name}/hunts.db',hunt_shards=16,player_shards=16))\n"
            "async def main():\n log,s=open_log(c,read_only=True); await log.open()\n"
            " t=time.perf_counter(); f=await fold(log,s,kinds(c)); print(f.records/(time.perf_counter()-t))\n"
            "import gc; gc.disable(); asyncio.run(main())\n"
        )
        out = subprocess.run(
            ["taskset", "-c", SERVER_CORE, sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        rows.add("replay_events", float(out.stdout), "records/s")


def fsync_ms(folder: Path) -> float:
    """Return the median time of a 4 KiB append with fdatasync."""
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(200):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def _log(log: str, folder: str) -> str:
    return f"sqlite:{folder}/hunts.db" if log == "sqlite" else log


async def _topic(kafka: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic("fastapi-peer", 16, 1)])
    await admin.close()


def on_kafka(rows: Rows, wanted: Sequence[str], address: str, seconds: str) -> None:
    """Measure what is wanted of the rows for which one broker runs."""
    asyncio.run(_topic(address))
    echo(rows, seconds, "_kafka")
    if "kafka" in wanted:
        durable(rows, "kafka", f"kafka:{address}", seconds)
    if "large" in wanted:
        large.durable(rows, f"kafka:{address}", seconds)
    if "latency" in wanted:
        latency(rows, "kafka", f"kafka:{address}", "10")
    if "peer" in wanted:
        peer(rows, address, seconds)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="echo,sqlite,replay,hop,large,kafka,latency,peer,three")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--kafka", default="")
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that brokers and servers end with it
    wanted, rows = arguments.only.split(","), Rows()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        rows.add("fsync_ms", fsync_ms(Path(name)), "ms")
    if "echo" in wanted:
        echo(rows, arguments.seconds)
    if "sqlite" in wanted:
        durable(rows, "sqlite", "sqlite", arguments.seconds)
    if "replay" in wanted:
        replay(rows, arguments.seconds)
    if "hop" in wanted:
        hop.measure(rows)
    if "growth" in wanted:
        growth.ends(rows, arguments.seconds)
        rules.measure(rows)
    if "large" in wanted:
        large.snapshots(rows, arguments.seconds)
        large.joins(rows)
        large.restarts(rows)
    if {"kafka", "large", "latency", "peer"} & set(wanted):
        with nullcontext() if arguments.kafka else brokers(core=OTHER_CORE) as own:
            on_kafka(rows, wanted, own.address if own else arguments.kafka, arguments.seconds)
    if "three" in wanted:
        latency_three(rows, "10")
    if not arguments.no_write:
        _write(rows)


def _write(rows: Rows) -> None:
    model = next((x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), "?: ?")
    latest = {
        "machine": f"{model.split(': ')[1]}, {len(CORES)} cores, Python {platform.python_version()}",
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "rows": rows.rows,
    }
    LATEST.write_text(json.dumps(latest, indent=1) + "\n")
    write_tables()


if __name__ == "__main__":
    main()
