"""The door: what an address may cost before anybody has said who it is.

Owns the counts and token buckets of every address: sockets, sockets that have not said hello, handshakes, bodies,
guests. Decides on numbers alone, counts every refusal by its reason, and tells of it now and then. A stranger's own
sockets make way for it: no address can lock the others out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Final, Protocol

from actors.entity import Rejected
from actors.reporter import Reporter
from huntserver.gateway.bucket import TokenBucket
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.proxies import Proxies, network_of
from huntserver.gateway.tally import ReasonTally
from huntserver.limits import Limits

SOCKETS_SPARE: Final = 1000
"""Sockets beyond `connections_max`: those that are told so, and plain HTTP."""
HANDSHAKE_BURST_S: Final = 0.25
ADDRESSES_MAX: Final = 10_000
MAKES_WAY_S: Final = 1.0
"""A socket that has waited for less is not made to go: it may only just have come."""


class Waiting(Protocol):
    """A socket of which nobody knows yet who it is."""

    def abort(self) -> None:
        """Drop it: it makes way."""
        ...


class Address:
    """What one address holds and may still take."""

    __slots__ = (
        "body_bytes", "guests", "handshakes", "inside", "knocks", "sign_ins", "sockets", "uploads", "waiting",
    )  # fmt: skip

    def __init__(self, limits: Limits, now_s: float) -> None:
        knocks, handshakes = limits.sockets_per_s_per_address, limits.handshakes_per_s_per_address
        per_minute = limits.guests_per_minute
        self.sockets = 0
        self.inside = 0  # WebSockets
        self.body_bytes = 0
        self.waiting: dict[Waiting, float] = {}  # since when, oldest first
        self.knocks = TokenBucket(knocks, knocks, now_s)
        self.handshakes = TokenBucket(handshakes, handshakes, now_s)
        self.guests = TokenBucket(per_minute / 60, per_minute, now_s)
        self.uploads = TokenBucket(limits.uploads_per_minute / 60, limits.uploads_per_minute, now_s)
        self.sign_ins = TokenBucket(limits.sign_ins_per_minute / 60, limits.sign_ins_per_minute, now_s)

    def is_idle(self, now_s: float) -> bool:
        """Tell whether forgetting it changes nothing."""
        buckets = (self.knocks, self.handshakes, self.guests, self.uploads, self.sign_ins)
        return not (self.sockets or self.inside or self.waiting or self.body_bytes) and all(
            b.is_full(now_s) for b in buckets
        )


class Door:
    """Admission. A socket is counted from `knock` to `gone`, a WebSocket from `enter` to `leave`; it waits from
    `knock` until `greeted`, as the socket it was or the connection that it became."""

    def __init__(
        self,
        limits: Limits,
        clock: LoopClock,
        report: Reporter,
        *,
        origins: list[str],
        proxies: Proxies,
        sockets_max: int,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._origins = frozenset(origin.lower() for origin in origins)
        self.proxies = proxies
        self.sockets_max = min(sockets_max, limits.connections_max + SOCKETS_SPARE)
        self._sockets = 0  # all that are open, WebSockets or not yet
        self._inside = 0  # WebSockets
        self._body_bytes = 0
        self._addresses: dict[str, Address] = {}
        per_s = limits.handshakes_per_s
        self._handshakes = TokenBucket(per_s, max(1.0, per_s * HANDSHAKE_BURST_S), clock.now_s)
        self.refusals = ReasonTally("refused_at_the_door", report, clock)
        self.draining = False
        self.is_gateway = True  # a node of a cluster without that role takes no WebSockets
        self.accepted = 0

    def _of(self, address: str) -> Address:
        network = network_of(address)
        found = self._addresses.get(network)
        if found is None:
            now_s = self._clock.now_s
            if len(self._addresses) >= ADDRESSES_MAX:
                self._forget_idle(now_s)
            found = self._addresses[network] = Address(self._limits, now_s)
        return found

    def _forget_idle(self, now_s: float) -> None:
        for network in [n for n, address in self._addresses.items() if address.is_idle(now_s)]:
            del self._addresses[network]
        if len(self._addresses) >= ADDRESSES_MAX:  # all owe something: the oldest without a socket is let off
            free = (n for n, a in self._addresses.items() if not (a.sockets or a.inside or a.waiting or a.body_bytes))
            for network in list(islice(free, 1)):
                del self._addresses[network]

    def refuse(self, reason: str, address: str) -> str:
        """Count a refusal; return its reason."""
        self.refusals.count(reason, address=address)
        return reason

    # ---- sockets

    def knock(self, socket: Waiting, peer: str) -> bool:
        """Count a new socket, whatever it will be; False: it is dropped without a word (and counted)."""
        self._sockets += 1
        now_s, limits = self._clock.now_s, self._limits
        address = self._of(peer)
        address.sockets += 1
        trusted = self.proxies.trust(peer)
        if not trusted and address.knocks.take(now_s):
            self.refuse("sockets_of_address", peer)
            return False
        full = not trusted and len(address.waiting) >= limits.sockets_waiting_per_address
        made_way = full and self._make_way(address, peer, now_s)
        if self._sockets - made_way > self.sockets_max:
            greediest = max(self._addresses.values(), key=lambda a: len(a.waiting))
            if not self._make_way(greediest, peer, now_s):
                self.refuse("sockets", peer)
                return False
        address.waiting[socket] = now_s
        return True

    def _make_way(self, address: Address, peer: str, now_s: float) -> bool:
        """Drop the socket of an address that has waited longest, if it has waited for long enough."""
        oldest = next(iter(address.waiting), None)
        if oldest is None or now_s - address.waiting[oldest] < MAKES_WAY_S:
            return False
        del address.waiting[oldest]
        self.refuse("silent", peer)
        oldest.abort()
        return True

    def gone(self, socket: Waiting, peer: str) -> None:
        """Count a socket that is closed."""
        self._sockets -= 1
        address = self._of(peer)
        address.sockets -= 1
        address.waiting.pop(socket, None)

    # ---- WebSockets

    def admit(self, address: str) -> str:
        """Charge a handshake; return why it is turned away (503), or ""."""
        limits, now_s = self._limits, self._clock.now_s
        known = self._of(address)
        if self.draining:
            return self.refuse("draining", address)
        if not self.is_gateway:
            return self.refuse("no_gateway", address)
        if self._inside >= limits.connections_max:
            return self.refuse("connections", address)
        if known.inside >= limits.connections_per_address:
            return self.refuse("connections_of_address", address)
        if known.handshakes.take(now_s):
            return self.refuse("handshakes_of_address", address)
        if self._handshakes.take(now_s):
            return self.refuse("handshakes", address)
        return ""

    def is_ours(self, origin: str | None, host: str) -> bool:
        """Tell whether a page of this Origin may connect; None: no browser asks."""
        return origin is None or origin.lower() in self._origins or is_same_origin(origin, host)

    def enter(self, socket: Waiting | None, peer: str, connection: Waiting, address: str) -> None:
        """Count a WebSocket whose handshake is done: from here on it is `connection` that waits."""
        self.accepted += 1
        self._inside += 1
        if socket is not None:
            self._of(peer).waiting.pop(socket, None)
        known = self._of(address)
        known.inside += 1
        known.waiting[connection] = self._clock.now_s

    def greeted(self, connection: Waiting, address: str) -> None:
        """A connection has said who it is: it waits no more."""
        self._of(address).waiting.pop(connection, None)

    def leave(self, connection: Waiting, address: str) -> None:
        """Count a WebSocket that is closed."""
        self._inside -= 1
        known = self._of(address)
        known.inside -= 1
        known.waiting.pop(connection, None)

    # ---- bodies and guests

    def lend(self, address: str, size: int) -> Callable[[], None] | None:
        """Reserve the memory of a body; return what gives it back, or None: there is none to lend."""
        known, limits = self._of(address), self._limits
        if (
            self._body_bytes + size > limits.bodies_bytes_max
            or known.body_bytes + size > limits.bodies_bytes_per_address
        ):
            self.refuse("bodies", address)
            return None
        self._body_bytes += size
        known.body_bytes += size

        def give_back() -> None:
            self._body_bytes -= size
            known.body_bytes -= size

        return give_back

    def admit_request(self, address: str) -> bool:
        """Charge a further request of a connection as what it is: a socket that was not needed."""
        if self._of(address).knocks.take(self._clock.now_s):
            self.refuse("requests_of_address", address)
            return False
        return True

    def admit_upload(self, address: str) -> Rejected | None:
        """Charge an upload to its address; return why it is not taken now."""
        return self._charge(self._of(address).uploads, "uploads", address)

    def admit_sign_in(self, address: str) -> Rejected | None:
        """Charge a try to sign in by a link to its address; return why it is not looked at now."""
        return self._charge(self._of(address).sign_ins, "sign_ins", address, "tries")

    def admit_guest(self, address: str) -> Rejected | None:
        """Charge a guest's token to its address; return why there is none now."""
        return self._charge(self._of(address).guests, "guests", address)

    def _charge(self, bucket: TokenBucket, what: str, address: str, words: str = "") -> Rejected | None:
        wait_s = bucket.take(self._clock.now_s)
        if not wait_s:
            return None
        self.refuse(f"{what}_of_address", address)
        return Rejected("rate_limited", f"too many {words or what} from this address", True, int(wait_s * 1000) + 1)


def is_same_origin(origin: str, host: str) -> bool:
    """Compare an Origin with a Host as browsers write them: case does not matter, a default port may be left out.

    A Host without a port is that of any port: proxies drop it (nginx' `$host`), and there is no cookie that a page on
    another port of the machine could use.
    """
    scheme, _, place = origin.lower().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    if default is None or not place:
        return False
    name = re.sub(r":\d+$", "", place)
    return host.lower().removesuffix(default) in (place.removesuffix(default), name)
