"""One hunt's room, and one player's: who listens to which channel, and how far each was given it; what all count.

Owned by `rooms`, which alone changes them.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple, Protocol

from actors.shard.actor import Caller
from huntserver.gateway.ring import Kept, Ring
from huntserver.wire.codecs import State, frame, message

BIG_BOARD: Final = "big_board"
"""What a host's client says in hello that it takes, and the channel on which it is told that the big board moved."""


class Asks(Protocol):
    """The part of the actor system that rooms need."""

    def query(self, kind: str, id: str, query: Any, sink: Any, request: int, caller: Caller) -> None:
        """Ask a question."""
        ...


class Channel(dict[Any, int]):
    """Who listens to a channel; of each, up to which seq it was given the channel when it entered, or by an answer.
    `last`: of the last push that was shown to all of them. `news`: pushes after it that wait to be given together,
    and what they weigh; the next ones may go at `news_due_s` by the loop's clock."""

    __slots__ = ("last", "news", "news_bytes", "news_due_s")

    def __init__(self) -> None:
        super().__init__()
        self.last = 0
        self.news: list[Kept] | None = None  # none: most channels are a team's, and never have any
        self.news_bytes = 0
        self.news_due_s = 0.0

    def given(self, listener: Any) -> int:
        """Return up to which seq a listener was given the channel."""
        return max(self[listener], self.last)


class Room:
    """One hunt's listeners by channel, and its ring."""

    __slots__ = (
        "board_due_s",
        "channels",
        "hunt",
        "last_seq",
        "parted",
        "parted_before",
        "ring",
        "tells_hosts",
        "viewed",
    )

    def __init__(self, hunt: str) -> None:
        self.hunt = hunt
        self.channels: dict[str, Channel] = {}
        self.ring = Ring(hunt)
        self.last_seq = 0  # of the last record that was shown
        self.viewed = 0  # up to there views say what there was; a view may precede the record that it was asked for by
        self.board_due_s = 0.0
        self.tells_hosts = False  # they will be told in a moment that something happened
        self.parted: dict[str, int] = {}  # who was taken out, and at which seq
        self.parted_before = 0  # the same of those that are forgotten

    def given(self, listener: Any) -> dict[str, int]:
        """Return up to which seq a listener was given each channel that it hears."""
        return {name: channel.given(listener) for name, channel in self.channels.items() if listener in channel}

    def moved(self, after_s: float) -> None:
        """Something happened in the hunt: soon, and once for all of it, those of its hosts are told who take that."""
        if not self.tells_hosts and any(BIG_BOARD in one.takes for one in self.channels["host"]):
            self.tells_hosts = True
            asyncio.get_running_loop().call_later(after_s, self._tell_hosts)

    def _tell_hosts(self) -> None:
        self.tells_hosts = False
        for listener in list(self.channels.get("host", ())):
            if BIG_BOARD in listener.takes:
                state = State("state", self.hunt, BIG_BOARD, self.last_seq, {})
                listener.push(frame(message(state, listener.packed), listener.packed), soon=False)

    def listeners(self) -> list[Any]:
        """Return all listeners, in the order in which they came."""
        return list(dict.fromkeys(listener for channel in self.channels.values() for listener in channel))


class RoomTable(dict[str, Room]):
    """Rooms by hunt; one is made when it is first looked up."""

    def __missing__(self, hunt: str) -> Room:
        made = self[hunt] = Room(hunt)
        return made


class PlayerRoom:
    """The sessions of one player."""

    __slots__ = ("last_seq", "listeners", "since_ms")

    def __init__(self, since_ms: float) -> None:
        self.listeners: list[Any] = []  # a few at most
        self.last_seq = 0
        self.since_ms = since_ms


class RoomStatistics(NamedTuple):
    """What the rooms hold and have done. `delivered` counts frames to listeners, `dropped` those not taken."""

    rooms: int
    ring_pushes: int
    ring_bytes: int
    published: int
    delivered: int
    dropped: int
