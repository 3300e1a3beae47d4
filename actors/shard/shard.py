"""One shard: its live entities, their mailboxes and the ready line.

Owns the actors, intake and the run; `decider` turns messages into staged records, `commit` makes them durable and
lets their effects out, `recovery` builds the memory. Never suspends between a command's arrival and its staging; never
patches state back: after a fault the memory is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from actors.entity import EntityType, Rejected
from actors.faults import ClockSkewed, Fault, SpillFailed
from actors.limits import Limits
from actors.log.codec import Cursor, Probe, ShardReleased, encode
from actors.log.port import ShardId
from actors.passivation.passivation import PassiveEntities
from actors.shard.actor import Actor
from actors.shard.commit import Commit
from actors.shard.decider import DAMAGED, TORN_MAX, Decider
from actors.shard.fence import FoldState, Mode, Ownership
from actors.shard.mailbox import COMMAND, REACTION, WAKE, Message
from actors.shard.ports import Ports
from actors.shard.reactions import Outgoing
from actors.shard.recovery_queue import RecoveryQueue
from actors.shard.refusals import BUSY
from actors.shard.residents import MESSAGE_BYTES, Residents
from actors.shard.statistics import ShardStatistics
from actors.shard.timers import Timers
from actors.snapshots.aside import AsideStore
from actors.snapshots.writer import SnapshotWriter
from actors.timekeeper import ShardTime

SNAPSHOTS_A_TICK: Final = 50
RECOVERING: Final = (Mode.OPENING, Mode.DOUBT, Mode.IDLE)
UNAVAILABLE: Final = Rejected("unavailable", "not to be reached now; send again with the same key", True, 500)


class Shard:
    """One shard: takes messages in, runs its entities, and puts together decider, commit, snapshots and timers.

    `lost` is called when the memory is void and recovery must begin; `between` reads what lies between two batches.
    """

    def __init__(
        self,
        id: ShardId,
        kind: EntityType[Any],
        shards: int,
        ports: Ports,
        limits: Limits,
        *,
        lost: Callable[[Shard, Fault], None],
        between: Callable[[Shard, int, int], asyncio.Future[bool]],
    ) -> None:
        self.id = id
        self.kind = kind
        self.shards = shards
        self.ports = ports
        self.limits = limits
        self.ownership = Ownership()
        self.waiting = RecoveryQueue(ports.clock, limits.waiting_max, limits.late_s)
        self.passive = PassiveEntities(id, ports.spill)
        self.residents = Residents(
            kind, limits, self.passive, resume=self._enqueue, activated=self._activated, leaving=self._leaving,
            contain=self.contain,
        )  # fmt: skip
        self.actors = self.residents.live
        self.commit = Commit(
            id,
            ports.log,
            ports.clock,
            self.ownership,
            limits,
            resumed=self._resumed,
            failed=lambda fault: lost(self, fault),
            probe=self._probe,
            contain=self.contain,
            between=lambda start, end: between(self, start, end),
            pacer=ports.pacer,
        )
        self._draw = lambda: ports.roll() / (1 << 53)
        self.snapshots = self._make_snapshots()
        self.time = ShardTime(ports.time, ports.clock, limits.clock_skew_ms, limits.restart_pause_s)
        self.timers = Timers(self.time.now_ms, self.wake, self.contain)
        decider = self.decider = Decider(
            str(id), kind, ports, limits, commit=self.commit, snapshots=self.snapshots, timers=self.timers
        )
        self.outgoing = self._new_outgoing()
        decider.again, decider.time_ms, decider.ghosts = self.submit, self.time.now_ms, self.residents.ghosts
        self.holder, self.cursor, self.recoveries, self.replayed = "", 0, 0, 0
        self.closed_why, self.draining = "", False  # why intake is refused although the node would own the shard
        self.damaged = self.elsewhere = False  # its log cannot be trusted (others are not held up); another serves it
        self._ready: deque[Actor] = deque()
        self._scheduled = False
        self._since_cursor = self._checkpoint_at = 0

    def _make_snapshots(self) -> SnapshotWriter:
        return SnapshotWriter(
            self.id,
            self.kind,
            self.ports.snapshots,
            self.limits,
            passive=self.passive,
            find=self.residents.find,
            end=self.commit.next_offset,
            hold=lambda call, arguments: self.commit.hold((call, None, 0, arguments), False),
            resume=self._enqueue,
            contain=self.contain,
            draw=self._draw,
        )

    # ---- intake

    def submit(self, id: str, message: Message) -> None:
        """Take a message for an entity; it is decided in this or a later turn of the loop. Never suspends."""
        ending = self.draining and (message[0] == COMMAND or self.elsewhere)  # handed over: nothing more comes in
        if self.ownership.mode is not Mode.OWNER or self.commit.late or ending:
            self._submit_elsewhere(id, message)
            return
        actor = self.actors.get(id) or self._live_or_none(id)
        if actor is None:
            self._submit_elsewhere(id, message)
            return
        box = actor.mailbox
        if not (box.put(message) if message[0] != REACTION else box.put_control(message)):
            message[2].refused(message[3], BUSY, -1)
            return
        if not actor.queued:
            self._enqueue(actor)

    def _submit_elsewhere(self, id: str, message: Message, waits: bool = True) -> None:
        recovering = waits and self.ownership.mode in RECOVERING and not self.draining and not self.closed_why
        if self.elsewhere:
            self.ports.moved(self.kind.kind, id, message)
        elif not (recovering and self.waiting.put(id, message)):
            closed = self.damaged and message[0] == REACTION  # then its source need not wait for it
            message[2].refused(message[3], DAMAGED if closed else UNAVAILABLE, -1)

    def _live_or_none(self, id: str) -> Actor | None:
        """Return a passivated or new entity live; None if the spill file failed: the shard recovers from its log."""
        try:
            return self.residents.activate(id)
        except SpillFailed as fault:
            self.commit.fail(fault)
            return None

    def _activated(self, actor: Actor) -> None:
        if actor.damaged:
            self.ports.report.fault("entity_damaged", None, shard=str(self.id), entity=actor.name, why=actor.damaged)
        elif self.decider.torn.get(actor.id, 0) >= TORN_MAX:
            actor.damaged = "a bug tears its state again and again"

    def _leaving(self, actor: Actor) -> None:
        """A passivated entity's next due time stays in the heap, and what of it is dirty stays noted."""
        due = actor.due if self.ownership.mode is Mode.OWNER else self.kind.due(actor.state)  # a replay notes none
        if due is not None:
            self.timers.set(due.due_ms, actor.id)
        if actor.dirty_from >= 0:
            self.snapshots.dirty.setdefault(actor.id, actor.dirty_from)

    def wake(self, id: str, due_ms: int) -> None:
        """Look at an entity's timers now: one was set for `due_ms`."""
        actor = (self.actors.get(id) or self._live_or_none(id)) if self.ownership.mode is Mode.OWNER else None
        if actor is not None:
            actor.mailbox.put_control((WAKE, due_ms, None, 0, None, None))
            self._enqueue(actor)

    def _enqueue(self, actor: Actor) -> None:
        if not actor.queued:
            actor.queued = actor.touched = True
            self._ready.append(actor)
        self._enqueue_flush()

    # ---- the run

    def _run(self) -> None:
        self._scheduled = False
        if self.ownership.mode is not Mode.OWNER or self.commit.late:
            return
        try:
            self._decide_ready()
        except Exception as error:  # a bug in the run itself would leave what waits without a word; reported, recovered
            self.contain(error)
            self.commit.fail(Fault(f"shard {self.id}: a bug in its run: {type(error).__name__}"))

    def _decide_ready(self) -> None:
        commit, ready = self.commit, self._ready
        dispatch, budget, cap = self.decider.dispatch, self.limits.run_budget, self.limits.staged_bytes_max
        self.decider.begin_run()
        while ready and budget > 0 and commit.staged_bytes < cap:
            actor = ready.popleft()
            actor.queued = False
            box = actor.mailbox
            ordinary, control, before = box.ordinary, box.control, budget
            while (ordinary or control) and budget > 0 and commit.staged_bytes < cap and not actor.frozen:
                budget -= 1
                if dispatch(actor, control.popleft() if control else ordinary.popleft()):
                    before, budget = before - budget, 0  # it goes on in a later turn
                if self.ownership.mode is not Mode.OWNER:
                    return
            box.served(before - budget)
            if actor.seq == 0 and not actor.damaged and not actor.frozen and not len(box):
                self.residents.forget_ghost(actor)
            if len(box) and not actor.frozen and not actor.queued:
                actor.queued = True
                ready.append(actor)
        if ready and commit.staged_bytes < cap:
            self._enqueue_flush(asyncio.get_running_loop().call_soon)  # the rest of this run waits for no tick
        commit.flush()

    def _new_outgoing(self) -> Outgoing:
        self.decider.outgoing = Outgoing(
            self.ports.deliver,
            self._reactions_acked,
            aside=AsideStore(self.id, self.ports.snapshots),
            draw=self._draw,
            contain=self.contain,
        )
        return self.decider.outgoing

    def _reactions_acked(self) -> None:
        self._since_cursor += 1
        if self._since_cursor >= self.limits.cursor_every:
            self.write_cursor()

    # ---- the shard's own records

    def write_cursor(self, flush: bool = True) -> None:
        """Record how far reactions are acknowledged, if any were since the last time: an idle shard writes nothing."""
        if not self._since_cursor:
            return
        self._since_cursor = 0
        before = self.outgoing.cursor(self.commit.ownership.last + 1)
        if before > self.cursor and self.ownership.mode is Mode.OWNER:
            self.cursor = before
            self._stage_own(lambda nonce, seq, at: Cursor(nonce, seq, at, before), lambda *_: None)
            if flush:
                self.commit.flush()

    def _stage_own(self, make: Callable[[str, int, int], Any], out: Callable[[Any, int], None]) -> None:
        now = self.decider.last_ms = self.decider.now()
        self.commit.stage(encode(make(self.ownership.nonce, self.ownership.stamp(), now)), (out, None, 0, ()))

    def _probe(self) -> bytes:
        self._enqueue_flush()
        now = self.decider.last_ms = self.decider.now()
        return encode(Probe(self.ownership.nonce, self.ownership.stamp(), now))

    def _enqueue_flush(self, soon: Callable[..., Any] | None = None) -> None:
        if not self._scheduled:
            self._scheduled = True
            (soon or self.ports.pacer.soon)(self._run)

    def release(self, out: Callable[[], None], *, cursor: bool = False) -> None:
        """Write the tenure's last record (the `cursor` before it) and call `out` when it is durable. Nothing may wait
        or be in flight."""
        assert self.commit.quiet()
        if cursor:
            self.write_cursor(flush=False)
        self._stage_own(ShardReleased, lambda _sink, _request: out())
        self.ownership.releasing()
        self.commit.flush()

    # ---- what commit tells

    def _resumed(self, at_ms: int) -> None:
        if self.ownership.mode is not Mode.OWNER:
            return  # an effect gave the shard up, or found a bug
        if self.time.broken(at_ms, self.commit.waited_ns // 1_000_000):
            self.closed_why = "clock"
            self.commit.fail(ClockSkewed(f"our clock and the log's differ by over {self.limits.clock_skew_ms} ms"))
            return
        if self.ownership.last >= self._checkpoint_at:
            self.note_checkpoint()
        if self.ports.pacer.ticking and (self._ready or self.commit.records):
            self._enqueue_flush()
        elif self._ready and not self._scheduled:
            self._run()
        else:
            self.commit.flush()

    def note_checkpoint(self) -> None:
        """Note the durable end as a place that may become a marker. Nothing is in flight now."""
        own = self.ownership
        self._checkpoint_at = own.last + self.limits.marker_records
        fold = FoldState(own.nonce, own.seq - len(self.commit.records) + 1, self.holder)
        self.snapshots.checkpoint(own.last + 1, fold, self.decider.last_ms, self.shards)

    def drop(self) -> None:
        """Forget all memory; what waits in mailboxes waits for the recovery."""
        self.snapshots.stop()
        self.outgoing.stop()
        for actor in self.residents.all():
            for message in (*actor.mailbox.control, *actor.mailbox.ordinary):
                if message[2] is not None:
                    self._submit_elsewhere(actor.id, message)
        self.residents.clear()
        self._ready.clear()
        self.timers.clear()
        self.outgoing = self._new_outgoing()

    # ---- recovery and passivation

    def settle(self, due_ms: dict[str, int]) -> None:
        """After replay: note timers (those of passivated entities by their envelopes) and what is dirty."""
        for id, due in due_ms.items():
            if due and id not in self.timers:
                self.timers.set(due, id)
        for actor in self.actors.values():
            if actor.dirty_from >= 0:
                self.snapshots.dirty[actor.id] = actor.dirty_from
            actor.due = None if actor.damaged else self.kind.due(actor.state)
            if actor.due is not None:
                self.timers.set(actor.due.due_ms, actor.id)

    def began(self, marker: int) -> None:
        """Ownership is proved and the memory is whole: timers run, and what waited is taken up in order.

        `marker`: where replay began. The next one is due so many records after it, whoever wrote them.
        """
        self._checkpoint_at = marker + self.limits.marker_records
        if self.ownership.last >= self._checkpoint_at:
            self.note_checkpoint()
        self.closed_why, self.damaged, self.waiting.refuses = "", False, False
        self.timers.resume()
        self._enqueue_flush()
        for id, message in self.waiting.take():
            self.submit(id, message)

    def refuse_waiting(self, failing: bool = False) -> None:
        """Answer what waits for a recovery; `failing`: and refuse what comes, until one succeeds."""
        self.waiting.refuses |= failing
        for id, message in self.waiting.take():
            self._submit_elsewhere(id, message, waits=False)

    def busy(self) -> bool:
        """Tell whether anything waits to be decided."""
        return bool(self._ready) or self._scheduled or bool(self.residents.activating)

    def weight(self) -> int:
        """Return the estimated memory of all that the shard holds, in bytes."""
        held = (self.residents, self.passive, self.commit, self.outgoing, self.timers)
        return MESSAGE_BYTES * len(self.waiting) + sum([part.weight() for part in held])

    def sweep(self, most: int) -> int:
        """Passivate up to `most` idle entities that were not used since the last sweep; return how many."""
        if self.ownership.mode is not Mode.OWNER or not self.commit.quiet():
            return 0
        done = 0
        for actor in list(self.actors.values()):
            if actor.touched or actor.damaged or actor.seq == 0 or not actor.idle() or self.snapshots.busy(actor.id):
                actor.touched = False
                continue
            self.residents.passivate(actor)
            done += 1
            if done >= most:
                break
        return done

    def tick(self) -> None:
        """Do what is due now and then, a few times a second: late batches, markers, the snapshots they wait for."""
        self.commit.watch()
        if self.waiting.overdue():
            self.refuse_waiting(failing=True)
        if self.ownership.mode is not Mode.OWNER:
            return
        self.time.keep_up(self.decider.last_ms)
        end = self.ownership.last + 1
        marker = self.snapshots.ripe(self.outgoing.cursor(end), end)
        if marker is not None:
            self.snapshots.mark_quietly(marker)
        for id in self.snapshots.behind()[:SNAPSHOTS_A_TICK]:
            self.snapshot(id)

    def snapshot(self, id: str) -> None:
        """Begin a snapshot of one entity, live or passivated."""
        actor = self.actors.get(id)
        if actor is not None:
            self.snapshots.take(actor)
        else:
            self.snapshots.take_passive(id)

    def contain(self, error: BaseException) -> None:
        """Count and report an error that was kept from spreading: a fault of the world's, or a bug."""
        self.decider.contained += 1
        event = "effect_raised" if isinstance(error, Fault) else "bug_contained"
        self.ports.report.fault(event, error, shard=str(self.id))

    def statistics(self) -> ShardStatistics:
        """Return what the shard holds and has done."""
        decider, mode = self.decider, self.ownership.mode.value
        return ShardStatistics(
            mode, len(self.actors), self.passive.count, len(self._ready), len(self.waiting), decider.decided,
            decider.refused, decider.contained, self.recoveries, self.replayed, self.outgoing.held, len(self.timers),
            not self.elsewhere, max((len(actor.mailbox) for actor in self._ready), default=0),
        )  # fmt: skip
