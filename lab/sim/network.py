"""The simulated network between places: it delays, loses, doubles and reorders messages, as the seed's plan says."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from lab.sim.faults import SeedFaults
from lab.sim.loop import SimLoop, SimPlace


class Net:
    """Carries messages between places."""

    def __init__(self, loop: SimLoop, schedule: random.Random, plan: SeedFaults) -> None:
        self._loop = loop
        self._schedule = schedule
        self._plan = plan

    def carry(self, place: SimPlace, call: Callable[..., Any], *args: Any) -> None:
        """Bring a message to a place: usually once and soon."""
        plan = self._plan
        if plan.hits("net_loss"):
            return
        random = self._schedule.random
        delay_s = 0.0002 + random() * 0.004
        if plan.hits("net_slow"):
            delay_s += random() ** 2 * 2.0
        self._loop.post(place, delay_s, call, *args)
        if plan.hits("net_double"):
            delay_s += random() ** 2 * 1.5 if random() < 0.6 else random() * 6.0
            plan.last_s = max(plan.last_s, self._loop.time() + delay_s)
            self._loop.post(place, delay_s, call, *args)
