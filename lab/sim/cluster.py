"""One seed of a cluster: several nodes share the shards of one store, find each other, and move them about.

The nodes' keepers, rules and tables are the product's; group and links are simulated (`lab/sim/group.py`). Faults
beside those of the log: nodes that join, leave, die, stand still; cut links; members that the group drops although they
live; tables that come late. Owns the routers, which know no more than their keepers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.checker.history import LiveDigest
from actors.checker.log_judge import LogJudge
from actors.cluster.keeper import Keeper, News
from actors.cluster.member import Member
from actors.log.port import ShardId
from actors.reporter import Reporter
from actors.shard.reactions import ReactionBatch
from actors.shard.shard import UNAVAILABLE
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from lab.sim import toy
from lab.sim.bad_link import BadLink
from lab.sim.faults import TENURE, OpenedBy
from lab.sim.group import SimGroup
from lab.sim.node import LinkAnswer, SimNode
from lab.sim.player import AnswerSink, Pending, ScriptedPlayer
from lab.sim.simulation import OPERATE_S, TIMERS_S, MakeWorkload, Simulation
from lab.sim.workload import ToyWorkload

RATES: Final = {"cut": (0.5, 0.2, 1.5), "dropped": (0.4, 0.1, 0.8), "join": (0.8, 0.3, 1.5)}
"""How often a seed has it, least and greatest rate per s."""
STANDBY: Final = 0.5
"""Share of seeds in which nodes follow the shards that they would take over."""
NODES_MAX: Final = 4
ROUTE_S: Final = 0.02
ROUTES_MAX: Final = 12
TENURES: Final = 3
TURNS: Final = 6
TURNS_S: Final = 1.5
"""When two nodes take a shard by turns so often in so short a time, it is by the rules, not by what goes wrong."""


class ClusterWorkload(ToyWorkload):
    """Chests and purses on several shards each."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.kinds = [(toy.ChestType(), draw.choice((2, 3, 5))), (toy.PurseType(), draw.choice((1, 2, 4)))]


