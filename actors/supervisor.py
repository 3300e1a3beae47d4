"""The supervisor of one shard: opens its tenures, recovers it after faults, releases it in order.

Owns the shard's life and why it is not served; shares with the node's other supervisors only a gate that bounds how
many recover at once. Never decides a command, and never gives up: what fails is tried again with backoff and jitter.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from actors.background import Background, backoff_s
from actors.clock import Clock
from actors.entity import EntityType
from actors.faults import ClockSkewed, Fault, LogDamaged, LogMisconfigured
from actors.limits import Limits
from actors.log.codec import RecordDecoder
from actors.log.port import ShardId
from actors.reporter import Reporter
from actors.shard.fence import Mode
from actors.shard.ports import Ports
from actors.shard.shard import Shard
from actors.snapshots.recovery import NodeRun, Superseded, only_void, recover

BACKOFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0)  # with its jitter under 3 s: 5 s after a fault heals all is served (I10)
RESTARTS_WINDOW_NS: Final = 60_000_000_000
POLL_S: Final = 0.005


class Node(NamedTuple):
    """What the supervisors of one node share."""

    run: NodeRun
    clock: Clock
    random: random.Random
    report: Reporter
    background: Background
    gate: asyncio.Semaphore  # recoveries at once
    settled: Callable[[], None]  # told after each attempt to recover


class ShardSupervisor:
    """Keeps one shard served. `why` tells in words why it is not served now (empty: it is)."""

    def __init__(
        self, id: ShardId, kind: EntityType[Any], count: int, ports: Ports, limits: Limits, node: Node
    ) -> None:
        self.id = id
        self.why = ""
        self.decoder = RecordDecoder(kind.event_type)
        self.shard = Shard(id, kind, count, ports, limits, lost=self._lost, between=self._between)
        self._log = ports.log
        self._limits = limits
        self._node = node
        self._due = asyncio.Event()
        self._due.set()
        self._torn = False  # a bug tore the shard's memory; cleared when that is counted
        self._restarts_ns: list[int] = []
        self._attempts = 0

    # ---- recovery

    async def run(self) -> None:
        """Recover the shard whenever that is due, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self._count_restarts()
            try:
                async with self._node.gate:
                    await self._recover()
                self._attempts = 0
            except Superseded as fault:
                self.why = str(fault)
                self.shard.refuse_waiting()
                self._node.report.fault("shard_superseded", fault, shard=str(self.id))
            except Fault as fault:
                self._failed(fault)
                self._attempts += 1
                await asyncio.sleep(backoff_s(self._attempts, self._node.random, BACKOFF_S))
                self._due.set()
            self._node.settled()

    def settled(self) -> bool:
        """Tell whether it is served, or not for a reason that is known."""
        return self.shard.ownership.mode is Mode.OWNER or bool(self.shard.closed_why or self.why)

    def served(self) -> bool:
        """Tell whether the shard takes commands now and its log answers in time."""
        return self.shard.ownership.mode is Mode.OWNER and not self.shard.commit.late

    async def _count_restarts(self) -> None:
        """Pause a shard whose memory bugs tore too often of late; what the log does to us is not counted."""
        shard, limits = self.shard, self._limits
        if self._torn:
            self._torn = False
            now = self._node.clock.boot_ns()
            self._restarts_ns = [t for t in self._restarts_ns if now - t < RESTARTS_WINDOW_NS] + [now]
        if len(self._restarts_ns) > limits.restarts_max:
            shard.closed_why = "restarts"
            shard.refuse_waiting()
            self._node.report.fault("shard_restarts", None, shard=str(self.id), restarts=len(self._restarts_ns))
            await asyncio.sleep(limits.restart_pause_s)
            self._restarts_ns.clear()

    async def _recover(self) -> None:
        shard, node = self.shard, self._node
        if self._attempts or shard.recoveries:
            await self._log.renew(self.id)
        began = node.clock.boot_ns()
        before = shard.replayed
        nonce = f"{node.random.getrandbits(64):016x}"
        await recover(shard, node.run, nonce, self.decoder)
        shard.recoveries += 1
        self.why = ""
        if shard.replayed > before or shard.recoveries > 1:
            node.report.note(
                "shard_recovered",
                shard=str(self.id),
                records=shard.replayed - before,
                ms=(node.clock.boot_ns() - began) // 1_000_000,
            )

    def _failed(self, fault: Fault) -> None:
        shard = self.shard
        self.why = f"{fault.code}: {fault}"
        if isinstance(fault, LogDamaged | LogMisconfigured | ClockSkewed):
            shard.closed_why = fault.code  # waiting would not help: refuse at once
            shard.refuse_waiting()
        shard.ownership.doubt()
        self._node.report.fault("recovery_failed", fault, shard=str(self.id), code=fault.code)

    # ---- what the shard tells

    def _lost(self, shard: Shard, fault: Fault) -> None:
        self.why = f"{fault.code}: {fault}"
        self._node.report.warn("shard_lost", shard=str(self.id), code=fault.code, why=str(fault))
        if fault.__class__ is Fault:
            self._torn = True
        shard.drop()
        self._due.set()

    def _between(self, shard: Shard, start: int, end: int) -> asyncio.Future[bool]:
        return self._node.background.once(f"gap {self.id}", only_void(shard, self.decoder, start, end))

    # ---- a clean stop

    async def drain(self) -> None:
        """Make everything durable, snapshot what is dirty, give the shard up, write a marker at its end."""
        shard, own = self.shard, self.shard.ownership
        nonce = own.nonce
        released = asyncio.Event()

        def lost() -> bool:  # then there is nothing to give up, or a recovery has begun anew
            held = own.mode in (Mode.OWNER, Mode.RELEASING) and own.nonce == nonce
            return not held and not released.is_set()

        async def until(met: Callable[[], bool]) -> bool:
            while not (met() or lost()):
                await asyncio.sleep(POLL_S)
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
                self._node.report.warn("marker_failed", shard=str(self.id), code=fault.code)

    def close(self) -> None:
        """Forget the shard's memory without a word to anybody; the log's next owner takes it from there."""
        self.shard.ownership.doubt()
        self.shard.draining = True
        self.shard.commit.reset()
        self.shard.drop()
