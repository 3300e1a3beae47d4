"""The game over a whole cluster: every node has the product's gateway, rooms, router and watches, joined by links.

What `lab/sim/cluster.py` is for shards and their owners, this is for what players hear: their hunts live on other nodes
than their connections, and move. Owns the composition of a node, as `huntserver/cluster/node.py` does for a real one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from actors.checker.history import Violation
from actors.cluster.member import Member
from actors.cluster.router import Router
from actors.cluster.serving import request_of
from actors.cluster.watches import Audience
from actors.shard.shard import Shard
from actors.system import ActorSystem, Outside
from huntserver.cluster.codec import GameCodec
from huntserver.gateway.cluster_rooms import ClusterRooms
from lab.sim.cluster import ClusterSimulation, MemberNode
from lab.sim.group import SimGroup
from lab.sim.links import LinkEnd, SimWire
from lab.sim.player import AnswerSink, Pending, ScriptedPlayer
from lab.sim.session_gateway import LIMITS, SimGateway
from lab.sim.session_workload import SessionDoor, SessionWorkload
from lab.sim.simulation import Simulation


class MeshNode(MemberNode):
    """A whole node of a cluster."""

    links: dict[tuple[str, str], LinkEnd]
    rooms: ClusterRooms
    router: Router

    def make(self, outside: Outside) -> ActorSystem:
        """Return the actor system, with all that stands before it."""
        system = super().make(outside)
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

    def make_node(self, number: int) -> MeshNode:
        """Return a process that is not started yet."""
        return MeshNode(self, number)

    def any_node(self, draw: random.Random, *, roams: bool = False) -> Any:
        """Return a node to talk to: any that takes players."""
        nodes: Any = [node for node in self.alive() if node.booted and not node.draining]
        return draw.choice(nodes) if nodes else None


def play(seed: int) -> Sequence[Violation]:
    """Play a seed."""
    return MeshSimulation(seed).run().violations
