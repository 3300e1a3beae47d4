"""Reactions: commands that follow from events, to other entities, with exactly-once effect.

`Outgoing` is the source's side: one message outstanding per (source, target), all that is due in order, sent again
until the target says that it is durable. The target keeps the highest (seq, n) per source (`dedup.Dedup.marks`).
Owns the queues and the cursor. Never persists by itself: the shard writes the cursor record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from actors.entity import Reaction, Rejected

RESEND_S = 0.5


class ReactionItem(NamedTuple):
    """One reaction: (seq, n) is its place in the source's history, n in the record's full list."""

    seq: int
    n: int
    command: Any


class ReactionBatch(NamedTuple):
    """What one source has for one target, in order. `source` is KIND/ID."""

    source: str
    items: Sequence[ReactionItem]


Deliver = Callable[[str, str, ReactionBatch, Any], None]


class Route:
    """The way from one source to one target."""

    __slots__ = ("id", "kind", "outgoing", "outstanding", "source", "waiting")

    def __init__(self, outgoing: Outgoing, source: str, kind: str, id: str) -> None:
        self.outgoing = outgoing
        self.source = source
        self.kind = kind
        self.id = id
        self.waiting: deque[tuple[ReactionItem, int]] = deque()
        self.outstanding = 0

    def send(self) -> None:
        if self.outstanding or not self.waiting or self.outgoing.stopped:
            return
        self.outstanding = len(self.waiting)
        items = [item for item, _ in self.waiting]
        self.outgoing.deliver(self.kind, self.id, ReactionBatch(self.source, items), self)

    # the sink of the delivery
    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """All items up to the message's last are durable at the target."""
        if self.outgoing.stopped:
            return
        done = [self.waiting.popleft() for _ in range(self.outstanding)]
        self.outstanding = 0
        self.outgoing.acknowledged([offset for _, offset in done])
        if self.waiting:
            self.send()
        else:
            self.outgoing.forget(self)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Not durable, or not known to be: the same again, later."""
        self.outstanding = 0
        self.outgoing.resent += 1
        asyncio.get_running_loop().call_later(RESEND_S, self.send)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never asked."""


class Outgoing:
    """All reactions of one source shard that are not acknowledged."""

    def __init__(self, deliver: Deliver, acked: Callable[[], None]) -> None:
        self.deliver = deliver
        self.stopped = False
        self.resent = 0
        self.done = 0
        self._acked = acked
        self._routes: dict[tuple[str, str, str], Route] = {}
        self._open: dict[int, int] = {}  # offset of the source record -> reactions not acknowledged

    def add(self, source: str, seq: int, offset: int, reactions: Sequence[Reaction]) -> None:
        """Take a durable record's reactions and send them when their turn comes."""
        self._open[offset] = self._open.get(offset, 0) + len(reactions)
        for n, reaction in enumerate(reactions):
            where = (source, reaction.kind, reaction.id)
            line = self._routes.get(where)
            if line is None:
                line = self._routes[where] = Route(self, *where)
            line.waiting.append((ReactionItem(seq, n, reaction.command), offset))
            line.send()

    def acknowledged(self, offsets: list[int]) -> None:
        """Count acknowledged reactions off their records."""
        for offset in offsets:
            left = self._open[offset] - 1
            if left:
                self._open[offset] = left
            else:
                del self._open[offset]
        self.done += len(offsets)
        self._acked()

    def forget(self, line: Route) -> None:
        """Drop an empty line."""
        self._routes.pop((line.source, line.kind, line.id), None)

    def cursor(self, end: int) -> int:
        """Return the offset before which all reactions are acknowledged; `end` when none is open."""
        return next(iter(self._open), end)  # offsets are added in rising order

    def pending(self) -> int:
        """Return the number of reactions not acknowledged."""
        return sum(self._open.values())

    def stop(self) -> None:
        """Send no more: the shard's memory is gone. Answers that still come are for nobody."""
        self.stopped = True
        self._routes.clear()
        self._open.clear()
