"""The fault campaign itself: short, on the real broker and on SQLite, and with a planted loss that it must find."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import ROOT
from lab.chaos import campaign as chaos
from lab.chaos.faults import Injection
from lab.chaos.world import World

pytestmark = pytest.mark.timeout(600)


def run(*words: str) -> str:
    # Other tests run beside it: that all answers is judged here, how fast in a campaign that has the machine.
    options = ("--no-ledger", "--rate", "600", "--players", "32", "--patience", "20")
    command = [sys.executable, "-m", "lab.chaos", *options, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: 0 violations" in done.stdout
    return done.stdout


@pytest.mark.kafka
def test_a_short_campaign_on_the_real_broker_finds_no_violation() -> None:
    address = os.environ["HUNTSERVER_TEST_KAFKA"]
    out = run("--log", f"kafka:{address}", "--kinds", "kill,pause,take-over-paused,drain", "--faults", "4")
    assert "4 faults (1 drain, 1 kill, 1 pause, 1 take-over-paused)" in out


def test_a_short_campaign_on_sqlite_finds_no_violation() -> None:
    out = run("--log", "sqlite", "--disk", "plain", "--kinds", "kill,pause,drain,second", "--faults", "4")
    assert "4 faults (1 drain, 1 kill, 1 pause, 1 second)" in out


async def lose(world: World) -> int:
    """Kill the server and take the last records of each shard out of its log: acknowledged commands are gone.

    Three batches: the last one may have been acknowledged to nobody.
    """
    await world.active.killed()
    with sqlite3.connect(world.folder / "hunts.db") as log:
        for _ in range(3):
            log.execute(
                "DELETE FROM batches WHERE (shard, base) IN (SELECT shard, MAX(base) FROM batches GROUP BY shard)"
            )
    log.close()
    world.active.launch()
    return time.monotonic_ns()


def test_a_log_that_loses_what_was_acknowledged_is_found_by_the_verdict() -> None:
    asked = chaos.parsed(["--log", "sqlite", "--disk", "plain", "--faults", "1", "--rate", "300", "--players", "32"])
    menu = {"lose": Injection(lose, "", 10.0, 1)}
    result = asyncio.run(chaos.campaign(chaos.setup_for(asked, menu), menu, asked))
    assert result.faults == {"lose": 1}
    assert any(violation.startswith(("I1:", "I3:")) for violation in result.violations), result.violations


def test_a_campaign_that_is_told_to_end_clears_away_what_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lab.chaos", "--no-ledger", "--log", "sqlite", "--disk", "plain"]
    with subprocess.Popen(
        [*command, "--rate", "100", "--players", "16", "--kinds", "pause", "--patience", "20"],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        first = running.stdout.readline()
        under_way = list(tmp_path.iterdir())
        running.terminate()
        _, said = running.communicate(timeout=60)
    assert under_way, said
    assert b"1 faults" in first, said
    assert (running.returncode, list(tmp_path.iterdir())) == (1, [])
    assert b"ended before its time" in said


def test_a_short_campaign_against_the_log_of_a_server_finds_no_violation() -> None:
    kinds = "stderr-closed,stderr-blocked,stderr-full"
    out = run("--log", "sqlite", "--disk", "plain", "--kinds", kinds, "--faults", "3")
    assert "3 faults (1 stderr-blocked, 1 stderr-closed, 1 stderr-full)" in out


def test_a_short_campaign_with_wrong_clocks_finds_no_violation() -> None:
    out = run("--log", "sqlite", "--disk", "plain", "--kinds", "clock-jumps,clock-wrong-at-start", "--faults", "2")
    assert "2 faults (1 clock-jumps, 1 clock-wrong-at-start)" in out
