"""The fast lane: whole, final, short, masked data frames out of a byte stream, without a protocol object.

`websockets`' Sans-I/O protocol judges everything else (`slow_frame`): control frames one by one, and from the first
fragment, oversized, unmasked or reserved frame on all the rest. A differential test holds that any bytes in any
chunking give the same messages and closes as that protocol alone. Pure: bytes in, payloads and frames out.
"""

from __future__ import annotations

from typing import Final

from websockets.speedups import apply_mask

TEXT: Final = 0x81
BINARY: Final = 0x82


class Lane:
    """The bytes of one connection that are not dealt with yet: at most one incomplete frame."""

    __slots__ = ("size_max", "tail")

    def __init__(self, size_max: int) -> None:
        self.tail = b""
        self.size_max = size_max

    def feed(self, data: bytes) -> tuple[list[bytes], list[int], bytes]:
        """Take bytes; return (payloads, their opcodes as first bytes, rest).

        An empty rest: go on feeding. Else the rest begins with a frame that is not for the lane.
        """
        if self.tail:
            data = self.tail + data
            self.tail = b""
        payloads: list[bytes] = []
        kinds: list[int] = []
        at, end = 0, len(data)
        while at < end:
            if end - at < 2:
                first = data[at]
                if first != TEXT and first != BINARY:
                    return payloads, kinds, data[at:]
                self.tail = data[at:]
                break
            first, size = data[at], data[at + 1]
            if (first != TEXT and first != BINARY) or size < 128 or size == 255:
                return payloads, kinds, data[at:]
            size &= 127
            head = at + 6
            if size == 126:
                if end - at < 4:
                    self.tail = data[at:]
                    break
                size = data[at + 2] << 8 | data[at + 3]
                head = at + 8
            if size > self.size_max:
                return payloads, kinds, data[at:]
            stop = head + size
            if stop > end:
                self.tail = data[at:]
                break
            payloads.append(apply_mask(data[head:stop], data[head - 4 : head]))
            kinds.append(first)
            at = stop
        return payloads, kinds, b""


def control_frame_end(data: bytes) -> int:
    """Return where a whole, well-formed, masked control frame at the front ends; 0 if more bytes are needed;
    -1 if the front is no such frame and the rest of the connection belongs to the protocol."""
    first = data[0]
    if first not in (0x88, 0x89, 0x8A):
        return -1
    if len(data) < 2:
        return 0
    size = data[1]
    if size < 128 or size > 128 + 125:
        return -1
    end = 6 + (size & 127)
    return end if len(data) >= end else 0
