"""The way in to actors, of one node or of a cluster: send and ask without waiting, or wait for the answer.

Who implements it has `submit` and `query`; waiting is the same for all. Owns nothing.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from actors.entity import Rejected
from actors.shard.actor import Caller, Sink
from actors.shard.mailbox import Key


class WayIn(ABC):
    """Where commands and questions to entities go. Neither `submit` nor `query` suspends; the sink hears once."""

    @abstractmethod
    def submit(
        self, kind: str, id: str, command: Any, sink: Sink, request: int, caller: Caller, key: Key | None
    ) -> None:
        """Send a command; the sink hears once it is durable or refused."""

    @abstractmethod
    def query(self, kind: str, id: str, query: Any, sink: Sink, request: int, caller: Caller) -> None:
        """Ask for a view; the sink hears once what it rests on is durable."""

    async def ask(self, kind: str, id: str, command: Any, caller: Caller, key: Key | None = None) -> Any:
        """Send a command and wait; for tools and tests. Returns (answer bytes, pos), or a `Rejected`."""
        waiter = _Waiter()
        self.submit(kind, id, command, waiter, 0, caller, key)
        return await waiter.future

    async def view(self, kind: str, id: str, query: Any, caller: Caller) -> Any:
        """Ask a question and wait. Returns (view, pos), or a `Rejected`."""
        waiter = _Waiter()
        self.query(kind, id, query, waiter, 0, caller)
        return await waiter.future


class _Waiter:
    """A sink for one answer."""

    def __init__(self) -> None:
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """Resolve with (answer, pos)."""
        if not self.future.done():
            self.future.set_result((answer, pos))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Resolve with the refusal."""
        if not self.future.done():
            self.future.set_result(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Resolve with (view, pos)."""
        if not self.future.done():
            self.future.set_result((view, pos))
