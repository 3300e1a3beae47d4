"""Large messages of one connection, in pieces: as much is given to the socket as it takes, the rest waits here.

Owns what is not given yet, by hunt. Whatever else the connection sends goes between the pieces: an answer, a ping or a
push waits behind one piece at most. Of a hunt only the last message counts, so one that takes its place ends it.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from huntserver.gateway.clock import LoopClock
from huntserver.wire.codecs import Piece, message

PIECE_BYTES: Final = 12 * 1024
WHOLE_BYTES_MAX: Final = 2 * PIECE_BYTES
"""Messages up to this are sent as they are."""
WAITING_BYTES_MAX: Final = PIECE_BYTES
"""A socket in which more than this waits is given no further piece."""
WAIT_S: Final = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Until such a socket is looked at again: longer each time that it has not taken what there was."""


class PieceOutbox(Protocol):
    """The connection, as its pieces see it."""

    closing: bool
    packed: bool

    def waiting_bytes(self) -> int:
        """Return how many bytes the socket has not taken yet."""
        ...

    def write_payload(self, payload: bytes) -> None:
        """Give a message to be written."""
        ...


class _Large:
    __slots__ = ("at", "n", "of", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.at = self.n = 0
        self.of = -(-len(payload) // PIECE_BYTES)

    def cut(self) -> bytes:
        """Return the next piece; no character of a text is cut in two."""
        end = self.at + PIECE_BYTES if self.n + 1 < self.of else len(self.payload)
        while end < len(self.payload) and self.payload[end] & 0xC0 == 0x80:
            end += 1
        piece, self.at = self.payload[self.at : end], end
        self.n += 1
        return piece


class Pieces:
    """What waits of one connection's large messages."""

    __slots__ = ("_clock", "_is_due", "_large", "_outbox", "_tries")

    def __init__(self, outbox: PieceOutbox, clock: LoopClock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._large: dict[str, _Large] = {}
        self._is_due = False
        self._tries = 0

    def send(self, hunt: str, payload: bytes) -> None:
        """Send a hunt's message, in pieces if it is large."""
        self._large.pop(hunt, None)
        if len(payload) <= WHOLE_BYTES_MAX:
            self._outbox.write_payload(payload)
            return
        self._large[hunt] = _Large(payload)
        self._give()
        if not self._is_due:
            self._soon()

    def drop(self, hunt: str) -> None:
        """Send no more of a hunt's message."""
        self._large.pop(hunt, None)

    def _soon(self) -> None:
        if self._large:
            self._is_due = True
            self._clock.soon(self._next)

    def _next(self) -> None:
        self._is_due = False
        if self._outbox.closing:
            self._large.clear()
        elif self._outbox.waiting_bytes() <= WAITING_BYTES_MAX:
            self._tries = 0
            self._give()
            self._soon()
        elif self._large:
            wait_s = WAIT_S[min(self._tries, len(WAIT_S) - 1)]
            self._tries += 1
            self._is_due = True
            self._clock.later(wait_s, self._next)

    def _give(self) -> None:
        """Give the next piece of the message that has waited longest."""
        for hunt, large in self._large.items():
            data: Any = large.cut()
            if not self._outbox.packed:
                data = data.decode()
            self._outbox.write_payload(message(Piece("piece", hunt, large.n - 1, large.of, data), self._outbox.packed))
            if large.n == large.of:
                del self._large[hunt]
            return
