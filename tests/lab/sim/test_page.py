"""The page on the proof: its commands run, and it names every fault that there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from lab import ROOT
from lab.sim import cluster, mesh
from lab.sim.faults import MENU

PAGE = (ROOT / "docs" / "proof" / "how.md").read_text()
REPLAY = PAGE.split("## Replay a seed")[1].split("\n## ")[0]
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", REPLAY, re.DOTALL) for line in block.splitlines()]


def test_the_page_shows_commands() -> None:
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs_and_finds_nothing(command: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}  # `make test`
    asked = ["make", "-n", "-o", ".venv/.ready", *command.split()[1:]]
    recipe = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        recipe.replace(".venv/bin/python", sys.executable),
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no violation" in done.stdout or "0 with a violation" in done.stdout


def test_every_fault_of_the_menu_stands_on_the_page() -> None:
    table = PAGE.split("## Faults")[1].split("\n## ")[0]
    named = [word for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(
        [*MENU, *cluster.RATES, "bad_link", "busy", *(name for name in mesh.RATES if name != "three")]
    )