class MemberNode(SimNode):
    """A process of a cluster: a keeper beside the actor system, and a router."""

    sim: Any
    keeper: Keeper
    left = False
    system_type = ActorSystem
    lives_on = ("shard_taken", "shard_followed", "shard_lost")

    def make(self, outside: Outside) -> ActorSystem:
        """Return the actor system, with its keeper."""
        shards = {kind.topic: count for kind, count in self.sim.workload.kinds}
        me = Member(self.name, self.name, tuple(shards))
        reporter: Reporter = outside.report
        self.keeper = Keeper(me, shards, reporter, standby=self.sim.standby, linked=self.linked)
        limits = self.sim.plan.limits
        run = NodeRun(self.name, self.name)
        system = self.system_type(self.sim.workload.kinds_of(self.name), outside, run, limits, succession=self.keeper)
        system.forward = self.forward
        self.keeper.announce = self.announce
        return system

    async def _boot(self) -> None:
        await self.log.open()
        await self.system.start()
        self.keeper.start(self.system, self)
        self.booted = True
        loop = self.sim.loop
        loop.post(loop.world, 0.001, self.sim.group.join, self)

    async def _drain(self) -> None:
        await self.keeper.leave()
        await self.system.close()
        await self.log.close()
        self.sim.loop.post(self.sim.loop.world, 0.0, self.kill)

    # ---- the group, as the keeper asks it

    def rejoin(self) -> None:
        """Ask for another generation."""
        self.sim.loop.post(self.sim.loop.world, 0.002, self.sim.group.rejoin)

    async def leave(self) -> None:
        """Leave at once."""
        self.left = True
        self.sim.loop.post(self.sim.loop.world, 0.002, self.sim.group.leave, self)

    # ---- links

    def announce(self, news: News) -> None:
        """Tell every peer in reach of a tenure."""
        for peer in self.sim.alive():
            if peer is not self and self.sim.group.linked(self, peer):
                self.sim.loop.post(peer.place, 0.002, peer.keeper.told, *news)  # a link loses nothing

    def linked(self, node: str, run: str) -> Member | None:
        """Return who is at the other end of a link."""
        peer = next((one for one in self.sim.alive() if one is not self and one.keeper.me.same(node, run)), None)
        return peer.keeper.me if peer is not None and self.sim.group.linked(self, peer) else None

    def peer(self, member: Member | None) -> Any:
        """Return the node of a member, if a link to it is up."""
        for node in self.sim.alive():
            if node is not self and node.keeper.me == member and self.sim.group.linked(self, node):
                return node
        return None

    def forward(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        """Send reactions to where their shard is."""
        peer = self.peer(self.keeper.owner(self.system.regions[kind].shard(id).id))
        answer = LinkAnswer(self.sim, self.place, sink)
        if peer is not None:
            self.sim.net.carry(peer.place, peer.react, kind, id, batch, answer)

    def react(self, kind: str, id: str, batch: ReactionBatch, answer: LinkAnswer) -> None:
        """A peer's reactions."""
        self.system.deliver(kind, id, batch, answer)

    # ---- the router

    def receive(self, player: ScriptedPlayer, pending: Pending) -> None:
        """A client's message: it goes to the owner, and again when that has changed."""
        pending.arrived_s = min(pending.arrived_s, self.sim.loop.time())
        self.route(player, pending, ROUTES_MAX)

    def route(self, player: ScriptedPlayer, pending: Pending, left: int) -> None:
        """Send on to where the shard is, as far as the keeper knows."""
        if pending.done:
            return
        member = self.keeper.owner(self.system.regions[pending.kind].shard(pending.id).id)
        peer = self.peer(member)
        if member == self.keeper.me:
            self.take(player, pending, self, left)
        elif peer is not None:
            self.sim.net.carry(peer.place, peer.take, player, pending, self, left)
        else:
            self.moved(player, pending, left)

    def take(self, player: ScriptedPlayer, pending: Pending, home: MemberNode, left: int) -> None:
        """As the owner, if it is one: decide a message that came to `home`."""
        shard = self.system.regions[pending.kind].shard(pending.id)
        wire = _Routed(AnswerSink(self.name, player, pending, shard), self, home, (player, pending, left))
        if pending.key is None:
            self.system.query(pending.kind, pending.id, pending.command, wire, pending.number, player.caller)
        else:
            self.system.submit(
                pending.kind, pending.id, pending.command, wire, pending.number, player.caller, pending.key
            )

    def moved(self, player: ScriptedPlayer, pending: Pending, left: int) -> None:
        """The shard is not where it was looked for: try again in a moment, some times."""
        if left > 0:
            self.sim.loop.post(self.place, ROUTE_S, self.route, player, pending, left - 1)
        else:
            shard = self.system.regions[pending.kind].shard(pending.id)
            self.sim.refused_in_reach(self, shard.id)
            AnswerSink(self.name, player, pending, shard).refused(pending.number, UNAVAILABLE, -1)


class _Routed:
    """The sink of a message that was sent on: `moved` goes back to its router, all else to the client."""

    def __init__(self, wire: AnswerSink, at: MemberNode, home: MemberNode, message: Any) -> None:
        self._wire = wire
        self._at = at
        self._home = home
        self._message = message
        self.accepted = wire.accepted
        self.viewed = wire.viewed

    def refused(self, request: int, rejected: Any, pos: int) -> None:
        """Refused."""
        if rejected.code != "moved":
            self._wire.refused(request, rejected, pos)
        elif self._at is self._home:
            self._home.moved(*self._message)
        else:
            self._at.sim.net.carry(self._home.place, self._home.moved, *self._message)


class ClusterSimulation(Simulation):
    """The run of one seed with several nodes at once."""

    settle_s = 12.0
    played: MakeWorkload = ClusterWorkload
    group_type: type[SimGroup] = SimGroup

    def __init__(self, seed: int, *, off: Sequence[str] = (), on: Sequence[str] = ()) -> None:
        super().__init__(seed, make=type(self).played, off=(*off, "truncate", "embedded"), on=on)
        draw = self.mesh = random.Random(f"{seed}/cluster")
        shards = {kind.topic: count for kind, count in self.workload.kinds}
        self.group = self.group_type(self.loop, draw, shards, self.note)
        self.plan.limits = msgspec.structs.replace(self.plan.limits, waiting_max=200)
        self.standby = draw.random() < STANDBY
        for name, (often, least, most) in RATES.items():
            chosen, rate = draw.random() < often, draw.uniform(least, most)
            if (chosen or name in on) and name not in off:
                self.plan.at[name] = rate
        self.bad_link = BadLink(self, off=off, on=on)
        self.loop.post(self.loop.world, 0.05, self.group.watch)

    def make_node(self, number: int) -> MemberNode:
        """Return a process that is not started yet."""
        return MemberNode(self, number)

    # ---- the operator

    def _operate(self) -> None:
        if not self.plan.healed:
            self._strike_the_cluster()
        super()._operate()

    def _strike_the_cluster(self) -> None:
        draw, at = self.mesh, self.plan.at
        running: Any = [n for n in self.alive() if n.booted and not n.draining]
        for name in ("cut", "dropped", "join"):
            rate = at.get(name)
            if rate is None or not running or draw.random() >= rate * OPERATE_S:
                continue
            self.plan.struck[name] += 1
            if name == "join" and len(self.alive()) < NODES_MAX:
                self.start_node(0.0)
            elif name == "dropped":
                self.group.drop(draw.choice(running))
            elif name == "cut" and len(running) > 1:
                one, other = draw.sample(running, 2)
                self.break_link(one, other, 0.1 + draw.random() ** 2 * 4.0)
        self.bad_link.strike(running)

    def break_link(self, one: MemberNode, other: MemberNode, for_s: float) -> None:
        """Cut the link of two nodes for a while."""
        self.plan.last_s = max(self.plan.last_s, self.loop.time())
        self.group.cut(one, other, for_s)
        self.note("cut", one.name, other.name, round(for_s, 2))

    def _replace_superseded(self) -> None:
        """Nothing: the group does that."""

    def _heal(self) -> None:
        self.plan.heal()
        self.note("heal")
        self.group.heal()
        for node in self.alive():
            if node.place.stopped:
                self.loop.resume_place(node.place)
            node.clock.offset_ms = 0
        if not [n for n in self.alive() if not n.draining]:
            self.start_node(0.0)

    # ---- what is asked

    def refused_in_reach(self, at: MemberNode, shard: ShardId) -> None:
        """A router has refused a command after some tries. It may not, while it knows and reaches who serves it."""
        newest, nodes = at.keeper.newest(shard), list[Any](self.alive())
        for node in nodes:
            serves = newest is not None and node.system.nonce(shard) == newest.nonce
            if serves and self.group.linked(at, node) and at.keeper.owner(shard) != node.keeper.me:
                self.broken("I10", f"{at.name} knows that {node.name} serves it, and asks another", str(shard))

    def unowned(self) -> list[str]:
        """Return the shards that not exactly one running node serves."""
        found = []
        for kind, count in self.workload.kinds:
            for index in range(count):
                shard = ShardId(kind.topic, index)
                owners = [n.name for n in self.alive() if n.system.nonce(shard)]
                held = [n.name for n in self.alive() if shard in n.system.owned()]
                if len(owners) != 1 or owners != held:
                    found.append(f"{shard}: served by {owners}, held by {held}")
        return found

    def _at_rest(self) -> bool:
        nodes = self.alive()
        steady = all(p.done() for p in self.players) and bool(nodes) and not any(n.draining for n in nodes)
        return steady and all(n.quiet() for n in nodes) and not self.unowned()

    def _settle(self) -> bool:
        if super()._settle():
            return True
        self.broken("I10", f"not one owner each: {self.unowned()[:6]}")
        return False

    def _audit(self) -> list[LiveDigest]:
        """As for one process; the live states are those of all nodes together."""
        self._wait_for_timers()
        self._probe()
        live = [at._replace(last=False, node="all") for node in self.alive() for at in node.live()]
        return self._started_afresh(live)

    def _wait_for_timers(self) -> None:
        def due() -> dict[str, int]:
            return {entity: at for node in self.alive() for entity, at in node.timers().items()}

        clock = self.alive()[-1].clock
        late_s, last_ms = self._late_s(), max(due().values(), default=0)
        wait_s = max(min((last_ms - clock.wall_ms()) / 1000, TIMERS_S), 0.0) + late_s + 0.1
        if self.loop.run(lambda: bool(self.unowned()), wait_s):
            return
        for entity, due_ms in due().items():
            if due_ms < clock.wall_ms() - int(late_s * 1000):
                self.broken("I10", f"the timer of {entity} was due at {due_ms} and has not fired")

    def _check_tenures(self, checker: LogJudge) -> None:
        for shard in self.store.shards:
            if turns := self._turns(shard):
                self.broken("I10", f"{turns} took it from each other in turn", str(shard))
        names = ("pause", "pause_sent", "jump", "crash", "drain", "cut", "bad_link", "dropped", "aside")
        struck = self._started + sum(self.plan.struck[name] for name in (*names, "aside"))  # that comes back
        for shard, count in checker.tenures().items():
            if count > TENURES * (struck + self.plan.struck_at[shard]):
                self.broken("I10", f"{count} tenures for {struck} faults", str(shard))

    def _turns(self, shard: ShardId) -> str:
        """Return which two nodes took a shard from each other again and again within a short time; empty: none."""
        opened: list[tuple[str, float]] = []
        landed = set[bytes]()
        for body, at_s in zip(self.store.shards[shard], self.store.landed_s[shard], strict=True):
            if body.startswith(TENURE) and body not in landed:  # one that lands again nobody has opened
                landed.add(body)
                owner = msgspec.json.decode(body, type=OpenedBy).node
                if not opened or opened[-1][0] != owner:
                    opened.append((owner, at_s))
        for first, last in zip(opened, opened[TURNS:], strict=False):
            between = {owner for owner, at_s in opened if first[1] <= at_s <= last[1]}
            if last[1] - first[1] < TURNS_S and len(between) == 2:
                return " and ".join(sorted(between))
        return ""
