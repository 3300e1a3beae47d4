"""`huntserver load` against real servers: every scenario, a few seconds long, on SQLite and on Kafka."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from huntserver.load.own_server import OwnServer
from huntserver.load.plan import SCENARIOS
from lab import ROOT
from lab.machines.brokers import remove_topics

pytestmark = pytest.mark.timeout(600)


def load(*arguments: str, folder: Path) -> tuple[int, dict[str, Any], str]:
    """Run the command; return its exit status, the JSON report and what it printed."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "huntserver", "load", *arguments, "--json", str(report)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=500, check=False, env=environment)
    made = msgspec.json.decode(report.read_bytes()) if report.exists() else {}
    return done.returncode, made, done.stdout + done.stderr


SMALL: dict[str, tuple[str, ...]] = {
    "steady": ("--players", "60", "--hunts", "3", "--rate", "120", "--processes", "2"),
    "start-burst": ("--players", "80", "--hunts", "2", "--rate", "80"),
    "hot-hunt": ("--players", "60", "--rate", "120"),
    "reconnect-storm": ("--players", "60", "--hunts", "2", "--rate", "60", "--storm-every", "1"),
    "treasure-race": ("--players", "40", "--rate", "40"),
    "slow-readers": ("--players", "30", "--rate", "30"),
    "fan-out": ("--players", "30", "--announcers", "2"),
    "large-hunt": ("--players", "30", "--rate", "60"),
    "soak": ("--players", "40", "--hunts", "2", "--rate", "40", "--storm-every", "1"),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_runs_on_sqlite_and_no_promise_is_broken(scenario: str, tmp_path: Path) -> None:
    seconds = "12" if scenario == "slow-readers" else "3"  # they read nothing from the fifth second to the tenth
    code, report, output = load("--scenario", scenario, "--seconds", seconds, *SMALL[scenario], folder=tmp_path)
    assert code == 0, output
    verdict = report["verdict"]
    assert verdict["holds"], output
    assert all(state == "held" for state in verdict["invariants"].values()), verdict["invariants"]
    assert report["players"] >= int(SMALL[scenario][1])
    assert report["unanswered"] == 0
    assert report["totals"]["leaks"] == 0
    kind = "announce" if scenario == "fan-out" else "answer"
    assert report["latency"][kind]["count"] > 50
    assert report["server_cpu"] > 0
    assert report["server_bytes"][1] > 1_000_000
    if scenario in ("reconnect-storm", "soak"):
        assert report["totals"]["reopened"] > 0
        assert report["totals"]["told_anew"] == 0
        assert report["totals"]["recovered"] == report["totals"]["reopened"]
    if scenario == "slow-readers":
        assert report["totals"]["fell_behind"] == 0, (
            "what was missed goes on where it broke off: nobody needs a page anew"
        )
    if scenario == "treasure-race":
        assert verdict["totals"]["claims"] > 20


@pytest.mark.kafka
def test_a_run_on_a_real_broker_is_judged_by_its_log(tmp_path: Path) -> None:
    address = os.environ.get("HUNTSERVER_TEST_KAFKA")
    assert address, "HUNTSERVER_TEST_KAFKA is not set: run `make kafka`, then set it to the address it prints"
    arguments = ("--log", f"kafka:{address}", "--players", "50", "--hunts", "4", "--rate", "150", "--seconds", "3")
    code, report, output = load(*arguments, folder=tmp_path)
    assert code == 0, output
    assert report["verdict"]["log"].startswith("kafka:")
    assert report["verdict"]["totals"]["commands"] > 400
    assert set(report["verdict"]["invariants"].values()) == {"held"}
    assert report["broker_cpu"] > 0
    prefix = f"load-{report['plan']['run']}"
    assert any(f"topics stay on the broker: {prefix}.*" in note for note in report["notes"])
    asyncio.run(remove_topics(address, prefix))


def test_the_ceiling_is_measured_in_the_same_run_and_the_page_is_written(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    arguments = ("--players", "20", "--hunts", "1", "--rate", "60", "--seconds", "2", "--ceiling", "--html", str(page))
    code, report, output = load(*arguments, folder=tmp_path)
    assert code == 0, output
    assert report["ceiling"]["per_s"] > 500
    assert report["ceiling"]["p99_ms"] > 0
    assert "bare echo" in output
    assert page.read_text().startswith("<!doctype html>")


# ---- a server that runs already


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server on SQLite, with the limits as shipped but one: few guests a minute, so that a small run reaches it."""
    folder = tmp_path / "server"
    folder.mkdir()
    made = OwnServer(folder, "sqlite", prefix="", limits=("guests_per_minute=30",))
    made.start()
    yield made
    made.kill()


def test_a_running_server_is_judged_beside_its_log(server: OwnServer, tmp_path: Path) -> None:
    arguments = (server.url, "--key-file", str(server.key_file), "--log", server.config.log.url)
    small = ("--players", "30", "--hunts", "2", "--rate", "60", "--seconds", "2")
    code, report, output = load(*arguments, *small, folder=tmp_path)
    assert code == 0, output
    assert set(report["verdict"]["invariants"].values()) == {"held"}, output
    assert report["server_bytes"][1] > 1_000_000  # found by the port that it listens on


def test_without_a_log_it_says_that_the_histories_alone_were_judged(server: OwnServer, tmp_path: Path) -> None:
    arguments = (server.url, "--key-file", str(server.key_file))
    small = ("--players", "20", "--hunts", "1", "--rate", "40", "--seconds", "2")
    code, report, output = load(*arguments, *small, folder=tmp_path)
    assert code == 0, output
    assert "the histories alone, there was no log to read" in output
    assert report["verdict"]["invariants"]["I1"].startswith("held, in part")
    assert report["verdict"]["invariants"]["I2"].startswith("not judged: there was no log")
    assert report["verdict"]["invariants"]["I4"] == "held"


def minted(server: OwnServer, *arguments: str) -> str:
    command = [sys.executable, "-m", "huntserver", "token", "--key-file", str(server.key_file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def test_with_a_hosts_token_alone_the_players_are_guests(server: OwnServer, tmp_path: Path) -> None:
    token = minted(server, "--role", "host", "--sub", "boss")
    small = (
        "--token",
        token,
        "--log",
        server.config.log.url,
        "--players",
        "10",
        "--hunts",
        "1",
        "--rate",
        "20",
        "--seconds",
        "1",
    )
    code, report, output = load(server.url, *small, folder=tmp_path)
    assert code == 0, output
    assert report["verdict"]["totals"]["calls"] >= 20
    many = ("--token", token, "--players", "100", "--hunts", "1", "--seconds", "1")
    code, _, output = load(server.url, *many, folder=tmp_path)
    assert code == 2
    assert "give --key-file or --tokens, or fewer --players" in output


def test_a_token_that_is_no_hosts_is_refused_in_one_line(server: OwnServer, tmp_path: Path) -> None:
    token = minted(server, "--sub", "ada")
    small = ("--token", token, "--players", "2", "--seconds", "1")
    code, _, output = load(server.url, *small, folder=tmp_path)
    assert code == 1
    assert "is the token a host's?" in output


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    arguments = ("ws://127.0.0.1:9/ws", "--token", "x", "--players", "2", "--seconds", "1")
    code, _, output = load(*arguments, folder=tmp_path)
    assert code == 3
    assert "ws://127.0.0.1:9/ws" in output
    assert "Traceback" not in output
