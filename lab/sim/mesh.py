"""The game over a whole cluster: every node has the product's gateway, rooms, router and watches, joined by links.

What `lab/sim/cluster.py` is for shards and their owners, this is for what players hear: their hunts live on other nodes
than their connections, and move. Owns the composition of a node, as `huntserver/cluster/node.py` does for a real one.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final

from actors.checker.history import Violation
from actors.cluster.member import Member
from actors.cluster.router import Router
from actors.cluster.serving import request_of
from actors.cluster.watches import Audience
from actors.shard.shard import Shard
from actors.system import ActorSystem, Outside
from huntserver.cluster.codec import GameCodec
from huntserver.gateway.cluster_rooms import ClusterRooms
from lab.sim.busy import unless_asked
from lab.sim.cluster import ClusterSimulation, MemberNode
from lab.sim.group import SimGroup
from lab.sim.links import LinkEnd, SimWire
from lab.sim.player import AnswerSink, Pending, ScriptedPlayer
from lab.sim.sent import NotingSystem, SentCommands
from lab.sim.session_gateway import LIMITS, SimGateway
from lab.sim.session_workload import SessionDoor, SessionWorkload
from lab.sim.simulation import OPERATE_S, Simulation

RATES: Final = {"stall": (0.4, 0.3, 2.0), "aside": (0.3, 0.2, 0.8), "three": (0.4, 1.0, 1.0)}
"""As those of the cluster: a link that carries nothing for a while, a node that no other one reaches. `three`: so many
nodes are there from the start."""
WEATHER: Final = tuple(RATES)
STALL_S: Final = (0.4, 1.9)
"""A link that is silent for longer is given up (`actors/cluster/links/patience.py`)."""


class MeshNode(MemberNode):
    """A whole node of a cluster."""

    links: dict[tuple[str, str], LinkEnd]
    rooms: ClusterRooms
    router: Router
    system_type = NotingSystem

    def make(self, outside: Outside) -> ActorSystem:
        """Return the actor system, with all that stands before it."""
        system = super().make(outside)
        assert isinstance(system, NotingSystem)
        system.sent, system.node = self.sim.sent, self.name
        self.links = {}
        self.rooms = ClusterRooms(LIMITS)
        self.audience = Audience(self.rooms, request_of)
        self.router = Router(system, self.keeper, GameCodec(), self.rooms, self.audience)
        self.rooms.watch, self.rooms.is_here = self.router.watch, self.router.watches.is_here
        return system

    def link(self, member: Member) -> Any:
        """Return the link to a member, if there is one."""
        return self.links.get((member.node, member.run))

    async def _boot(self) -> None:
        self.router.attach(self.link, self.system.background)
        await super()._boot()

    async def _drain(self) -> None:
        await self.gateway.drain()
        await super()._drain()

    def lost_one(self) -> bool:
        """Never a reason to send players away: the router knows who has it."""
        return False

    def receive(self, player: ScriptedPlayer, pending: Pending) -> None:
        """A message without a session."""
        pending.arrived_s = min(pending.arrived_s, self.sim.loop.time())
        kind, id, command = pending.kind, pending.id, pending.command
        sink = _FromAnyNode(self.name, player, pending, self.system.regions[kind].shard(id))
        if pending.key is None:
            self.router.query(kind, id, command, sink, pending.number, player.caller)
        else:
            self.router.submit(kind, id, command, sink, pending.number, player.caller, pending.key)


class _FromAnyNode(AnswerSink):
    """Answers of whichever node decides."""

    def _judge_again(self) -> None:
        """Nothing: which tenure refused is known at its node alone."""

    def _out(self, outcome: str, code: str, pos: int, answer: Any) -> None:
        self._player.sim.answered((self, self._pending.number))
        super()._out(outcome, code, pos, answer)


class MeshGroup(SimGroup):
    """Sees to the links, too."""

    sim: Any
    draw: random.Random

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.wires: dict[tuple[str, str], SimWire] = {}

    def watch(self) -> None:
        """Lose the links of who is gone, out of reach or silent; dial those that are not up."""
        super().watch()
        self.wires = {pair: wire for pair, wire in self.wires.items() if not wire.lost}
        for one, other in combinations(self._nodes, 2):
            pair, wire = (one.name, other.name), self.wires.get((one.name, other.name))
            if not self.linked(one, other):
                if wire is not None:
                    wire.lose()
            elif wire is None and self._dials(one, other):
                self.wires[pair] = SimWire(self.sim, self.draw, one, other)

    @staticmethod
    def _dials(one: Any, other: Any) -> bool:
        return bool(one.keeper.rules.is_member(other.keeper.me) or other.keeper.rules.is_member(one.keeper.me))

    def stall(self, draw: random.Random) -> None:
        """Let one of the links carry nothing for a while."""
        wires = [wire for wire in self.wires.values() if not wire.lost]
        if wires:
            wire, for_s = draw.choice(wires), draw.uniform(*STALL_S)
            wire.stall(for_s)
            self.sim.note("stall", wire.one.node.name, wire.other.node.name, round(for_s, 2))

    def aside(self, node: Any, for_s: float) -> None:
        """Cut a node off from all others; it reaches the log, and is dropped when it has been silent for too long."""
        self.sim.note("aside", node.name, round(for_s, 2))
        for other in self.sim.alive():
            if other is not node:
                self.cut(node, other, for_s)
        if for_s > self.session_s:
            self.sim.loop.post(self.sim.loop.world, self.session_s, self.drop, node)

    def _up(self, at: Any, peer: Any) -> None:
        """Nothing: the new link tells."""

    def cut(self, one: Any, other: Any, for_s: float) -> None:
        """Cut a link for a while."""
        super().cut(one, other, for_s)
        for pair in ((one.name, other.name), (other.name, one.name)):
            if pair in self.wires:
                self.wires[pair].lose()


class MeshDoor(SessionDoor):
    """Sessions at any node."""

    @staticmethod
    def open(node: Any) -> SimGateway:
        """Return a node's gateway."""
        gateway = SimGateway(node, node.rooms, node.router)
        gateway.publisher = node.audience
        return gateway

    @classmethod
    def served(cls, sim: Simulation) -> Iterator[Shard]:
        """Yield the shards of hunts, each where it is served."""
        for node in sim.alive():
            yield from (shard for shard in node.system.regions["hunt"].shards if node.system.nonce(shard.id))


