"""The consumer group of a simulated cluster, and the links between its nodes: what they tell, late and out of step.

Stands for Kafka's group coordinator (tables made by the product's `assign`, members dropped after a session time-out,
each table at each member at a time of its own) and for the links (a broken one is noticed at both ends after a while).
Owns which links are cut. Decides nothing about shards.
"""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any, Protocol

import msgspec

from actors.cluster.keeper import Keeper
from actors.cluster.table import Report, assign
from lab.sim.loop import SimLoop, SimPlace

REBALANCE_S = 0.05
LOOK_S = 0.1


class GroupProcess(Protocol):
    """A node as group and links see it."""

    name: str
    place: SimPlace
    keeper: Keeper
    left: bool


class SimGroup:
    """Members and links of one run. Lives in the world."""

    def __init__(self, loop: SimLoop, draw: random.Random, shards: dict[str, int], note: Any) -> None:
        self.session_s = draw.choice((0.8, 1.5, 2.5))
        self.generations = 0
        self._loop = loop
        self._draw = draw
        self._shards = shards
        self._note = note
        self._members: list[GroupProcess] = []
        self._nodes: list[GroupProcess] = []
        self._due = False
        self._told_s: dict[str, float] = {}
        self._made: dict[str, int] = {}
        self._cut: dict[tuple[str, str], float] = {}  # until when
        self._down: set[tuple[str, str]] = set()  # noticed
        self._flags: dict[tuple[str, str], tuple[bool, bool]] = {}

    # ---- the group

    def join(self, node: GroupProcess) -> None:
        """A process has started."""
        self._nodes.append(node)
        self._members.append(node)
        self._rebalance()

    def leave(self, node: GroupProcess) -> None:
        """A member leaves at once."""
        if node in self._members:
            self._members.remove(node)
            self._rebalance()

    def drop(self, node: GroupProcess) -> None:
        """The coordinator takes a member for dead; if it lives, it joins again when it hears of that."""
        if node in self._members:
            self._members.remove(node)
            self._note("the group drops", node.name)
            self._rebalance()
        self._loop.post(node.place, self._draw.uniform(0.1, 0.6), self._again, node)

    def _again(self, node: GroupProcess) -> None:
        if node not in self._members and not node.left:
            self._members.append(node)
            self._rebalance()

    def rejoin(self) -> None:
        """A member asks for another generation."""
        self._rebalance()

    def _rebalance(self) -> None:
        if not self._due:
            self._due = True
            self._loop.post(self._loop.world, REBALANCE_S * (0.5 + self._draw.random()), self._generation, 0.0)

    def _generation(self, waited_s: float) -> None:
        """Make the next table; who does not answer holds it up until the session time-out, then is dropped."""
        silent = [node for node in self._members if node.place.dead or node.place.stopped]
        if silent and waited_s < self.session_s:
            self._loop.post(self._loop.world, LOOK_S, self._generation, waited_s + LOOK_S)
            return
        self._due = False
        for node in silent:
            self._members.remove(node)
            self._note("the group drops", node.name)
            if not node.place.dead:
                self._loop.post(node.place, self._draw.uniform(0.05, 0.3), self._again, node)
        reports: list[Report] = [node.keeper.report() for node in self._members]
        if not reports:
            return
        table = assign(reports, self._shards)
        leader = self._members[0].name  # it knows what it made, whoever has it by now
        if table.version <= self._made.get(leader, 0):
            table = msgspec.structs.replace(table, version=self._made[leader] + 1)
        self._made[leader] = table.version
        self.generations += 1
        self._note("table", table.version, *(m.node for m in table.members))
        for node in self._members:
            at_s = self._loop.time() + 0.002 + self._draw.random() ** 3 * 0.6
            at_s = self._told_s[node.name] = max(at_s, self._told_s.get(node.name, 0.0) + 0.001)  # in order
            self._loop.post(node.place, at_s - self._loop.time(), node.keeper.generation, table)

    # ---- what is looked at a few times a second

    def watch(self) -> None:
        """Drop members that are silent, notice links that are broken or whole."""
        if any(node.place.dead or node.place.stopped for node in self._members):
            self._rebalance()
        now_s = self._loop.time()
        self._nodes = [node for node in self._nodes if not node.place.dead or self._fresh(node)]
        for one, other in combinations(self._nodes, 2):
            pair = (one.name, other.name)
            gone = [node for node in (one, other) if node.place.dead or node.left]
            down = bool(gone) or one.place.stopped or other.place.stopped or self._cut.get(pair, 0.0) > now_s
            if down and pair not in self._down:
                self._down.add(pair)
            elif not down and pair in self._down:
                self._down.discard(pair)
                self._up(one, other)
                self._up(other, one)
            if down:
                self._tell_reset(one, other)
                self._tell_reset(other, one)
        self._loop.post(self._loop.world, LOOK_S, self.watch)

    def _fresh(self, node: GroupProcess) -> bool:
        return any(other.keeper.rules.is_member(node.keeper.me) for other in self._nodes if not other.place.dead)

    def _tell_reset(self, at: GroupProcess, peer: GroupProcess) -> None:
        if at.place.dead or at.place.stopped:
            return
        refused = peer.place.dead or peer.left
        linked = 1 + sum(self.linked(at, node) for node in self._nodes if node is not at)
        members = 1 + len(at.keeper.members())
        flags = refused, 2 * linked > members
        self._flags[at.name, peer.name] = flags
        self._loop.post(
            at.place, 0.002, lambda: at.keeper.link_reset(peer.keeper.me, refused=flags[0], majority=flags[1])
        )

    def _up(self, at: GroupProcess, peer: GroupProcess) -> None:
        """A link is up: each end is told what the other knows."""
        self._loop.post(at.place, 0.002, at.keeper.link_up, peer.keeper.me)
        for news in peer.keeper.known():
            self._loop.post(at.place, 0.003, at.keeper.told, *news)

    def cut(self, one: GroupProcess, other: GroupProcess, for_s: float) -> None:
        """Cut a link for a while."""
        names = {node.name: at for at, node in enumerate(self._nodes)}
        pair = (one.name, other.name)
        if one.name in names and other.name in names and names[one.name] > names[other.name]:
            pair = (other.name, one.name)
        self._cut[pair] = self._loop.time() + for_s

    def heal(self) -> None:
        """All links are whole."""
        self._cut.clear()

    def linked(self, one: GroupProcess, other: GroupProcess) -> bool:
        """Tell whether messages pass between two nodes."""
        pairs = {(one.name, other.name), (other.name, one.name)}
        cut = any(self._cut.get(pair, 0.0) > self._loop.time() for pair in pairs)
        return not (cut or other.place.dead or other.place.stopped or other.left or pairs & self._down)
