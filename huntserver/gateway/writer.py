"""The way out of one socket: frames that wait, slowness, pings, and the close.

Owns the transport and what is not written yet. Frames leave in the order in which they were given, in one write a turn.
Two bounds hold a slow reader: past the soft one it is given no pushes, and after some more answers it is not read from;
past the hard one, or when it makes no progress for too long, it is closed. What is written is `Connection`'s business.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from actors.entity import Rejected
from huntserver.errors import CLOSES
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.turns import Turns
from huntserver.limits import Limits
from huntserver.wire import codecs

PING: Final = b"\x89\x00"
PROGRESS_BYTES: Final = 4096
"""A reader that has taken so much within `outbox_behind_s` is slow, and not gone."""
MORE_SHARE: Final = 4
"""Of the outbox's soft limit: past this share of answers a reader that is behind is not read from."""
IDLE, BROADCAST, REPLY = 0, 1, 2


class SocketWriter(asyncio.Protocol):
    """The writing half of a connection. `write` and what stands on it may be called until the socket is gone; after
    `close`, `end` or `abort` what is given is dropped. The ticker calls `overdue` and `ping`."""

    __slots__ = (
        "_clock",
        "_mark_bytes",
        "_more_bytes",
        "_out",
        "_queued",
        "_reading",
        "_transport",
        "_turns",
        "behind",
        "behind_since",
        "closing",
        "closing_since",
        "heard_s",
        "limits",
        "packed",
        "pinged_s",
        "starved",
        "waits",
    )

    def __init__(
        self, transport: asyncio.Transport, turns: Turns, clock: LoopClock, *, limits: Limits, packed: bool
    ) -> None:
        self._transport = transport
        self._turns = turns
        self._clock = clock
        self._out: list[bytes] | None = None  # frames not written yet
        self._queued = IDLE  # where it stands in the gateway's turns
        self._reading = True
        self._mark_bytes = 0  # what waited when a slow reader last made progress
        self._more_bytes = 0  # what was written to it since it is behind
        self.limits = limits
        self.packed = packed
        self.waits = False  # too many requests are unanswered
        self.starved = False  # what was sent is more than may be read for now
        self.behind = False  # the socket is slow: it gets no pushes, and a snapshot later
        self.closing = False
        self.behind_since = self.closing_since = 0.0
        self.heard_s = self.pinged_s = clock.now_s

    # ---- frames

    def write(self, data: bytes) -> None:
        """Give a whole frame to be written with the replies of this turn."""
        if self._out is None:
            if self.closing:
                return
            self._out = [data]
        else:
            self._out.append(data)
        if self._queued != REPLY:
            self._queued = REPLY
            self._turns.reply(self)

    def write_payload(self, payload: bytes) -> None:
        """Give a message to be written."""
        self.write(codecs.frame(payload, self.packed))

    def send(self, struct: Any) -> None:
        """Send a push or system message of this connection alone."""
        self.write_payload(codecs.message(struct, self.packed))

    def waiting_bytes(self) -> int:
        """Return how many bytes the socket has not taken yet, and what it was not given yet."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._out or ()))

    def refuse(self, request: int, rejected: Rejected) -> None:
        """Send an `err` to a request that was not opened."""
        self.write_payload(codecs.err(request, rejected, -1, self.packed))

    def push(self, data: bytes, *, soon: bool) -> bool:
        """Take a frame of a room; False if this socket is too slow to be given any."""
        if self.behind:
            return False
        if soon or self.closing:
            self.write(data)
        elif self._out is None:
            self._out = [data]
            self._queued = BROADCAST
            self._turns.broadcast(self)
        else:
            self._out.append(data)
        return True

    def flush(self) -> None:
        """Write what there is, in one write."""
        out = self._out
        self._queued = IDLE
        if out is None:
            return
        self._out = None
        data = out[0] if len(out) == 1 else b"".join(out)
        self._transport.write(data)
        if self.behind:
            self._more_bytes += len(data)
            self.flow()
            if self._transport.get_write_buffer_size() > self.limits.outbox_hard_bytes:
                self.close("slow_consumer")

    # ---- slowness

    def flow(self) -> None:
        """Read from the socket, or do not: not while too much waits for answers, nor while a slow reader has more
        answers to read than a few: one large page on its way is no reason."""
        full = self.behind and self._more_bytes > self.limits.outbox_soft_bytes // MORE_SHARE
        reading = self.closing or not (self.waits or full or self.starved)
        if reading is not self._reading:
            self._reading = reading
            if reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The outbox is over its soft limit: it gets no pushes until it has drained."""
        self.behind = True
        self.behind_since = 0.0  # the ticker says when
        self._more_bytes = 0

    def resume_writing(self) -> None:
        """The outbox has drained."""
        self.behind = False
        if not self.closing:
            self.flow()

    def overdue(self, now_s: float) -> str:
        """Return what is due, or "": a close by its name; `gone`: drop the socket."""
        limits = self.limits
        if self.closing:
            if not self.closing_since:
                self.closing_since = now_s
            return "gone" if now_s - self.closing_since > limits.goodbye_s else ""
        if self.behind and self._is_stuck(now_s):
            return "slow_consumer"
        # A socket that is not read from cannot be heard.
        return "gone" if self._reading and now_s - self.heard_s > limits.silence_s else ""

    def _is_stuck(self, now_s: float) -> bool:
        """Tell whether a slow reader makes no progress, or has too much to read. However slow it is, one that reads on
        gets to the end: what is closed and sent anew would never be whole."""
        limits, waiting = self.limits, self._transport.get_write_buffer_size()
        if not self.behind_since or waiting <= self._mark_bytes - PROGRESS_BYTES:
            self.behind_since, self._mark_bytes = now_s, waiting
        return now_s - self.behind_since > limits.outbox_behind_s or waiting > limits.outbox_hard_bytes

    def ping(self, now_s: float) -> None:
        """Send a protocol ping if the peer has been silent for long. Whether it answers does not matter."""
        ping_s = self.limits.ping_s
        if now_s - self.heard_s > ping_s and now_s - self.pinged_s > ping_s and not self.closing:
            self.pinged_s = now_s
            self.write(PING)

    # ---- the end

    def close(self, name: str) -> None:
        """Close with one of our codes (`errors.CLOSES`)."""
        if not self.closing:
            code = CLOSES[name]
            body = code.number.to_bytes(2, "big") + code.text.encode()
            self.write(bytes((0x88, len(body))) + body)
            self.end()

    def end(self) -> None:
        """Write what is left and half-close: the peer's side closes the socket, or the ticker does."""
        if self.closing:
            return
        out, self._out = self._out, None
        self.closing = True
        if out is not None:
            self._transport.write(b"".join(out))
        if self._transport.get_write_buffer_size() > self.limits.outbox_soft_bytes:
            self._transport.abort()  # a socket that does not read would keep the close for ever
        elif self._transport.can_write_eof():
            self.flow()  # read on: a reset would lose the close code
            self._transport.write_eof()
        else:
            self._transport.close()  # TLS has no half-close

    def abort(self) -> None:
        """Drop the socket without a word: nobody is there."""
        self.closing = True
        self._out = None
        self._transport.abort()

    def eof_received(self) -> bool:
        """The peer has closed its side: so does the transport."""
        self.closing = True
        self._out = None
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self.closing = True
        self._out = None
