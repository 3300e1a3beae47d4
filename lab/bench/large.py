"""The large hunt in the benchmark: 500 clues, 3,000 teams of 4, up to a million guesses in its log.

Each server plays on a log that `lab.bench.prefill` has filled, on a core of its own like every server here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from huntserver.load.machine import usage
from huntserver.load.own_server import CLOSED_LIMITS, LIMITS, SHARDS
from lab import ROOT
from lab.bench.processes import SERVER_CORE, generate
from lab.bench.rows import Rows
from lab.hunts import LARGE_CLUES, LARGE_GUESSES, LARGE_TEAMS, LARGE_TEXT_BYTES, campaign_hunt, large_hunt
from lab.machines.servers import LocalServer

JOINING: Final = 10_000
PLAYED_GUESSES: Final = 100_000
"""In the log before throughput is measured: what is many for a hunt, and filled within seconds."""

START_S: Final = 600.0


class Size(NamedTuple):
    """A hunt and its history; `elsewhere`: guesses in another hunt of the same log."""

    clues: int = LARGE_CLUES
    text_bytes: int = LARGE_TEXT_BYTES
    teams: int = LARGE_TEAMS
    guesses: int = PLAYED_GUESSES
    elsewhere: int = 0


def prepare(folder: Path, log: str, size: Size, *, kill: bool = False) -> LocalServer:
    """Fill a log and return the server that goes on with it, not started. `log`: sqlite, or kafka:HOST:PORT."""
    (folder / "large.toml").write_text(large_hunt(size.clues, size.text_bytes))
    url = f"sqlite:{folder}/hunts.db" if log == "sqlite" else log
    (folder / "config.toml").write_text(
        f'[log]\nurl = "{url}"\nhunt_shards = {SHARDS}\nplayer_shards = {SHARDS}\n'
        f'topic_prefix = "bench-{time.time_ns():x}"\n[data]\ndir = "{folder}"\n[server]\nport = 0\n'
    )
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "lab.bench.prefill", "--config"]
    command += [str(folder / "config.toml"), "--hunt", str(folder / "large.toml"), "--clues", str(size.clues)]
    command += ["--teams", str(size.teams), "--guesses", str(size.guesses), *(["--kill"] if kill else [])]
    if size.elsewhere:
        (folder / "other.toml").write_text(campaign_hunt())
        command += ["--other", str(folder / "other.toml"), "--elsewhere", str(size.elsewhere)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = next((line for line in done.stdout.splitlines() if line.startswith('{"took_s"')), "")
    if not told:
        raise RuntimeError(f"the log was not filled:\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    if refused := json.loads(told)["refused"]:
        raise RuntimeError(f"filling the log was refused: {refused}")
    limits = [part for limit in (*LIMITS, *CLOSED_LIMITS) for part in ("--limit", limit)]
    within = ("taskset", "-c", SERVER_CORE)
    return LocalServer(folder, "--config", "config.toml", "--hunt", "large.toml", *limits, within=within)


@contextmanager
def large_server(log: str, size: Size) -> Iterator[LocalServer]:
    """Run a server on a log that was filled."""
    with tempfile.TemporaryDirectory(prefix="bench-large-") as name:
        server = prepare(Path(name), log, size)
        try:
            server.start(START_S)
            yield server
        finally:
            server.kill()


def play(server: LocalServer, players: int, seconds: str, *, tag: str = "") -> dict[str, Any]:
    """Let players join the large hunt, each with a team of their own, and guess in a closed loop."""
    to = (
        "--port",
        str(server.port),
        "--key-file",
        str(server.folder / "token.key"),
        "--hunt",
        "large",
        "--teams",
        "--texts",
    )
    return generate(server.pid, *to, "--players", str(players), "--seconds", seconds, "--tag", tag or f"n{players}")


def durable(rows: Rows, kafka: str, seconds: str) -> None:
    """Measure durable guesses on Kafka on the large hunt, and what a command costs there against the small one."""
    with large_server(kafka, Size()) as server:
        for players in (100, 2000):
            result = play(server, players, seconds)
            rows.add(f"large_kafka_{players}", result["per_s"], "1/s", f"echo_bare_kafka_{players}")
            cost_us = 1e6 * result["server_cpu"] / result["per_s"]
            rows.add(f"cpu_us_large_kafka_{players}", cost_us, "us/command", f"cpu_us_kafka_{players}")
    if "cpu_us_kafka_100" in rows:
        growth = rows.value("cpu_us_large_kafka_100") / rows.value("cpu_us_kafka_100")
        rows.add("growth_cost", growth, "of the small hunt's")


def snapshots(rows: Rows, seconds: str) -> None:
    """Measure the share of CPU that snapshots take on the large hunt, by sampling the server's stack."""
    with tempfile.TemporaryDirectory(prefix="bench-large-") as name:
        folder = Path(name)
        server = prepare(folder, "sqlite", Size())
        watched = (str(ROOT / "lab" / "bench" / "stack_share.py"), str(folder / "share"), "/actors/snapshots/")
        server.program = (sys.executable, *watched)
        try:
            server.start(START_S)
            (folder / "share.reset").touch()
            play(server, 100, seconds)
            (folder / "share.stop").touch()
            deadline = time.monotonic() + START_S
            while not (folder / "share").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            rows.add("snapshot_share", float((folder / "share").read_text()), "of the CPU")
        finally:
            server.kill()


def joins(rows: Rows) -> None:
    """Measure what a player gets over the wire before the first clue is shown, and how long 10,000 take to join."""
    with large_server("sqlite", Size()) as server:
        seen = play(server, 1, "0.1")
        rows.add("large_page_bytes", seen["entered_bytes"] + seen["text_bytes"], "bytes")
        rows.add(f"large_join_{JOINING}_s", play(server, JOINING, "0.1")["connect_s"], "s")


def restarts(rows: Rows, guesses: int = LARGE_GUESSES) -> None:
    """Measure how long a start takes on a million guesses of 12,000 players: after `kill -9`, after a clean stop."""
    with tempfile.TemporaryDirectory(prefix="bench-large-") as name:
        server = prepare(Path(name), "sqlite", Size(guesses=guesses), kill=True)
        try:
            for how in ("kill", "clean"):
                began = time.monotonic()
                server.start(START_S)
                rows.add(f"large_restart_{how}_s", time.monotonic() - began, "s")
                seen = usage(server.pid)
                server.stop(START_S)
            rows.add("large_restart_bytes", seen.rss_bytes if seen else 0, "bytes")
        finally:
            server.kill()
