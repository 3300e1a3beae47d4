"""The gateway: accepts sockets, greets sessions, watches over them, and drains them on a planned stop.

Owns all connections and their counts, one ticker for all time-outs, and the bounds at the door. Never holds game
state. `Entrance` is what a socket meets first: it sorts WebSockets from plain HTTP.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from actors.entity import Rejected
from actors.reporter import Reporter
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.commands import ProfileQuery
from huntserver.gateway.connection import Connection
from huntserver.gateway.entrance import Entrance
from huntserver.gateway.outbox import Turns
from huntserver.gateway.ports import System
from huntserver.gateway.profile import ProfileSink
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.sampling import Sampler, Trace
from huntserver.limits import Limits
from huntserver.wire.codecs import Sys
from huntserver.wire.messages import Hello

NOT_A_PLAYER: Final = Rejected("not_allowed", "only players have a page")
TICK_S: Final = 0.05
SWEEP: Final = (50, 500)
"""Connections looked at in a tick: so many that all are within a second, but at least and at most these."""
SOCKETS_SPARE: Final = 1000
"""Sockets beyond `connections_max`: those that are told so, and plain HTTP."""
UNSENT: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)
"""Without it (not on every system) the kernel takes some MB for a client that does not read, and the outbox's limits
see nothing of it."""
HANDSHAKE_BURST_S: Final = 0.25
VERSION: Final = 1
DEVICE_MAX: Final = 64
ADDRESSES_MAX: Final = 10_000


class GatewayStatistics(NamedTuple):
    """What the gateway holds and has done.

    Of the outbox: `in_line` sockets wait to be written to, `behind` read too slowly. `unanswered` requests are with the
    hunts. The last two are those of the last look at all connections, a second or two ago.
    """

    connections: int
    greeted: int
    accepted: int
    turned_away: int
    refused_tokens: int
    closed_slow: int
    closed_silent: int
    in_line: int
    unanswered: int
    behind: int


class Gateway:
    """See the module."""

    def __init__(
        self,
        system: System,
        rooms: Rooms,
        tokens: Tokens,
        limits: Limits,
        report: Reporter,
        *,
        origins: list[str],
        guests: bool,
        metrics: Callable[[], bytes],
        protocol_document: Callable[[], bytes],
    ) -> None:
        self.system = system
        self.rooms = rooms
        self.tokens = tokens
        self.limits = limits
        self.report = report
        self.origins = frozenset(origins)
        self.metrics = metrics
        self.protocol_document = protocol_document
        self.listed: list[str] = []  # hunts to show on the front page
        self.turns = Turns(limits.slice_sockets)
        self.now_s = time.monotonic()  # read by the ticker: fine enough for time-outs and rates
        self._sockets = 0  # all that are open, WebSockets or not yet
        self._guests = guests
        self._guest_tokens: dict[str, tuple[float, float]] = {}
        self._connections: dict[Connection, None] = {}
        self._addresses: dict[str, int] = {}
        self._devices: dict[tuple[str, str], Connection] = {}
        self._players: dict[str, int] = {}
        self._handshakes = limits.handshakes_per_s
        self._sweeping: list[Connection] = []
        self._seen = self._last_seen = (0, 0)  # (unanswered, behind) of this round of looking, and of the last
        self.sampler = Sampler()
        self.connection_type: type[Connection] = Connection
        self.trace: Trace | None = None
        self.shard_of: Callable[[str], str] = lambda hunt: ""
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._draining = False
        self._sessions = 0
        self.accepted = self.turned_away = self.refused_tokens = self.closed_slow = self.closed_silent = 0

    # ---- life

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port. Raises OSError when it is in use."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Entrance(self), host, port, backlog=4096)
        for listening in self._server.sockets:  # and so in every socket that is accepted
            if UNSENT is not None:
                listening.setsockopt(socket.IPPROTO_TCP, UNSENT, self.limits.outbox_soft_bytes)
        self._tick()
        return int(self._server.sockets[0].getsockname()[1])

    async def drain(self) -> None:
        """Take no more, tell everybody to come back, and close in batches over `drain_s`."""
        self._draining = True
        if self._server is not None:
            self._server.close()
        going = list(self._connections)
        spread_ms = int(self.limits.drain_s * 1000)
        for connection in going:
            connection.send(Sys("sys", "goaway", code=4100, after_ms=random.randint(0, spread_ms)))
        steps = 20
        for step in range(steps):
            for connection in going[step::steps]:
                connection.close("draining")  # what was answered meanwhile goes out before it
            if going:
                await asyncio.sleep(min(self.limits.drain_s / steps, len(going) / 2000 / steps + 0.002))

    async def close(self) -> None:
        """Drop what is left."""
        if self._ticker is not None:
            self._ticker.cancel()
        for connection in list(self._connections):
            connection.abort()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)

    def _tick(self) -> None:
        self.sweep(time.monotonic())
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def sweep(self, now_s: float) -> None:
        """Set the clock, and look at some of the connections: each within a second or two."""
        limits = self.limits
        refill = (now_s - self.now_s) * limits.handshakes_per_s
        self._handshakes = min(max(1.0, limits.handshakes_per_s * HANDSHAKE_BURST_S), self._handshakes + refill)
        self.now_s = now_s
        if not self._sweeping:
            self._last_seen, self._seen = self._seen, (0, 0)
            self._sweeping = list(self._connections)
        if self._sweeping:
            self.sampler.offer(random.choice(self._sweeping), now_s)
        few, many = SWEEP
        count = min(max(few, int(len(self._connections) * TICK_S) + 1), many)
        for connection in self._sweeping[-count:]:
            self._look_at(connection, now_s)
        del self._sweeping[-count:]

    def _look_at(self, connection: Connection, now_s: float) -> None:
        self._seen = (self._seen[0] + len(connection.session.unanswered), self._seen[1] + connection.behind)
        overdue = connection.overdue(now_s)
        if overdue == "gone":
            self.closed_silent += not connection.closing
            connection.abort()
        elif overdue:
            self.closed_slow += overdue == "slow_consumer"
            connection.close(overdue)
            self.report.note("session_closed", session=connection.label, why=overdue)
        else:
            connection.ping(now_s)

    def soon(self, call: Callable[..., None], *arguments: Any) -> None:
        """Call in the next turn of the loop."""
        asyncio.get_running_loop().call_soon(call, *arguments)

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call later, if the gateway still runs."""
        asyncio.get_running_loop().call_later(delay_s, call, *arguments)

    def wall_ms(self) -> int:
        """Return ms since 1970."""
        return time.time_ns() // 1_000_000

    # ---- the door

    def knock(self) -> bool:
        """Count a new socket, whatever it will be; False if there are too many: it is dropped without a word."""
        self._sockets += 1
        return self._sockets <= self.limits.connections_max + SOCKETS_SPARE

    def gone(self) -> None:
        """Count a socket that is closed."""
        self._sockets -= 1

    def admit(self, address: str) -> str:
        """Count a new WebSocket; return why it is turned away (503), or ""."""
        why = ""
        if self._draining:
            why = "the server restarts"
        elif len(self._connections) >= self.limits.connections_max:
            why = "too many connections"
        elif self._addresses.get(address, 0) >= self.limits.connections_per_address:
            why = "too many connections from this address"
        elif self._handshakes < 1.0:
            why = "too many handshakes at once"
        if why:
            self.turned_away += 1
        else:
            self._handshakes -= 1.0
        return why

    def open(self, connection: Connection) -> None:
        """Take a connection whose handshake is done."""
        self.accepted += 1
        self._connections[connection] = None
        self._addresses[connection.address] = self._addresses.get(connection.address, 0) + 1

    def forget(self, connection: Connection) -> None:
        """Take a connection off every list."""
        self.gone()
        if connection not in self._connections:
            return
        del self._connections[connection]
        left = self._addresses.get(connection.address, 1) - 1
        if left:
            self._addresses[connection.address] = left
        else:
            self._addresses.pop(connection.address, None)
        caller = connection.session.caller
        if caller is not None:
            if self.trace is not None:
                self.trace("session_ended", session=connection.label, by=caller.by)
            count = self._players.get(caller.by, 1) - 1
            if count:
                self._players[caller.by] = count
            else:
                self._players.pop(caller.by, None)
            self.rooms.leave_player(caller.by[2:], connection)
            if connection.device and self._devices.get((caller.by, connection.device)) is connection:
                del self._devices[(caller.by, connection.device)]

    def greet(self, connection: Connection, hello: Hello) -> None:
        """Verify a hello, answer it, and resume what it names."""
        caller = self.tokens.verify(hello.token)
        if isinstance(caller, Rejected):
            self.refused_tokens += 1
            connection.refuse(hello.id, caller)
            connection.close("bad_token")
            return
        device = (hello.device or hello.epoch or "")[:DEVICE_MAX]
        old = self._devices.get((caller.by, device)) if device else None
        if self._players.get(caller.by, 0) - (old is not None) >= self.limits.connections_per_player:
            connection.refuse(hello.id, Rejected("busy", "too many connections of this player", retry=True))
            connection.close("too_many_connections")
            return
        refused = connection.session.welcome(caller, hello.epoch, self.now_s)
        if refused is not None:
            connection.refuse(hello.id, refused)
            return
        self._players[caller.by] = self._players.get(caller.by, 0) + 1
        if device:
            connection.device = device
            self._devices[(caller.by, device)] = connection
        if old is not None:
            old.close("replaced")
        self._sessions += 1
        connection.label = f"s{self._sessions}"
        about = {
            "session": connection.label,
            "player": caller.by,
            "role": caller.role,
            "name": caller.name,
            "version": VERSION,
            "now_ms": self.wall_ms(),
        }
        fresh = self.tokens.renewed(hello.token)
        if fresh:
            about["token"] = fresh
        connection.answer(hello.id, about, 0)
        if self.trace is not None:
            self.trace("session_opened", session=connection.label, by=caller.by, role=caller.role, epoch=hello.epoch)
        if caller.by.startswith("p:"):
            self.rooms.enter_player(caller.by[2:], connection, self.wall_ms())
        for point in hello.resume[: self.limits.hunts_per_session]:
            connection.listen().resume(point.hunt, point.seq, point.pos, point.channels)

    def ask_profile(self, sink: ProfileSink, request: int, caller: Caller | None) -> None:
        """Ask the player's own entity for its page."""
        if caller is None or not caller.by.startswith("p:"):
            sink.refused(request, NOT_A_PLAYER, -1)
        else:
            self.system.query("player", caller.by[2:], ProfileQuery(), sink, request, caller)

    def guest(self, address: str, name: str) -> tuple[str, str] | Rejected:
        """Return (player, token) of a new guest, or why there is none."""
        if not self._guests:
            return Rejected("not_allowed", "this server has no guests")
        if not 1 <= len(name) <= 40 or not name.isprintable():
            return Rejected("bad_text", "a name has 1 to 40 characters that can be shown")
        per_minute = self.limits.guests_per_minute
        left, at = self._guest_tokens.get(address, (per_minute, self.now_s))
        left = min(per_minute, left + (self.now_s - at) * per_minute / 60)
        if left < 1.0:
            return Rejected("rate_limited", "too many guests from this address", True, int(60_000 / per_minute))
        if len(self._guest_tokens) >= ADDRESSES_MAX:
            del self._guest_tokens[next(iter(self._guest_tokens))]
        self._guest_tokens[address] = (left - 1.0, self.now_s)
        return self.tokens.guest(name)

    def statistics(self) -> GatewayStatistics:
        """Return what the gateway holds and has done."""
        greeted = sum(self._players.values())
        return GatewayStatistics(
            len(self._connections),
            greeted,
            self.accepted,
            self.turned_away,
            self.refused_tokens,
            self.closed_slow,
            self.closed_silent,
            self.turns.waiting(),
            *self._last_seen,
        )
