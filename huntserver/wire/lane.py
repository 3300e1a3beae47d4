"""The fast lane: whole, final, short, masked data frames out of a byte stream, without a protocol object.

Owns the bytes of one connection that are not dealt with yet. `websockets`' Sans-I/O protocol judges everything else
(control frames, fragments, frames that are too large, unmasked or reserved) from the first such frame until the stream
is at a frame boundary again; it exists only for so long. A differential test holds that any bytes in any chunking give
the same messages and closes as that protocol alone. Pure: bytes in, messages and answers out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

TEXT: Final = 0x81
BINARY: Final = 0x82
_NOTHING: Final[Sequence[bytes]] = ()
_CONTROL: Final = (Opcode.PING, Opcode.PONG, Opcode.CLOSE)
PIECE_BYTES: Final = 512
"""The Sans-I/O protocol is fed in pieces, so that a flood of control frames is noticed before it is parsed."""
FRAGMENTS_MAX: Final = 256
"""Fragments of one message."""


class Lane:
    """The frames of one connection, from its bytes. `out` holds what must be written (pongs, a close); `closed` says
    that nothing more is read.

    `budget` is how many control frames and fragments are still taken: each costs one, the owner adds to it as time
    goes by. With none left the lane is `flooded`: it reads no more, and its owner closes.
    """

    __slots__ = (
        "_fed",
        "_is_text",
        "_pieces",
        "_protocol",
        "_tail",
        "budget",
        "close_code",
        "closed",
        "flooded",
        "out",
        "size_max",
    )

    def __init__(self, size_max: int, budget: float) -> None:
        self.size_max = size_max
        self.budget = budget
        self.flooded = False
        self.out: list[bytes] | None = None
        self.closed = False
        self.close_code = 0  # with which it ended
        self._tail = b""  # the front of a frame that is not whole yet
        self._protocol: ServerProtocol | None = None
        self._fed = 0  # bytes given to the protocol beyond the whole frames that it returned
        self._pieces: list[bytes] | None = None  # fragments of a message on its way
        self._is_text = False

    def feed(self, data: bytes) -> Sequence[bytes]:
        """Take bytes; return the messages that are whole now, in order. Text is valid UTF-8."""
        if self._protocol is not None:
            return self._slow(data)
        if self._tail:
            data = self._tail + data
            self._tail = b""
        elif len(data) > 6 and data[0] == TEXT and data[1] == len(data) + 122 < 254 and len(data) <= self.size_max:
            # One short text frame and nothing else: what a socket gives nearly always.
            payload = apply_mask(data[6:], data[2:6])
            return (payload,) if payload.isascii() else self._not_ascii([], payload)
        return _NOTHING if self.closed else self._frames(data)

    def _frames(self, data: bytes) -> Sequence[bytes]:
        messages: list[bytes] = []
        at, end = 0, len(data)
        size_max = self.size_max
        while at < end:
            first = data[at]
            if first != TEXT and first != BINARY:
                return [*messages, *self._slow(data[at:])]
            if end - at < 2:
                break
            size = data[at + 1]
            if size < 128 or size == 255:
                return [*messages, *self._slow(data[at:])]
            size &= 127
            head = at + 6
            if size == 126:
                if end - at < 4:
                    break
                size = data[at + 2] << 8 | data[at + 3]
                head = at + 8
            if size > size_max:
                return [*messages, *self._slow(data[at:])]
            stop = head + size
            if stop > end:
                break
            payload = apply_mask(data[head:stop], data[head - 4 : head])
            at = stop
            if first == TEXT and not payload.isascii():
                self._not_ascii(messages, payload)
                if self.closed:
                    return messages
            else:
                messages.append(payload)
        self._tail = data[at:]
        return messages

    def _not_ascii(self, messages: list[bytes], payload: bytes) -> list[bytes]:
        """Add a text message, or fail the connection if it is not UTF-8."""
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            self._invalid(error)
        else:
            messages.append(payload)
        return messages

    def _invalid(self, error: UnicodeDecodeError) -> None:
        """Fail the connection, whatever came behind the message (RFC 6455, 8.1)."""
        protocol = ServerProtocol(state=State.OPEN)
        protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
        self._end(protocol)

    def _slow(self, data: bytes) -> list[bytes]:
        """Let the Sans-I/O protocol judge; go back to the lane at a frame boundary."""
        if self.closed:
            return []
        protocol = self._protocol
        if protocol is None:
            protocol = self._protocol = ServerProtocol(state=State.OPEN, max_size=self.size_max)
            self._fed = 0
        messages: list[bytes] = []
        for at in range(0, len(data), PIECE_BYTES):
            if not self._judge(protocol, data[at : at + PIECE_BYTES], messages):
                break
        return messages

    def _judge(self, protocol: ServerProtocol, data: bytes, messages: list[bytes]) -> bool:
        """Take a piece, add the messages that are whole now; False when nothing more is read."""
        self._fed += len(data)
        protocol.receive_data(data)
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            size = len(event.data)
            self._fed -= 6 + size + (0 if size < 126 else 2 if size < 65536 else 8)
            if event.opcode in _CONTROL:
                self.budget -= 1
            elif not self._whole(event, messages):
                return False
        if self.budget < 0 or (self._pieces is not None and len(self._pieces) > FRAGMENTS_MAX):
            self.flooded = True
            self._stop()
            return False
        if protocol.state is not State.OPEN:
            self._end(protocol)
            return False
        writes = protocol.data_to_send()
        if writes:
            self.out = writes if self.out is None else self.out + writes
        if self._pieces is None and not self._fed:
            # A boundary for certain: a size written longer than needed only keeps `_fed` above zero, for good.
            self._protocol = None
        else:
            self._protocol = protocol
        return True

    def _whole(self, frame: Frame, messages: list[bytes]) -> bool:
        """Take a data frame; False if it ends the connection."""
        if self._pieces is None:
            self._pieces = []
            self._is_text = frame.opcode is Opcode.TEXT
        if not frame.fin or frame.opcode is Opcode.CONT:
            self.budget -= 1
        self._pieces.append(bytes(frame.data))
        if frame.fin:
            payload = b"".join(self._pieces)
            self._pieces = None
            if self._is_text:
                self._not_ascii(messages, payload)
            else:
                messages.append(payload)
        return not self.closed

    def _stop(self) -> None:
        self.closed = True
        self.size_max = -1  # no frame is short any more: the usual way needs no look at `closed`
        self._tail = b""
        self._protocol = None
        self._pieces = None

    def _end(self, protocol: ServerProtocol) -> None:
        self._stop()
        sent = protocol.close_sent
        self.close_code = sent.code if sent is not None else CloseCode.ABNORMAL_CLOSURE
        writes = [data for data in protocol.data_to_send() if data]
        self.out = writes if self.out is None else self.out + writes
