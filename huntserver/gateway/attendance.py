"""Presence on one node: what connections do becomes who is connected, and that is told to who listens and to peers.

Owns the turns in which it is told. To a team goes who of it is connected, to all of a hunt how many are; in a hunt with
many listeners the number goes out more seldom, some thousand frames a second at most. Told only to clients that
understand it (`presence` in hello's `takes`).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, Protocol

import msgspec

from huntserver.gateway.clock import LoopClock
from huntserver.gateway.ports import Peers
from huntserver.gateway.presence import Presence, PresenceMemo
from huntserver.gateway.rooms import Rooms
from huntserver.wire.codecs import State, frame, message

LISTENERS_A_SECOND: Final = 1_000
PRESENCE: Final = "presence"
"""What a client says in hello that it takes, and the channel's name in the pushes."""
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(PresenceMemo).decode


class PresenceData(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is connected: `count` players of the hunt; of the listener's own team, `here` are, by id."""

    count: int | None = None
    here: list[str] | None = None


class Present(Protocol):
    """A connection that listens to hunts."""

    closing: bool
    takes: frozenset[str]

    @property
    def by(self) -> str:
        """The client."""
        ...

    def send(self, struct: Any) -> None:
        """Send a push."""
        ...


class Attendance:
    """Who is connected, told as it changes. `clock` is the gateway's."""

    def __init__(self, rooms: Rooms, clock: LoopClock) -> None:
        self.presence = Presence()
        self._rooms = rooms
        self._clock = clock
        self._peers: Peers | None = None
        self._new: dict[tuple[Present, str], str] = {}  # (connection, hunt) -> team: they are told how it is
        self._counted_s: dict[str, float] = {}  # hunts whose number is to be told, and from when
        self._quiet_s: dict[str, float] = {}  # hunts with many listeners: not told again before
        self._due_s = float("inf")

    # ---- from connections

    def entered(self, connection: Present, hunt: str, team: str) -> None:
        """A connection listens to a hunt; `team`: as a member of it ("": it is no player's)."""
        if team:
            self.presence.came(hunt, team, connection.by)
        if PRESENCE in connection.takes:
            self._new[connection, hunt] = team
        self._wake()

    def left(self, connection: Present, hunt: str, team: str) -> None:
        """It does no more."""
        self._new.pop((connection, hunt), None)
        if team:
            self.presence.went(hunt, connection.by, self._clock.now_s)
            self._wake()

    # ---- from and to other nodes

    def attach(self, peers: Peers) -> None:
        """Say how other nodes are told."""
        self._peers = peers

    def peer_up(self, node: Hashable) -> None:
        """A node is reached: it is told who is here."""
        for memo in self.presence.whole():
            if self._peers is not None:
                self._peers.tell(_encode(memo), node)

    def peer_said(self, node: Hashable, body: bytes) -> None:
        """A node says who came and who went there. Raises ValueError (msgspec's errors are) for what is none."""
        self.presence.told(node, _decode(body))
        self._wake()

    def peer_down(self, node: Hashable) -> None:
        """A node is not reached any more."""
        self.presence.lost(node, self._clock.now_s)
        self._wake()

    # ---- turns

    def _wake(self) -> None:
        now_s = self._clock.now_s
        if self._due_s <= now_s:
            return  # as soon as can be
        times = [self.presence.due(now_s), now_s if self._new else None, min(self._counted_s.values(), default=None)]
        due_s = min((at for at in times if at is not None), default=float("inf"))
        if due_s < self._due_s:
            self._due_s = due_s
            # The clock stands still between two ticks: a moment later rather than over and over.
            self._clock.later(max(0.1, due_s - now_s), self._turn, due_s)

    def _turn(self, due_s: float) -> None:
        if due_s != self._due_s:
            return  # an earlier one was taken meanwhile
        self._due_s = float("inf")
        now_s = self._clock.now_s
        changes, memos = self.presence.turn(now_s)
        for memo in memos if self._peers is not None else ():
            self._peers.tell(_encode(memo))  # type: ignore[union-attr]
        for change in changes:
            for team in change.teams:
                data = PresenceData(here=self.presence.team(change.hunt, team))
                self._tell(change.hunt, f"team:{team}", data)
            if change.counted:
                self._counted_s.setdefault(change.hunt, max(now_s, self._quiet_s.pop(change.hunt, now_s)))
        self._tell_counts(now_s)
        self._tell_new()
        self._wake()

    def _tell_counts(self, now_s: float) -> None:
        for hunt, at in list(self._counted_s.items()):
            if at > now_s:
                continue
            data = PresenceData(self.presence.count(hunt))
            heard = self._tell(hunt, "hunt", data)
            del self._counted_s[hunt]
            if heard > LISTENERS_A_SECOND:  # the next one not before all of these have their second
                self._quiet_s[hunt] = now_s + heard / LISTENERS_A_SECOND

    def _tell_new(self) -> None:
        new, self._new = self._new, {}
        for (connection, hunt), team in new.items():
            if not connection.closing:
                here = self.presence.team(hunt, team) if team else None
                connection.send(State("state", hunt, PRESENCE, 0, PresenceData(self.presence.count(hunt), here)))

    def _tell(self, hunt: str, channel: str, data: PresenceData) -> int:
        """Broadcast to those of a channel that take it; slow sockets skip it. Returns to how many it went."""
        frames: list[bytes | None] = [None, None]
        told = 0
        for listener in self._rooms.listeners(hunt, channel):
            if PRESENCE in listener.takes:
                packed = listener.packed
                found = frames[packed]
                if found is None:
                    found = frames[packed] = frame(message(State("state", hunt, PRESENCE, 0, data), packed), packed)
                told += listener.push(found, soon=False)
        return told
