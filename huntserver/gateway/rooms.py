"""Rooms: who listens to which hunt, the ring of recent pushes, and the fan-out.

Owns listeners, rings and the queue of broadcasts. Called by the runtime when a record is durable (`publish`), so what
is here may be shown. Replies never wait behind a broadcast: those go out in slices of 64 sockets a turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from actors.actor import Caller
from actors.entity import Push, Rejected
from huntserver.game.commands import BoardQuery
from huntserver.limits import Limits
from huntserver.wire.codecs import Event, State, frame, message

PUSH_BYTES: Final = 600
"""Estimated memory of a push in a ring: the tuple, its event structs, and its share of the deque."""
SYSTEM: Final = Caller("system", "system")


class Listener(Protocol):
    """A session's connection, as rooms see it."""

    packed: bool
    behind: bool

    def push(self, data: bytes) -> None:
        """Send a whole frame."""
        ...

    def fell_behind(self, hunt: str) -> None:
        """A push was not sent because the socket is slow; a snapshot must follow when it is not."""
        ...


class Asks(Protocol):
    """The part of the actor system that rooms need."""

    def query(self, kind: str, id: str, query: Any, sink: Any, request: int, caller: Caller) -> None:
        """Ask a question."""
        ...


class Kept(NamedTuple):
    """One push in a ring."""

    seq: int
    at_ms: int
    push: Push


class Room:
    """One hunt's listeners by channel, and its ring."""

    __slots__ = ("board_due", "channels", "floor", "hunt", "last_seq", "ring")

    def __init__(self, hunt: str) -> None:
        self.hunt = hunt
        self.channels: dict[str, dict[Any, None]] = {}
        self.ring: deque[Kept] = deque()
        self.last_seq = 0
        self.floor = 0  # pushes up to this seq may be missing from the ring
        self.board_due = False


class RoomStatistics(NamedTuple):
    """What the rooms hold and have done."""

    rooms: int
    ring_pushes: int
    jobs: int
    published: int
    delivered: int
    dropped: int


