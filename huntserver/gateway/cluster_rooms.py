"""The rooms of a node in a cluster: the hunts that are listened to here may live on other nodes.

Adds to `Rooms` what the router's watches ask: what was heard, who listens, and what becomes of listeners when what
another node showed may not be whole. Owns, beside the rooms, for how long an expected listener is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from actors.entity import Push
from huntserver.gateway.room import Room
from huntserver.gateway.rooms import Rooms
from huntserver.limits import Limits

EXPECTED_S: Final = 30.0
"""A listener that has not entered by then asks anew."""


class ClusterRooms(Rooms):
    """Rooms whose hunts live anywhere. `watch(kind, id)` is called before a view is asked for that is listened from."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.watch: Callable[[str, str], None] = lambda kind, id: None
        self.is_here: Callable[[str, str], bool] = lambda kind, id: True
        self._expected: dict[str, float] = {}

    def expect(self, hunt: str) -> None:
        """Hear a hunt from now on, wherever it lives."""
        self._expected[hunt] = asyncio.get_running_loop().time() + EXPECTED_S
        if hunt not in self._rooms:
            self._rooms[hunt] = Room(hunt)
        self.watch("hunt", hunt)

    def enter(self, hunt: str, channels: Mapping[str, int], listener: Any, pos: int = 0) -> None:
        """Let a listener hear channels from here on. Up to where all is shown, of hunts that live elsewhere, the
        router knows (`saw`)."""
        super().enter(hunt, channels, listener, pos if self.is_here("hunt", hunt) else 0)

    def tell(self, kind: str, id: str, seq: int, sink: Any, channel: str, prev: int) -> bool:
        """Tell whether an answer is to say what record `seq` shows on a channel: its listener has heard all before it,
        and not yet this. Then it is not shown to it again, whoever shows it."""
        room = self._rooms.get(id) if kind == "hunt" else None
        listeners = room.channels.get(channel) if room is not None else None
        if listeners is None or sink not in listeners or listeners.given(sink) != prev:
            return False
        listeners[sink] = seq
        return True

    def enter_player(self, id: str, listener: Any, now_ms: float) -> None:
        """Let a listener hear a player's own pushes, wherever the player lives."""
        super().enter_player(id, listener, now_ms)
        self.watch("player", id)

    def heard(self, kind: str, id: str) -> int:
        """Return up to which seq all was shown here; 0: nothing is known."""
        if kind != "hunt":
            return self._players[id].last_seq if id in self._players else 0
        room = self._rooms.get(id)
        return 0 if room is None else max(room.last_seq, room.viewed)

    def listened(self, kind: str, id: str) -> bool:
        """Tell whether anybody listens, or is about to."""
        if kind != "hunt":
            return id in self._players
        room = self._rooms.get(id)
        if room is not None and room.channels:
            return True
        if self._expected.get(id, 0.0) > asyncio.get_running_loop().time():
            return True
        self._expected.pop(id, None)
        return False

    def since(self, kind: str, id: str, seq: int) -> Sequence[tuple[int, int, Sequence[Push]]] | None:
        """Return every record of a hunt that was shown after `seq`; None if that is not known to be all, or if a client
        left a channel since: then listeners ask what they may hear. Of a player nothing is kept."""
        room = self._rooms.get(id) if kind == "hunt" else None
        if room is None or max(room.parted.values(), default=room.parted_before) > seq:
            return None
        before = room.ring.bytes
        found = room.ring.since(seq)
        self._bytes += room.ring.bytes - before
        return found

    def broken(self, kind: str, id: str) -> None:
        """What was shown elsewhere after what was heard may be missing: listeners ask for it, or get a snapshot."""
        if kind != "hunt":
            if id in self._players:
                self._player_missed(self._players[id], self._players[id].last_seq)
            return
        room = self._rooms.get(id)
        if room is not None:
            self._let_go(room)

    def forget(self, kind: str, gone: Callable[[str], bool]) -> None:
        """The hunts that `gone` tells of live here no more: what is shown here is not all, from now on."""
        if kind == "hunt":
            for room in list(self._rooms.values()):
                if gone(room.hunt):
                    self._begin_anew(room)
                    if not self.listened("hunt", room.hunt):
                        del self._rooms[room.hunt]
