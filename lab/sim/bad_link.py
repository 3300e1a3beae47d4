"""One link of a cluster that is bad: it breaks for seconds, again and again, while both ends reach everybody else.

As a proxy that resets what passes it, or a failing cable. Owns which two nodes it joins, and a stream of random numbers
of its own: other seeds are what they were before there was this.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from lab.sim.simulation import OPERATE_S

SHARE: Final = 0.1
"""Share of seeds that have one."""
NODES: Final = 3
"""So many are there from the start: the ends can tell by a third one that it is the link."""
COMMANDS: Final = 60
"""Each session sends so many at least: a shard that nobody asks for anything changes hands without a trace."""
DOWN_S: Final = (1.0, 4.0)
UP_S: Final = 0.2
BREAKS_S: Final = 0.5
"""How long a link that is up stays so on average."""


class BadLink:
    """The bad link of one run, if its seed has one."""

    def __init__(self, sim: Any, *, off: Sequence[str], on: Sequence[str]) -> None:
        self._draw = random.Random(f"{sim.seed}/bad_link")
        self.there = (self._draw.random() < SHARE or "bad_link" in on) and "bad_link" not in off
        self._sim = sim
        self._ends: list[Any] = []
        self._next_s = 0.0
        if not self.there:
            return
        for player in sim.players:
            player.left = max(player.left, COMMANDS)
        for number in range(1, NODES):
            sim.loop.post(sim.loop.world, number / 1000, sim.start_node, 0.0)

    def strike(self, running: Sequence[Any]) -> None:
        """Let it break, if it is up and its time has come."""
        now_s = self._sim.loop.time()
        if not self.there or len(running) < 2 or now_s < self._next_s or self._draw.random() >= OPERATE_S / BREAKS_S:
            return
        if not self._ends or not all(end in running for end in self._ends):
            self._ends = self._draw.sample(running, 2)
        for_s = self._draw.uniform(*DOWN_S)
        self._next_s = now_s + for_s + UP_S
        self._sim.plan.struck["bad_link"] += 1
        self._sim.break_link(*self._ends, for_s)
