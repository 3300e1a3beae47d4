"""The rules of succession as they are carried out, in a world of nodes, links and a group: one shard.

Every node of a state is a `PlacementRules` of the product, thawed for a move and frozen after it; the tables are made
by the product's `assign`. Faults: a node is killed, stopped until the group has dropped it, or cut off from another for
good; the group moves the shard; an owner drops its memory and gives up a tenure record that lands late all the same.
Time is left out: what a node may do after some seconds it may do at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from actors.cluster.member import Member
from actors.cluster.placement import PlacementRules, Reset
from actors.cluster.succession import Newest, Say
from actors.cluster.table import Report, ShardTable, assign
from actors.log.port import ShardId
from tests.models.explore import Graph, Kind, Move, reach

SHARD = ShardId("hunts", 0)
SHARDS = {"hunts": 1}
MEMBERS = tuple(Member(f"n{i}:1", f"r{i}", ("hunts",)) for i in range(4))
LATER_S = 1e9
Frozen = tuple[Any, ...]


class Bounds(NamedTuple):
    """How large a world, how many faults, and which; the last three switch off a safeguard of the product."""

    nodes: int = 3
    faults: int = 2
    menu: frozenset[str] = frozenset({"kill", "pause", "cut", "move", "late"})
    refused_redial: bool = True
    one_for_each_reset: bool = True
    late_is_opened_anew: bool = True
    later_table_is_waited_for: bool = True


class Tenure(NamedTuple):
    """The newest tenure in the log: whose, its number, the table it was opened under, whether it was given up."""

    owner: int
    serial: int
    table: int
    released: bool


class World(NamedTuple):
    """A state: the log, who lives, which links are cut, the tables on their way, the nodes' rules, frozen."""

    newest: Tenure
    alive: frozenset[int]
    stopped: frozenset[int]
    members: frozenset[int]
    cut: frozenset[tuple[int, int]]
    late: frozenset[int]
    version: int
    owner: int  # by the newest table; -1: nobody
    untold: frozenset[int]  # members that do not have that table yet
    asked: bool  # one of them asked for another generation
    nodes: tuple[Frozen, ...]
    faults_left: int


def table_of(version: int, members: tuple[int, ...], owner: int) -> ShardTable:
    """Return a table of one shard."""
    listed = tuple(MEMBERS[i] for i in members)
    return ShardTable(version, listed, {"hunts": (members.index(owner) if owner in members else -1,)})


def freeze(rules: PlacementRules) -> Frozen:
    """Return a node's rules as a value."""
    newest = rules.newest.get(SHARD)
    owner = rules.table.owner(SHARD)
    resets = tuple(
        (int(run[1][1:]), reset.refused, reset.majority, SHARD in reset.used)
        for run, reset in sorted(rules._resets.items())
    )
    grant = rules._grants.get(SHARD)
    return (
        rules.table.version,
        tuple(MEMBERS.index(member) for member in rules.table.members),
        MEMBERS.index(owner) if owner else -1,
        (int(newest.run[1:]), newest.offset, newest.table, newest.released) if newest else None,
        _serial(rules.holding.get(SHARD)),
        grant[0] if grant else None,
        SHARD in rules._leaving,
        _serial(rules._dropped.get(SHARD)),
        resets,
        SHARD in rules._by_reset,
        rules.version,
    )


def thaw(i: int, frozen: Frozen) -> PlacementRules:
    """Return the rules of node i again."""
    version, members, owner, newest, holding, grant, leaving, dropped, resets, by_reset, heard = frozen
    rules = PlacementRules(MEMBERS[i], SHARDS)
    rules.table = table_of(version, members, owner)
    rules._members = {(m.node, m.run): m for m in rules.table.members}
    if newest is not None:
        rules.newest[SHARD] = as_newest(Tenure(*newest))
    if holding is not None:
        rules.holding[SHARD] = f"s{holding}"
    if grant is not None:
        rules._grants[SHARD] = grant, 0.0
    if leaving:
        rules._leaving.add(SHARD)
    if dropped is not None:
        rules._dropped[SHARD] = f"s{dropped}"
    for j, refused, majority, used in resets:
        reset = rules._resets[MEMBERS[j].node, MEMBERS[j].run] = Reset(0.0)
        reset.refused, reset.majority = refused, majority
        reset.used = {SHARD} if used else set()
    if by_reset:
        rules._by_reset.add(SHARD)
    rules.version = heard
    return rules


def as_newest(tenure: Tenure) -> Newest:
    """Return a tenure in the product's words."""
    owner = MEMBERS[tenure.owner]
    return Newest(owner.node, owner.run, f"s{tenure.serial}", tenure.serial, tenure.table, tenure.released)


def _serial(nonce: str | None) -> int | None:
    return int(nonce[1:]) if nonce else None


