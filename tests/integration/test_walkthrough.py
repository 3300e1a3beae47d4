"""The walk-through in the docs is run as it stands, on SQLite and on a real Kafka broker."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest

from lab import ROOT
from lab.machines.servers import free_port

WALK = ROOT / "docs" / "walkthrough.md"
MARK = "@@@"


def blocks() -> list[tuple[str, list[str]]]:
    """Return each command with the lines that its output must hold."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", WALK.read_text(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line:
                found[-1][1].append(line.strip())
    return found


def walk(tmp_path: Path, log: str, config: str = "") -> None:
    steps = blocks()
    steps[0] = (f"export LOG={log} PORT={free_port()} DIR={tmp_path}", [])
    script = "cd " + str(ROOT) + "\ntrap 'kill -9 $SERVER 2>/dev/null' EXIT\n"
    for command, _ in steps:
        script += f"{command}\necho '{MARK}'\n"
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}
    if config:
        (tmp_path / "config.toml").write_text(config)
        script = script.replace("huntserver serve ", f"huntserver serve --config {tmp_path}/config.toml ")
        script = script.replace("huntserver inspect ", f"huntserver inspect --config {tmp_path}/config.toml ")
        script = script.replace("huntserver replay ", f"huntserver replay --config {tmp_path}/config.toml ")
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=500, check=False
    )
    outputs = (done.stdout).split(f"{MARK}\n")
    for (command, expected), output in zip(steps, outputs, strict=False):
        at = 0
        for line in expected:
            found = output.find(line, at)
            log_tail = (tmp_path / "server.log").read_text()[-1500:] if (tmp_path / "server.log").exists() else ""
            assert found >= 0, f"$ {command}\nprinted:\n{output}\nnot {line!r}\n{done.stderr[-1500:]}\n{log_tail}"
            at = found + len(line)
    assert len(outputs) >= len(steps), done.stderr[-2000:]


@pytest.mark.timeout(600)
def test_the_walk_through_runs_on_sqlite(tmp_path: Path) -> None:
    walk(tmp_path, f"sqlite:{tmp_path}/hunts.db")


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_the_walk_through_runs_on_kafka(tmp_path: Path) -> None:
    address = os.environ.get("HUNTSERVER_TEST_KAFKA")
    assert address, "HUNTSERVER_TEST_KAFKA is not set: run `make kafka`, then set it to the address it prints"
    prefix = f"walk-{secrets.token_hex(4)}"
    config = f'[log]\nhunt_shards = 8\nplayer_shards = 8\ntopic_prefix = "{prefix}"\n'
    walk(tmp_path, f"kafka:{address}", config)
