"""A collector of traces: takes OTLP over HTTP at a port of its own, and keeps the spans, decoded.

    python -m lab.machines.collector --port 4318

prints a line for each command's trace as it comes: ms, name, entity, key, code, and the ms of each of its steps.
"""

from __future__ import annotations

import argparse
import gzip
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class TraceReceiver:
    """Listens from its making until `close`; `spans` are what has come, as protobuf. `port` 0: any free one.

    `came`, if given, gets the spans of each request instead.
    """

    def __init__(self, port: int = 0, came: Callable[[Sequence[Any]], None] | None = None) -> None:
        self.spans: list[Any] = []
        take = came or self.spans.extend

        class Exchange(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                asked = ExportTraceServiceRequest.FromString(body)
                for resource in asked.resource_spans:
                    for scope in resource.scope_spans:
                        take(scope.spans)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Exchange)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def of(self, trace: int) -> dict[str, Any]:
        """Return the spans of a trace by name."""
        wanted = trace.to_bytes(16, "big")
        return {span.name: span for span in self.spans if span.trace_id == wanted}

    def close(self) -> None:
        """Listen no more."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def lines(spans: Sequence[Any]) -> list[str]:
    """Return a line for each command among the spans of one request."""
    found = []
    for root in spans:
        if root.parent_span_id:
            continue
        steps = [f"{span.name} {_ms(span):.0f}" for span in spans if span.parent_span_id == root.span_id]
        told = {a.key.removeprefix("huntserver."): a.value.string_value or a.value.int_value for a in root.attributes}
        named = " ".join(str(told.get(key, "-")) for key in ("entity", "key", "code"))
        found.append(f"{_ms(root):7.0f} ms {root.name} {named}: {', '.join(steps)}")
    return found


def _ms(span: Any) -> float:
    return float(span.end_time_unix_nano - span.start_time_unix_nano) / 1e6


def main() -> None:
    """Listen and print until the process is ended."""
    parser = argparse.ArgumentParser(prog="lab.machines.collector", description="a collector of traces that prints")
    parser.add_argument("--port", type=int, default=4318)
    asked = parser.parse_args()

    def tell(spans: Sequence[Any]) -> None:
        for line in lines(spans):
            print(line, flush=True)

    TraceReceiver(asked.port, tell)


if __name__ == "__main__":
    main()
