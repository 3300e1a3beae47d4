"""Rooms: who listens to which hunt, the ring of recent pushes, and the fan-out.

Owns listeners and rings. Called by the runtime when a record is durable (`publish`), so what is here may be shown. A
listener gets the pushes of its channels in order, each encoded once for all; one that cannot take a push is taken out
of the hunt's room at once and comes back with a snapshot: what it hears is whole, or it is told that it is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.gateway.giving import give
from huntserver.gateway.ring import Kept, Ring
from huntserver.gateway.room import Asks, Channel, PlayerRoom, Room, RoomStatistics, RoomTable
from huntserver.limits import Limits
from huntserver.wire.codecs import Event, State, frame, message

NEWS_BYTES_MAX: Final = 8 * 1024
"""News that wait are given when they weigh so much: a listener's outbox is for more than them."""
PARTED_MAX: Final = 1000
"""Clients that a room remembers to have taken out; views of others that are as old are asked for again."""
REPLAY_MS: Final = 10_000
"""A player's record older than its listener by this is a replay of what is long past."""
SYSTEM: Final = Caller("system", "system")


class Rooms:
    """All rooms of a node. Implements the runtime's `Publisher`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rooms = RoomTable()
        self._players: dict[str, PlayerRoom] = {}
        self._system: Asks | None = None
        self._bytes = 0  # of all rings
        self.published = self.delivered = self.dropped = 0

    def attach(self, system: Asks) -> None:
        """Say whom to ask for conflated state."""
        self._system = system

    # ---- from the runtime

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Any) -> None:
        """Show a durable record; a seq seen before is ignored. A `told` push does not go to its origin."""
        if kind != "hunt":
            self._publish_player(id, seq, at_ms, pushes)
            return
        room = self._rooms[id]
        if seq <= room.last_seq:
            return
        room.last_seq = seq
        if "host" in room.channels:
            room.moved(self._limits.board_ms / 1000)
        self.published += 1
        ring = room.ring
        before = ring.bytes
        first = pushes[0]
        if first.told and len(pushes) == 1:
            # The usual record: the answer says it all, and often nobody else listens.
            ring.add(seq, at_ms, pushes)
            listeners = room.channels.get(first.channel)
            if listeners is not None:
                if len(listeners) > 1 or origin not in listeners or listeners.news:
                    self._show(room, ring.kept(seq), listeners, origin)
                listeners.last = seq
        else:
            self._show_all(room, seq, at_ms, pushes, origin)
        if ring.bytes > self._limits.ring_bytes_max:
            ring.shrink(self._limits.ring_bytes_max)
        self._bytes += ring.bytes - before
        if self._bytes > self._limits.rings_bytes_max:
            self._shed()

    def rewind(self, kind: str, seq: Callable[[str], int | None]) -> None:
        """Records that were shown are gone from the log: listeners get a snapshot of what there is."""
        if kind != "hunt":
            for id, mine in self._players.items():
                at = seq(id)
                mine.last_seq = mine.last_seq if at is None else min(mine.last_seq, at)
            return
        for room in list(self._rooms.values()):
            at = seq(room.hunt)
            if at is None:
                continue
            room.viewed = min(room.viewed, at)
            if room.last_seq <= at:
                continue
            room.last_seq = at
            self._begin_anew(room)
            listeners, room.channels = room.listeners(), {}
            for listener in listeners:
                listener.restart(room.hunt)

    def regained(self, kind: str, since: Callable[[str], int | None]) -> None:
        """What another owner wrote is shown here only from there on: who has not heard all before asks for it."""
        if kind != "hunt":
            for id, mine in self._players.items():
                at = since(id)
                if at is not None and mine.last_seq < at:
                    mine.last_seq = at
                    self._player_missed(mine, at)
            return
        for room in list(self._rooms.values()):
            at = since(room.hunt)
            if at is not None and max(room.last_seq, room.viewed) < at:
                self._let_go(room)
                room.last_seq = at

    def forget_shown(self) -> None:
        """Drop what was shown of all hunts: who comes back gets a snapshot, in which nobody's name is that is gone."""
        for room in self._rooms.values():
            self._begin_anew(room)

    def _player_missed(self, room: PlayerRoom, seq: int) -> None:
        for listener in room.listeners:
            listener.fell_behind("", seq, {})

    def _let_go(self, room: Room) -> None:
        """What follows is not known to be all: listeners take up where they stand."""
        stand = [(listener, room.given(listener)) for listener in room.listeners()]
        self._begin_anew(room)
        room.channels = {}
        for listener, given in stand:
            listener.take_up(room.hunt, room.last_seq, given)

    def _begin_anew(self, room: Room) -> None:
        self._bytes -= room.ring.bytes
        room.ring = Ring(room.hunt)

    def _show_all(self, room: Room, seq: int, at_ms: int, pushes: Sequence[Push], origin: Any) -> None:
        shown = [push for push in pushes if push.tells]
        for push in pushes:
            if push.parted:
                self._part(room, seq, push)
            elif push.state is not None:
                self._board(room, self._limits.board_teams_ms if push.state == "teams" else self._limits.board_ms)
        if not shown:
            return
        room.ring.add(seq, at_ms, shown)
        for push, kept in zip(shown, room.ring.kept(seq), strict=True):
            listeners = room.channels.get(push.channel)
            if listeners:
                if not push.can_wait or not self._gathered(room, listeners, kept):
                    self._show(room, (kept,), listeners, origin if push.told else None)
            elif not push.told:
                kept.payload(room.hunt)  # it may be large (clues that opened): weighed as it is
                room.ring.settle(kept)

    def _part(self, room: Room, seq: int, push: Push) -> None:
        """Take a client's listeners out of the hunt before anything of this record, or after it, is shown to them."""
        room.parted.pop(push.parted, None)
        room.parted[push.parted] = seq
        while len(room.parted) > PARTED_MAX:
            room.parted_before = room.parted.pop(next(iter(room.parted)))
        for listener in [one for one in room.channels.get(push.channel, ()) if one.by == push.parted]:
            self.leave(room.hunt, list(room.channels), listener)
            listener.parted(room.hunt)

    def parted(self, hunt: str, by: str) -> int:
        """Return the seq at which a client was last taken out of a channel of a hunt (0: never): what a view said of
        its channels before that holds no longer."""
        room = self._rooms.get(hunt)
        return 0 if room is None else room.parted.get(by, room.parted_before)

    def _show(self, room: Room, run: Sequence[Kept], listeners: Channel, told: Any) -> None:
        """Give a channel pushes that follow each other; `told` has them. What waited goes before them."""
        if listeners.news:
            self._give_news(room, listeners)
        given = give(room.hunt, run, listeners, told)
        self.delivered += given.taken
        for kept in run if given.taken else ():
            room.ring.settle(kept)
        before = run[0].seq - 1
        for listener in given.slow:
            self.dropped += len(run)
            self._drop(room, listener, before)
        for listener in given.behind:
            given_all = room.given(listener)
            self.leave(room.hunt, list(room.channels), listener)
            listener.take_up(room.hunt, before, given_all)
        listeners.last = run[-1].seq

    def _drop(self, room: Room, listener: Any, seq: int) -> None:
        given = room.given(listener)  # of this record, too, on the channels before
        self.leave(room.hunt, list(room.channels), listener)
        listener.fell_behind(room.hunt, seq, given)

    def _gathered(self, room: Room, listeners: Channel, kept: Kept) -> bool:
        """Let a push to many wait for others that can wait; False: none went for a while, it goes at once."""
        if len(listeners) <= self._limits.news_listeners:
            return False
        loop, wait_s = asyncio.get_running_loop(), self._limits.news_ms / 1000
        if not listeners.news:
            now_s = loop.time()
            if now_s >= listeners.news_due_s:
                listeners.news_due_s = now_s + wait_s
                return False
            loop.call_at(listeners.news_due_s, self._news_due, room, kept.channel, listeners)
            listeners.news = []
        listeners.news.append(kept)
        listeners.news_bytes += len(kept.payload(room.hunt))
        room.ring.settle(kept)
        if listeners.news_bytes > NEWS_BYTES_MAX:
            self._give_news(room, listeners)
        return True

    def _news_due(self, room: Room, channel: str, listeners: Channel) -> None:
        if listeners.news and room.channels.get(channel) is listeners:  # else it was given, or its room began anew
            listeners.news_due_s = asyncio.get_running_loop().time() + self._limits.news_ms / 1000
            before = room.ring.bytes
            self._give_news(room, listeners)
            self._bytes += room.ring.bytes - before

    def _give_news(self, room: Room, listeners: Channel) -> None:
        news, listeners.news, listeners.news_bytes = listeners.news, None, 0
        self._show(room, news or (), listeners, None)

    def _publish_player(self, id: str, seq: int, at_ms: int, pushes: Sequence[Push]) -> None:
        room = self._players.get(id)
        if room is None or seq <= room.last_seq or at_ms < room.since_ms - REPLAY_MS:
            return
        room.last_seq = seq
        for push in pushes:
            frames: list[bytes | None] = [None, None]
            for listener in room.listeners:
                packed = listener.packed
                data = frames[packed]
                if data is None:
                    event = Event("event", "", push.channel, seq, push.prev, at_ms, push.events)
                    data = frames[packed] = frame(message(event, packed), packed)
                if listener.push(data, soon=True):
                    self.delivered += 1
                else:
                    self.dropped += 1
                    listener.fell_behind("", seq - 1, {})

    # ---- conflated state

    def _board(self, room: Room, after_ms: int) -> None:
        if not room.channels.get("hunt"):
            return
        loop = asyncio.get_running_loop()
        due_s = loop.time() + after_ms / 1000
        if not room.board_due_s or due_s < room.board_due_s:
            room.board_due_s = due_s
            loop.call_later(after_ms / 1000, self._ask_board, room, due_s)

    def _ask_board(self, room: Room, due_s: float) -> None:
        if room.board_due_s != due_s:
            return  # an earlier one was asked for meanwhile
        room.board_due_s = 0.0
        if self._system is not None and room.channels.get("hunt"):
            query = BoardQuery(top=self._limits.board_rows)
            self._system.query("hunt", room.hunt, query, _BoardSink(self, room), 0, SYSTEM)

    def show_board(self, room: Room, view: Any, pos: int) -> None:
        """Broadcast conflated state; slow sockets skip it."""
        frames: list[bytes | None] = [None, None]
        for listener in room.channels.get("hunt", ()):
            packed = listener.packed
            data = frames[packed]
            if data is None:
                data = frames[packed] = frame(message(State("state", room.hunt, "board", pos, view), packed), packed)
            if listener.push(data, soon=False):
                self.delivered += 1
            else:
                self.dropped += 1

    # ---- listeners

    def listeners(self, hunt: str, channel: str) -> list[Any]:
        """Return who hears a channel of a hunt now."""
        room = self._rooms.get(hunt)
        return list(room.channels.get(channel, ())) if room is not None else []

    def expect(self, hunt: str) -> None:
        """Somebody asks for the view that it will listen from: what is shown after it is to be heard."""

    def enter(self, hunt: str, channels: Mapping[str, int], listener: Any, pos: int = 0) -> None:
        """Let a listener hear channels from here on. It has them as far as they go, in what it was told of the hunt at
        `pos` and in the tail since."""
        room = self._rooms[hunt]
        for name, seq in channels.items():
            room.channels.setdefault(name, Channel())[listener] = max(seq, room.ring.newest(name))
        self.saw("hunt", hunt, pos)

    def saw(self, kind: str, id: str, pos: int) -> None:
        """A view at `pos` was let out: what was shown up to there was shown here, or never will be."""
        if kind != "hunt":
            if id in self._players:
                self._players[id].last_seq = max(self._players[id].last_seq, pos)
        elif id in self._rooms:
            self._rooms[id].viewed = max(self._rooms[id].viewed, pos)

    def leave(self, hunt: str, channels: Iterable[str], listener: Any) -> None:
        """Take a listener out."""
        room = self._rooms.get(hunt)
        if room is None:
            return
        for channel in channels:
            held = room.channels.get(channel)
            if held is not None and listener in held:
                del held[listener]
                if not held:
                    del room.channels[channel]
        if not room.channels and not len(room.ring):
            del self._rooms[hunt]

    def enter_player(self, id: str, listener: Any, now_ms: float) -> None:
        """Let a listener hear a player's own pushes."""
        room = self._players.get(id)
        if room is None:
            room = self._players[id] = PlayerRoom(now_ms)
        if listener not in room.listeners:
            room.listeners.append(listener)

    def leave_player(self, id: str, listener: Any) -> None:
        """The reverse."""
        room = self._players.get(id)
        if room is not None:
            if listener in room.listeners:
                room.listeners.remove(listener)
            if not room.listeners:
                del self._players[id]

    def tail(
        self, hunt: str, seen: Mapping[str, int], last: Mapping[str, int], packed: bool, pos: int | None = None
    ) -> list[bytes] | None:
        """Return the frames that a listener missed: exactly all, or None: then it needs a snapshot (`Ring.tail`).
        `last` holds at `pos`: what was shown after that must be here, too."""
        room = self._rooms.get(hunt)
        if room is None:
            return [] if all(seq <= seen.get(channel, 0) for channel, seq in last.items()) else None
        if pos is not None and pos < room.last_seq and not room.ring.has_all_since(pos):
            return None
        limits, before = self._limits, room.ring.bytes
        found = room.ring.tail(seen, last, packed, pushes_max=limits.tail_pushes_max, bytes_max=limits.tail_bytes_max)
        self._bytes += room.ring.bytes - before
        return found

    def portion(
        self, hunt: str, seen: Mapping[str, int], last: Mapping[str, int], packed: bool
    ) -> tuple[list[bytes], dict[str, int] | None] | None:
        """Return what a slow listener missed in a portion that its outbox takes (`Ring.portion`)."""
        room = self._rooms.get(hunt)
        if room is None:
            return None
        before = room.ring.bytes
        found = room.ring.portion(seen, last, packed, bytes_max=self._limits.outbox_soft_bytes // 2)
        self._bytes += room.ring.bytes - before
        return found

    # ---- bounds

    def _shed(self) -> None:
        """Bring all rings together under their bound: those nobody listens to first, then half of each."""
        bound = self._limits.rings_bytes_max * 3 // 4
        for listened in (False, True):
            for room in list(self._rooms.values()):
                if self._bytes <= bound:
                    return
                if bool(room.channels) is listened:
                    before = room.ring.bytes
                    room.ring.shrink(before // 2 if listened else 0)
                    self._bytes += room.ring.bytes - before
                    if not listened and not room.board_due_s:
                        del self._rooms[room.hunt]

    def statistics(self) -> RoomStatistics:
        """Return what the rooms hold and have done."""
        pushes = sum(len(room.ring) for room in self._rooms.values())
        return RoomStatistics(len(self._rooms), pushes, self._bytes, self.published, self.delivered, self.dropped)


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