def start(bounds: Bounds) -> World:
    """Return the world at rest: node 0 holds the shard under the table's first version, all know it."""
    everyone = tuple(range(bounds.nodes))
    nodes = []
    for i in everyone:
        rules = PlacementRules(MEMBERS[i], SHARDS)
        rules.generation(table_of(1, everyone, 0), 0.0)
        if i == 0:
            rules.opened(SHARD, as_newest(Tenure(0, 0, 1, False)))
        else:
            rules.saw(SHARD, as_newest(Tenure(0, 0, 1, False)))
        nodes.append(freeze(rules))
    all_ = frozenset(everyone)
    none: frozenset[int] = frozenset()
    return World(
        Tenure(0, 0, 1, False), all_, none, all_, frozenset(), none, 1, 0, none, False, tuple(nodes), bounds.faults
    )


def graph(bounds: Bounds) -> Graph[World]:
    """Return all states."""
    return reach(start(bounds), lambda world: (m._replace(state=_tidy(m.state)) for m in _moves(world, bounds)))


def has_owner(world: World) -> bool:
    """Tell whether the newest tenure is held, under its nonce, by a node that runs."""
    owner = world.newest.owner
    runs = owner in world.alive and owner not in world.stopped
    return runs and not world.newest.released and world.nodes[owner][4] == world.newest.serial


def has_one_owner(world: World) -> bool:
    """Tell whether exactly one running node takes itself for the owner, and that rightly."""
    return has_owner(world) and [i for i in world.alive - world.stopped if world.nodes[i][4] is not None] == [
        world.newest.owner
    ]


def _moves(world: World, bounds: Bounds) -> Iterator[Move[World]]:
    if world.faults_left:
        yield from _faults(world._replace(faults_left=world.faults_left - 1), bounds)
    for i in sorted(world.late):
        serial = world.newest.serial + 1
        version = world.nodes[i][0]
        after = world._replace(newest=Tenure(i, serial, version, False), late=world.late - {i})
        yield Move(Kind.PROTOCOL, (i, "late tenure lands"), after)
    for i in sorted(world.alive - world.stopped):
        yield from _of_node(world, i, bounds)
    yield from _of_group(world, bounds)


def _of_node(world: World, i: int, bounds: Bounds) -> Iterator[Move[World]]:
    rules = thaw(i, world.nodes[i])
    if i in world.untold:
        rules.generation(table_of(world.version, tuple(sorted(world.members)), world.owner), 0.0)
        after = _with(world, i, rules)._replace(untold=world.untold - {i})
        yield Move(Kind.PROTOCOL, (i, "gets table", world.version, "owner", world.owner), _relink(after, bounds))
        return
    known = world.nodes[i][3]
    if known is None or Tenure(*known)[:2] != world.newest[:2] or known[3] != world.newest.released:
        held = rules.holding.get(SHARD)
        rules.saw(SHARD, as_newest(world.newest))
        if held is not None and held != f"s{world.newest.serial}":
            rules.dropped(SHARD)
        yield Move(Kind.PROTOCOL, (i, "reads the newest tenure, of", world.newest.owner), _with(world, i, rules))
        return
    holds = rules.holding.get(SHARD) == f"s{world.newest.serial}"
    if holds and not rules.wanted(SHARD, LATER_S):
        rules.dropped(SHARD, released=True)
        after = _with(world._replace(newest=world.newest._replace(released=True)), i, rules)
        yield Move(Kind.PROTOCOL, (i, "releases"), after)
    elif not holds and _may_open(rules, bounds):
        yield Move(Kind.TENURE, (i, "opens a tenure"), _opened(world, i, rules, bounds))
    if rules.behind() and i in world.members and not world.asked and not world.untold:
        yield Move(Kind.PROTOCOL, (i, "asks for a later table"), world._replace(asked=True))


def _may_open(rules: PlacementRules, bounds: Bounds) -> bool:
    newest = rules.newest.get(SHARD)
    if not bounds.late_is_opened_anew and newest is not None and rules.me.same(newest.node, newest.run):
        return newest.released and rules.table.owner(SHARD) == rules.me
    if not bounds.later_table_is_waited_for and newest is not None and not rules._is_known(newest):
        return rules.table.owner(SHARD) == rules.me
    return rules.wanted(SHARD, LATER_S) and rules.ruling(SHARD, LATER_S).say is Say.OPEN


def _opened(world: World, i: int, rules: PlacementRules, bounds: Bounds) -> World:
    tenure = Tenure(i, world.newest.serial + 1, rules.table.version, False)
    rules.ruling(SHARD, LATER_S)
    rules.opened(SHARD, as_newest(tenure))
    if not bounds.one_for_each_reset:
        for reset in rules._resets.values():
            reset.used.clear()
    return _with(world._replace(newest=tenure), i, rules)


