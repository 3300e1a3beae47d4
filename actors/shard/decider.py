"""From a message to a staged record: deciding on the working state of one shard's entities.

Owns the order of steps for a command, a query, a reaction and a timer: timers that are due first, then de-duplication,
then the rules, then record, state and memory of the key, then staging. Never suspends and never lets anything out
itself: answers, refusals and views are held by `commit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Raw

from actors.entity import Context, EntityType, Push, Reaction, Rejected
from actors.faults import Fault
from actors.limits import Limits
from actors.log.codec import Done, encode
from actors.shard.actor import Actor, Caller, Sink
from actors.shard.commit import Commit
from actors.shard.dedup import ANSWER_BYTES_MAX, Answers, KeyTooOld
from actors.shard.mailbox import COMMAND, QUERY, REACTION, Key, Message
from actors.shard.ports import Ports
from actors.shard.reactions import Outgoing, ReactionBatch
from actors.shard.refusals import FORGOTTEN, Ghosts, Refusals
from actors.shard.timers import Timers
from actors.snapshots.writer import SnapshotWriter

INTERNAL: Final = Rejected("internal", "a fault in the server; it was recorded", retry=True, after_ms=1000)
TOO_LARGE: Final = Rejected("too_large", "the command's record would be larger than the log takes")
DAMAGED: Final = Rejected("entity_damaged", "stored data is damaged; an operator must look at it")
FIRES_MAX: Final = 1000
FIRES_A_TURN: Final = 8
REACTIONS_A_TURN: Final = 64
TORN_MAX: Final = 3

TIMER: Final = Caller("timer", "system")


class _LaterTurn(Exception):
    """The message has done its share of this turn of the loop: the rest of its work comes in a later one."""


class Decider:
    """Decides the messages of one shard's entities, one after the other, on their working states.

    `outgoing` and `again` (the shard's intake) are set by the shard, which is made of both.
    """

    def __init__(
        self,
        shard: str,
        kind: EntityType[Any],
        ports: Ports,
        limits: Limits,
        *,
        commit: Commit,
        snapshots: SnapshotWriter,
        timers: Timers,
    ) -> None:
        self.shard = shard
        self.kind = kind
        self.ports = ports
        self.limits = limits
        self.commit = commit
        self.ownership = commit.ownership
        self.snapshots = snapshots
        self.timers = timers
        self.ghosts: Ghosts  # the shard's
        self.time_ms: Callable[[], int]  # the shard's
        self.outgoing: Outgoing
        self.again: Callable[[str, Message], None]  # the shard's intake
        self.last_ms = 0  # time of the last record; record times never go back
        self.decided = self.refused = self.contained = 0
        self.torn: dict[str, int] = {}  # how often a bug tore an entity's state
        self._seal = kind.seal
        self._fresh_codes = kind.fresh_codes
        self._fresh_roles = kind.fresh_roles
        self._record_bytes_max = min(limits.record_bytes_max, ports.log.record_bytes_max or limits.record_bytes_max)
        self._staged_bytes_max = limits.staged_bytes_max
        self._now = 0  # the shard's time, read once a run
        self._ctx = Context()
        self._ctx.roll = ports.roll
        self._applying = False
        self._answer = b""
        self._fired: dict[str, tuple[int, int]] = {}  # while more are due: how often in earlier turns, and when due

    def dispatch(self, actor: Actor, message: Message) -> bool:
        """Deal with one message; True: it stands in its lane again and goes on in a later turn of the loop.

        A bug in the rules is contained: in its command, or by dropping the shard's memory.
        """
        what, payload, sink, request, caller, key = message
        try:
            if actor.damaged:
                if sink is not None:
                    sink.refused(request, DAMAGED, -1)
            elif what == COMMAND:
                self._command(actor, payload, sink, request, caller, key)
            elif what == QUERY:
                self._query(actor, payload, sink, request, caller)
            elif what == REACTION:
                self._react(actor, payload, sink, request)
            else:
                self._wake(actor, payload)
        except _LaterTurn:
            actor.mailbox.put_back(message, control=what >= REACTION)
            return True
        except Exception as error:  # see the docstring; counted
            self._contain(actor, message, error)
        return False

    def _contain(self, actor: Actor, message: Message, error: Exception) -> None:
        self.contained += 1
        entity = f"{self.kind.kind}/{actor.id}"
        _, command, _, request, caller, key = message
        self.ports.report.fault(
            "bug_contained", error, shard=self.shard, entity=entity, command=type(command).__name__,
            by=caller.by if caller else "", key=f"{key[0]}:{key[1]}" if key else "", request=request,
        )  # fmt: skip
        if message[2] is not None:
            message[2].refused(message[3], INTERNAL, -1)
        if self._applying:
            self._applying = False
            torn = self.torn[actor.id] = self.torn.get(actor.id, 0) + 1
            self.commit.fail(Fault(f"{entity}: a bug tore its state ({torn} of {TORN_MAX} before it is closed)"))

    def begin_run(self) -> None:
        """Read the clock for the commands of one run, a few milliseconds at most."""
        self._now = self.time_ms()

    def now(self) -> int:
        """Return the time for the next record outside a run, in ms since 1970."""
        self._now = self.time_ms()
        return max(self._now, self.last_ms)

    def _context(self, caller: Caller, now: int, seq: int, key: str) -> Context:
        ctx = self._ctx
        ctx.by = caller.by
        ctx.role = caller.role
        ctx.name = caller.name
        ctx.now_ms = now
        ctx.seq = seq
        ctx.key = key
        return ctx

    def _command(self, actor: Actor, command: Any, sink: Sink, request: int, caller: Caller, key: Key | None) -> None:
        now = self._now
        if now < self.last_ms:
            now = self.last_ms
        due = actor.due
        if due is not None and due.due_ms <= now:
            self._fire_due(actor, now)
        by = caller.by
        text = ""
        table: Answers | None = None
        if key is not None:
            epoch, n = key
            text = f"{epoch}:{n}"
            table = actor.dedup.answers.get(by)
            if table is not None:
                known = table.find(epoch, n)
                if known is not None:
                    self._repeat(actor, known, sink, request)
                    return
            before = None if actor.refused is None else actor.refused.find(by, key, actor.seq)
            if before is None and self.ghosts.epochs:
                before = self.ghosts.find(by, key, actor.seq)
            if before is not None:
                self._refuse_again(actor, before[0], sink, request, before[1])
                return
        decision = self.kind.decide(actor.state, command, self._context(caller, now, actor.seq + 1, text))
        if decision.__class__ is Rejected:
            if key is not None:
                self._remember(actor, by, key, decision)
            fresh = decision.code in self._fresh_codes or caller.role in self._fresh_roles
            self._refuse(actor, decision, sink, request, fresh, actor.seq)
            return
        events, answer = decision  # type: ignore[misc]  # the test above by class, not isinstance: this is the hot path
        if not self._accept(actor, events, answer, by, text, now, sink, request):
            if key is not None:
                self._remember(actor, by, key, TOO_LARGE)
            self._refuse(actor, TOO_LARGE, sink, request, False, actor.seq)
            return
        if key is not None:
            if table is None:
                table = actor.dedup.answers[by] = Answers()
            table.add(epoch, n, actor.seq, self._answer)
        if actor.since >= actor.weigh_at:
            self.snapshots.wrote(actor)

    def _accept(
        self,
        actor: Actor,
        events: Sequence[Any],
        answer: Any,
        by: str,
        key: str,
        now: int,
        sink: Sink | None,
        request: int,
    ) -> bool:
        """Write, apply and stage one record; False if it is too large. The answer's JSON is left in `_answer`."""
        kind = self.kind
        data = self._answer = encode(answer)
        assert len(data) <= ANSWER_BYTES_MAX, f"an answer of {len(data)} bytes"
        seq = actor.seq + 1
        ownership, state = self.ownership, actor.state
        written = events if self._seal is None else self._seal(state, events)
        record = encode(
            Done(ownership.nonce, ownership.seq + 1, now, actor.name, seq, by, key, written, Raw(data))  # type: ignore[arg-type]
        )
        size = len(record)
        if size > self._record_bytes_max:
            return False
        self._applying = True
        for event in written:
            kind.apply(state, event, seq, now)
        pushes = kind.pushes(state, events, seq, now)
        reactions = kind.reactions(events, actor.id)
        due = kind.due(state)
        self._applying = False
        actor.seq = seq
        actor.since += 1
        self.last_ms = now
        ownership.stamp()
        commit = self.commit
        offset = -1
        if reactions or actor.next_dirty < 0:
            offset = commit.next_offset()
            if actor.next_dirty < 0:
                actor.wrote(offset)
                self.snapshots.dirty.setdefault(actor.id, actor.dirty_from)
        commit.records.append(record)
        commit.staged_bytes += size
        commit.effects.append((self._released, sink, request, (data, seq, now, actor.id, pushes, reactions, offset)))
        if due is not actor.due:
            self._set_due(actor, due)
        self.decided += 1
        return True

    def _released(
        self,
        sink: Sink | None,
        request: int,
        answer: bytes,
        seq: int,
        at_ms: int,
        id: str,
        pushes: Sequence[Push],
        reactions: Sequence[Reaction],
        offset: int,
    ) -> None:
        """A record is durable: answer, show, react, in this order."""
        if seq == 1:
            self.snapshots.born(id)
        if sink is not None:
            sink.accepted(request, answer, seq, pushes[0] if pushes and pushes[0].told else None)
        if pushes:
            self.ports.publisher.publish(self.kind.kind, id, seq, at_ms, pushes, sink)
        if reactions:
            self.outgoing.add(f"{self.kind.kind}/{id}", seq, offset, reactions)

    # ---- refusals, repetitions, views: held like everything else

    def _refuse(self, actor: Actor, rejected: Rejected, sink: Sink, request: int, fresh: bool, pos: int) -> None:
        self.refused += 1
        self.commit.hold((self._refused_out, sink, request, (rejected, pos)), fresh)

    def _remember(self, actor: Actor, by: str, key: Key, rejected: Rejected) -> None:
        if actor.seq == 0:
            self.ghosts.remember(by, key, rejected)
            return
        if actor.refused is None:
            actor.refused = Refusals(self.limits.refusals_max, self.limits.refused_senders_max)
        actor.refused.add(by, key, rejected, actor.seq)

    def _refuse_again(self, actor: Actor, rejected: Rejected, sink: Sink, request: int, pos: int) -> None:
        """Give a key its first refusal again, at its first `pos`: more may have been seen since, so the session cannot
        tell it from a stale owner's. It leaves behind a later batch: what leaves is the owner's."""
        self._refuse(actor, rejected, sink, request, True, pos)

    def _refused_out(self, sink: Sink, request: int, rejected: Rejected, pos: int) -> None:
        if self.commit.recheck((self._refused_out, sink, request, (rejected, pos))):
            sink.refused(request, rejected, pos)

    def _repeat(self, actor: Actor, known: Any, sink: Sink, request: int) -> None:
        if known.__class__ is KeyTooOld:
            rejected = FORGOTTEN if known.code == "key_too_old" else Rejected(known.code)
            self._refuse(actor, rejected, sink, request, False, actor.seq)
        else:
            self.commit.hold((self._repeated_out, sink, request, known), False)

    def _repeated_out(self, sink: Sink, request: int, pos: int, answer: bytes) -> None:
        sink.accepted(request, answer, pos, None)  # final whatever its pos: no proof of ownership is needed

    def _query(self, actor: Actor, query: Any, sink: Sink, request: int, caller: Caller) -> None:
        now = max(self._now, self.last_ms)
        if actor.due is not None and actor.due.due_ms <= now:
            self._fire_due(actor, now)
        view = self.kind.query(actor.state, query, self._context(caller, now, actor.seq, ""))
        fresh = view.__class__ is Rejected and caller.role in self._fresh_roles
        self.commit.hold((self._viewed_out, sink, request, (view, actor.seq, actor.id, query, caller)), fresh)

    def _viewed_out(self, sink: Sink, request: int, view: Any, pos: int, id: str, query: Any, caller: Caller) -> None:
        if not self.commit.proved():  # ask anew: behind another batch it would miss what was acknowledged meanwhile
            self.again(id, (QUERY, query, sink, request, caller, None))
        elif view.__class__ is Rejected:
            self.refused += 1
            sink.refused(request, view, pos)
        else:
            sink.viewed(request, view, pos)

    # ---- reactions and timers

    def _react(self, actor: Actor, batch: ReactionBatch, sink: Sink, request: int) -> None:
        marks = actor.dedup.marks
        caller = Caller(f"entity:{batch.source}", "system")
        left = REACTIONS_A_TURN
        for seq, n, command in batch.items:
            if (seq, n) <= marks.get(batch.source, (0, 0)):
                continue
            left -= 1
            if left < 0 or self.commit.staged_bytes >= self._staged_bytes_max:
                raise _LaterTurn
            now = max(self._now, self.last_ms)
            if actor.due is not None and actor.due.due_ms <= now:
                self._fire_due(actor, now)
            key = f"{seq}.{n}"
            decision = self.kind.decide(actor.state, command, self._context(caller, now, actor.seq + 1, key))
            assert decision.__class__ is not Rejected, f"a reaction is never refused: {decision}"
            taken = self._accept(actor, decision[0], decision[1], caller.by, key, now, None, 0)  # type: ignore[index]
            assert taken, "a reaction's record is small"
            marks[batch.source] = (seq, n)
            self.snapshots.wrote(actor)
        self.commit.hold((self._repeated_out, sink, request, (actor.seq, b"")), False)

    def _wake(self, actor: Actor, due_ms: int) -> None:
        self._fire_due(actor, max(self._now, self.last_ms))
        if actor.due is not None and actor.due.due_ms == due_ms:  # the clock was set back since the heap gave it out
            self.timers.set(due_ms, actor.id)

    def _fire_due(self, actor: Actor, now: int) -> None:
        at_ms, fired = self._fired.pop(actor.id, (0, 0)) if self._fired else (0, 0)
        for _ in range(FIRES_A_TURN):
            due = actor.due
            if due is None or due.due_ms > now or actor.damaged:
                return
            if self.commit.staged_bytes >= self._staged_bytes_max:
                break
            fired = fired + 1 if due.due_ms == at_ms else 1  # what goes on in time catches up, however far behind it is
            at_ms = due.due_ms
            at = max(at_ms, self.last_ms)
            key = f"{due.id}@{at_ms}"
            events = self.kind.fire(actor.state, due.id, self._context(TIMER, at, actor.seq + 1, key))
            taken = self._accept(actor, events, {}, TIMER.by, key, at, None, 0)
            assert taken, "a timer's record is small"
            self.snapshots.wrote(actor)
        if fired < FIRES_MAX:
            self._fired[actor.id] = at_ms, fired
            raise _LaterTurn
        actor.damaged = f"timer {actor.due} fires for ever"
        self.ports.report.fault("timer_loops", None, shard=self.shard, entity=f"{self.kind.kind}/{actor.id}")

    def _set_due(self, actor: Actor, due: Any) -> None:
        if due is not None and (actor.due is None or actor.due.due_ms != due.due_ms):
            self.timers.set(due.due_ms, actor.id)
        actor.due = due
