"""The way in to the actors of one node: which shard an entity lives in, and the node's start, drain and end.

Owns the regions of shards, one supervisor a shard, and the node's background work. Knows no game and no sockets.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from actors.background import Background
from actors.clock import Clock
from actors.cluster.succession import Succession
from actors.entity import EntityType
from actors.faults import SpillFailed
from actors.limits import DEFAULT, Limits
from actors.log.port import EventLog, ShardId, SnapshotStore, shard_of
from actors.passivation.passivation import SpillStore
from actors.reporter import Reporter, Unfailing
from actors.shard.actor import Caller, Publisher, Sink
from actors.shard.fence import Mode
from actors.shard.mailbox import COMMAND, QUERY, REACTION, Key, Message
from actors.shard.pacer import Pacer
from actors.shard.ports import Ports, refuse_moved
from actors.shard.reactions import Deliver, ReactionBatch
from actors.shard.shard import Shard
from actors.shard.statistics import ShardStatistics
from actors.snapshots.recovery import NodeRun
from actors.supervisor import Node, ShardSupervisor
from actors.timekeeper import Timekeeper
from actors.way_in import WayIn

TICK_S: Final = 0.2
WEIGHED_IN_TICKS: Final = 16
"""Ticks in which every shard is weighed once: to walk all live entities in one held up the loop for 10 ms and more."""
DRAIN_S: Final = 10.0
KNOWN_MAX: Final = 50_000
HANDED_AT_ONCE: Final = 2
"""Shards that are given up at a time to nodes that follow them: each is without an owner for two appends to the log."""


class Outside(NamedTuple):
    """What the system needs of the world: ports, all injected by the composition root."""

    log: EventLog
    snapshots: SnapshotStore
    spill: SpillStore
    clock: Clock
    random: random.Random
    publisher: Publisher
    report: Reporter
    gone: Callable[[str], Awaitable[bool]] | None = None
    """Whether nobody listens any more at a node's address (`NodeRun.node`): then its shards may be taken over."""


class Region:
    """All shards of one kind of entity, served here or not."""

    def __init__(self, kind: EntityType[Any], supervisors: list[ShardSupervisor]) -> None:
        self.kind = kind
        self.supervisors = supervisors
        self.shards = [supervisor.shard for supervisor in supervisors]
        self.known: dict[str, Shard] = {}

    def shard(self, id: str) -> Shard:
        """Return the shard of an entity, by a hash that is the same for ever and everywhere."""
        shard = self.known.get(id)
        if shard is None:
            if len(self.known) >= KNOWN_MAX:
                self.known.clear()
            shard = self.known[id] = self.shards[shard_of(id, len(self.shards))]
        return shard


