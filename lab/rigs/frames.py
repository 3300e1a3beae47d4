"""WebSocket frames as a client writes them, and what a reader must make of any bytes.

Owns the reference reader: the `websockets` library's Sans-I/O protocol alone, held against the server's fast lane by
tests and fuzzers. Never part of the product.
"""

from __future__ import annotations

from itertools import pairwise

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from huntserver.wire.lane import Lane

SIZE_MAX = 300
PLENTY = 10_000
MASK = b"\x11\x22\x33\x44"


def frame(
    payload: bytes,
    first: int = 0x81,
    *,
    masked: bool = True,
    long: int = 0,
    mask: bytes = MASK,
) -> bytes:
    """Return a client's frame; `long` 2 or 8 writes the size longer than it need be."""
    size = len(payload)
    bit = 0x80 if masked else 0
    if long == 8 or size >= 65536:
        head = bytes((first, bit | 127)) + size.to_bytes(8, "big")
    elif long == 2 or size >= 126:
        head = bytes((first, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, bit | size))
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if masked else payload
    return head + (mask if masked else b"") + body


def close_code(writes: list[bytes]) -> int | None:
    """Return the code of the close frame among unmasked frames, 1005 for an empty one, None without one."""
    data = b"".join(writes)
    while data:
        opcode, size = data[0] & 15, data[1]
        assert size < 126
        if opcode == Opcode.CLOSE:
            return Close.parse(data[2 : 2 + size]).code
        data = data[2 + size :]
    return None


def pongs(writes: list[bytes]) -> list[bytes]:
    """Return the payloads of the pongs."""
    data, found = b"".join(writes), []
    while data:
        if data[0] & 15 == Opcode.PONG:
            found.append(data[2 : 2 + data[1]])
        data = data[2 + data[1] :]
    return found


def by_protocol(stream: bytes) -> tuple[list[bytes], int | None, list[bytes]]:
    """Return messages, close code and pongs, as the Sans-I/O protocol alone and RFC 6455's UTF-8 rule have them."""
    protocol = ServerProtocol(state=State.OPEN, max_size=SIZE_MAX)
    messages: list[bytes] = []
    writes: list[bytes] = []
    pieces: list[bytes] = []
    text = False
    for i in range(len(stream)):
        protocol.receive_data(stream[i : i + 1])
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
                continue
            if event.opcode is not Opcode.CONT:
                pieces, text = [], event.opcode is Opcode.TEXT
            pieces.append(bytes(event.data))
            if event.fin:
                message = b"".join(pieces)
                if text:
                    try:
                        message.decode()
                    except UnicodeDecodeError:
                        return messages, 1007, pongs(writes)
                messages.append(message)
        writes += protocol.data_to_send()
        if protocol.state is not State.OPEN:
            break
    return messages, close_code([w for w in writes if w]), pongs([w for w in writes if w])


def by_lane(stream: bytes, cuts: list[int]) -> tuple[list[bytes], int | None, list[bytes]]:
    """Return the same of the lane, fed in chunks."""
    lane = Lane(SIZE_MAX, PLENTY)
    messages: list[bytes] = []
    for start, stop in pairwise(sorted({0, len(stream), *(c % (len(stream) + 1) for c in cuts)})):
        messages += lane.feed(stream[start:stop])
    out = lane.out or []
    code = close_code(out)
    assert lane.closed == (code is not None)
    return messages, code, pongs(out)


def agree(stream: bytes, cuts: list[int]) -> None:
    """Hold the lane against the protocol."""
    expected, got = by_protocol(stream), by_lane(stream, cuts)
    assert got[:2] == expected[:2]
    if got[1] != 1007:  # what is said besides on a connection that fails may differ
        assert got[2] == expected[2]
