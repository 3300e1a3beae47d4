"""The table of metrics against what the server's parts count, and against the conventions of Prometheus."""

from __future__ import annotations

import shutil
import subprocess
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest

from actors.log.kafka.log import KafkaStatistics
from actors.log.sqlite.log import SqliteStatistics
from actors.shard.commit import CommitStatistics
from actors.shard.statistics import ShardStatistics
from actors.snapshots.writer import SnapshotStatistics
from huntserver.gateway.room import RoomStatistics
from huntserver.gateway.server import GatewayStatistics
from huntserver.projections.child import ProjectorStatistics
from huntserver.telemetry import LogReporter, LoopLag
from huntserver.telemetry.metric_table import (
    COUNTER,
    ENTITY_KINDS,
    GATEWAY,
    GAUGE,
    LOG,
    NOT_SHOWN,
    PARTS,
    PROJECTOR,
    ROOMS,
)
from huntserver.telemetry.metrics import PartCollector, RuntimeCollector, TelemetryCollector


def names(shape: Any) -> set[str]:
    found = shape._fields if hasattr(shape, "_fields") else shape.__struct_fields__
    return set(found)


@pytest.mark.parametrize(
    ("rows", "counted"),
    [
        (
            set(ENTITY_KINDS) - {"owned"} | NOT_SHOWN,
            names(ShardStatistics)
            | names(CommitStatistics)
            | {f"snapshot_{name}" for name in names(SnapshotStatistics)},
        ),
        (set(GATEWAY), names(GatewayStatistics)),
        (set(ROOMS), names(RoomStatistics)),
        (set(LOG), names(SqliteStatistics) | names(KafkaStatistics)),
        (set(PROJECTOR), names(ProjectorStatistics)),
    ],
    ids=["runtime", "gateway", "rooms", "log", "projector"],
)
def test_every_statistic_has_a_row_and_every_row_a_statistic(rows: set[str], counted: set[str]) -> None:
    assert rows == counted


def test_no_two_rows_have_one_name_and_types_are_known() -> None:
    rows = [*ENTITY_KINDS.values(), *(row for part in PARTS.values() for row in part.values())]
    assert len({row.name for row in rows}) == len(rows)
    assert {row.type for row in rows} <= {COUNTER, GAUGE}


def zeros_of(shape: Any) -> dict[str, Any]:
    return dict.fromkeys(names(shape), 0)


def page(*collectors: Any) -> str:
    made = prometheus_client.CollectorRegistry()
    for collector in collectors:
        made.register(collector)
    return prometheus_client.generate_latest(made).decode()


def promtool(text: str) -> str:
    tool = shutil.which("promtool")
    assert tool, "promtool is missing: `make packages` installs it (Debian's package prometheus)"
    ran = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


def test_the_conventions_of_prometheus_hold_for_every_row() -> None:
    zeros = [
        (
            "gateway",
            lambda: GatewayStatistics(**zeros_of(GatewayStatistics) | {"closes": {"rate": 2}, "refusals": {}}),
        ),
        ("rooms", lambda: RoomStatistics(*[0] * len(names(RoomStatistics)))),
        ("projector", lambda: ProjectorStatistics(**zeros_of(ProjectorStatistics))),
    ]
    logs = [("log", lambda shape=shape: shape(*[0] * len(names(shape)))) for shape in (KafkaStatistics,)]
    reporter = LogReporter()
    reporter.counts["shard_lost"] = 2
    parts = PartCollector([*zeros, *logs])
    system: Any = SimpleNamespace(regions={}, time=SimpleNamespace(off_ms=3_600_000), shards=list)
    text = page(TelemetryCollector(reporter, LoopLag(), None), parts, RuntimeCollector(system))
    assert promtool(text) == ""
    assert 'huntserver_events_total{event="shard_lost"} 2.0' in text
    assert 'huntserver_connections_closed_total{reason="rate"} 2.0' in text
    assert "huntserver_clock_off_seconds 3600.0" in text
    assert promtool("# TYPE huntserver_bad_total gauge\nhuntserver_bad_total 1\n") != ""
