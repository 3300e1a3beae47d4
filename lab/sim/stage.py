"""What the parts of a simulated run share: the loop, the store, the network, the time line, what was heard and shown.

Owns the histories that the judge is given and the list of processes. Starts nothing: the operator of `simulation` does.
"""

from __future__ import annotations

import random
from collections.abc import Hashable
from typing import Any, Final, Generic, Protocol, TypeVar

from actors.checker.history import Call, Emission, ReceivedPush, Violation
from actors.shard.shard import Shard
from actors.system import ActorSystem
from lab.sim.faults import SeedFaults, SimStore
from lab.sim.loop import SimLoop, SimPlace
from lab.sim.network import Net
from lab.sim.workload import Workload

COMMAND: Final = b'"type":"cmd"'


class Process(Protocol):
    """A node as its peers and clients reach it."""

    name: str
    place: SimPlace
    booted: bool

    @property
    def system(self) -> ActorSystem:
        """What runs in it."""
        ...

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        ...

    def receive(self, player: Any, pending: Any) -> None:
        """Take a client's message."""
        ...

    def react(self, kind: str, id: str, batch: Any, answer: Any) -> None:
        """Take a peer's reactions."""
        ...


P = TypeVar("P", bound=Process)


class Stage(Generic[P]):
    """The shared world of one seed. Three streams of random numbers: schedule, faults (the plan's), workload."""

    def __init__(self, seed: int, workload: Workload, plan: SeedFaults) -> None:
        self.seed = seed
        self.loop = SimLoop()  # type: ignore[abstract]  # what is missing no simulated code calls
        self.schedule = random.Random(f"{seed}/schedule")
        self.plan = plan
        if workload.roomy:
            plan.make_room()
        self.timeline: list[tuple[Any, ...]] = []
        self.store = SimStore(self.loop, self.note, self.broken)
        self.net = Net(self.loop, self.schedule, self.plan)
        self.workload = workload
        self.door = workload.door
        self.nodes: list[P] = []
        self.calls: list[Call] = []
        self.shown: list[Emission] = []
        self.seen: list[ReceivedPush] = []
        self.violations: list[Violation] = []
        self.closed: set[str] = set()

    # ---- what parts of it tell

    def note(self, *what: Any) -> None:
        """Write on the time line."""
        self.timeline.append((round(self.loop.time(), 6), self.loop.place.name, *what))

    def broken(self, invariant: str, text: str, where: str = "") -> None:
        """Note a broken promise."""
        if len(self.violations) < 50:
            self.violations.append(Violation(invariant, text, where))

    def damaged(self, entity: str, shard: str, why: str) -> None:
        """A node closed an entity: allowed only if its snapshots were spoilt, and for that reason."""
        spoilt = {id for at, ids in self.store.spoilt.items() if str(at) == shard for id in ids}
        if entity.partition("/")[2] in spoilt and why.startswith("snapshot "):
            self.closed.add(entity)
        else:
            self.broken("I5", f"{entity} was closed: {why}")

    def known(self) -> bool:
        """Tell whether every shard has a command's record, by which an embedded log tells the time."""
        shards = self.store.shards
        count = sum(count for _, count in self.workload.kinds)
        return len(shards) == count and all(COMMAND in b"".join(records) for records in shards.values())

    def answered(self, request: Hashable) -> None:
        """A node let the answer to a request out."""

    # ---- processes

    def alive(self) -> list[P]:
        """Return the nodes that are not dead, oldest first."""
        self.nodes = [n for n in self.nodes if not n.place.dead]
        return self.nodes

    def any_node(self, draw: random.Random, *, roams: bool = False) -> P | None:
        """Return a node to talk to: mostly the youngest, unless one `roams`."""
        nodes = self.alive()
        if not nodes:
            return None
        return nodes[-1] if not roams and draw.random() < 0.6 else draw.choice(nodes)

    def owner(self, shard: Shard, besides: Any) -> P | None:
        """Return the youngest node that serves a shard, for links."""
        for node in reversed(self.alive()):
            if node is not besides and node.booted:
                for theirs in node.system.shards():
                    if theirs.id == shard.id and theirs.ownership.mode.value == "owner":
                        return node
        return None
