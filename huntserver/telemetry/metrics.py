"""The metrics page: statistics of the server's parts as Prometheus has them, read when somebody scrapes.

Owns the collectors. Names, types and help stand in `metric_table`; nothing here runs per command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.shard.commit import WAIT_BUCKETS_MS
from actors.system import ActorSystem
from huntserver.telemetry.lines import LogReporter
from huntserver.telemetry.loop_lag import BOUNDS_S, LoopLag
from huntserver.telemetry.metric_table import COUNTER, ENTITY_KINDS, PARTS, MetricSpec
from huntserver.telemetry.sink import LineSink

WAIT_BOUNDS_S = tuple(bound / 1000 for bound in WAIT_BUCKETS_MS)


def registry(system: ActorSystem, reporter: LogReporter, lag: LoopLag, sink: LineSink | None) -> CollectorRegistry:
    """Return a registry of its own (no process-wide one) with the runtime's and the process's figures."""
    made = CollectorRegistry()
    made.register(RuntimeCollector(system))
    made.register(TelemetryCollector(reporter, lag, sink))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


def fields(statistics: Any) -> Mapping[str, Any]:
    """Return the fields of a `statistics()`, a NamedTuple or a struct."""
    found: Mapping[str, Any]
    found = statistics._asdict() if hasattr(statistics, "_asdict") else msgspec.structs.asdict(statistics)
    return found


class TelemetryCollector(Collector):
    """What telemetry says of itself: events by name, the loop's lag, lines that could not be written."""

    def __init__(self, reporter: LogReporter, lag: LoopLag, sink: LineSink | None) -> None:
        self._reporter = reporter
        self._lag = lag
        self._sink = sink

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        events = CounterMetricFamily("huntserver_events", "Lines written to the log, by event name.", labels=["event"])
        for name, count in sorted(self._reporter.counts.items()):
            events.add_metric([name], count)
        yield events
        dropped = self._sink.dropped if self._sink is not None else 0
        yield CounterMetricFamily(
            "huntserver_log_lines_dropped", "Log lines dropped because stderr did not take them.", value=dropped
        )
        lag = HistogramMetricFamily("huntserver_loop_lag_seconds", "How late a timer due every 100 ms fired.")
        lag.add_metric([], _rows(BOUNDS_S, self._lag.buckets), self._lag.sum_s)
        yield lag
        yield GaugeMetricFamily(
            "huntserver_loop_lag_worst_seconds",
            "Worst lag of the event loop since the last scrape.",
            value=self._lag.take_worst_s(),
        )


class RuntimeCollector(Collector):
    """Turns the statistics of all shards into metrics by kind of entity."""

    def __init__(self, system: ActorSystem) -> None:
        self._system = system

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        sums: dict[str, dict[str, float]] = {}
        waits = HistogramMetricFamily(
            "huntserver_batch_seconds",
            "From handing a batch to the log to its durable acknowledgement.",
            labels=["kind"],
        )
        for kind, region in self._system.regions.items():
            total = sums.setdefault(kind, {})
            buckets = [0] * (len(WAIT_BUCKETS_MS) + 1)
            waited_ns = 0
            for shard in region.shards:
                commit = shard.commit.statistics()
                figures = self._figures(shard, commit)
                deepest = max(total.get("mailbox_deepest", 0.0), figures.pop("mailbox_deepest"))
                for name, value in figures.items():
                    total[name] = total.get(name, 0.0) + value
                total["mailbox_deepest"] = deepest
                waited_ns += commit.wait_ns
                buckets = [a + b for a, b in zip(buckets, shard.commit.wait_buckets, strict=True)]
            waits.add_metric([kind], _rows(WAIT_BOUNDS_S, buckets), waited_ns / 1e9)
        yield GaugeMetricFamily(
            "huntserver_clock_off_seconds",
            "How far the wall clock is from the time that play goes by; 0 while it is believed.",
            value=self._system.time.off_ms / 1000,
        )
        yield GaugeMetricFamily(
            "huntserver_clock_lead_seconds",
            "How far the shard furthest ahead is ahead of the world: a wrong clock was written into its log once.",
            value=max((shard.time.lead_ms for shard in self._system.shards()), default=0) / 1000,
        )
        for name, row in ENTITY_KINDS.items():
            yield _family(row, {kind: total.get(name, 0.0) for kind, total in sums.items()})
        yield waits

    @staticmethod
    def _figures(shard: Any, commit: Any) -> dict[str, float]:
        found = {**fields(shard.statistics()), **fields(commit)}
        found |= {f"snapshot_{name}": value for name, value in fields(shard.snapshots.statistics()).items()}
        found["owned"] = found.pop("mode") == "owner"
        return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


class PartCollector(Collector):
    """Turns the `statistics()` of gateway, rooms and log into metrics by their rows in the table."""

    def __init__(self, sources: Sequence[tuple[str, Callable[[], Any]]]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Yield every field that has a row."""
        for part, statistics in self._sources:
            values = fields(statistics())
            for name, row in PARTS[part].items():
                if name in values:
                    yield _family(row, values[name] if row.label else {None: float(values[name])})


class ReadinessCollector(Collector):
    """Whether the server serves, and what that rests on."""

    def __init__(self, state: Callable[[], Any]) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        state = self._state()
        yield GaugeMetricFamily("huntserver_ready", "1 if every check of /readyz is good.", value=float(state.ready))
        good = GaugeMetricFamily("huntserver_check_ok", "1 if what readiness stands for is well.", labels=["check"])
        age = GaugeMetricFamily("huntserver_check_age_seconds", "Since it was last heard of.", labels=["check"])
        for name, check in {**state.checks, **state.beside}.items():
            good.add_metric([name], float(check.ok))
            age.add_metric([name], check.age_s)
        yield good
        yield age


class LatencyCollector(Collector):
    """Turns sampled command latencies into a histogram."""

    def __init__(self, latency: Any) -> None:
        self._latency = latency

    def collect(self) -> Iterator[Metric]:
        """Yield the histogram."""
        metric = HistogramMetricFamily(
            "huntserver_command_seconds", "From the decoding of a command to its durable answer, by samples."
        )
        metric.add_metric([], _rows(WAIT_BOUNDS_S, self._latency.buckets), self._latency.sum_s)
        yield metric


def _family(row: MetricSpec, values: Mapping[str | None, float]) -> Metric:
    """Return one metric with its samples, by the row's label, by kind of entity, or (None) without a label."""
    labels = [] if None in values else [row.label or "kind"]
    made = CounterMetricFamily if row.type == COUNTER else GaugeMetricFamily
    family = made(f"huntserver_{row.name}", row.help, labels=labels)
    for kind, value in values.items():
        family.add_metric([] if kind is None else [kind], value * row.scale)
    return family


def _rows(bounds_s: Sequence[float], counts: Sequence[int]) -> list[tuple[str, int]]:
    """Return a histogram's buckets as the page has them: bound in s, how many are not above it."""
    names = [*(str(bound) for bound in bounds_s), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))
