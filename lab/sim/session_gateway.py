"""The real gateway (`huntserver/gateway`) in the simulation: on the clocks and dice of a seed, without sockets."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Final

from actors.entity import Push, Rejected
from actors.reporter import Silent
from actors.shard.actor import Publisher
from actors.way_in import WayIn
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.connection import Connection
from huntserver.gateway.proxies import Proxies
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.server import Gateway
from huntserver.gateway.worker import WorkerThread
from huntserver.limits import Limits
from huntserver.media.folder import FolderStore
from huntserver.readiness import Ready
from lab.sim import tokens
from lab.sim.node import SimNode

LIMITS: Final = Limits(
    commands_per_s=1e6, commands_burst=1_000_000, sockets_per_s_per_address=1e6, handshakes_per_s_per_address=1e6,
    drain_s=0.5, news_listeners=1, news_ms=800,
)  # fmt: skip
"""As shipped, but for the rates, for a planned stop that asks for less patience than the faults of a seed leave, and
for news that wait longer for each other, from two listeners on: no seed has more than eight."""

TICK_S: Final = 0.05


class SimGatewayClock(LoopClock):
    """The gateway's time on the clocks and dice of the simulation."""

    def __init__(self, node: SimNode) -> None:
        super().__init__(node.sim.loop.time())
        self._node = node
        self._dice = random.Random(f"{node.sim.seed}/{node.name}/gateway")

    def wall_ms(self) -> int:
        """Return the node's time."""
        return self._node.clock.wall_ms()

    def roll(self) -> float:
        """Return a number of the simulation's dice: what a client is told of it decides what it does."""
        return self._dice.random()

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call later; the gateway's own dice are not ours."""
        super().later(0.1 + 0.4 * self._dice.random(), call, *arguments)


class SimGateway(Gateway):
    """A gateway of one node. `way_in` leads to all actors, if not only to those of the node."""

    def __init__(self, node: SimNode, rooms: Rooms | None = None, way_in: WayIn | None = None) -> None:
        rooms, way_in = rooms or Rooms(LIMITS), way_in or node.system
        nothing = bytes
        super().__init__(
            way_in, rooms, tokens.of_node(node), LIMITS, Silent(), clock=SimGatewayClock(node), origins=[],
            proxies=Proxies([]), sockets_max=1 << 20, worker=WorkerThread(Silent()),
            media=FolderStore(Path("nowhere")), guests=False, readiness=lambda: Ready(True, "ok", {}),
            metrics=nothing, protocol_document=nothing,
        )  # fmt: skip
        rooms.attach(way_in)
        self._node = node
        self.connection_type = SimConnection
        self.publisher: Publisher = rooms
        self._strangers = tokens.Strangers(node, self.sessions, LIMITS)
        node.sim.loop.post(node.place, TICK_S, self._tick)

    def _tick(self) -> None:
        loop = self._node.sim.loop
        self.clock.now_s = loop.time()
        for connection in self.connections.all():
            self.connections.look_at(connection, self.clock.now_s)
        self._strangers.knock()
        loop.post(self._node.place, TICK_S, self._tick)


class SimConnection(Connection):
    """Notes when the runtime let an answer out: the bytes follow in the next turn of the loop."""

    __slots__ = ("answered", "clock", "told_s")

    answered: Callable[[Hashable], None]
    clock: Callable[[], float]
    told_s: dict[int | None, float]

    def _note(self, request: int) -> None:
        self.told_s[request] = self.clock()
        self.answered((self, request))

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """An answer is let out; what was asked again may have been refused before."""
        self._note(request)
        super().accepted(request, answer, pos, told)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """A view is let out."""
        self._note(request)
        super().viewed(request, view, pos)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """A refusal is let out."""
        self._note(request)
        super().refused(request, rejected, pos)
