"""How the runtime tells what happened, as a port: structured logs and counters are the application's.

Never carries personal fields, answers or tokens: ids, codes, counts and times only.
"""

from __future__ import annotations

from typing import Any, Protocol


class Reporter(Protocol):
    """Takes named happenings with fields."""

    def note(self, event: str, **fields: Any) -> None:
        """Something worth a line in normal operation."""
        ...

    def warn(self, event: str, **fields: Any) -> None:
        """Something an operator should see; the runtime copes by itself."""
        ...

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Something went wrong that needs a person, with its cause."""
        ...


class Silent:
    """Tells nobody."""

    def note(self, event: str, **fields: Any) -> None:
        """Drop it."""

    def warn(self, event: str, **fields: Any) -> None:
        """Drop it."""

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Drop it."""


class Unfailing:
    """A reporter that cannot raise, whatever its sink does (closed pipe, full disk); `dropped` counts lost lines.

    Who reports is often about to arm a timer or to answer somebody: a line that cannot be written must not stop that.
    """

    def __init__(self, sink: Reporter) -> None:
        self._sink = sink
        self.dropped = 0

    @classmethod
    def of(cls, sink: Reporter) -> Unfailing:
        """Return the reporter itself if it cannot raise already, else one around it."""
        return sink if isinstance(sink, Unfailing) else cls(sink)

    def note(self, event: str, **fields: Any) -> None:
        """Pass on; count it if the sink raises."""
        try:
            self._sink.note(event, **fields)
        except Exception:  # there is nowhere left to tell it; counted
            self.dropped += 1

    def warn(self, event: str, **fields: Any) -> None:
        """Pass on; count it if the sink raises."""
        try:
            self._sink.warn(event, **fields)
        except Exception:  # as above; counted
            self.dropped += 1

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Pass on; count it if the sink raises."""
        try:
            self._sink.fault(event, error, **fields)
        except Exception:  # as above; counted
            self.dropped += 1
