"""The server's time, as a client knows it. Pure."""

from __future__ import annotations


class ServerClock:
    """The server's time, from its word on it: taken to be half-way between asking and hearing.

    Of several words on a connection the one with the shortest round trip counts; a new connection begins anew, for
    this device's clock and the server's drift apart.
    """

    __slots__ = ("_offset_ms", "_trip_ms")

    def __init__(self) -> None:
        self._offset_ms: int | None = None
        self._trip_ms: int | None = None

    def heard(self, server_ms: int, asked_ms: int, now_ms: int) -> None:
        """Take the server's word, asked for at `asked_ms`."""
        trip_ms = now_ms - asked_ms
        if self._trip_ms is None or trip_ms <= self._trip_ms:
            self._trip_ms = trip_ms
            self._offset_ms = server_ms - (asked_ms + now_ms) // 2

    def disconnected(self) -> None:
        """Let the next word count, whatever its round trip."""
        self._trip_ms = None

    def server_ms(self, now_ms: int) -> int | None:
        """Return the server's time at `now_ms`; None before its first word."""
        return None if self._offset_ms is None else now_ms + self._offset_ms
