"""The menu of faults of a cluster. Each hurts nodes or links, heals them, and returns the moment of healing (ns).

Owns no state: what is hurt and who is random stand in the world. A fault says itself when it struck and which hunts
lost their owner by it.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from actors.cluster.links.patience import SILENT_MIN_S
from lab.chaos.cluster_world import SESSION_S, ClusterWorld
from lab.machines.links import Pair

AWAY_S: Final = 4.0
"""A node that was killed or stopped stays away for so long at most."""
NODES_MAX: Final = 4


async def _chosen(world: ClusterWorld) -> tuple[str, frozenset[str]]:
    name = world.rng.choice(world.running())
    return name, await world.hunts_of(name)


async def move(world: ClusterWorld) -> int:
    """SIGTERM: the node hands all its shards over and ends with exit code 0. Then it comes back, a fault by itself."""
    name, hunts = await _chosen(world)
    world.struck("move", time.monotonic_ns(), hunts)
    await world.ended(name)
    await world.answers(time.monotonic_ns(), CLUSTER_MENU["move"].within_s * world.patience, "move")
    others = [await world.hunts_of(other) for other in world.running()]
    world.struck("return", time.monotonic_ns(), frozenset[str]().union(*others))
    world.node(name).launch()
    return time.monotonic_ns()


async def kill(world: ClusterWorld) -> int:
    """`kill -9`; others take the shards, and the node starts again, sometimes at once."""
    name, hunts = await _chosen(world)
    away_s = world.rng.choice((0.0, world.rng.random() * AWAY_S))
    world.struck("kill", time.monotonic_ns(), hunts)
    await asyncio.to_thread(world.node(name).kill)
    await asyncio.sleep(away_s)
    world.node(name).launch()
    return time.monotonic_ns()


async def _pause(world: ClusterWorld, kind: str, least_s: float, most_s: float) -> int:
    name, hunts = await _chosen(world)
    node = world.node(name)
    world.struck(kind, time.monotonic_ns(), hunts)
    node.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(world.rng.uniform(least_s, most_s))
    finally:
        node.signal(signal.SIGCONT)
    return time.monotonic_ns()


async def pause(world: ClusterWorld) -> int:
    """SIGSTOP for less than links wait: nothing has to move."""
    return await _pause(world, "pause", 0.1, SILENT_MIN_S - 0.5)


async def pause_silent(world: ClusterWorld) -> int:
    """SIGSTOP for longer than links wait and less than the group does: others take the shards by majority."""
    return await _pause(world, "pause-silent", SILENT_MIN_S + 1.0, SESSION_S - 0.5)


async def pause_long(world: ClusterWorld) -> int:
    """SIGSTOP past the group's time-out: the node wakes as a member of nothing, with commands it had not decided."""
    return await _pause(world, "pause-long", SESSION_S + 1.0, SESSION_S + 5.0)


async def kill_on_return(world: ClusterWorld) -> int:
    """A node comes back, from a SIGSTOP past the group's time-out or from a `kill -9`, and another is killed just then:
    the one takes shards of the other while not every node has a table with it."""
    back, other = world.rng.sample(world.running(), 2)
    stands_still = world.rng.random() < 0.5
    world.struck("pause-long" if stands_still else "kill", time.monotonic_ns(), await world.hunts_of(back))
    if stands_still:
        world.node(back).signal(signal.SIGSTOP)
    else:
        await asyncio.to_thread(world.node(back).kill)
    try:
        await asyncio.sleep(world.rng.uniform(SESSION_S + 0.5, SESSION_S + 2.0))
        hunts = await world.hunts_of(other)
    finally:
        if stands_still:
            world.node(back).signal(signal.SIGCONT)
        else:
            world.node(back).launch()
    await asyncio.sleep(world.rng.random() * (0.4 if stands_still else 2.5))
    world.struck("kill-on-return", time.monotonic_ns(), hunts)
    await asyncio.to_thread(world.node(other).kill)
    world.node(other).launch()
    return time.monotonic_ns()


async def _cut(world: ClusterWorld, kind: str, pairs: Sequence[Pair], hunts: frozenset[str]) -> int:
    world.struck(kind, time.monotonic_ns(), hunts)
    world.mesh.cut(pairs)
    try:
        await asyncio.sleep(world.rng.uniform(0.2, SESSION_S + 2.0))
    finally:
        world.mesh.heal()
    return time.monotonic_ns()


async def cut_node(world: ClusterWorld) -> int:
    """All links of a node let nothing through; it goes on with its log and its group."""
    name, hunts = await _chosen(world)
    return await _cut(world, "cut-node", world.pairs(name), hunts)


async def cut_pair(world: ClusterWorld) -> int:
    """The link between two nodes that serve lets nothing through; the gateway reaches both."""
    name, hunts = await _chosen(world)
    gate = world.gateway.node
    pairs = [pair for pair in world.pairs(name) if gate not in pair]
    return await _cut(world, "cut-pair", [world.rng.choice(pairs)], hunts)


async def reset_links(world: ClusterWorld) -> int:
    """All links of a node are reset, some times in a row; it listens on and they are dialled again at once."""
    name, hunts = await _chosen(world)
    world.struck("reset-links", time.monotonic_ns(), hunts)
    for _ in range(world.rng.choice((1, 1, 3))):
        world.mesh.reset(world.pairs(name))
        await asyncio.sleep(world.rng.random() * 0.3)
    return time.monotonic_ns()


async def join(world: ClusterWorld) -> int:
    """A further node starts and is given its share; with as many as there may be, one leaves for good."""
    running = world.running()
    if len(running) < NODES_MAX:
        hunts = frozenset[str]().union(*[await world.hunts_of(name) for name in running])
        name = world.add()
        world.struck("join", time.monotonic_ns(), hunts)
        world.node(name).launch()
        return time.monotonic_ns()
    name, hunts = await _chosen(world)
    world.struck("join", time.monotonic_ns(), hunts)
    await world.ended(name)
    world.serving.remove(name)
    return time.monotonic_ns()


class ClusterFault(NamedTuple):
    """One line of the menu. `within_s`: everything answers so long after it is healed; `goal_s`: of the longest wait of
    a hunt that it hurt, at p99; 0: none is set; `weight`: its share."""

    strike: Callable[[ClusterWorld], Awaitable[int]]
    within_s: float
    goal_s: float
    weight: int


CLUSTER_MENU: Final[dict[str, ClusterFault]] = {
    "move": ClusterFault(move, 5.0, 0.2, 4),
    "kill": ClusterFault(kill, 5.0, 2.0, 5),
    "pause": ClusterFault(pause, 5.0, 0.0, 2),
    "pause-silent": ClusterFault(pause_silent, 5.0, 3.0, 3),
    "pause-long": ClusterFault(pause_long, 5.0, 3.0, 3),
    "kill-on-return": ClusterFault(kill_on_return, 5.0, 2.0, 3),
    "cut-node": ClusterFault(cut_node, 5.0, 0.0, 2),
    "cut-pair": ClusterFault(cut_pair, 5.0, 0.0, 2),
    "reset-links": ClusterFault(reset_links, 5.0, 0.0, 2),
    "join": ClusterFault(join, 5.0, 0.0, 2),
}
