"""An established link to one peer: frames out in order, in one message a turn of the loop; frames in to who listens.

Owns what waits to be written, up to a bound. `send` never suspends; what a closed link is given is dropped, and who
waits for an answer hears of the reset. Knows no handshake and no reconnecting.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple, Protocol

from websockets.asyncio.connection import Connection as WebSocket
from websockets.exceptions import ConnectionClosed

from actors.cluster.links import frames
from actors.cluster.links.frames import AnyFrame, BadLinkFrame, LinkBeat, LinkFrame, LinkUnknown
from actors.cluster.member import Member

SOFT_BYTES: Final = 8 * 1024 * 1024
"""Waiting to be written: above it new requests are refused with `busy`."""
HARD_BYTES: Final = 64 * 1024 * 1024
"""The same: above it the link is given up, for what is on it cannot be thrown away piece by piece."""
STALLED_S: Final = 10.0
"""Nothing of what waits could be written for so long: the peer does not read, and the link is given up."""
MESSAGE_BYTES_MAX: Final = frames.FRAME_BYTES_MAX + 1024
JOINED_BYTES: Final = 1024 * 1024
"""Frames are joined into messages up to this size."""


class Receiver(Protocol):
    """Who takes the frames of all links of a node. Calls come on the loop, in the order in which a peer sent."""

    def up(self, link: Link) -> None:
        """A link was established."""
        ...

    def received(self, link: Link, frame: AnyFrame) -> None:
        """A frame came."""
        ...

    def down(self, link: Link) -> None:
        """A link is gone: what was asked over it has no answer, what was sent over it may or may not have arrived."""
        ...


class LinkStatistics(NamedTuple):
    """Figures of one link. `waiting_bytes` are not written yet; `frames_unknown` were of a later version."""

    frames_sent: int
    frames_received: int
    bytes_sent: int
    bytes_received: int
    frames_unknown: int
    waiting_bytes: int


class Link:
    """One established link. `run` serves it until it ends; `abort` ends it at once, with a reason for the log line."""

    def __init__(self, peer: Member, socket: WebSocket, receiver: Receiver) -> None:
        self.peer = peer
        self.leaving = False  # the peer said that it goes
        self.why = ""
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self.heard_s = self._loop.time()
        self._socket = socket
        self._receiver = receiver
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._moved_s = self.heard_s  # when something was written, or began to wait
        self._wake = asyncio.Event()
        self._sent = self._received = self._bytes_sent = self._bytes_received = self._unknown = 0

    def send(self, frame: LinkFrame) -> None:
        """Queue a frame. Raises `BadLinkFrame` for one that is larger than a link carries."""
        if self.closed:
            return
        data = frames.encode(frame)
        if not self._out_bytes:
            self._moved_s = self._loop.time()
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes > HARD_BYTES:
            self.abort(f"{self._out_bytes} bytes wait to be written: it reads too slowly")
            return
        self._wake.set()

    def is_full(self) -> bool:
        """Tell whether new requests must wait: the peer or the network is behind."""
        return self._out_bytes > SOFT_BYTES

    def stalled_s(self) -> float:
        """Return for how long nothing of what waits could be written; 0: nothing waits."""
        return self._loop.time() - self._moved_s if self._out_bytes else 0.0

    def abort(self, why: str) -> None:
        """End the link now."""
        self.why = self.why or why
        self._close()

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self._out.clear()
            self._wake.set()
            self._socket.transport.abort()

    async def run(self) -> None:
        """Serve the link until it is gone. `why` then says what ended it."""
        writing = self._loop.create_task(self._write(), name=f"link to {self.peer.node}")
        self._receiver.up(self)
        try:
            async for message in self._socket:
                self._take(message)
                if self.closed:
                    break
        except ConnectionClosed as error:
            self.why = self.why or f"the connection ended ({error})"
        except BadLinkFrame as error:
            self.why = self.why or str(error)
        finally:
            self.why = self.why or "the connection ended"
            self._close()
            writing.cancel()
            self._receiver.down(self)

    def _take(self, message: str | bytes) -> None:
        self.heard_s = self._loop.time()
        if isinstance(message, str):
            raise BadLinkFrame("a text message on a link")
        self._bytes_received += len(message)
        for frame in frames.decode(message):
            self._received += 1
            if isinstance(frame, LinkBeat):
                self.leaving = frame.leaving
            elif isinstance(frame, LinkUnknown):
                self._unknown += 1
            else:
                self._receiver.received(self, frame)
            if self.closed:
                return

    async def _write(self) -> None:
        try:
            while not self.closed:
                await self._wake.wait()
                self._wake.clear()
                while self._out and not self.closed:
                    await self._write_some()
        except ConnectionClosed:
            self._close()

    async def _write_some(self) -> None:
        size, taken = 0, 0
        for data in self._out:
            if taken and size + len(data) > JOINED_BYTES:
                break
            size += len(data)
            taken += 1
        some, self._out = self._out[:taken], self._out[taken:]
        self._sent += taken
        self._bytes_sent += size
        await self._socket.send(frames.joined(some))
        self._out_bytes -= size
        self._moved_s = self._loop.time()

    def statistics(self) -> LinkStatistics:
        """Return the link's figures."""
        return LinkStatistics(
            self._sent, self._received, self._bytes_sent, self._bytes_received, self._unknown, self._out_bytes
        )
