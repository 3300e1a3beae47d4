"""The actor system of one node: regions of shards, who recovers them, and the way in.

Owns the shards' lives: tenures opened, recovered after faults with back-off, drained in order. Every task it starts
has a name and is ended by `close`. Knows no hunts and no sockets.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from actors.clock import Clock
from actors.entity import EntityType, Rejected
from actors.faults import ClockSkewed, Fault, LogDamaged, LogMisconfigured, SpillFailed
from actors.limits import DEFAULT, Limits
from actors.log.codec import RecordDecoder
from actors.log.port import EventLog, ShardId, SnapshotStore
from actors.passivation.passivation import SpillStore
from actors.reporter import Reporter
from actors.shard.actor import Caller, Publisher, Sink
from actors.shard.decider import COMMAND, QUERY, REACTION, Key, Ports
from actors.shard.fence import Mode
from actors.shard.pacer import Pacer
from actors.shard.reactions import ReactionBatch
from actors.shard.shard import Shard
from actors.shard.statistics import ShardStatistics
from actors.snapshots.recovery import Superseded, Tenant, only_void, recover

TICK_S: Final = 0.2
WEIGHED_IN_TICKS: Final = 16
"""Ticks in which every shard is weighed once: to walk all live entities in one held up the loop for 10 ms and more."""
BACKOFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0)  # with its jitter under 3 s: 5 s after a fault heals all is served (I10)
DRAIN_S: Final = 10.0
POLL_S: Final = 0.005
KNOWN_MAX: Final = 50_000


class Outside(NamedTuple):
    """What the system needs of the world: ports, all injected by the composition root."""

    log: EventLog
    snapshots: SnapshotStore
    spill: SpillStore
    clock: Clock
    random: random.Random
    publisher: Publisher
    report: Reporter


class Region:
    """All shards of one kind of entity."""

    def __init__(self, kind: EntityType[Any], shards: list[Shard]) -> None:
        self.kind = kind
        self.shards = shards
        self.decoder = RecordDecoder(kind.event_type)
        self.known: dict[str, Shard] = {}

    def shard(self, id: str) -> Shard:
        """Return the shard of an entity, by a hash that is the same for ever and everywhere."""
        shard = self.known.get(id)
        if shard is None:
            if len(self.known) >= KNOWN_MAX:
                self.known.clear()
            shard = self.known[id] = self.shards[shard_of(id, len(self.shards))]
        return shard


def shard_of(id: str, shards: int) -> int:
    """Return the shard number of an entity id; tools use it to find an entity's records."""
    return zlib.crc32(id.encode()) % shards


