"""Logs and metrics: structlog lines that join up by id, and Prometheus figures read from statistics at scrape time.

Owns the log's shape and the metric names. Never puts an answer, a token or a personal text into either: fields are
ids, codes, counts and times. Nothing here runs per command.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.faults import Fault
from actors.shard.commit import WAIT_BUCKETS_MS
from actors.system import ActorSystem

FORBIDDEN = frozenset({"token", "answer", "answers", "text", "guess", "name", "personal", "lat", "lon", "body"})
"""Field names that never reach a log line; a line that has one loses the value and says so."""


def configure(style: str, level: str) -> None:
    """Set logging up for the process: JSON lines on stderr, or readable ones on a terminal."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        structlog.processors.format_exc_info,
    ]
    # Libraries log through the standard module (the Kafka client is the talkative one): the same shape for them.
    plain = logging.StreamHandler(sys.stderr)
    plain.addFilter(Sparing())
    plain.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.getLogger().handlers[:] = [plain]
    logging.getLogger().setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


class Sparing(logging.Filter):
    """Lets a line of a library through once in 10 s: a client without its broker says the same four times a second."""

    again_s = 10.0
    lines_max = 100

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is new."""
        line = record.getMessage()
        if record.created - self._said.get(line, -self.again_s) < self.again_s:
            return False
        if len(self._said) >= self.lines_max:
            self._said.clear()
        self._said[line] = record.created
        return True


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the values of forbidden fields."""
    for field in FORBIDDEN & event.keys():
        event[field] = "[redacted]"
    return event


class LogReporter:
    """The runtime's `Reporter`, and the gateway's, on structlog. Counts what it is told, by event."""

    def __init__(self, **bound: Any) -> None:
        self._log = structlog.get_logger().bind(**bound)
        self.counts: dict[str, int] = {}

    def _count(self, event: str) -> None:
        self.counts[event] = self.counts.get(event, 0) + 1

    def trace(self, event: str, **fields: Any) -> None:
        """Log at debug, uncounted."""
        self._log.debug(event, **fields)

    def note(self, event: str, **fields: Any) -> None:
        """Log at info."""
        self._count(event)
        self._log.info(event, **fields)

    def warn(self, event: str, **fields: Any) -> None:
        """Log at warning."""
        self._count(event)
        self._log.warning(event, **fields)

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Log at error, with the error's type and trace; its text only where we or the system wrote it.

        What a bug raises may hold what a player wrote: `KeyError('my guess')`.
        """
        self._count(event)
        if error is not None:
            ours = isinstance(error, Fault | OSError)
            fields["error"] = f"{type(error).__name__}: {error}" if ours else type(error).__name__
            trace = traceback.extract_tb(error.__traceback__)
            fields["trace"] = [f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in trace]
        self._log.error(event, **fields)


class LoopLag:
    """How late the event loop runs: the worst and the last of a timer that should fire every 100 ms."""

    interval_s = 0.1

    def __init__(self) -> None:
        self.worst_s = 0.0
        self.last_s = 0.0
        self._handle: Any = None
        self._due = 0.0

    def start(self, loop: Any) -> None:
        """Begin to measure on a loop."""
        self._due = time.monotonic() + self.interval_s
        self._handle = loop.call_later(self.interval_s, self._tick, loop)

    def _tick(self, loop: Any) -> None:
        self.last_s = max(0.0, time.monotonic() - self._due)
        self.worst_s = max(self.worst_s, self.last_s)
        self.start(loop)

    def stop(self) -> None:
        """Stop measuring."""
        if self._handle is not None:
            self._handle.cancel()


class RuntimeCollector(Collector):
    """Turns the runtime's statistics into metrics when somebody scrapes."""

    def __init__(self, system: ActorSystem, reporter: LogReporter, lag: LoopLag) -> None:
        self._system = system
        self._reporter = reporter
        self._lag = lag

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        yield from self._by_kind()
        events = CounterMetricFamily("huntserver_events", "Happenings in the log, by name", labels=["event"])
        for name, count in sorted(self._reporter.counts.items()):
            events.add_metric([name], count)
        yield events
        yield GaugeMetricFamily("huntserver_loop_lag_seconds", "Last lag of the event loop", value=self._lag.last_s)
        worst, self._lag.worst_s = self._lag.worst_s, 0.0
        yield GaugeMetricFamily("huntserver_loop_lag_worst_seconds", "Worst lag since the last scrape", value=worst)

    def _by_kind(self) -> Iterator[Metric]:
        sums: dict[str, dict[str, float]] = {}
        buckets: dict[str, list[int]] = {}
        for kind, region in self._system.regions.items():
            total = sums.setdefault(kind, {})
            for shard in region.shards:
                figures = {**shard.statistics()._asdict(), **shard.commit.statistics()._asdict()}
                figures |= {f"snapshot_{k}": v for k, v in shard.snapshots.statistics()._asdict().items()}
                figures["owned"] = figures.pop("mode") == "owner"
                deepest = max((len(a.mailbox) for a in shard.actors.values()), default=0)
                total["mailbox_deepest"] = max(total.get("mailbox_deepest", 0), deepest)
                for name, value in figures.items():
                    total[name] = total.get(name, 0) + float(value)
                held = buckets.setdefault(kind, [0] * len(shard.commit.wait_buckets))
                for i, count in enumerate(shard.commit.wait_buckets):
                    held[i] += count
        for name in next(iter(sums.values()), {}):
            gauge = GaugeMetricFamily(f"huntserver_runtime_{name}", f"Sum of {name} over the shards", labels=["kind"])
            for kind, total in sums.items():
                gauge.add_metric([kind], total[name])
            yield gauge
        yield self._latency(sums, buckets)

    def _latency(self, sums: dict[str, dict[str, float]], buckets: dict[str, list[int]]) -> Metric:
        metric = HistogramMetricFamily(
            "huntserver_batch_seconds", "From handing a batch to the log to its acknowledgement", labels=["kind"]
        )
        for kind, counts in buckets.items():
            metric.add_metric([kind], _rows(counts), sums[kind]["wait_ns"] / 1e9)
        return metric


def _rows(counts: Sequence[int]) -> list[tuple[str, int]]:
    """Return a histogram's buckets as the page has them: bound in s, how many are not above it."""
    names = [*(str(bound / 1000) for bound in WAIT_BUCKETS_MS), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))


def registry(system: ActorSystem, reporter: LogReporter, lag: LoopLag) -> CollectorRegistry:
    """Return a registry of its own (no process-wide one) with the runtime's and the process's figures."""
    made = CollectorRegistry()
    made.register(RuntimeCollector(system, reporter, lag))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


class LatencyCollector(Collector):
    """Turns sampled command latencies into a histogram."""

    def __init__(self, latency: Any) -> None:
        self._latency = latency

    def collect(self) -> Iterator[Metric]:
        """Yield the histogram."""
        metric = HistogramMetricFamily(
            "huntserver_command_seconds", "From the decoding of a command to its durable answer, by samples"
        )
        metric.add_metric([], _rows(self._latency.buckets), self._latency.sum_s)
        yield metric


class StatisticsCollector(Collector):
    """Turns the `statistics()` of parts of the server into gauges, by their names."""

    def __init__(self, sources: list[tuple[str, Callable[[], Any]]]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Yield every numeric field."""
        for part, statistics in self._sources:
            made = statistics()
            fields = made._asdict() if hasattr(made, "_asdict") else msgspec.structs.asdict(made)
            for name, value in fields.items():
                if isinstance(value, int | float):
                    yield GaugeMetricFamily(f"huntserver_{part}_{name}", f"{name} of the {part}", value=value)
