"""A model of who opens a tenure, and when: nodes, links, the group, one shard.

Asks for progress, not safety (the log fences, `fencing.py`): from every state the protocol's own moves must lead to an
owner that lives and knows it, and they must not open tenures for ever. Faults: a node is killed, a link between live
nodes is cut for good, an owner drops its memory and gives up a tenure record that lands late all the same. Time is left
out: any node may be slow, so whatever may happen in some order is tried in that order.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import Graph, Kind, Move, reach


class Suspicion(enum.Enum):
    """What a link reset entitles the other end to."""

    WHILE_DOWN = "suspected for as long as the link is down"
    UNTIL_READ = "suspected until any tenure of the suspect is read"
    ONCE = "one tenure for each link reset, used up by it"


class Standing(enum.Enum):
    """What is behind the newest tenure in the log."""

    HELD = "held"
    ABANDONED = "its node had given it up"
    RELEASED = "released"


class Rules(NamedTuple):
    """A variant, and the faults it must stand."""

    nodes: int = 3
    faults: int = 2
    kills: bool = True
    cuts: bool = True
    late_tenures: bool = True
    suspicion: Suspicion = Suspicion.ONCE
    reopens_own_late: bool = True  # a tenure of mine that I do not hold makes me open a fresh one
    majority: bool = True  # on suspicion only with links to more than half of the members
    next_follows: bool = True  # the next in order opens if the first does not
    group_rule: bool = True  # the group's table has a standing say over tenures of nodes that are no members
    refused_redial: bool = False  # a dead process refuses: proof of death, no majority is asked for
    minority_releases: bool = False  # an owner with links to a minority gives the shard up
    must_be_reached: bool = False  # a good owner also has links to more than half of the live nodes
    holder: int = 0


Pair = tuple[int, int]


class World(NamedTuple):
    """A state of the model. `down`: cut links, both ways round. `suspects`: (who, whom)."""

    alive: frozenset[int]
    members: frozenset[int]
    down: frozenset[Pair]
    suspects: frozenset[Pair]
    holder: int
    standing: Standing
    believed: tuple[int, ...]
    read: frozenset[int]  # nodes that have read the newest tenure
    late: frozenset[int]  # nodes of which an abandoned tenure record is still on its way
    faults_left: int

    def up(self, i: int, j: int) -> bool:
        """Tell whether i and j have a link, or are the same."""
        return i == j or (i, j) not in self.down


def start(rules: Rules) -> World:
    """Return the world at rest: one holder, all know it, all links up."""
    nodes = frozenset(range(rules.nodes))
    none: frozenset[Pair] = frozenset()
    believed = (rules.holder,) * rules.nodes
    return World(nodes, nodes, none, none, rules.holder, Standing.HELD, believed, nodes, frozenset(), rules.faults)


def graph(rules: Rules) -> Graph[World]:
    """Return all states of a variant."""
    return reach(start(rules), lambda world: _moves(world, rules))


def has_owner(world: World, rules: Rules) -> bool:
    """Tell whether the newest tenure is held by a live node that knows it, within reach if the variant asks that."""
    owner = world.holder
    if world.standing is not Standing.HELD or owner not in world.alive or world.believed[owner] != owner:
        return False
    linked = sum(world.up(owner, j) for j in world.alive)
    return not rules.must_be_reached or 2 * linked > len(world.alive)


def has_one_owner(world: World) -> bool:
    """Tell whether exactly one live node takes itself for the owner, rightly, and all live nodes know it."""
    owners = [i for i in world.alive if world.believed[i] == i]
    return (
        owners == [world.holder]
        and world.standing is Standing.HELD
        and all(world.believed[i] == world.holder for i in world.alive)
    )


def _moves(world: World, rules: Rules) -> Iterator[Move[World]]:
    if world.faults_left:
        yield from _faults(world, rules)
    for i in sorted(world.late):
        after = _tenure(world, i, Standing.ABANDONED)._replace(late=world.late - {i})
        yield Move(Kind.PROTOCOL, (i, "late tenure lands"), after)
    for i in sorted(world.alive):
        if i in world.read:
            yield from _decisions(world, i, rules)
        else:
            yield Move(Kind.PROTOCOL, (i, "reads the newest tenure, of", world.holder), _read(world, i, rules))
    if rules.group_rule:
        for i in sorted(world.members - world.alive):
            yield Move(Kind.PROTOCOL, ("the group drops", i), world._replace(members=world.members - {i}))


def _faults(world: World, rules: Rules) -> Iterator[Move[World]]:
    world = world._replace(faults_left=world.faults_left - 1)
    for i in sorted(world.alive):
        if rules.kills and len(world.alive) > 1:
            others = frozenset(range(rules.nodes)) - {i}
            down = world.down | {(i, j) for j in others} | {(j, i) for j in others}
            suspects = world.suspects | {(j, i) for j in others}
            yield Move(Kind.FAULT, ("kill", i), world._replace(alive=world.alive - {i}, down=down, suspects=suspects))
        for j in sorted(world.alive):
            if rules.cuts and i < j and world.up(i, j):
                pairs = {(i, j), (j, i)}
                after = world._replace(down=world.down | pairs, suspects=world.suspects | pairs)
                yield Move(Kind.FAULT, ("cut", i, j), after)
        if rules.late_tenures and i not in world.late and i in world.read:
            if world.holder == i and world.standing is Standing.HELD:
                after = _tenure(world, i, Standing.HELD)._replace(late=world.late | {i})
                yield Move(Kind.FAULT, (i, "drops its memory, gives up a tenure and opens another"), after)
            elif (opened := _opened(world, i, rules)) is not None:
                after = opened._replace(late=world.late | {i})
                yield Move(Kind.FAULT, (i, "gives up a tenure and opens another"), after)


def _read(world: World, i: int, rules: Rules) -> World:
    suspects = world.suspects
    if rules.suspicion is Suspicion.UNTIL_READ:
        suspects = suspects - {(i, world.holder)}
    believed = (*world.believed[:i], world.holder, *world.believed[i + 1 :])
    return world._replace(believed=believed, read=world.read | {i}, suspects=suspects)


def _decisions(world: World, i: int, rules: Rules) -> Iterator[Move[World]]:
    linked = sum(world.up(i, j) for j in world.members)
    minority = 2 * linked <= len(world.members)
    if rules.minority_releases and minority and world.holder == i and world.standing is Standing.HELD:
        after = world._replace(standing=Standing.RELEASED, read=frozenset({i}))
        yield Move(Kind.PROTOCOL, (i, "releases"), after)
    opened = _opened(world, i, rules)
    if opened is not None:
        yield Move(Kind.TENURE, (i, "opens a tenure"), opened)


def _opened(world: World, i: int, rules: Rules) -> World | None:
    """Return the world after node i opened a tenure, None if no rule lets it. Only suspicion is used up."""
    holder = world.holder
    if holder != i and _may_on_suspicion(world, i, rules):
        if rules.suspicion is Suspicion.ONCE:
            world = world._replace(suspects=world.suspects - {(i, holder)})
        return _tenure(world, i, Standing.HELD)
    own_late = holder == i and world.standing is Standing.ABANDONED and rules.reopens_own_late
    by_group = rules.group_rule and holder not in world.members and i == min(world.members)
    if own_late or by_group or (rules.minority_releases and _may_after_release(world, i, rules)):
        return _tenure(world, i, Standing.HELD)
    return None


def _suspected(world: World, i: int, j: int, rules: Rules) -> bool:
    down = rules.suspicion is not Suspicion.WHILE_DOWN or not world.up(i, j)
    return down and (i, j) in world.suspects


def _in_reach(world: World, i: int, rules: Rules) -> list[int]:
    """Return the members that node i counts as there."""
    if rules.suspicion is Suspicion.ONCE:
        return [j for j in sorted(world.members) if world.up(i, j)]
    return [j for j in sorted(world.members) if j == i or not _suspected(world, i, j, rules)]


def _may_on_suspicion(world: World, i: int, rules: Rules) -> bool:
    if not _suspected(world, i, world.holder, rules):
        return False
    reached = _in_reach(world, i, rules)
    dead = rules.refused_redial and world.holder not in world.alive
    in_order = rules.next_follows or min(reached, default=-1) == i
    return in_order and (dead or not rules.majority or 2 * len(reached) > len(world.members))


def _may_after_release(world: World, i: int, rules: Rules) -> bool:
    if world.standing is not Standing.RELEASED:
        return False
    reached = _in_reach(world, i, rules)
    if 2 * len(reached) <= len(world.members):
        return False
    return i in (world.holder, min((j for j in reached if j != world.holder), default=i))


def _tenure(world: World, i: int, standing: Standing) -> World:
    """Return the world after a tenure record of node i landed; only a held one is known to its node at once."""
    if standing is Standing.HELD:
        believed = (*world.believed[:i], i, *world.believed[i + 1 :])
        return world._replace(holder=i, standing=standing, believed=believed, read=frozenset({i}))
    return world._replace(holder=i, standing=standing, read=frozenset())
