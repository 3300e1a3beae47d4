"""The gateway: one listening port, what stands behind it, and a planned stop.

Owns the listening socket and the tick that moves the clock, the door and the sweep. Never holds game state. The parts
have files of their own; this one puts them together.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, cast

from actors.background import Background
from actors.reporter import Reporter
from huntserver.auth import SignIn, Tokens
from huntserver.gateway.accept import Accepting
from huntserver.gateway.attendance import Attendance
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.connection import Connection
from huntserver.gateway.connections import TICK_S, Connections
from huntserver.gateway.console import Console
from huntserver.gateway.door import Door, Waiting
from huntserver.gateway.erasing import Erasing, PersonKeys
from huntserver.gateway.forecasts import Forecasts
from huntserver.gateway.media import MediaRoutes
from huntserver.gateway.pairing import Pairing
from huntserver.gateway.photos import PhotoRoutes
from huntserver.gateway.ports import Offload, ReadyState, System, Trace
from huntserver.gateway.proxies import Proxies
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.sampling import Sampler, Traced
from huntserver.gateway.services import Services
from huntserver.gateway.sessions import Sessions
from huntserver.gateway.signing_in import SigningIn
from huntserver.gateway.site import HttpRequest, Reply, Site
from huntserver.gateway.tally import ReasonTally
from huntserver.gateway.trials import Trials
from huntserver.gateway.turns import Turns
from huntserver.gateway.watching import Watching
from huntserver.limits import Limits
from huntserver.media.store import MediaStore
from huntserver.wire.codecs import Sys

UNSENT: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)
"""Without it (not on every system) the kernel takes some MB for a client that does not read, and the outbox's limits
see nothing of it."""
DRAIN_STEPS: Final = 20


class GatewayStatistics(NamedTuple):
    """What the gateway holds and has done.

    `closes` and `refusals` count by reason what was closed, and what the door turned away; `codes_held`: codes and
    check-ins that had to wait because of wrong ones before. Of the outbox: `in_line` sockets wait to be written to,
    `behind` read too slowly. `unanswered` requests are with the hunts. The last two are those of the last look at all
    connections, a second or two ago.
    """

    connections: int
    greeted: int
    accepted: int
    refused_tokens: int
    closes: dict[str, int]
    refusals: dict[str, int]
    wrong_codes: int
    codes_held: int
    in_line: int
    unanswered: int
    behind: int


class Gateway:
    """Accepts sockets from `start` to `drain`; `close` ends it."""

    def __init__(
        self,
        system: System,
        rooms: Rooms,
        tokens: Tokens,
        limits: Limits,
        report: Reporter,
        *,
        clock: LoopClock,
        origins: list[str],
        proxies: Proxies,
        sockets_max: int,
        worker: Offload,
        media: MediaStore,
        guests: bool,
        readiness: Callable[[], ReadyState],
        metrics: Callable[[], bytes],
        protocol_document: Callable[[], bytes],
        api: Callable[[HttpRequest, Reply], None] | None = None,
        sign_in: SignIn | None = None,
        keys: PersonKeys | None = None,
        trace: Trace | None = None,
        shard_of: Callable[[str], str] = lambda hunt: "",
    ) -> None:
        self._report = report
        self._worker = worker
        self.limits = limits
        self.clock = clock
        self.door = Door(limits, clock, report, origins=origins, proxies=proxies, sockets_max=sockets_max)
        self.sessions = Sessions(tokens, limits, clock)
        self.background = Background(report)
        contain = partial(self.background.contain, "gateway")
        self.connections = Connections(ReasonTally("connection_closed", report, clock), contain)
        self.turns = Turns(limits.slice_sockets, contain)
        self.sampler = Sampler()
        self.trials = Trials(limits, clock)
        self.attendance = Attendance(rooms, clock)
        self.services = Services(
            limits=limits,
            clock=clock,
            turns=self.turns,
            system=system,
            rooms=rooms,
            attendance=self.attendance,
            door=self.door,
            sessions=self.sessions,
            connections=self.connections,
            trials=self.trials,
            observer=self.sampler,
            trace=trace,
            shard_of=shard_of,
        )
        self.site = Site(
            system,
            tokens,
            self.door,
            limits,
            worker=worker,
            background=self.background,
            guests=guests,
            readiness=readiness,
            metrics=metrics,
            protocol_document=protocol_document,
            api=api,
        )
        self.signing_in = SigningIn(sign_in, worker, clock) if sign_in is not None else None
        self.site.more.append(Console(system, tokens, self.door, limits, worker=worker, sign_in=self.signing_in))
        self.site.more.append(Forecasts(system, tokens, self.door, limits, worker=worker))
        self.site.more.append(Pairing(system, tokens, self.trials))
        self._media = MediaRoutes(system, tokens, self.door, limits, store=media, background=self.background)
        self._photos = PhotoRoutes(
            system, tokens, self.door, limits, store=media, background=self.background, lend=self._media.lend
        )
        self.site.more += [self._media, self._photos]
        self.site.more.append(Watching(system, tokens, self.door))
        self.erasing = Erasing(tokens, self.connections, rooms, self.background, keys)
        self.site.more.append(self.erasing)
        self.connection_type: type[Connection] = Connection if trace is None else Traced
        self._servers: list[asyncio.Server] = []

    # ---- life

    async def start(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, shared: socket.socket | None = None
    ) -> int:
        """Listen, with TLS if a context is given; return the port. Raises OSError when it is in use.

        `shared` is a socket that listens already, for several processes; it is listened on as well.
        """
        # without the limit 60 s: who begins a handshake and says no more is counted by nobody until it is done
        listens = partial(
            asyncio.get_running_loop().create_server, self.accepting, backlog=4096, ssl=tls,
            ssl_handshake_timeout=self.limits.hello_s if tls is not None else None,
        )  # fmt: skip
        self._servers = [await listens(host, port)]
        if shared is not None:
            self._servers.append(await listens(sock=shared))
        for server in self._servers:
            for listening in server.sockets:  # and so in every socket that is accepted
                if UNSENT is not None:
                    listening.setsockopt(socket.IPPROTO_TCP, UNSENT, self.limits.outbox_soft_bytes)
        self.background.every("gateway tick", TICK_S, self._tick)
        return int(self._servers[0].sockets[0].getsockname()[1])

    def accepting(self) -> Accepting:
        """Return what reads from a new socket first."""
        return Accepting(self.door, self.site, self.connect, self._report)

    def connect(
        self, transport: asyncio.Transport, address: str, packed: bool, peer: str = "", socket: Waiting | None = None
    ) -> Connection:
        """Return a new WebSocket's connection, which is open from here on. `peer` is the proxy that it came through,
        `socket` what read from it so far."""
        connection = self.connection_type(self.services, transport, address, packed=packed, peer=peer)
        self.door.enter(socket, connection.peer, connection, address)
        self.connections.add(connection)
        return connection

    async def drain(self) -> None:
        """Take no more, tell everybody to come back, and close in batches over `drain_s`."""
        self.door.draining = True
        for server in self._servers:
            server.close()
        going = cast(list[Connection], self.connections.all())
        spread_ms = int(self.limits.drain_s * 1000)
        for connection in going:
            connection.send(Sys("sys", "goaway", code=4100, after_ms=int(self.clock.roll() * spread_ms)))
        for step in range(DRAIN_STEPS):
            for connection in going[step::DRAIN_STEPS]:
                connection.close("draining")  # what was answered meanwhile goes out before it
            if going:
                step_s = len(going) / 2000 / DRAIN_STEPS + 0.002
                await asyncio.sleep(min(self.limits.drain_s / DRAIN_STEPS, step_s))

    async def close(self) -> None:
        """Drop what is left."""
        await self.background.close()
        self._worker.close()
        self._media.close()
        self._photos.close()
        for connection in self.connections.all():
            connection.abort()
        for server in self._servers:
            server.close()
        await asyncio.sleep(0)

    # ---- the tick

    def _tick(self) -> None:
        self.sweep(time.monotonic())

    def sweep(self, now_s: float) -> None:
        """Set the clock, and look at some of the connections: each within a second or two."""
        self.clock.now_s = now_s
        due = self.connections.due()
        if due:
            self.sampler.offer(cast(Connection, due[int(self.clock.roll() * len(due))]), now_s)
        self.connections.sweep(now_s)

    def statistics(self) -> GatewayStatistics:
        """Return what the gateway holds and has done."""
        return GatewayStatistics(
            len(self.connections),
            self.sessions.greeted(),
            self.door.accepted,
            self.sessions.refused_tokens,
            self.connections.closes.counts,
            self.door.refusals.counts,
            self.trials.counted,
            self.trials.held,
            self.turns.waiting(),
            *self.connections.last_sums,
        )
