"""The way in of one socket: its bytes as messages, and how many of them are taken.

Owns the lane, the buckets of bytes and control frames, and what waits for its turn. Before hello a peer has next to
nothing; after it a bucket that the sweep fills. Past it nothing is read: TCP holds the sender back. What a message says
is the business of `Connection`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from huntserver.gateway.services import Services
from huntserver.gateway.writer import SocketWriter
from huntserver.wire.lane import Lane
from huntserver.wire.session import Session

SLICE_BYTES: Final = 16 * 1024
"""Taken in one turn of the loop; the rest waits for the next, so that nobody's bytes hold up the others."""
READ_COST_BYTES: Final = 64
"""What a read counts beside its bytes: a stream of single bytes costs a turn each."""
PEERS_CODES: Final = (1000, 1001, 1005)
"""Close codes by which a peer goes in order."""


class Reader(SocketWriter):
    """The reading half of a connection. Gives each whole message to `_message`, in order; the loop calls
    `data_received`, the sweep `_fill`."""

    __slots__ = (
        "_bytes_left",
        "_filled_s",
        "_held",
        "_lane",
        "_rest",
        "_services",
        "address",
        "label",
        "session",
    )

    def __init__(self, services: Services, transport: asyncio.Transport, address: str, *, packed: bool) -> None:
        limits = services.limits
        super().__init__(transport, services.turns, services.clock, limits=limits, packed=packed)
        self._services = services
        self._lane = Lane(limits.frame_bytes_max, limits.control_frames_per_s)
        self._bytes_left = float(limits.hello_bytes_max)  # may be read before hello; then a bucket that the sweep fills
        self._filled_s = services.clock.now_s
        self._rest = b""  # bytes of a large read that wait for their turn
        self._held: list[bytes] | None = None  # messages that came while too many waited for answers
        self.session = Session(limits)
        self.address = address
        self.label = ""  # the session's id, in its hello's answer and in the server's log

    def _message(self, payload: bytes) -> None:
        raise NotImplementedError

    # ---- bytes in

    def data_received(self, data: bytes) -> None:
        """Take what the socket gave."""
        self.heard_s = self._clock.now_s
        if self.closing:
            return  # read on for a while, or the close code is lost to a reset
        left = self._bytes_left = self._bytes_left - len(data) - READ_COST_BYTES
        if left < 0 or self._rest or len(data) > SLICE_BYTES:
            data = self._slice(data)
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Cut messages out of bytes and pass them on."""
        lane = self._lane
        for message in lane.feed(data):
            if not self.waits:
                self._message(message)
            elif self._held is None:
                self._held = [message]
            else:
                self._held.append(message)
        if lane.out is not None:
            for frame in lane.out:
                self.write(frame)
            lane.out = None
        if lane.closed and not self.closing:
            self._lane_ended()

    def _lane_ended(self) -> None:
        """The peer closed, or broke the protocol (the lane has written the close), or sent too many control frames."""
        if self._lane.flooded:
            self.close("rate", what="control frames")
            return
        code = self._lane.close_code
        if code not in PEERS_CODES:
            self._services.connections.closes.count(f"protocol_{code}", session=self.label)
        self.end()

    # ---- more bytes than may be taken now

    def _slice(self, data: bytes) -> bytes:
        """Return what is taken in this turn; the rest waits, and nothing more is read meanwhile."""
        if self._rest:  # its turn comes: this is behind it
            self._rest += data
            return b""
        self._rest = data[SLICE_BYTES:]
        if self._rest:
            self._clock.soon(self._take_rest)
        self._starve()
        return data[:SLICE_BYTES]

    def _take_rest(self) -> None:
        if self.closing or self.waits:  # `_go_on` comes back to it
            return
        data, self._rest = self._rest[:SLICE_BYTES], self._rest[SLICE_BYTES:]
        if self._rest:
            self._clock.soon(self._take_rest)
        self._take(data)
        self._starve()

    def _starve(self) -> None:
        """Read, or do not: not while bytes wait for their turn, nor with an empty bucket."""
        starved = bool(self._rest) or self._bytes_left < 0
        if starved is not self.starved:
            self.starved = starved
            self.flow()

    def _fill(self, now_s: float) -> None:
        """Fill the buckets of bytes and control frames, which nobody has before hello."""
        limits, passed_s = self.limits, now_s - self._filled_s
        self._filled_s = now_s
        if self.session.caller is None:
            return
        mean = limits.command_bytes_mean
        filled = self._bytes_left + passed_s * limits.commands_per_s * mean
        self._bytes_left = min(filled, float(limits.commands_burst * mean))
        lane = self._lane
        lane.budget = min(lane.budget + passed_s * limits.control_frames_per_s, float(limits.control_frames_burst))
        if self.starved:
            self._starve()

    def _open_buckets(self) -> None:
        """Who it is is known: from here on the usual bounds hold."""
        limits = self.limits
        self._bytes_left += limits.commands_burst * limits.command_bytes_mean
        self._lane.budget = float(limits.control_frames_burst)
        self._starve()

    # ---- too many unanswered

    def _go_on(self) -> None:
        """Enough was answered: take what was held, then read again."""
        if self.closing or len(self.session.unanswered) > self.session.limits.unanswered_max // 2:
            return
        self.waits = False
        held, self._held = self._held or [], None
        for i, message in enumerate(held):
            if self.waits:
                self._held = held[i:]
                break
            self._message(message)
        if self._rest and not self.waits:
            self._clock.soon(self._take_rest)
        self.flow()

    # ---- the end

    def close(self, name: str, **about: Any) -> None:
        """Close with one of our codes (`errors.CLOSES`), and count it."""
        if not self.closing:
            self._services.connections.closes.count(name, session=self.label, address=self.address, **about)
        super().close(name)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        super().connection_lost(exc)
        self._held = None
        self._rest = b""
