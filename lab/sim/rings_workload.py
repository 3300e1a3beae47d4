"""The game on servers of one log whose key rings differ: each made its own, or has none, and none seals.

What they write, records, snapshots and states alike, is byte for byte the same, and each reads what the others wrote.
Owns who has which ring. (Servers that seal under rings of their own are told so, and do not serve.)
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from actors.entity import EntityType
from huntserver.game.hunt import HuntType
from huntserver.privacy.ring import new_ring
from lab.sim.game_workload import GameWorkload


class RingsWorkload(GameWorkload):
    """The game; the judge has no ring."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self._turn = draw.randrange(3)
        self.kinds = [(HuntType(), self.kinds[0][1]), self.kinds[1]]

    def kinds_of(self, node: str) -> Sequence[tuple[EntityType[Any], int]]:
        """Return the kinds as a node has them: two in three have a ring."""
        ring = new_ring(node.encode(), bytes(32)) if (int(node[1:]) + self._turn) % 3 else None
        return [(HuntType(ring, seals=False), self.kinds[0][1]), self.kinds[1]]
