"""The supervisor of one shard: opens its tenures, recovers it after faults, releases it in order.

Owns the shard's life and why it is not served; shares with the node's other supervisors only a gate that bounds how
many recover at once. Never decides a command, and never gives up: what fails is tried again with backoff and jitter.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from actors.background import Background, backoff_s
from actors.clock import Clock
from actors.cluster.succession import Newest, Ruling, Say, Succession
from actors.draining import drain
from actors.entity import EntityType
from actors.faults import ClockSkewed, Fault, LogDamaged, LogMisconfigured, OutcomeUnknown, SpillFailed
from actors.limits import Limits
from actors.log.codec import RecordDecoder
from actors.log.port import ShardId
from actors.reporter import Reporter
from actors.shard.fence import Mode
from actors.shard.ports import Ports
from actors.shard.shard import Shard
from actors.snapshots.following import Superseded, Tail
from actors.snapshots.recovery import NodeRun, given_up_at, only_void, recover

BACKOFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0)  # with its jitter under 3 s: 5 s after a fault heals all is served (I10)
HOPELESS_S: Final = (0.5, 2.0, 5.0, 15.0, 30.0, 60.0)
"""For what an operator must mend: a damaged shard is not replayed every second."""
OUTLAST_S: Final = (1.0, 2.0, 5.0, 10.0)
RESTARTS_WINDOW_NS: Final = 60_000_000_000
DRAIN_S: Final = 10.0


class Node(NamedTuple):
    """What the supervisors of one node share."""

    run: NodeRun
    clock: Clock
    random: random.Random
    report: Reporter
    background: Background
    gate: asyncio.Semaphore  # recoveries at once
    settled: Callable[[], None]  # told after each attempt to recover
    gone: Callable[[str], Awaitable[bool]] | None  # whether nobody listens any more where a node was reached
    succession: Succession | None = None  # in a cluster: who may open a tenure when; None: all shards are this node's
    standby_gate: asyncio.Semaphore | None = None  # the same for shards that are only followed: others are not held up
    standby_bytes: Callable[[], int] | None = None  # what one of those may weigh


class ShardSupervisor:
    """Keeps one shard served, in a cluster between `take` and `release`, else always.

    `why` tells in words why it is not served now (empty: it is). A shard that is not wanted here is idle: it holds no
    memory, writes nothing, and refuses what comes with `moved`.
    """

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
        self.wanted = node.succession is None
        self.following = False  # another serves the shard, as far as its log says: this node waits
        self.standing_by = False  # it is another's to serve: followed so that a takeover has nothing to replay
        self.shard.elsewhere = not self.wanted
        self._due = asyncio.Event()
        self._idle = asyncio.Event()  # it is not wanted, and holds nothing any more
        (self._due if self.wanted else self._idle).set()
        self._torn = False  # a bug tore the shard's memory; cleared when that is counted
        self._restarts_ns: list[int] = []
        self._attempts = 0
        self._lost_again = 0  # in a row, without a durable batch in between
        self._batches = 0
        self._outlasted: set[tuple[str, str]] = set()
        self._gated = False
        self._gate = node.gate
        self._opening_ns = 0
        self._followed = False  # who takes the shard next has replayed it

    # ---- recovery

    async def run(self) -> None:
        """Recover the shard whenever that is due, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            if not self.wanted:
                try:
                    await self._step_down()
                except Exception:  # a bug: begun anew, or who waits for the shard would wait for ever; reported
                    self._due.set()
                    raise
                continue
            await self._count_restarts()
            await self._count_losses()
            try:
                await self._gated_recovery()
                self._attempts = 0
            except Superseded as fault:
                if self._node.succession is not None:
                    self._stand_back(self._node.succession, fault)
                    continue
                self.why = str(fault)
                self.shard.refuse_waiting()
                self._node.report.fault("shard_superseded", fault, shard=str(self.id))
                self._node.settled()
                await self._outlast(fault)
            except Exception as error:  # faults of the world, and bugs: a shard's keeper never ends; reported
                await self._try_again(error)
            self._node.settled()

    # ---- taken and released, in a cluster

    def take(self) -> None:
        """Serve the shard as soon as its log and the rules let it; what comes for it waits."""
        followed, self.standing_by = self.wanted and self.standing_by, False
        if followed:  # as it is: the rules say when
            return
        self.wanted = True
        self.shard.elsewhere = self.shard.draining = self.shard.waiting.refuses = False
        self.shard.closed_why = ""
        self._idle.clear()
        self._due.set()

    def stand_by(self) -> None:
        """Follow the log of a shard that another node serves, for the case that it is taken over."""
        self.standing_by = self.shard.elsewhere = True
        if self.wanted:  # it was to be served, and is not yet: it is followed already
            self.shard.refuse_waiting()
            return
        self.wanted, self.shard.draining = True, False
        self.shard.closed_why = ""
        self._idle.clear()
        self._due.set()

    async def release(self, *, followed: bool = False) -> None:
        """Give the shard up in order, and return when nothing of it is held here; a later `take` ends the wait too.

        `followed`: who takes it has replayed already, so that no snapshots are written first.
        """
        self.wanted, self._followed = False, followed
        self.shard.elsewhere = self.shard.draining = True
        self._due.set()
        await self._idle.wait()

    async def _step_down(self) -> None:
        """Drain the shard if it is owned, then forget it."""
        served, began_ns = self.shard.ownership.mode is Mode.OWNER, self._node.clock.boot_ns()
        if served:
            try:
                async with asyncio.timeout(DRAIN_S):
                    await self.drain()
            except TimeoutError:  # the next owner does not wait for it; who still waits here sends again
                self._node.report.warn("drain_cut_short", kind=self.shard.kind.kind, shard=str(self.id))
        in_order = self.shard.ownership.mode is Mode.RELEASED
        if not self.wanted:
            self._forget("it was given to another node")
        if served:
            took_ms = (self._node.clock.boot_ns() - began_ns) // 1_000_000
            self._node.report.note(
                "shard_released", shard=str(self.id), in_order=in_order, followed=self._followed, ms=took_ms
            )
        if self._node.succession is not None:
            self._node.succession.dropped(self.id, "given to another node", released=in_order)

    def _stand_back(self, succession: Succession, fault: Superseded) -> None:
        self.wanted = False
        if not self.standing_by:
            self._node.report.note("shard_stood_back", shard=str(self.id), node=fault.node, why=str(fault))
        self._forget(str(fault))
        succession.dropped(self.id, str(fault), released=False)

    def _forget(self, why: str) -> None:
        """Hold nothing of the shard; who waits hears that it moved, or that the outcome is not known."""
        shard = self.shard
        shard.elsewhere = True
        if not shard.commit.quiet():
            shard.commit.fail(OutcomeUnknown(f"shard {self.id}: {why}"))
        shard.ownership.forget()
        shard.commit.reset()
        shard.drop()
        shard.refuse_waiting()
        self.why, self._attempts, self.following, self.standing_by = "", 0, False, False
        self._due.clear()
        self._idle.set()
        self._node.settled()

    # ---- recovery, again

    async def _try_again(self, error: Exception) -> None:
        fault = error if isinstance(error, Fault) else Fault(f"recovery raised {type(error).__name__}: {error}")
        self._attempts += 1
        if isinstance(fault, SpillFailed):  # memory on disk is not worth a shard that is not served
            self.shard.passive.distrust()
        hopeless = isinstance(fault, LogDamaged | LogMisconfigured)  # waiting alone does not cure it
        wait_s = backoff_s(self._attempts, self._node.random.random, HOPELESS_S if hopeless else BACKOFF_S)
        self._failed(fault, error, wait_s)
        self._node.settled()
        await asyncio.sleep(wait_s)
        self._due.set()

    async def _outlast(self, newer: Superseded) -> None:
        """Wait until the node that took the shard is gone, then let it be recovered: it gave the shard up in its log,
        or it cannot be reached any more. The latter is believed once of each of its runs, so that two nodes that
        cannot see each other do not take the shard from each other in turn."""
        tries = 0
        while not self._due.is_set():
            tries += 1
            await asyncio.sleep(backoff_s(tries, self._node.random.random, OUTLAST_S))
            try:
                if (offset := await given_up_at(self.shard, self.decoder)) >= 0:
                    self.shard.ownership.outlasted(offset)
                    self._due.set()
                elif await self._is_gone(newer):
                    self._outlasted.add((newer.node, newer.start))
                    self.shard.ownership.outlasted(newer.offset)
                    self._due.set()
            except Exception as error:  # the log may be away as well: asked again, later; told while it is new
                if tries & (tries - 1) == 0:
                    why = f"{type(error).__name__}: {error}"
                    self._node.report.warn("holder_not_known", shard=str(self.id), why=why)
        self._node.report.note("shard_outlasted", shard=str(self.id), node=newer.node)

    async def _is_gone(self, newer: Superseded) -> bool:
        if self._node.gone is None or (newer.node, newer.start) in self._outlasted:
            return False
        return await self._node.gone(newer.node)

    async def _count_losses(self) -> None:
        """Back off when the shard was lost again before any batch of its last tenure was durable: the same work comes
        again and would be lost again, as fast as the log can be replayed."""
        batches = self.shard.commit.statistics().batches
        if self.shard.recoveries and batches == self._batches:
            self._lost_again += 1
            wait_s = backoff_s(self._lost_again, self._node.random.random, BACKOFF_S)
            if self._lost_again & (self._lost_again - 1) == 0:
                self._node.report.warn("shard_lost_again", shard=str(self.id), times=self._lost_again, why=self.why)
            await asyncio.sleep(wait_s)
        else:
            self._lost_again = 0
        self._batches = batches

    async def _gated_recovery(self) -> None:
        gate = self._gate = (self.standing_by and self._node.standby_gate) or self._node.gate
        await gate.acquire()
        self._gated = True
        try:
            if self.wanted:
                await self._recover()
        finally:
            if self._gated:
                self._gated = False
                gate.release()

    def settled(self) -> bool:
        """Tell whether it is served, or not for a reason that is known; one that is not wanted is settled."""
        return (
            not self.wanted
            or self.standing_by
            or self.shard.ownership.mode is Mode.OWNER
            or bool(self.shard.closed_why or self.why)
        )

    def served(self) -> bool:
        """Tell whether the shard takes commands now and its log answers in time."""
        return self.shard.ownership.mode is Mode.OWNER and not self.shard.commit.late

    def why_not_served(self) -> str:
        """Return why it is not served, in words; empty: it recovers, or nothing is known yet."""
        commit = self.shard.commit
        return self.why or commit.not_taken or ("the log does not answer in time" if commit.late else "")

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
        self._opening_ns = node.clock.boot_ns()
        before = shard.replayed
        nonce = f"{node.random.getrandbits(64):016x}"
        await recover(
            shard,
            node.run,
            nonce,
            self.decoder,
            succession=node.succession,
            follows=self._follows,
            most_bytes=node.standby_bytes,
            let_go=self._let_go,
        )
        shard.recoveries += 1
        self.why = ""
        shard.elsewhere = self.following = self.standing_by = False
        if node.succession is not None:
            own = shard.ownership
            node.succession.opened(self.id, Newest(node.run.node, node.run.start, own.nonce, own.last))
        if shard.replayed > before or shard.recoveries > 1 or node.succession is not None:
            node.report.note(
                "shard_recovered",
                shard=str(self.id),
                records=shard.replayed - before,
                ms=(node.clock.boot_ns() - self._opening_ns) // 1_000_000,
            )

    def _let_go(self, tail: Tail) -> None:
        self._node.background.once(f"tail of {self.id}", tail.aclose())

    def _follows(self, ruling: Ruling) -> None:
        """Note why the shard is followed and not served yet; others may recover meanwhile."""
        if ruling.say is Say.OPEN:
            self._opening_ns = self._node.clock.boot_ns()
            return
        self.why, self.following = ruling.why, True
        if math.isinf(ruling.again_s):  # another serves it, and may for long
            self.shard.elsewhere = True
            self.shard.refuse_waiting()
        if self._node.succession is not None:
            self._node.succession.following(self.id)
        if self._gated:
            self._gated = False
            self._gate.release()
        if not self.standing_by:
            self._node.report.note("shard_followed", shard=str(self.id), why=ruling.why)
        self._node.settled()

    def _failed(self, fault: Fault, error: Exception, again_s: float) -> None:
        shard = self.shard
        shard.damaged = isinstance(fault, LogDamaged | LogMisconfigured)
        self.why = f"{fault.code}: {fault}"
        if isinstance(fault, LogDamaged | LogMisconfigured | ClockSkewed):
            shard.closed_why = fault.code  # waiting would not help
        shard.ownership.doubt()
        shard.refuse_waiting(failing=True)  # who waits hears now, and sends again: the next attempt may fail as well
        self._node.report.fault(
            "recovery_failed",
            error,
            shard=str(self.id),
            code=fault.code,
            attempt=self._attempts,
            again_s=round(again_s, 2),
        )

    # ---- what the shard tells

    def _lost(self, shard: Shard, fault: Fault) -> None:
        self.why = f"{fault.code}: {fault}"
        self._node.report.warn("shard_lost", shard=str(self.id), code=fault.code, why=str(fault))
        if fault.__class__ is Fault:
            self._torn = True
        shard.drop()
        self._due.set()

    def _between(self, shard: Shard, start: int, end: int) -> asyncio.Future[bool]:
        return self._node.background.once(f"gap {self.id}", self._is_void(shard, start, end))

    async def _is_void(self, shard: Shard, start: int, end: int) -> bool:
        try:
            return await only_void(shard, self.decoder, start, end)
        except Fault:  # nobody's bug: the batch is in doubt, and the recovery that follows meets and tells the same
            return False

    # ---- a clean stop

    async def drain(self) -> None:
        """Make everything durable, snapshot what is dirty, give the shard up, write a marker at its end."""
        shared = self._node.succession is not None
        await drain(self.shard, self._node.report, shared=shared, snapshots=not self._followed)

    def close(self) -> None:
        """Forget the shard's memory without a word to anybody; the log's next owner takes it from there."""
        self.shard.ownership.doubt()
        self.shard.draining = True
        self.shard.commit.reset()
        self.shard.drop()
