"""What the gateway needs of the actor system, as a port."""

from __future__ import annotations

from typing import Any, Protocol

from actors.shard.actor import Caller, Sink


class System(Protocol):
    """The actor system, as the gateway sees it. Neither way in suspends; answers come to the sink in release order,
    also from within the call (a mailbox is full)."""

    def submit(
        self, kind: str, id: str, command: Any, sink: Sink, request: int, caller: Caller, key: tuple[str, int] | None
    ) -> None:
        """Send a command; the sink hears `accepted` or `refused` once."""
        ...

    def query(self, kind: str, id: str, query: Any, sink: Sink, request: int, caller: Caller) -> None:
        """Ask a question; the sink hears `viewed` or `refused` once."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Tell whether everything is served, and why not."""
        ...
