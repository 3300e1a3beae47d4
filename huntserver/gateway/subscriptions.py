"""What one connection listens to: joining rooms, resuming, catching up after being slow.

Owns the connection's channels by hunt. Entering a room and sending what it rests on happen in one step, in the order
in which the runtime lets effects out: nothing is missed in between, and what could not be kept is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.entity import Push, Rejected
from huntserver.game.commands import MembershipQuery, PageQuery
from huntserver.wire.codecs import Snapshot, Sys
from huntserver.wire.messages import ResumePoint

if TYPE_CHECKING:
    from huntserver.gateway.connection import Connection
    from huntserver.gateway.server import Gateway


class Subscriptions:
    """See the module. Made with the first join or resume of a connection."""

    __slots__ = ("_connection", "_gateway", "channels", "joining", "missed")

    def __init__(self, gateway: Gateway, connection: Connection) -> None:
        self._gateway = gateway
        self._connection = connection
        self.joining: dict[int, str] = {}  # request of a join -> hunt
        self.channels: dict[str, tuple[str, ...]] = {}
        self.missed: set[str] = set()  # hunts of which a push was dropped

    def join(self, hunt: str) -> None:
        """Listen to a hunt: ask for its page, and enter with the snapshot."""
        if len(self.channels) >= self._gateway.limits.hunts_per_session and hunt not in self.channels:
            self._connection.refuse(0, Rejected("rate_limited", "this connection listens to too many hunts"))
            return
        self._ask(hunt, PageQuery(), _Entry(self, hunt))

    def resume(self, point: ResumePoint) -> None:
        """Listen again from where the client stands: with the exact tail, or a snapshot."""
        self._connection.session.raise_floor(point.hunt, point.pos)
        self._ask(point.hunt, MembershipQuery(), _Return(self, point))

    def _ask(self, hunt: str, query: Any, sink: Any) -> None:
        caller = self._connection.session.caller
        assert caller is not None
        self._gateway.system.query("hunt", hunt, query, sink, 0, caller)

    def enter(self, hunt: str, channels: dict[str, int], pos: int) -> None:
        """Enter the room; what follows in the order of the log is heard."""
        self._gateway.rooms.leave(hunt, self.channels.get(hunt, ()), self._connection)
        self.channels[hunt] = tuple(channels)
        self._gateway.rooms.enter(hunt, channels, self._connection)
        self._gateway.rooms.known(hunt, pos)
        self.missed.discard(hunt)

    def snapshot(self, hunt: str, page: Any, pos: int) -> None:
        """Enter with everything, said to be a snapshot."""
        if self.closing():
            return
        self.enter(hunt, page.channels, pos)
        self._connection.send(Sys("sys", "resumed", hunt, recovered=False, seq=pos))
        self._connection.send(Snapshot("snapshot", hunt, pos, page.channels, page))

    def returned(self, point: ResumePoint, membership: Any, pos: int) -> None:
        """Enter with the exact tail if the ring has it, else ask for a snapshot."""
        if self.closing():
            return
        tail = None
        if point.seq <= pos and not self._connection.session.stale(point.hunt, pos):
            packed = self._connection.packed
            tail = self._gateway.rooms.tail(point.hunt, membership.channels, point.seq, pos, packed)
        if tail is None:
            self.join(point.hunt)
            return
        self.enter(point.hunt, membership.channels, pos)
        self._connection.send(Sys("sys", "resumed", point.hunt, recovered=True, seq=pos))
        for data in tail:
            self._connection.push(data)

    def refused(self, hunt: str, rejected: Rejected) -> None:
        """Say why a hunt is not heard; try again later if that can help."""
        if self.closing():
            return
        if rejected.retry and rejected.code in ("unavailable", "unknown", "busy", "internal"):
            self._gateway.later((rejected.after_ms or 500) / 1000, self.join, hunt)
        else:
            self._connection.refuse(0, rejected)

    def closing(self) -> bool:
        """Tell whether the connection is at its end: nothing may be entered any more."""
        return self._connection.closing

    def catch_up(self) -> None:
        """The socket is fast again: snapshots of what was dropped."""
        missed, self.missed = self.missed, set()
        for hunt in missed:
            if hunt in self.channels:
                self.join(hunt)

    def leave(self, hunt: str) -> None:
        """Stop listening to a hunt."""
        self._gateway.rooms.leave(hunt, self.channels.pop(hunt, ()), self._connection)

    def end(self) -> None:
        """Leave every room."""
        for hunt in list(self.channels):
            self.leave(hunt)
        caller = self._connection.session.caller
        if caller is not None:
            self._gateway.rooms.leave_player(caller.by[2:], self._connection)


class _Entry:
    """Takes the page that a join waits for."""

    __slots__ = ("_hunt", "_subscriptions")

    def __init__(self, subscriptions: Subscriptions, hunt: str) -> None:
        self._subscriptions = subscriptions
        self._hunt = hunt

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """No page."""
        self._subscriptions.refused(self._hunt, rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Enter with it."""
        self._subscriptions.snapshot(self._hunt, view, pos)


class _Return:
    """Takes the membership that a resume waits for."""

    __slots__ = ("_point", "_subscriptions")

    def __init__(self, subscriptions: Subscriptions, point: ResumePoint) -> None:
        self._subscriptions = subscriptions
        self._point = point

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """The right to listen is gone, or the hunt cannot be reached now."""
        self._subscriptions.refused(self._point.hunt, rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Return with the tail."""
        self._subscriptions.returned(self._point, view, pos)
