"""What an operator sees of a running server: log lines, metrics, and how late the event loop runs."""

from huntserver.telemetry.lines import LogReporter, configure
from huntserver.telemetry.loop_lag import LoopLag
from huntserver.telemetry.metrics import registry
from huntserver.telemetry.sink import LineSink

__all__ = ["LineSink", "LogReporter", "LoopLag", "configure", "registry"]
