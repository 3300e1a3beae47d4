"""OpenTelemetry: spans to a collector over OTLP/HTTP (protobuf), in batches, from a thread of its own.

Owns the queue between the loop and that thread. The messages are OpenTelemetry's own; its SDK is not used, because a
command's ten spans cost 400 us in it, and 40 here (ADR 0017). What the collector does not take is dropped, and said.
"""

from __future__ import annotations

import random
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from http.client import HTTPException
from typing import Final, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from actors.reporter import Reporter
from huntserver.telemetry.spans import CommandTrace, trace_id_of

EVERY_S: Final = 1.0
WAITING_MAX: Final = 5_000
"""Commands whose spans wait for the collector; more are dropped."""
BATCH: Final = 500
POST_S: Final = 5.0
CLOSE_S: Final = 3.0
BACKOFF_S: Final = (1.0, 5.0, 30.0)
FAULTS: Final = frozenset({"internal", "unavailable", "unknown", "entity_damaged"})


class SpanPlace(NamedTuple):
    """A span that others may be below: its trace's id and its own."""

    trace: bytes
    span: bytes


class OtlpEmitter:
    """Sends spans to `address`, the collector's base URL such as `http://127.0.0.1:4318`."""

    def __init__(self, address: str, *, node: str, run: str, version: str, report: Reporter) -> None:
        self._url = f"{address.rstrip('/')}/v1/traces"
        named = {"service.name": "huntserver", "service.version": version, "service.instance.id": f"{node}#{run}"}
        self._named = [_attribute(name, value) for name, value in named.items()]
        self._report = report
        self._waiting: deque[tuple[CommandTrace, SpanPlace, SpanPlace | None]] = deque(maxlen=WAITING_MAX)
        self._ids = random.Random()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._send_all, name="traces", daemon=True)
        self._thread.start()

    def emit(self, trace: CommandTrace) -> SpanPlace:
        """Hand the spans of a command, or of a reaction to one, over."""
        above: SpanPlace | None = trace.parent
        of = above.trace if above is not None else trace_id_of(trace.by, trace.key).to_bytes(16, "big")
        place = SpanPlace(of, self._ids.randbytes(8))
        self._waiting.append((trace, place, above))
        return place

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        self._closing.set()
        self._thread.join(CLOSE_S)

    # ---- the thread

    def _send_all(self) -> None:
        failed = 0
        while not self._closing.wait(EVERY_S if not failed else BACKOFF_S[min(failed, len(BACKOFF_S)) - 1]):
            failed = self._send_waiting(failed)
        self._send_waiting(failed)

    def _send_waiting(self, failed: int) -> int:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                self._post(batch)
                failed = 0
            except (OSError, ValueError, HTTPException) as error:
                why = getattr(error, "reason", error)
                self._report.warn("traces_dropped", count=len(batch), collector=self._url, why=str(why))
                return failed + 1
        return failed

    def _post(self, batch: list[tuple[CommandTrace, SpanPlace, SpanPlace | None]]) -> None:
        asked = ExportTraceServiceRequest()
        resource = asked.resource_spans.add()
        resource.resource.attributes.extend(self._named)
        scope = resource.scope_spans.add()
        scope.scope.name = "huntserver"
        for trace, place, above in batch:
            self._spans(scope.spans, trace, place, above)
            time.sleep(0)  # the loop goes first
        headers = {"Content-Type": "application/x-protobuf"}
        request = urllib.request.Request(self._url, asked.SerializeToString(), headers)
        with urllib.request.urlopen(request, timeout=POST_S) as answer:
            answer.read()

    def _spans(self, to: object, trace: CommandTrace, place: SpanPlace, above: SpanPlace | None) -> None:
        root = Span(
            trace_id=place.trace,
            span_id=place.span,
            parent_span_id=above.span if above is not None else b"",
            name=trace.name,
            kind=Span.SPAN_KIND_SERVER if above is None else Span.SPAN_KIND_CONSUMER,
            start_time_unix_nano=trace.began_ns,
            end_time_unix_nano=trace.ended_ns,
            attributes=[_attribute(name, value) for name, value in trace.attributes.items()],
        )
        if trace.attributes.get("huntserver.code") in FAULTS:
            root.status.code = Status.STATUS_CODE_ERROR
        steps = [
            Span(
                trace_id=place.trace,
                span_id=self._ids.randbytes(8),
                parent_span_id=place.span,
                name=step.name,
                kind=Span.SPAN_KIND_INTERNAL,
                start_time_unix_nano=step.began_ns,
                end_time_unix_nano=step.ended_ns,
            )
            for step in trace.steps
        ]
        to.extend([root, *steps])  # type: ignore[attr-defined]


def _attribute(name: str, value: str | int) -> KeyValue:
    said = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=name, value=said)
