"""Command latency by samples, and lines about single commands: both cost nothing to the connections left alone.

A connection that is looked at has another class for as long (same slots, same state), so the usual one asks no
question per message. A sample runs from the decoding of a command to its answer, which is durable then and leaves in
the same turn of the loop; a command that is refused before it reaches a hunt is none. Never looks at what a command
says: ids, codes and times only.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import Any, Final

from actors.entity import Push, Rejected
from actors.shard.commit import WAIT_BUCKETS_MS
from huntserver.gateway.connection import Connection
from huntserver.wire.messages import IS_COMMAND, ROUTE

BOUNDS_MS: Final = WAIT_BUCKETS_MS
PATIENCE_S: Final = 1.0
"""A connection that sends nothing for so long is let go, and another one is looked at."""


class Latency:
    """A histogram: `buckets` counts by `BOUNDS_MS`, the last one what is beyond."""

    __slots__ = ("buckets", "sum_s")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS_MS) + 1)
        self.sum_s = 0.0

    def observe(self, took_s: float) -> None:
        """Count one command."""
        self.sum_s += took_s
        self.buckets[bisect_left(BOUNDS_MS, took_s * 1000)] += 1


class Sampler:
    """Looks at one connection at a time."""

    def __init__(self) -> None:
        self.latency = Latency()
        self.classes: tuple[type[Connection], type[Connection]] = (Connection, Sampled)
        """The class of connections left alone, and of the one that is looked at."""
        self._watched: Connection | None = None
        self._since_s = 0.0
        self._request = -1
        self._began = 0.0

    def offer(self, connection: Connection, now_s: float) -> None:
        """Look at this connection from now on, unless another one is looked at that has time left."""
        if self._watched is not None:
            if now_s - self._since_s < PATIENCE_S and not self._watched.closing:
                return
            self.let_go()
        plain, sampled = self.classes
        if connection.__class__ is plain and connection.session.caller is not None and not connection.closing:
            connection.__class__ = sampled
            self._watched, self._since_s = connection, now_s

    def let_go(self) -> None:
        """Look at nobody."""
        if self._watched is not None:
            self._watched.__class__ = self.classes[0]
            self._watched, self._request = None, -1

    def opened(self, request: int, began: float) -> None:
        """A command of the connection that is looked at went on to its hunt."""
        if self._request < 0:
            self._request, self._began = request, began

    def answered(self, request: int) -> None:
        """A command of the connection that is looked at was answered."""
        if request == self._request:
            self.latency.observe(time.perf_counter() - self._began)
            self.let_go()


class Sampled(Connection):
    """A connection that is looked at."""

    __slots__ = ()

    def _message(self, payload: bytes) -> None:
        began = time.perf_counter()
        unanswered = self.session.unanswered
        before = len(unanswered)
        super()._message(payload)
        if len(unanswered) > before:
            request = next(reversed(unanswered))
            if ROUTE[unanswered[request].__class__] == IS_COMMAND:
                self._services.observer.opened(request, began)

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Answer, then count."""
        super().accepted(request, answer, pos, told)
        self._services.observer.answered(request)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Refuse, then count; a stale refusal that is asked again is not answered yet."""
        super().refused(request, rejected, pos)
        if request not in self.session.unanswered:
            self._services.observer.answered(request)


class Traced(Connection):
    """A connection with a line for every request that was answered: for servers whose log level is debug."""

    __slots__ = ()

    def _line(self, request: int, pos: int, code: str) -> None:
        frame = self.session.unanswered.get(request)
        services = self._services
        if frame is None or services.trace is None:
            return
        caller, hunt = self.session.caller, getattr(frame, "hunt", "")
        key = self.session.key_of(frame)
        services.trace(
            "answered",
            session=self.label,
            by=caller.by if caller is not None else "",
            request=request,
            op=frame.__struct_config__.tag,
            hunt=hunt,
            shard=services.shard_of(hunt) if hunt else "",
            key=f"{key[0]}:{key[1]}" if key else "",
            pos=pos,
            code=code,
        )

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Tell, then answer."""
        self._line(request, pos, "ok")
        super().accepted(request, answer, pos, told)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Tell, then refuse."""
        self._line(request, pos, rejected.code)
        super().refused(request, rejected, pos)

    def answer(self, request: int, data: Any, pos: int) -> None:
        """Tell, then answer."""
        self._line(request, pos, "ok")
        super().answer(request, data, pos)

    def refuse(self, request: int, rejected: Rejected) -> None:
        """Tell of a frame that went no further, then refuse it."""
        if self._services.trace is not None:
            self._services.trace("turned_back", session=self.label, request=request, code=rejected.code)
        super().refuse(request, rejected)
