"""The walk-through of a cluster in docs/operations.md is run as it stands, on a real Kafka broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import ROOT
from lab.machines.servers import free_port
from tests.integration.walks import run, section, steps_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def test_the_walk_through_of_a_cluster_runs_as_the_page_says(kafka: str, prefix: str, tmp_path: Path) -> None:
    steps = steps_of(section(ROOT / "docs" / "operations.md", "### A cluster, walked through"))
    steps[0] = (f"export BROKER={kafka} PORT={free_port()} DIR={tmp_path} PREFIX={prefix}", [])
    ended = "for pid in $DIR/*.pid; do kill -CONT $(cat $pid) 2>/dev/null; kill -9 $(cat $pid) 2>/dev/null; done"
    run(steps, at_the_end=ended, logs=[tmp_path / f"{node}.log" for node in ("a", "b", "b2", "c")])
