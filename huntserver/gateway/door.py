"""The door: how many sockets, handshakes and guests there may be, in all and of one address, and from which pages.

Owns the counts and buckets by address. Decides on numbers alone: knows neither sockets nor sessions.
"""

from __future__ import annotations

from typing import Final

from actors.entity import Rejected
from huntserver.gateway.clock import LoopClock
from huntserver.limits import Limits

SOCKETS_SPARE: Final = 1000
"""Sockets beyond `connections_max`: those that are told so, and plain HTTP."""
HANDSHAKE_BURST_S: Final = 0.25
ADDRESSES_MAX: Final = 10_000


class Door:
    """Admission of sockets, WebSockets and guests. A socket is counted from `knock` to `gone`, a WebSocket from
    `enter` to `leave`."""

    def __init__(self, limits: Limits, clock: LoopClock, origins: list[str]) -> None:
        self._limits = limits
        self._clock = clock
        self._origins = frozenset(origins)
        self._sockets = 0  # all that are open, WebSockets or not yet
        self._inside = 0  # WebSockets
        self._addresses: dict[str, int] = {}
        self._guests: dict[str, tuple[float, float]] = {}  # address -> (tokens left, at_s)
        self._handshakes = limits.handshakes_per_s
        self.draining = False
        self.accepted = self.turned_away = 0

    def refill(self, elapsed_s: float) -> None:
        """Fill the bucket of handshakes: called once a tick."""
        per_s = self._limits.handshakes_per_s
        self._handshakes = min(max(1.0, per_s * HANDSHAKE_BURST_S), self._handshakes + elapsed_s * per_s)

    # ---- sockets

    def knock(self) -> bool:
        """Count a new socket, whatever it will be; False if there are too many: it is dropped without a word."""
        self._sockets += 1
        return self._sockets <= self._limits.connections_max + SOCKETS_SPARE

    def gone(self) -> None:
        """Count a socket that is closed."""
        self._sockets -= 1

    # ---- WebSockets

    def admit(self, address: str) -> str:
        """Charge a handshake; return why it is turned away (503), or ""."""
        limits = self._limits
        why = ""
        if self.draining:
            why = "the server restarts"
        elif self._inside >= limits.connections_max:
            why = "too many connections"
        elif self._addresses.get(address, 0) >= limits.connections_per_address:
            why = "too many connections from this address"
        elif self._handshakes < 1.0:
            why = "too many handshakes at once"
        if why:
            self.turned_away += 1
        else:
            self._handshakes -= 1.0
        return why

    def is_ours(self, origin: str | None, host: str) -> bool:
        """Tell whether a page of this Origin may connect; None: no browser asks."""
        if origin is None or origin in self._origins:
            return True
        return origin.partition("://")[2] == host

    def enter(self, address: str) -> None:
        """Count a WebSocket whose handshake is done."""
        self.accepted += 1
        self._inside += 1
        self._addresses[address] = self._addresses.get(address, 0) + 1

    def leave(self, address: str) -> None:
        """Count a WebSocket that is closed."""
        self._inside -= 1
        left = self._addresses.get(address, 1) - 1
        if left:
            self._addresses[address] = left
        else:
            self._addresses.pop(address, None)

    # ---- guests

    def admit_guest(self, address: str) -> Rejected | None:
        """Charge a guest's token to its address; return why there is none now."""
        per_minute, now_s = self._limits.guests_per_minute, self._clock.now_s
        left, at_s = self._guests.get(address, (per_minute, now_s))
        left = min(per_minute, left + (now_s - at_s) * per_minute / 60)
        if left < 1.0:
            return Rejected("rate_limited", "too many guests from this address", True, int(60_000 / per_minute))
        if len(self._guests) >= ADDRESSES_MAX:
            del self._guests[next(iter(self._guests))]
        self._guests[address] = (left - 1.0, now_s)
        return None