class MeshWorkload(SessionWorkload):
    """The game, over sessions with a cluster."""

    door = MeshDoor

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.kinds = [(self.kinds[0][0], draw.choice((1, 2, 3))), (self.kinds[1][0], draw.choice((1, 2, 3)))]


class MeshSimulation(ClusterSimulation):
    """The run of one seed with several whole nodes at once."""

    played = MeshWorkload
    proofs = 2
    group_type = MeshGroup

    def __init__(self, seed: int, *, off: Sequence[str] = (), on: Sequence[str] = ()) -> None:
        super().__init__(seed, off=off, on=on)
        assert isinstance(self.group, MeshGroup)
        self.group.sim, self.group.draw = self, random.Random(f"{seed}/links")
        self.sent = SentCommands(self.store, self.loop.time)
        self.workload.rules = self.workload.rules._replace(sent_to=self.sent.to)

        self.weather = random.Random(f"{seed}/weather")
        for name, (often, least, most) in RATES.items():
            chosen, rate = self.weather.random() < often, self.weather.uniform(least, most)
            if (chosen or name in on) and name not in off:
                self.plan.at[name] = rate
        if "three" in self.plan.at and not self.bad_link.there:
            self.start_node(0.001)
            self.start_node(0.002)

    def _strike_the_cluster(self) -> None:
        super()._strike_the_cluster()
        draw, at = self.weather, self.plan.at
        running: Any = [n for n in self.alive() if n.booted and not n.draining]
        for name in ("stall", "aside"):
            rate = at.get(name)
            if rate is None or len(running) < 2 or draw.random() >= rate * OPERATE_S:
                continue
            assert isinstance(self.group, MeshGroup)
            self.plan.struck[name] += 1
            if name == "stall":
                self.group.stall(draw)
            else:
                self.group.aside(draw.choice(running), draw.uniform(0.5, 4.0))

    def answered(self, request: Hashable) -> None:
        """Note it."""
        self.sent.answered(request)

    def make_node(self, number: int) -> MeshNode:
        """Return a process that is not started yet."""
        return MeshNode(self, number)

    def any_node(self, draw: random.Random, *, roams: bool = False) -> Any:
        """Return a node to talk to: any that takes players."""
        nodes: Any = [node for node in self.alive() if node.booted and not node.draining]
        return draw.choice(nodes) if nodes else None


def play(seed: int, on: Sequence[str] = (), off: Sequence[str] = ()) -> Sequence[Violation]:
    """Play a seed; it has the faults `on`, not those `off`, whatever else it has."""
    return MeshSimulation(seed, on=on, off=unless_asked(on, off)).run().violations
