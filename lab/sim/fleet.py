"""A large cluster under constant change: 64 shards on up to 8 nodes that join, leave, die, freeze and lose links.

What `lab/sim/cluster.py` plays by chance, here in numbers: so many changes one after the other, then the same judges.
Owns the order of changes, and how many shards they had to move at least.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from lab.sim import toy
from lab.sim.cluster import ClusterSimulation, ClusterWorkload
from lab.sim.simulation import OPERATE_S

SHARDS: Final = {"chests": 40, "purses": 24}
NODES: Final = 8
LEAST: Final = 3
"""So many nodes are left alone by whatever ends a node."""
CHANGES: Final = {"join": 5, "leave": 3, "crash": 2, "freeze": 2, "cut": 2, "part": 2}
"""Weights."""
MOVES: Final = {"freeze": 2}
"""How often a change moves a node's share of the shards, if not once: away and back."""
BETWEEN_S: Final = 0.5
"""Between two changes, on average."""
BALANCED_S: Final = 8.0


class FleetWorkload(ClusterWorkload):
    """Chests and purses on 64 shards."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        counts = list(SHARDS.values())
        self.kinds = [(toy.ChestType(), counts[0]), (toy.PurseType(), counts[1])]
        self._chests = [f"c{i}" for i in range(24)]
        self._size = 150


class FleetSimulation(ClusterSimulation):
    """The run of one seed: `changes` of membership and links, then rest."""

    played = FleetWorkload
    changes = 200

    def __init__(self, seed: int, *, changes: int = 0, off: Sequence[str] = (), on: Sequence[str] = ()) -> None:
        ended = (
            "crash",
            "takeover",
            "drain",
            "pause",
            "pause_sent",
            "cut",
            "bad_link",
            "dropped",
            "join",
        )  # by our own changes
        super().__init__(seed, off=(*off, *ended, "snap_bad", "clock_far"), on=on)
        self.changes = changes or self.changes
        self.play_s = self.changes * BETWEEN_S * 3
        self.made: Counter[str] = Counter()
        self.moves_due = float(sum(SHARDS.values()))  # each is taken once at first

    def _is_over(self) -> bool:
        return self.made.total() >= self.changes

    def _strike_the_cluster(self) -> None:
        draw = self.mesh
        if self._is_over() or draw.random() >= OPERATE_S / BETWEEN_S:
            return
        running: Any = [n for n in self.alive() if n.booted and not n.draining and not n.place.stopped]
        kind = draw.choices(list(CHANGES), list(CHANGES.values()))[0]
        if kind == "join":
            if len(self.alive()) >= NODES:
                return
            self.start_node(0.0)
        elif len(running) <= LEAST:
            return
        elif kind == "leave":
            draw.choice(running).drain()
        elif kind == "crash":
            draw.choice(running).kill()
        elif kind == "freeze":
            node, for_s = draw.choice(running), 0.1 + draw.random() ** 2 * 4.0
            self.loop.stop_place(node.place)
            self.loop.post(self.loop.world, for_s, self.loop.resume_place, node.place)
        else:  # one link, or all from one node to some others
            one = draw.choice(running)
            others = [node for node in running if node is not one]
            for other in draw.sample(others, 1 if kind == "cut" else max(1, len(others) // 2)):
                self.group.cut(one, other, 0.1 + draw.random() ** 2 * 4.0)
        self.made[kind] += 1
        self.moves_due += MOVES.get(kind, 1) * sum(SHARDS.values()) / len(self.alive())
        self.plan.struck[kind] += 1
        self.plan.last_s = max(self.plan.last_s, self.loop.time())
        self.note("change", kind, self.made.total())

    # ---- what is asked at the end

    def _settle(self) -> bool:
        settled = super()._settle()
        if settled and not self.loop.run(self.is_even, BALANCED_S):
            self.broken("I10", f"shards are not spread evenly: {self._spread()}")
        return settled

    def _spread(self) -> dict[str, dict[str, int]]:
        """Return how many shards of each topic each node serves."""
        return {
            topic: {n.name: sum(s.topic == topic for s in n.system.owned()) for n in self.alive()} for topic in SHARDS
        }

    def is_even(self) -> bool:
        """Tell whether every node serves as many shards of a topic as any other, one more or less."""
        return not self.unowned() and all(
            max(row.values()) - min(row.values()) <= 1 for row in self._spread().values() if row
        )
