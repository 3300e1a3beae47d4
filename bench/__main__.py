"""`python -m bench`: everything in one run, server on one core, generator and broker on the other.

Each durable figure is a ratio to the bare echo measured in the same run under the same circumstances (broker running).
Writes `bench/latest.json` and the table in README.md.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.table import write_table
from campaigns.definition import campaign_hunt
from campaigns.process import free_port

ROOT = Path(__file__).parent.parent
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, OTHER_CORE = str(CORES[0]), str(CORES[-1])
HUNTS = 50


class Rows:
    """The results: name, value, unit, and what it is a ratio to."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, value: float, unit: str, to: str = "") -> None:
        """Add a row and print it."""
        row: dict[str, Any] = {"name": name, "value": round(value, 3), "unit": unit, "ratio_to": to, "ratio": None}
        if to:
            row["ratio"] = round(value / self.value(to), 3)
        self.rows.append(row)
        ratio = f"{row['ratio']:.2f} of {to}" if to else ""
        print(f"{name:34} {value:>14,.2f} {unit:12} {ratio}", flush=True)

    def value(self, name: str) -> float:
        """Return a row's value."""
        return float(next(r["value"] for r in self.rows if r["name"] == name))


@contextmanager
def process(*command: str, core: str, wait: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a process on a core; wait for a line that begins with `wait`."""
    started = subprocess.Popen(
        ["taskset", "-c", core, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        assert started.stdout is not None
        if wait:
            for line in started.stdout:
                if line.startswith(wait):
                    break
            else:
                raise RuntimeError(f"{' '.join(command)} ended before it said {wait!r}")
        yield started
    finally:
        started.send_signal(signal.SIGKILL)
        started.wait()


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def generate(pid: int, *arguments: str) -> dict[str, Any]:
    """Run the generator against a server; add the server's CPU and memory."""
    command = ["taskset", "-c", OTHER_CORE, sys.executable, "-m", "bench.generator", *arguments]
    before_rss = rss(pid)
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert started.stdout is not None
    ready = started.stdout.readline()
    if not ready:
        raise RuntimeError("the generator did not get ready")
    joined_rss = rss(pid)
    time.sleep(1.0)
    cpu, began = cpu_s(pid), time.monotonic()
    last = started.stdout.readline()
    took = time.monotonic() - began
    started.wait()
    result: dict[str, Any] = json.loads(last)
    result["server_cpu"] = (cpu_s(pid) - cpu) / took
    result["joined_bytes"] = joined_rss - before_rss
    return result


def _say_if_limited(result: dict[str, Any]) -> None:
    """Say so when the generator had no time left, or the run had errors: the figure is then a lower bound."""
    if result["generator_cpu"] > 0.95:
        print(f"  the generator was the limit ({result['generator_cpu']:.0%} of its core)", flush=True)
    if result["errors"]:
        print(f"  {result['errors']} errors", flush=True)


def echo(rows: Rows, seconds: str, suffix: str = "") -> None:
    """Measure the ceiling at 100 and 2,000 connections."""
    for players in (100, 2000):
        with process(sys.executable, "bench/echo_bare.py", "--port", "0", core=SERVER_CORE) as server:
            assert server.stdout is not None
            port = server.stdout.readline().split()[1]
            r = generate(
                server.pid, "--port", port, "--target", "echo", "--players", str(players), "--seconds", seconds
            )
            rows.add(f"echo_bare{suffix}_{players}", r["per_s"], "1/s")
            rows.add(f"cpu_us_echo{suffix}_{players}", 1e6 * r["server_cpu"] / r["per_s"], "us/message")
            _say_if_limited(r)
    if not suffix:
        rows.add("echo_bare", rows.value("echo_bare_100"), "1/s")


@contextmanager
def our_server(log: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run our server with 50 hunts on a fresh log."""
    hunts = []
    for i in range(HUNTS):
        path = folder / f"campaign{i}.toml"
        path.write_text(campaign_hunt())
        hunts += ["--hunt", str(path)]
    limits = [x for name in ("commands_per_s=1e9", "commands_burst=1e9") for x in ("--limit", name)]
    config = folder / "config.toml"
    config.write_text(
        f'[log]\nurl = "{log}"\nhunt_shards = 16\nplayer_shards = 16\ntopic_prefix = "bench-{time.time_ns():x}"\n'
    )
    port = str(free_port())
    command = [sys.executable, "-m", "huntserver", "serve", "--config", str(config), "--data", str(folder)]
    with process(*command, "--port", port, *hunts, *limits, core=SERVER_CORE, wait="Serving") as server:
        yield server, port


def durable(rows: Rows, kind: str, log: str, seconds: str) -> None:
    """Measure durable guesses through the whole server, closed loop, and at a fixed rate."""
    for players in (100, 2000):
        values: list[float] = []
        for turn in range(2):
            with (
                tempfile.TemporaryDirectory(prefix="bench-") as name,
                our_server(_log(log, name), Path(name)) as (s, port),
            ):
                arguments = ("--port", port, "--key-file", f"{name}/token.key", "--players", str(players))
                r = generate(s.pid, *arguments, "--seconds", seconds, "--tag", f"{turn}")
                values.append(r["per_s"])
                _say_if_limited(r)
        suffix = "_kafka" if kind == "kafka" else ""
        rows.add(f"durable_{kind}_{players}", statistics.median(values), "1/s", f"echo_bare{suffix}_{players}")
        rows.add(
            f"cpu_us_{kind}_{players}",
            1e6 * r["server_cpu"] / r["per_s"],
            "us/command",
            f"cpu_us_echo{suffix}_{players}",
        )
        if kind == "sqlite" and players == 2000:
            rows.add("bytes_per_connection", r["joined_bytes"] / players, "bytes")
            rows.add("join_seconds_2000", r["connect_s"], "s")


def latency(rows: Rows, kind: str, log: str, seconds: str) -> None:
    """Measure latency at 2,000 commands/s of 2,000 players in 50 hunts and in one."""
    for hunts, suffix in ((50, ""), (1, "_one_hunt")):
        with tempfile.TemporaryDirectory(prefix="bench-") as name, our_server(_log(log, name), Path(name)) as (s, port):
            arguments = ("--port", port, "--key-file", f"{name}/token.key", "--players", "2000", "--rate", "2000")
            r = generate(s.pid, *arguments, "--seconds", seconds, "--hunts", str(hunts))
            for place in ("p50", "p99", "p999"):
                rows.add(f"latency_{kind}_2000{suffix}_{place}", r[f"{place}_ms"], "ms")
            rows.add(f"cpu_us_latency_{kind}{suffix}", 1e6 * r["server_cpu"] / 2000, "us/command")


def peer(rows: Rows, kafka: str, seconds: str) -> None:
    """Measure the FastAPI peer the same way."""
    for players in (100, 2000):
        port = str(free_port())
        command = [sys.executable, "-m", "bench.peers.fastapi_kafka", port, kafka]
        with process(*command, core=SERVER_CORE, wait="listening") as server:
            time.sleep(3)
            r = generate(
                server.pid, "--port", port, "--target", "peer", "--players", str(players), "--seconds", seconds
            )
            rows.add(f"peer_fastapi_{players}", r["per_s"], "1/s", f"echo_bare_kafka_{players}")
            rows.add(
                f"over_fastapi_{players}", rows.value(f"durable_kafka_{players}"), "1/s", f"peer_fastapi_{players}"
            )


def replay(rows: Rows, seconds: str) -> None:
    """Fold the log that a run made, from zero, with the real rules."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        with our_server(_log("sqlite", name), Path(name)) as (s, port):
            arguments = ("--port", port, "--key-file", f"{name}/token.key", "--players", "500", "--hunts", "50")
            generate(s.pid, *arguments, "--seconds", seconds)
        code = (
            "import asyncio,time\nfrom huntserver.app import *\nfrom huntserver.offline import fold\n"
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


def kafka_address(given: str) -> str:
    """Return the broker's address, started on the generator's core if none was given."""
    if given:
        return given
    out = subprocess.run(
        ["taskset", "-c", OTHER_CORE, "python3", "tools/kafka/broker.py", "start"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    return out.stdout.strip().splitlines()[-1]


async def _topic(kafka: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic("fastapi-peer", 16, 1)])
    await admin.close()


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="echo,sqlite,replay,kafka,latency,peer")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--kafka", default="")
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    wanted, rows = arguments.only.split(","), Rows()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        rows.add("fsync_ms", fsync_ms(Path(name)), "ms")
    if "echo" in wanted:
        echo(rows, arguments.seconds)
    if "sqlite" in wanted:
        durable(rows, "sqlite", "sqlite", arguments.seconds)
    if "replay" in wanted:
        replay(rows, arguments.seconds)
    if {"kafka", "latency", "peer"} & set(wanted):
        kafka = kafka_address(arguments.kafka)
        asyncio.run(_topic(kafka))
        echo(rows, arguments.seconds, "_kafka")
        if "kafka" in wanted:
            durable(rows, "kafka", f"kafka:{kafka}", arguments.seconds)
        if "latency" in wanted:
            latency(rows, "kafka", f"kafka:{kafka}", "10")
        if "peer" in wanted:
            peer(rows, kafka, arguments.seconds)
    if not arguments.no_write:
        _write(rows)


def _write(rows: Rows) -> None:
    model = next((x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), "?: ?")
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, cwd=ROOT, check=False).stdout.strip()
    latest = {
        "machine": f"{model.split(': ')[1]}, {len(CORES)} cores, Python {platform.python_version()}",
        "date": datetime.date.today().isoformat(),
        "commit": commit,
        "rows": rows.rows,
    }
    (ROOT / "bench" / "latest.json").write_text(json.dumps(latest, indent=1) + "\n")
    write_table(ROOT)


if __name__ == "__main__":
    main()
