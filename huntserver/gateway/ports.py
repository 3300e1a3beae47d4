"""What the gateway needs of others, as ports: the actor system, other nodes, and who looks at single commands."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

from actors.shard.actor import Caller, Sink

Trace = Callable[..., None]
"""Takes an event's name and its fields; one line a call."""


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


class ReadyState(Protocol):
    """What `/readyz` answers, as JSON; the status is 200 with `ready`, else 503."""

    @property
    def ready(self) -> bool:
        """Whether the server serves."""
        ...


class CommandObserver(Protocol):
    """Is told of the commands of the connection that is sampled."""

    def opened(self, request: int, began: float) -> None:
        """A command was decoded at `began` (seconds of `time.perf_counter`) and went on to its hunt."""
        ...

    def answered(self, request: int) -> None:
        """The request was answered."""
        ...


class Offload(Protocol):
    """Does what takes long beside the loop."""

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[], None]) -> bool:
        """Call `work` elsewhere, then `done` with what it returned, or `failed`, on the loop; False: too much waits."""
        ...

    def close(self) -> None:
        """Take nothing more; what waits is dropped."""
        ...


class Peers(Protocol):
    """The other nodes of a cluster, under one topic that this node and they tell each other of."""

    def tell(self, body: bytes, only: Hashable = None) -> None:
        """Tell all that are reached, or only one of them; one of a version without the topic passes over it."""
        ...

    def out_of_reach(self) -> int:
        """Return how many nodes of the cluster are not reached now."""
        ...
