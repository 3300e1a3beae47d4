"""Spans on their way to a collector."""

from __future__ import annotations

from typing import Any

from huntserver.telemetry.otlp import OtlpEmitter
from huntserver.telemetry.spans import CommandTrace
from tests.not_http import not_http


class Heard:
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, event: str, **fields: Any) -> None:
        self.warned.append(event)


def test_a_collector_that_speaks_no_http_costs_the_spans_and_not_the_thread() -> None:
    heard: Any = Heard()
    with not_http() as address:
        emitter = OtlpEmitter(f"http://{address}", node="n", run="r", version="1", report=heard)
        emitter.emit(CommandTrace("guess", "p:ann", "e:1", 0, ()))
        emitter.close()
        emitter._thread.join()
    assert heard.warned == ["traces_dropped"]