class Rooms:
    """All rooms of a node. Implements the runtime's `Publisher`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rooms: dict[str, Room] = {}
        self._players: dict[str, dict[Any, None]] = {}
        self._jobs: deque[_Job] = deque()
        self._pumping = False
        self._ring_max = max(1, limits.ring_bytes_max // PUSH_BYTES)
        self._system: Asks | None = None
        self.published = self.delivered = self.dropped = 0

    def attach(self, system: Asks) -> None:
        """Say whom to ask for conflated state."""
        self._system = system

    # ---- from the runtime

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Any) -> None:
        """Show a durable record; a seq seen before is ignored."""
        if kind != "hunt":
            self._publish_player(id, seq, at_ms, pushes)
            return
        room = self._rooms.get(id)
        if room is None:
            room = self._rooms[id] = Room(id)
            room.floor = seq - 1
        if seq <= room.last_seq:
            return
        room.last_seq = seq
        self.published += 1
        ring = room.ring
        for push in pushes:
            if push.state is not None:
                self._board(room)
                continue
            ring.append(Kept(seq, at_ms, push))
            listeners = room.channels.get(push.channel)
            if listeners:
                self._send(room.hunt, push, seq, at_ms, listeners, origin)
        while len(ring) > self._ring_max:
            room.floor = ring.popleft().seq

    def _send(self, hunt: str, push: Push, seq: int, at_ms: int, listeners: dict[Any, None], origin: Any) -> None:
        if len(listeners) <= 8 and not (push.channel == "hunt" and self._jobs):
            encoded: list[bytes | None] = [None, None]
            for listener in listeners:
                if not (push.told and listener is origin):
                    self._deliver(listener, hunt, encoded, lambda: _event(hunt, push, seq, at_ms))
            return
        targets = [who for who in listeners if not (push.told and who is origin)]
        self._queue(_Job(hunt, targets, lambda: _event(hunt, push, seq, at_ms), False))

    def _publish_player(self, id: str, seq: int, at_ms: int, pushes: Sequence[Push]) -> None:
        listeners = self._players.get(id)
        if listeners:
            for push in pushes:
                self._send("", push, seq, at_ms, listeners, None)

    def _deliver(self, listener: Any, hunt: str, encoded: list[bytes | None], make: Callable[[], Any]) -> None:
        if listener.behind:
            self.dropped += 1
            listener.fell_behind(hunt)
            return
        packed = listener.packed
        data = encoded[packed]
        if data is None:
            data = encoded[packed] = frame(message(make(), packed), packed)
        listener.push(data)
        self.delivered += 1

    # ---- fan-out

    def _queue(self, job: _Job) -> None:
        self._jobs.append(job)
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        left = self._limits.slice_sockets
        while self._jobs and left > 0:
            job = self._jobs[0]
            targets, at = job.targets, job.at
            stop = min(len(targets), at + left)
            for i in range(at, stop):
                listener = targets[i]
                if job.conflated and listener.behind:
                    self.dropped += 1
                else:
                    self._deliver(listener, job.hunt, job.encoded, job.make)
            left -= stop - at
            job.at = stop
            if stop == len(targets):
                self._jobs.popleft()
        if self._jobs:
            asyncio.get_running_loop().call_soon(self._pump)
        else:
            self._pumping = False

    # ---- conflated state

    def _board(self, room: Room) -> None:
        if not room.board_due and room.channels.get("hunt"):
            room.board_due = True
            asyncio.get_running_loop().call_later(self._limits.board_ms / 1000, self._ask_board, room)

    def _ask_board(self, room: Room) -> None:
        room.board_due = False
        if self._system is not None and room.channels.get("hunt"):
            query = BoardQuery(top=self._limits.board_rows)
            self._system.query("hunt", room.hunt, query, _BoardSink(self, room), 0, SYSTEM)

    def show_board(self, room: Room, view: Any, pos: int) -> None:
        """Broadcast conflated state; slow sockets skip it."""
        targets = list(room.channels.get("hunt", ()))
        if targets:
            self._queue(_Job(room.hunt, targets, lambda: State("state", room.hunt, "board", pos, view), True))

    # ---- listeners

    def enter(self, hunt: str, channels: Iterable[str], listener: Any) -> None:
        """Let a listener hear channels from here on."""
        room = self._rooms.get(hunt)
        if room is None:
            room = self._rooms[hunt] = Room(hunt)
            room.floor = 1 << 62  # nothing is known of what came before
        for channel in channels:
            room.channels.setdefault(channel, {})[listener] = None

    def known(self, hunt: str, seq: int) -> None:
        """Note that the hunt stands at `seq` and nothing up to there is in the ring (its room is new)."""
        room = self._rooms[hunt]
        if room.floor == 1 << 62:
            room.floor = room.last_seq = seq

    def leave(self, hunt: str, channels: Iterable[str], listener: Any) -> None:
        """Take a listener out."""
        room = self._rooms.get(hunt)
        if room is not None:
            for channel in channels:
                held = room.channels.get(channel)
                if held is not None:
                    held.pop(listener, None)
                    if not held:
                        del room.channels[channel]

    def enter_player(self, id: str, listener: Any) -> None:
        """Let a listener hear a player's own pushes."""
        self._players.setdefault(id, {})[listener] = None

    def leave_player(self, id: str, listener: Any) -> None:
        """The reverse."""
        held = self._players.get(id)
        if held is not None:
            held.pop(listener, None)
            if not held:
                del self._players[id]

    def tail(self, hunt: str, channels: dict[str, int], since: int, pos: int, packed: bool) -> list[bytes] | None:
        """Return the frames that a listener missed after `since`, all or None: then it needs a snapshot.

        `channels` are its channels with their last seqs at `pos`; the ring must reach from `since` to `pos`.
        """
        if all(last <= since for last in channels.values()):
            return []
        room = self._rooms.get(hunt)
        limits = self._limits
        if room is None or since < room.floor or room.last_seq < max(channels.values()):
            return None
        frames: list[bytes] = []
        size = 0
        for kept in reversed(room.ring):
            if kept.seq <= since:
                break
            if kept.push.channel in channels and kept.seq <= pos:
                data = frame(message(_event(hunt, kept.push, kept.seq, kept.at_ms), packed), packed)
                size += len(data)
                frames.append(data)
                if len(frames) > limits.tail_pushes_max or size > limits.tail_bytes_max:
                    return None
        frames.reverse()
        return frames

    def statistics(self) -> RoomStatistics:
        """Return what the rooms hold and have done."""
        pushes = sum(len(room.ring) for room in self._rooms.values())
        return RoomStatistics(len(self._rooms), pushes, len(self._jobs), self.published, self.delivered, self.dropped)


class _Job:
    """A broadcast on its way: encoded once per encoding, sent slice by slice."""

    __slots__ = ("at", "conflated", "encoded", "hunt", "make", "targets")

    def __init__(self, hunt: str, targets: list[Any], make: Callable[[], Any], conflated: bool) -> None:
        self.hunt = hunt
        self.targets = targets
        self.make = make
        self.conflated = conflated
        self.encoded: list[bytes | None] = [None, None]
        self.at = 0


class _BoardSink:
    """Takes the answer to a room's question for its board."""

    __slots__ = ("_room", "_rooms")

    def __init__(self, rooms: Rooms, room: Room) -> None:
        self._rooms = rooms
        self._room = room

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """The hunt cannot say now; the next change asks again."""

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Broadcast it."""
        self._rooms.show_board(self._room, view, pos)


def _event(hunt: str, push: Push, seq: int, at_ms: int) -> Event:
    return Event("event", hunt, push.channel, seq, push.prev, at_ms, push.events)
