"""One worker's sockets and its clock: an epoll loop, the schedule, timers, and the counts of the present second.

Owns the sockets' readiness and time; what bytes mean is the player's. Plain epoll instead of an event loop: a wait
ends within microseconds of its time (libuv counts milliseconds), and nothing stands between a socket and its player.
"""

from __future__ import annotations

import errno
import heapq
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from huntserver.load.histogram import KINDS, Counts, bucket

READ: Final = select.EPOLLIN
WRITE: Final = select.EPOLLOUT
EVENTS_MAX: Final = 512
SPIN_NS: Final = 30_000
"""A wait shorter than this is not worth two system calls."""


class SocketOwner(Protocol):
    """What owns a socket."""

    def ready(self, what: int) -> None:
        """The socket can be read or written, or is broken."""
        ...


class Tally:
    """What one worker counted in one second; a fresh one every second."""

    __slots__ = (
        "answered",
        "bytes_in",
        "closes",
        "fell_behind",
        "histograms",
        "leaks",
        "opened",
        "players",
        "pushes",
        "recovered",
        "refusals",
        "reopened",
        "sent",
        "snapshots",
        "states",
        "strays",
        "told_anew",
    )

    def __init__(self) -> None:
        self.sent = self.answered = self.pushes = self.states = self.snapshots = 0
        self.opened = self.reopened = self.recovered = self.told_anew = self.fell_behind = 0
        self.bytes_in = self.strays = self.players = self.leaks = 0
        self.refusals: dict[str, int] = {}
        self.closes: dict[str, int] = {}
        self.histograms: dict[str, Counts] = {kind: {} for kind in KINDS}

    def count(self, kind: str, us: int) -> None:
        """Count a latency; not for the hot path."""
        held = self.histograms[kind]
        where = bucket(us)
        held[where] = held.get(where, 0) + 1

    def values(self) -> dict[str, Any]:
        """Return everything, to be sent."""
        return {name: getattr(self, name) for name in self.__slots__}


class EpollLoop:
    """One process's readiness loop over epoll, with timers and the tally of the present second."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched = [self._epoll.fileno()]
        self._owners: dict[int, SocketOwner] = {}
        self._later: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0
        self.tally = Tally()
        self.answers: Counts = self.tally.histograms["answer"]

    # ---- sockets

    def connect(self, owner: SocketOwner, where: tuple[str, int], source: str, receive_bytes: int = 0) -> socket.socket:
        """Begin to connect; `owner` hears when it can write. Raises OSError when it fails at once."""
        made = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if receive_bytes:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            if source:
                made.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: the port is chosen by connect
                made.bind((source, 0))
            failed = made.connect_ex(where)
            if failed not in (0, errno.EINPROGRESS):
                raise OSError(failed, f"cannot connect to {where[0]}:{where[1]}")
            self._epoll.register(made.fileno(), WRITE)
        except OSError:
            made.close()
            raise
        self._owners[made.fileno()] = owner
        return made

    def watch(self, made: socket.socket, what: int) -> None:
        """Say what a socket is watched for: READ, WRITE, both, or 0."""
        self._epoll.modify(made.fileno(), what)

    def close(self, made: socket.socket, *, abort: bool = False) -> None:
        """Let go of a socket; `abort`: with a reset, as a phone's network does it."""
        number = made.fileno()
        if number < 0:
            return
        del self._owners[number]
        self._epoll.unregister(number)
        if abort:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        made.close()

    # ---- time

    def later(self, at_ns: int, what: Callable[..., None], *arguments: Any) -> None:
        """Call something at a time of the monotonic clock."""
        self._serial += 1
        heapq.heappush(self._later, (at_ns, self._serial, what, arguments))

    def turn(self, until_ns: int) -> None:
        """Serve what is ready; with nothing ready wait for it, until a time at the latest."""
        later = self._later
        if later and later[0][0] < until_ns:
            until_ns = later[0][0]
        events = self._epoll.poll(0, EVENTS_MAX)
        if not events:
            left_ns = until_ns - time.monotonic_ns()
            if left_ns > SPIN_NS:
                # select on the epoll itself: its timeout has microseconds, epoll's has milliseconds
                select.select(self._watched, (), (), left_ns / 1e9)
                events = self._epoll.poll(0, EVENTS_MAX)
        owners = self._owners
        for number, what in events:
            owner = owners.get(number)
            if owner is not None:
                owner.ready(what)
        if later and later[0][0] <= time.monotonic_ns():
            self._fire()

    def _fire(self) -> None:
        now = time.monotonic_ns()
        later = self._later
        while later and later[0][0] <= now:
            _, _, what, arguments = heapq.heappop(later)
            what(*arguments)

    # ---- counts

    def fresh(self) -> Tally:
        """Return the counts since the last call, and begin anew."""
        done = self.tally
        self.tally = Tally()
        self.answers = self.tally.histograms["answer"]
        return done

    def end(self) -> None:
        """Close everything."""
        for number in list(self._owners):
            self._epoll.unregister(number)
        self._owners.clear()
        self._epoll.close()