class ActorSystem(WayIn):
    """The actors of one node: submit commands, ask queries, start, drain, close. Not a singleton.

    Without `succession` all shards are this node's. With it (a cluster) it serves those that were taken; what comes for
    others is refused at once with `moved`, or goes to `moved(kind, id, message)` if that is set, and their reactions go
    to `forward`.
    """

    def __init__(
        self,
        kinds: Sequence[tuple[EntityType[Any], int]],
        outside: Outside,
        run: NodeRun,
        limits: Limits = DEFAULT,
        *,
        succession: Succession | None = None,
    ) -> None:
        self.forward: Deliver | None = None
        self.moved: Callable[[str, str, Message], None] | None = None
        self.report = Unfailing.of(outside.report)
        self.background = Background(self.report, outside.random)
        self._limits = limits
        self.boot_ns, self.proof_ns = outside.clock.boot_ns, int(limits.proof_s * 1e9)
        self.time = Timekeeper(
            outside.clock,
            independent=outside.log.independent_clock,
            most_ms=limits.clock_skew_ms,
            grace_s=limits.clock_grace_s,
            report=self.report,
        )
        ports = Ports(
            outside.log,
            outside.snapshots,
            outside.spill,
            outside.clock,
            self.time,
            lambda: outside.random.getrandbits(53),
            outside.publisher,
            self._deliver,
            self.report,
            Pacer(lambda error: self.background.contain("pacer", error)),
            self._decode_command,
            self._moved,
        )
        self._commands = {kind.kind: msgspec.json.Decoder(kind.command_type) for kind, _ in kinds}
        gate, standby_gate = asyncio.Semaphore(limits.recoveries_at_once), asyncio.Semaphore(1)
        node = Node(
            run,
            outside.clock,
            outside.random,
            self.report,
            self.background,
            gate,
            self._tell_ready,
            outside.gone,
            succession,
            standby_gate,
            lambda: limits.standby_bytes // max(1, len(self.followed())),
        )
        self.regions: dict[str, Region] = {}
        self._ready = asyncio.Event()
        self._stopping = False
        for kind, count in kinds:
            supervisors = [
                ShardSupervisor(ShardId(kind.topic, i), kind, count, ports, limits, node) for i in range(count)
            ]
            self.regions[kind.kind] = Region(kind, supervisors)
        self._supervisors = [s for region in self.regions.values() for s in region.supervisors]
        self._by_shard = {supervisor.id: supervisor for supervisor in self._supervisors}
        self._clustered = succession is not None
        self._handing = asyncio.Semaphore(HANDED_AT_ONCE)

    # ---- the way in

    def submit(
        self, kind: str, id: str, command: Any, sink: Sink, request: int, caller: Caller, key: Key | None
    ) -> None:
        """Send a command; the sink hears once it is durable or refused. Never suspends."""
        region = self.regions[kind]
        shard = region.known.get(id) or region.shard(id)
        shard.submit(id, (COMMAND, command, sink, request, caller, key))

    def query(self, kind: str, id: str, query: Any, sink: Sink, request: int, caller: Caller) -> None:
        """Ask for a view; the sink hears once what it rests on is durable."""
        self.regions[kind].shard(id).submit(id, (QUERY, query, sink, request, caller, None))

    def deliver(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        """Give reactions to a shard of this node; the sink hears once they are durable, or why they are not."""
        self.regions[kind].shard(id).submit(id, (REACTION, batch, sink, 0, None, None))

    def _deliver(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        shard = self.regions[kind].shard(id)
        if shard.elsewhere and self.forward is not None:
            self.forward(kind, id, batch, sink)
        else:
            shard.submit(id, (REACTION, batch, sink, 0, None, None))

    def _moved(self, kind: str, id: str, message: Message) -> None:
        (self.moved or refuse_moved)(kind, id, message)

    def _decode_command(self, kind: str, data: bytes) -> Any:
        decoder = self._commands.get(kind)
        if decoder is None:
            raise ValueError(f"no kind of entity is called {kind!r}")
        return decoder.decode(data)

    # ---- life

    async def start(self) -> None:
        """Open a tenure on every shard that is this node's and recover; returns when each is served, or closed or
        followed for a stated reason. In a cluster none is its own before `take`."""
        for supervisor in self._supervisors:
            self.background.run(f"supervisor of {supervisor.id}", supervisor.run)
        self.background.run("tick", self._tick)
        self._tell_ready()
        await self._ready.wait()

    def take(self, shard: ShardId) -> None:
        """Serve a shard from now on: follow its log, and open a tenure when the rules of succession let it."""
        self._by_shard[shard].take()

    def follow(self, shard: ShardId) -> None:
        """Stand by for a shard of another node: replay and follow its log, and take nothing in for it.

        When the rules of succession let this node take it, it opens a tenure with nothing left to replay.
        """
        self._by_shard[shard].stand_by()

    async def release(self, shard: ShardId, *, followed: bool = False) -> None:
        """Give a shard up in order: what came is made durable, `released` is written, its memory is dropped.

        Suspends until then, at most some 10 s; from the moment it begins its commands are refused with `moved`.
        `followed`: who takes it has replayed it already; few of these go at a time, so that each is served sooner.
        """
        if followed:
            async with self._handing:
                await self._by_shard[shard].release(followed=True)
        else:
            await self._by_shard[shard].release()

    def owned(self) -> list[ShardId]:
        """Return the shards that are this node's to serve, served already or not yet."""
        return [s.id for s in self._supervisors if s.wanted and not s.standing_by]

    def followed(self) -> list[ShardId]:
        """Return the shards that this node only stands by for."""
        return [s.id for s in self._supervisors if s.wanted and s.standing_by]

    def prove(self, shard: ShardId) -> None:
        """Write a record to a shard that is served here, if it is quiet: a newer tenure before it is found out."""
        served = self._by_shard[shard].shard
        if served.ownership.mode is Mode.OWNER and served.commit.quiet():
            served.commit.hold((lambda *_: None, None, 0, ()), True)

    def nonce(self, shard: ShardId) -> str:
        """Return the stamp of the tenure under which this node serves a shard now; empty: it does not."""
        own = self._by_shard[shard].shard.ownership
        return own.nonce if own.mode is Mode.OWNER else ""

    def shards(self) -> list[Shard]:
        """Return all shards."""
        return [supervisor.shard for supervisor in self._supervisors]

    def ready(self) -> tuple[bool, str]:
        """Tell whether every shard of this node is served and all background work runs, and if not why, in words."""
        if self._stopping:
            return False, "draining"
        wanted = [s for s in self._supervisors if s.wanted and not s.following and not s.standing_by]
        bad = [s for s in wanted if not s.served()]
        if bad:
            why = next(filter(None, (s.why_not_served() for s in bad)), "recovering")
            return False, f"{len(bad)} of {len(wanted)} shards are not served: {why}"
        clock = self.time.why()
        return (False, clock) if clock else self.background.ready()

    def _tell_ready(self) -> None:
        if all(supervisor.settled() for supervisor in self._supervisors):
            self._ready.set()

    async def _tick(self) -> None:
        turn = 0
        weights: dict[ShardId, int] = {}
        unweighed: list[Shard] = []
        while True:
            await asyncio.sleep(TICK_S)
            turn += 1
            self.time.look()
            shards = self.shards()
            for shard in shards:
                self._spared(shard, shard.tick)
            if turn % 10 == 0:
                for shard in shards:
                    self._spared(shard, shard.write_cursor)
            unweighed = unweighed or shards.copy()
            for _ in range(min(len(unweighed), -(-len(shards) // WEIGHED_IN_TICKS))):
                shard = unweighed.pop()
                weights[shard.id] = 0 if self._by_shard[shard.id].standing_by else shard.weight()
            if turn % 5 == 0 and sum(weights.values()) > self._limits.memory_bytes:
                for shard in shards:
                    self._spared(shard, partial(shard.sweep, 500))
                    weights[shard.id] = shard.weight()
                    await asyncio.sleep(0)

    def _spared(self, shard: Shard, work: Any) -> None:
        """Do what can wait, so that one shard's error is not the others': what fails now may work the next time."""
        try:
            work()
        except SpillFailed as fault:  # until it works again nothing is lost
            self.report.warn("spill_failed", shard=str(shard.id), why=str(fault))
        except Exception as error:  # a bug in one shard's upkeep; reported and counted, the other shards go on
            self.background.contain(f"tick of {shard.id}", error)

    async def drain(self, followed: Collection[ShardId] = ()) -> None:
        """Stop intake, make everything durable, snapshot what is dirty, release the tenures: a clean stop.

        `followed`: shards of a cluster that others have replayed already.
        """
        self._stopping = True
        for shard in self.shards() if not self._clustered else ():  # in a cluster another node serves it soon
            shard.draining = True
        for region in self.regions.values():  # in the order given: sources of reactions before their targets
            ending = [
                (s, self.release(s.id, followed=s.id in followed) if self._clustered else s.drain())
                for s in region.supervisors
            ]
            draining = [self.background.once(f"drain {s.id}", end) for s, end in ending]
            _, left = await asyncio.wait(draining, timeout=DRAIN_S)
            for task in left:
                task.cancel()
                self.report.warn("drain_cut_short", kind=region.kind.kind)

    async def close(self) -> None:
        """End every task of the system. The log is closed by who opened it."""
        self._stopping = True
        await self.background.close()
        for supervisor in self._supervisors:
            supervisor.close()

    def statistics(self) -> dict[str, list[ShardStatistics]]:
        """Return what each shard holds and has done, by kind."""
        return {name: [s.statistics() for s in r.shards] for name, r in self.regions.items()}
