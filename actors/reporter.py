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