def _of_group(world: World, bounds: Bounds) -> Iterator[Move[World]]:
    """A new generation, once all that can have the table of the last one."""
    if world.untold & (world.alive - world.stopped):
        return
    for i in sorted(world.members - world.alive | world.members & world.stopped):
        yield Move(Kind.PROTOCOL, ("the group drops", i), _generation(world, world.members - {i}))
    if world.asked:
        yield Move(Kind.PROTOCOL, ("the group makes a later table",), _generation(world, world.members))
    for i in sorted((world.alive - world.stopped) - world.members):
        yield Move(Kind.PROTOCOL, ("the group takes in", i), _generation(world, world.members | {i}))
    for i in sorted(world.stopped - world.members):
        after = world._replace(stopped=world.stopped - {i})
        yield Move(Kind.PROTOCOL, (i, "goes on"), _relink(after, bounds))


def _generation(world: World, members: frozenset[int]) -> World:
    reports = []
    for i in sorted(members & (world.alive - world.stopped)):
        rules = thaw(i, world.nodes[i])
        reports.append(Report(MEMBERS[i], rules.version, rules.held()))
    if not reports:
        return world._replace(members=members, untold=frozenset())
    table = assign(reports, SHARDS)
    owner = table.owner(SHARD)
    at = MEMBERS.index(owner) if owner else -1
    untold = members & (world.alive - world.stopped)
    return world._replace(members=members, version=table.version, owner=at, untold=untold, asked=False)


def _faults(world: World, bounds: Bounds) -> Iterator[Move[World]]:
    running = sorted(world.alive - world.stopped)
    for i in running:
        if "kill" in bounds.menu and len(running) > 1:
            yield Move(Kind.FAULT, ("kill", i), _relink(world._replace(alive=world.alive - {i}), bounds))
        if "pause" in bounds.menu and len(running) > 1 and i in world.members:
            yield Move(Kind.FAULT, ("stop", i), _relink(world._replace(stopped=world.stopped | {i}), bounds))
        for j in running:
            if "cut" in bounds.menu and i < j and (i, j) not in world.cut:
                yield Move(Kind.FAULT, ("cut", i, j), _relink(world._replace(cut=world.cut | {(i, j)}), bounds))
        if "move" in bounds.menu and i in world.members and world.owner != i and not world.untold:
            after = world._replace(version=world.version + 1, owner=i, untold=world.members)
            yield Move(Kind.FAULT, ("the group moves the shard to", i), after)
        holds = world.nodes[i][4] == world.newest.serial
        if "late" in bounds.menu and holds and i not in world.late and i not in world.untold:
            after = _opened(world, i, thaw(i, world.nodes[i]), bounds)
            yield Move(Kind.FAULT, (i, "gives up a tenure and opens another"), after._replace(late=world.late | {i}))


def _relink(world: World, bounds: Bounds) -> World:
    """Tell every running node of its broken links, and with how many it has some."""

    def up(i: int, j: int) -> bool:
        dead = j not in world.alive or j in world.stopped
        return i == j or not (dead or (min(i, j), max(i, j)) in world.cut)

    nodes = list(world.nodes)
    for i in world.alive - world.stopped:
        rules = thaw(i, world.nodes[i])
        members = [MEMBERS.index(member) for member in rules.table.members]
        majority = 2 * sum(up(i, j) for j in members) > len(members)
        for j in members:
            if not up(i, j):
                refused = bounds.refused_redial and j not in world.alive
                rules.link_reset(MEMBERS[j], 0.0, refused=refused, majority=majority)
            elif i != j:
                rules.link_up(MEMBERS[j])
        nodes[i] = freeze(rules)
    return world._replace(nodes=tuple(nodes))


def _with(world: World, i: int, rules: PlacementRules) -> World:
    return world._replace(nodes=(*world.nodes[:i], freeze(rules), *world.nodes[i + 1 :]))


def _tidy(world: World) -> World:
    """Number tenures and tables anew from 0, in their order: only that counts."""
    dead = frozenset(range(len(world.nodes))) - world.alive
    nodes = [None if i in dead else node for i, node in enumerate(world.nodes)]
    serials = {world.newest.serial}
    tables = {world.version, world.newest.table}
    for node in nodes:
        if node is not None:
            serials |= {s for s in (node[4], node[7], node[3][1] if node[3] else None) if s is not None}
            tables |= {t for t in (node[0], node[5], node[10], node[3][2] if node[3] else None) if t is not None}
    serial: dict[Any, Any] = {old: new for new, old in enumerate(sorted(serials))} | {None: None}
    table: dict[Any, Any] = {old: new for new, old in enumerate(sorted(tables))} | {None: None}

    def renumbered(node: Frozen) -> Frozen:
        known = node[3]
        if known is not None:
            known = (known[0], serial[known[1]], table[known[2]], known[3])
        held, grant, dropped, heard = serial[node[4]], table[node[5]], serial[node[7]], table[node[10]]
        return (table[node[0]], *node[1:3], known, held, grant, node[6], dropped, *node[8:10], heard)

    gone = (0, (), -1, None, None, None, False, None, (), False, 0)
    newest = world.newest._replace(serial=serial[world.newest.serial], table=table[world.newest.table])
    return world._replace(
        newest=newest,
        version=table[world.version],
        nodes=tuple(gone if node is None else renumbered(node) for node in nodes),
    )
