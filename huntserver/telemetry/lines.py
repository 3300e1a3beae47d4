"""Log lines: structlog, JSON on stderr, joined up by ids.

Owns the shape of a line. Never puts an answer, a token or a personal text into one: fields are ids, codes, counts and
times. Every `event` stands in `docs/operations.md`. Nothing here runs per command.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import structlog

from actors.faults import Fault
from huntserver.telemetry.sink import LineSink

LIBRARY_EVENT: Final = "library_message"
FORBIDDEN = frozenset({"token", "answer", "answers", "text", "guess", "name", "personal", "lat", "lon", "body"})
"""Field names that never reach a log line; a line that has one loses the value and says so."""


def configure(style: str, level: str, run: str = "") -> LineSink:
    """Set logging up for the process: JSON lines on stderr, or readable ones on a terminal.

    `run` names this run of the process in every line, those of libraries too. Returns where the lines go.
    """
    sink = LineSink(_descriptor())
    console = style == "console" or (style == "auto" and sink.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        structlog.processors.format_exc_info,
    ]
    # Libraries log through the standard module (the Kafka client is the talkative one): the same shape for them.
    plain = logging.StreamHandler(sink)
    plain.addFilter(RepeatFilter())
    plain.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=[library_line(run), *shared])
    )
    logging.getLogger().handlers[:] = [plain]
    logging.getLogger().setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sink),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    return sink


def _descriptor() -> int:
    """Return stderr's descriptor, also where Python was started without one."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return 2


def library_line(run: str) -> Any:
    """Return the processor that gives a library's line our shape: a fixed event, its words as `message`."""

    def shape(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        record = event.get("_record")
        event["message"] = event["event"]
        event["event"] = LIBRARY_EVENT
        event["library"] = record.name if record is not None else ""
        event["run"] = run
        return event

    return shape


class RepeatFilter(logging.Filter):
    """Lets a line of a library through once in 10 s: a client without its broker says the same four times a second."""

    again_s = 10.0
    lines_max = 100

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is new."""
        try:
            line = record.getMessage()
        except Exception:  # the library's words and arguments do not fit: `logging` says so, and nobody is raised at
            return True
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
    """The runtime's `Reporter`, and the gateway's, on structlog. Counts what it is told, by event. Never raises.

    `unsaid` counts lines that could not be made into one.
    """

    def __init__(self, **bound: Any) -> None:
        self._log = structlog.get_logger().bind(**bound)
        self.counts: dict[str, int] = {}
        self.unsaid = 0

    def _say(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if level != "debug":
            self.counts[event] = self.counts.get(event, 0) + 1
        try:
            getattr(self._log, level)(event, **fields)
        except Exception:  # who reports must not fail because the report did
            self.unsaid += 1

    def trace(self, event: str, **fields: Any) -> None:
        """Log at debug, uncounted."""
        self._say("debug", event, fields)

    def note(self, event: str, **fields: Any) -> None:
        """Log at info."""
        self._say("info", event, fields)

    def warn(self, event: str, **fields: Any) -> None:
        """Log at warning."""
        self._say("warning", event, fields)

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Log at error, with the error's type and trace; its text only where we or the system wrote it.

        What a bug raises may hold what a player wrote: `KeyError('my guess')`.
        """
        if error is not None:
            ours = isinstance(error, Fault | OSError)
            fields["error"] = f"{type(error).__name__}: {error}" if ours else type(error).__name__
            trace = traceback.extract_tb(error.__traceback__)
            fields["trace"] = [f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in trace]
        self._say("error", event, fields)