class ActorSystem:
    """See the module. Not a singleton: a simulation runs several."""

    def __init__(
        self,
        kinds: Sequence[tuple[EntityType[Any], int]],
        outside: Outside,
        tenant: Tenant,
        limits: Limits = DEFAULT,
    ) -> None:
        self._outside = outside
        self._tenant = tenant
        self._limits = limits
        self._ports = Ports(
            outside.log,
            outside.snapshots,
            outside.spill,
            outside.clock,
            lambda: outside.random.getrandbits(53),
            outside.publisher,
            self._deliver,
            outside.report,
            Pacer(),
        )
        self.regions: dict[str, Region] = {}
        self._by_shard: dict[ShardId, Region] = {}
        self._due: dict[ShardId, asyncio.Event] = {}
        self._why: dict[ShardId, str] = {}
        self._torn: set[ShardId] = set()  # shards whose memory a bug tore; cleared when that is counted
        self._tasks: list[asyncio.Task[None]] = []
        self._gate = asyncio.Semaphore(limits.recoveries_at_once)
        self._ready = asyncio.Event()
        self._stopping = False
        self._gaps: set[asyncio.Task[bool]] = set()
        for kind, count in kinds:
            ids = [ShardId(kind.topic, i) for i in range(count)]
            region = Region(kind, [self._shard(id, kind, count) for id in ids])
            self.regions[kind.kind] = region
            for id in ids:
                self._by_shard[id] = region
                self._due[id] = asyncio.Event()
                self._due[id].set()

    def _shard(self, id: ShardId, kind: EntityType[Any], count: int) -> Shard:
        return Shard(id, kind, count, self._ports, self._limits, lost=self._lost, between=self._between)

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

    def _deliver(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        self.regions[kind].shard(id).submit(id, (REACTION, batch, sink, 0, None, None))

    async def ask(self, kind: str, id: str, command: Any, caller: Caller, key: Key | None = None) -> Any:
        """Send a command or, for a struct tagged as a query, a question, and wait; for tools and tests.

        Returns (answer bytes or view, pos), or a `Rejected`.
        """
        waiter = _Waiter()
        self.submit(kind, id, command, waiter, 0, caller, key)
        return await waiter.future

    async def view(self, kind: str, id: str, query: Any, caller: Caller) -> Any:
        """Ask a question and wait. Returns (view, pos), or a `Rejected`."""
        waiter = _Waiter()
        self.query(kind, id, query, waiter, 0, caller)
        return await waiter.future

    # ---- life

    async def start(self) -> None:
        """Open a tenure on every shard and recover; returns when all are served or closed for a stated reason."""
        loop = asyncio.get_running_loop()
        for id in self._by_shard:
            self._tasks.append(loop.create_task(self._own(id), name=f"own {id}"))
        self._tasks.append(loop.create_task(self._tick(), name="tick"))
        await self._ready.wait()

    def shards(self) -> list[Shard]:
        """Return all shards."""
        return [s for r in self.regions.values() for s in r.shards]

    def ready(self) -> tuple[bool, str]:
        """Tell whether every shard is served, and if not why, in words."""
        if self._stopping:
            return False, "draining"
        bad = [s for s in self.shards() if s.ownership.mode is not Mode.OWNER or s.commit.late]
        if not bad:
            return True, "ok"
        why = next((self._why[s.id] for s in bad if self._why.get(s.id)), "recovering")
        return False, f"{len(bad)} of {len(self._by_shard)} shards are not served: {why}"

    def _lost(self, shard: Shard, fault: Fault) -> None:
        self._why[shard.id] = f"{fault.code}: {fault}"
        self._outside.report.warn("shard_lost", shard=str(shard.id), code=fault.code, why=str(fault))
        if fault.__class__ is Fault:
            self._torn.add(shard.id)
        shard.drop()
        self._due[shard.id].set()

    def _between(self, shard: Shard, start: int, end: int) -> asyncio.Future[bool]:
        decoder = self._by_shard[shard.id].decoder
        task = asyncio.get_running_loop().create_task(only_void(shard, decoder, start, end), name=f"gap {shard.id}")
        self._gaps.add(task)
        task.add_done_callback(self._gaps.discard)
        return task

    async def _own(self, id: ShardId) -> None:
        region = self._by_shard[id]
        shard = region.shards[id.index]
        attempts = 0
        recent: list[int] = []
        while True:
            await self._due[id].wait()
            self._due[id].clear()
            if id in self._torn:  # a bug; what the log does to us is not counted as a restart
                self._torn.discard(id)
                now = self._outside.clock.boot_ns()
                recent = [t for t in recent if now - t < 60_000_000_000] + [now]
            if len(recent) > self._limits.restarts_max:
                shard.closed_why = "restarts"
                shard.refuse_waiting()
                self._outside.report.fault("shard_restarts", None, shard=str(id), restarts=len(recent))
                await asyncio.sleep(self._limits.restart_pause_s)
                recent.clear()
            try:
                async with self._gate:
                    await self._recover(shard, region, attempts)
                attempts = 0
            except Superseded as fault:
                self._why[id] = str(fault)
                shard.refuse_waiting()
                self._outside.report.fault("shard_superseded", fault, shard=str(id))
            except Fault as fault:
                self._failed(shard, fault)
                attempts += 1
                wait_s = BACKOFF_S[min(attempts, len(BACKOFF_S)) - 1] * (0.5 + self._outside.random.random())
                await asyncio.sleep(wait_s)
                self._due[id].set()
            self._tell_ready()

    async def _recover(self, shard: Shard, region: Region, attempts: int) -> None:
        if attempts or shard.recoveries:
            await self._outside.log.renew(shard.id)
        began = self._outside.clock.boot_ns()
        before = shard.replayed
        nonce = f"{self._outside.random.getrandbits(64):016x}"
        await recover(shard, self._tenant, nonce, region.decoder)
        shard.recoveries += 1
        self._why.pop(shard.id, None)
        if shard.replayed > before or shard.recoveries > 1:
            self._outside.report.note(
                "shard_recovered",
                shard=str(shard.id),
                records=shard.replayed - before,
                ms=(self._outside.clock.boot_ns() - began) // 1_000_000,
            )

    def _failed(self, shard: Shard, fault: Fault) -> None:
        self._why[shard.id] = f"{fault.code}: {fault}"
        if isinstance(fault, LogDamaged | LogMisconfigured | ClockSkewed):
            shard.closed_why = fault.code  # waiting would not help: refuse at once
            shard.refuse_waiting()
        shard.ownership.doubt()
        self._outside.report.fault("recovery_failed", fault, shard=str(shard.id), code=fault.code)

    def _tell_ready(self) -> None:
        if all(s.ownership.mode is Mode.OWNER or s.closed_why or self._why.get(s.id) for s in self.shards()):
            self._ready.set()

    async def _tick(self) -> None:
        turn = 0
        weights: dict[ShardId, int] = {}
        unweighed: list[Shard] = []
        while True:
            await asyncio.sleep(TICK_S)
            turn += 1
            shards = self.shards()
            for shard in shards:
                self._spared(shard, shard.tick)
            if turn % 10 == 0:
                for shard in shards:
                    shard.write_cursor()
            unweighed = unweighed or shards.copy()
            for _ in range(min(len(unweighed), -(-len(shards) // WEIGHED_IN_TICKS))):
                shard = unweighed.pop()
                weights[shard.id] = shard.weight()
            if turn % 5 == 0 and sum(weights.values()) > self._limits.memory_bytes:
                for shard in shards:
                    self._spared(shard, partial(shard.sweep, 500))
                    weights[shard.id] = shard.weight()
                    await asyncio.sleep(0)

    def _spared(self, shard: Shard, work: Callable[[], object]) -> None:
        """Do what can wait: a spill file that fails now may work the next time, and until then nothing is lost."""
        try:
            work()
        except SpillFailed as fault:
            self._outside.report.warn("spill_failed", shard=str(shard.id), why=str(fault))

    async def drain(self) -> None:
        """Stop intake, make everything durable, snapshot what is dirty, release the tenures: a clean stop."""
        self._stopping = True
        for shard in self.shards():
            shard.draining = True
        for region in self.regions.values():  # in the order given: sources of reactions before their targets
            draining = [asyncio.ensure_future(self._drain(s)) for s in region.shards]
            _, left = await asyncio.wait(draining, timeout=DRAIN_S)
            for task in left:
                task.cancel()
                self._outside.report.warn("drain_cut_short", kind=region.kind.kind)

    async def _drain(self, shard: Shard) -> None:
        own = shard.ownership
        nonce = own.nonce
        released = asyncio.Event()

        def lost() -> bool:  # then there is nothing to give up, or a recovery has begun anew
            held = own.mode in (Mode.OWNER, Mode.RELEASING) and own.nonce == nonce
            return not held and not released.is_set()

        async def until(met: Callable[[], bool]) -> bool:
            await _until(lambda: met() or lost())
            return not lost()

        if not await until(lambda: not shard.busy() and shard.commit.quiet()):
            return
        while shard.snapshots.dirty:
            for id in list(shard.snapshots.dirty)[:200]:
                shard.snapshot(id)
            await asyncio.sleep(POLL_S)
            await shard.snapshots.settle()
            if lost():
                return
        # reactions to it and its timers went on meanwhile; nothing may come after the record that gives the shard up
        if not await until(lambda: shard.outgoing.pending() == 0 and not shard.busy() and shard.commit.quiet()):
            return

        def gave_up() -> None:
            own.released()
            released.set()

        shard.release(gave_up)
        if not await until(released.is_set):
            return
        shard.note_checkpoint()
        end = own.last + 1
        marker = shard.snapshots.ripe(shard.outgoing.cursor(end), end)
        if marker is not None:
            try:
                await shard.snapshots.mark(marker)
            except Fault as fault:  # only a longer replay at the next start
                self._outside.report.warn("marker_failed", shard=str(shard.id), code=fault.code)

    async def close(self) -> None:
        """End every task of the system. The log is closed by who opened it."""
        self._stopping = True
        tasks = [*self._tasks, *self._gaps]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for shard in self.shards():
            shard.ownership.doubt()
            shard.draining = True
            shard.commit.reset()
            shard.drop()

    def statistics(self) -> dict[str, list[ShardStatistics]]:
        """Return what each shard holds and has done, by kind."""
        return {name: [s.statistics() for s in r.shards] for name, r in self.regions.items()}


class _Waiter:
    """A sink for one answer."""

    def __init__(self) -> None:
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        """Resolve with (answer, pos)."""
        if not self.future.done():
            self.future.set_result((answer, pos))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Resolve with the refusal."""
        if not self.future.done():
            self.future.set_result(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Resolve with (view, pos)."""
        if not self.future.done():
            self.future.set_result((view, pos))


async def _until(met: Callable[[], bool]) -> None:
    while not met():
        await asyncio.sleep(POLL_S)
