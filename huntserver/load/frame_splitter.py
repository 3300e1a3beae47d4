"""Cuts the payloads out of what a server sends: whole frames by hopping from header to header.

Owns the bytes of a frame that has not arrived in full. Checks what it needs in order not to lose its place; judging
the protocol is not its task. Pure.
"""

from __future__ import annotations

from typing import Final

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_WHOLE_TEXT: Final = 0x81


class BadFrame(ValueError):
    """The server broke the framing; the connection is of no use any more."""


class FrameSplitter:
    """Splits a stream into payloads. `control` collects (opcode, payload) of control frames; the owner empties it."""

    __slots__ = ("_parts", "_rest", "control")

    def __init__(self) -> None:
        self._rest = b""
        self._parts: list[bytes] | None = None
        self.control: list[tuple[int, bytes]] | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete with these bytes. Raises `BadFrame`."""
        if self._rest:
            data = self._rest + data
        end = len(data)
        at = 0
        found: list[bytes] = []
        whole = _WHOLE_TEXT if self._parts is None else -1  # between fragments no other message may begin
        while end - at >= 2:
            size = data[at + 1]
            if size < 126:
                start = at + 2
            elif size == 126:
                start = at + 4
                if start > end:
                    break
                size = data[at + 2] << 8 | data[at + 3]
            elif size == 127:
                start = at + 10
                if start > end:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            else:
                raise BadFrame("a server does not mask")
            stop = start + size
            if stop > end:
                break
            if data[at] == whole:
                found.append(data[start:stop])
            else:
                self._rare(data[at], data[start:stop], found)
                whole = _WHOLE_TEXT if self._parts is None else -1
            at = stop
        self._rest = data[at:] if at < end else b""
        return found

    def skim(self, data: bytes, at: int, byte: int) -> tuple[int, bytes, bytes]:
        """Count whole text frames at the front that are as long as the first and hold `byte` at place `at`.

        Returns how many (0: less than two, `feed` is to be used), the first one's payload, and what is left of the
        bytes, to be fed. For listeners of thousands of pushes a second: nothing is done for each frame.
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        if len(data) < 4 or data[0] != _WHOLE_TEXT or self._parts is not None or data[1] > 126:
            return 0, b"", data
        head = 4 if data[1] == 126 else 2
        size = head + (data[2] << 8 | data[3] if head == 4 else data[1])
        count = len(data) // size
        if count < 2 or head + at >= size:
            return 0, b"", data
        end = count * size
        alike = all(data[i:end:size] == data[i : i + 1] * count for i in range(head))
        if not alike or data[head + at : end : size] != bytes((byte,)) * count:
            return 0, b"", data
        return count, data[head:size], data[end:]

    def _rare(self, head: int, payload: bytes, found: list[bytes]) -> None:
        """Take a frame that is no whole text: binary, a fragment, or control."""
        opcode, last = head & 15, head & 0x80
        if head & 0x70:
            raise BadFrame("no extension was agreed on")
        if opcode >= CLOSE:
            if opcode > PONG or not last or len(payload) > 125:
                raise BadFrame(f"control frame {opcode} is not allowed so")
            if self.control is None:
                self.control = []
            self.control.append((opcode, payload))
        elif opcode > BINARY or (opcode == CONTINUATION) is (self._parts is None):
            raise BadFrame(f"opcode {opcode} does not belong here")
        elif opcode != CONTINUATION and last:
            found.append(payload)
        else:
            parts = self._parts = [*(self._parts or ()), payload]
            if last:
                found.append(b"".join(parts))
                self._parts = None
