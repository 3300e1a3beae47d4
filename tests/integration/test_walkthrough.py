"""The walk-through in the docs is run as it stands, on SQLite and on a real Kafka broker."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import pytest

from lab import ROOT
from lab.machines.servers import free_port
from tests.integration.walks import run, steps_of

WALK = ROOT / "docs" / "walkthrough.md"


def walk(tmp_path: Path, log: str, config: str = "") -> None:
    steps = steps_of(WALK.read_text())
    steps[0] = (f"export LOG={log} PORT={free_port()} DIR={tmp_path}", [])
    if config:
        (tmp_path / "config.toml").write_text(config)
        told = f" --config {tmp_path}/config.toml "
        steps = [(re.sub(r"(huntserver (?:serve|inspect|replay)) ", rf"\1{told}", one), said) for one, said in steps]
    run(steps, at_the_end="kill -9 $SERVER 2>/dev/null", logs=[tmp_path / "server.log"])


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
