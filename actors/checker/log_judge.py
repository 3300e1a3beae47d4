"""The judge: log and histories in, broken promises out. One for the simulation, the load harness and fault campaigns.

Owns a fold of its own (the reader's rule is written here a second time, on purpose). Pure: no clock, no I/O, no loop.
Histories are added first, then the records of each shard in order, one by one, then `verdict` is asked for; a log of a
million records is never held in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any, NamedTuple, Protocol

import msgspec

from actors.checker.call_judge import CallJudge, Rules
from actors.checker.history import Call, Emission, LiveDigest, ReceivedPush, Violation
from actors.entity import EntityType
from actors.faults import LogDamaged
from actors.log.codec import Done, RecordDecoder, Tenure
from actors.log.port import ShardId
from actors.shard.dedup import Dedup
from actors.snapshots.format import digest
from actors.timekeeper import JUMP_MS

MOST = 50
"""Violations kept: one bug can break thousands of things."""


class WorkloadRules(Protocol):
    """A workload's own invariants (I8): sees every counting record in log order."""

    def record(self, entity: str, pos: int, by: str, events: Sequence[Any], at_ms: int) -> Iterable[str]:
        """Yield what is wrong, in words."""
        ...


class NoWorkloadRules:
    """Nothing beyond the runtime's promises."""

    def record(self, entity: str, pos: int, by: str, events: Sequence[Any], at_ms: int) -> Iterable[str]:
        """Yield nothing."""
        return ()


class Totals(NamedTuple):
    """What was judged."""

    records: int
    void: int
    tenures: int
    commands: int
    calls: int
    pushes: int
    reactions: int


class _Entity:
    __slots__ = ("dedup", "landed", "seq", "state")

    def __init__(self, state: Any) -> None:
        self.state = state
        self.seq = 0
        self.dedup = Dedup()
        self.landed: list[float] = []


class _Fold:
    """The reader's rule over one shard."""

    __slots__ = ("last_ms", "next_seq", "nonce", "offset", "tenures")

    def __init__(self) -> None:
        self.nonce = ""
        self.next_seq = 0
        self.offset = -1
        self.last_ms = 0
        self.tenures = 0


class LogJudge:
    """Judges histories against the log: feed calls, pushes and digests, then records in order, then ask."""

    def __init__(
        self, kinds: Sequence[EntityType[Any]], game: WorkloadRules | None = None, rules: Rules | None = None
    ) -> None:
        self.rules = rules or Rules()
        self.violations: list[Violation] = []
        self.found: dict[str, int] = {}  # how many of each invariant, also those past MOST
        self._game = game or NoWorkloadRules()
        self._kinds = {kind.kind: kind for kind in kinds}
        self._decoders = {kind.topic: RecordDecoder(kind.event_type) for kind in kinds}
        self._folds: dict[ShardId, _Fold] = {}
        self._entities: dict[str, _Entity] = {}
        self._calls = CallJudge(self.rules, self._kinds)
        self._shown: dict[str, list[Emission]] = {}
        self._seen: dict[tuple[str, int], list[ReceivedPush]] = {}
        self._listeners: dict[tuple[str, str, str], int] = {}
        self._live: dict[str, list[LiveDigest]] = {}
        self._keys: set[tuple[str, str, str]] = set()
        self._reactions: dict[tuple[str, str, str], int] = {}
        self._records = self._void = self._commands = self._pushes = self._reacted = 0
        self._quiet: set[str] = set()

    # ---- histories, before the log

    def call(self, call: Call) -> None:
        """Add a client's command or question."""
        self._calls.add(call)

    def shown(self, shown: Emission) -> None:
        """Add something that a node let out."""
        self._shown.setdefault(shown.entity, []).append(shown)

    def seen(self, seen: ReceivedPush) -> None:
        """Add a push that a listener got; in the order in which it got them."""
        line = (seen.listener, seen.entity, seen.channel)
        last = self._listeners.get(line)
        if last is not None and seen.prev >= 0:
            if seen.prev != last:
                self._add("I4", f"push {seen.seq} says it follows {seen.prev}, the listener has {last}", str(line))
            elif seen.seq <= last:
                self._add("I4", f"push {seen.seq} came after {last}", str(line))
        self._listeners[line] = seen.seq
        self._pushes += 1
        if seen.prev >= 0:
            # Thousands may be shown the same: what differs is held against the log, once each.
            held = self._seen.setdefault((seen.entity, seen.seq), [])
            if not any(seen[2:] == other[2:] for other in held):
                held.append(seen)

    def live(self, live: LiveDigest) -> None:
        """Add the digest of an entity on a node."""
        self._live.setdefault(live.entity, []).append(live)

    def closed(self, entity: str) -> None:
        """Say that an entity is closed for a good reason (its snapshots were spoilt): nothing is expected of it."""
        self._quiet.add(entity)

    # ---- the log

    def record(self, shard: ShardId, offset: int, body: bytes, landed_s: float = -inf) -> None:
        """Take one record of a shard; offsets must rise. `landed_s`: when it became durable, if known."""
        fold = self._folds.get(shard)
        if fold is None:
            fold = self._folds[shard] = _Fold()
        if offset <= fold.offset:
            self._add("log", f"offset {offset} after {fold.offset}", str(shard))
        fold.offset = offset
        self._records += 1
        try:
            record = self._decoders[shard.topic].decode(shard, offset, body)
        except LogDamaged as error:
            self._add("log", str(error))
            return
        if isinstance(record, Tenure):
            fold.nonce, fold.next_seq = f"{record.nonce}@{offset}", 1
            fold.tenures += 1
            self._check_clock(record.at, landed_s, f"{shard} {offset}, a tenure")
            return
        if record.nonce != fold.nonce or record.seq != fold.next_seq:
            self._void += 1
            return
        fold.next_seq += 1
        if record.at < fold.last_ms:
            self._add("I7", f"record time went back from {fold.last_ms} to {record.at}", f"{shard} {offset}")
        self._check_clock(record.at, landed_s, f"{shard} {offset}")
        fold.last_ms = record.at
        if isinstance(record, Done):
            self._done(shard, offset, record, landed_s, fold.tenures)

    def _check_clock(self, at_ms: int, landed_s: float, where: str) -> None:
        """I7: whatever an owner's clock says, nothing that it writes is of a time that has not come: by the time at
        which it landed, not by its own word. Two clocks may differ a little, and a step of a second is none."""
        rules = self.rules
        if rules.clock_skew_ms and at_ms - rules.epoch_ms - landed_s * 1000 > rules.clock_skew_ms + JUMP_MS:
            ahead_s = at_ms / 1000 - rules.epoch_ms / 1000 - landed_s
            self._add("I7", f"written {ahead_s:.1f} s ahead of the time at which it landed", where)

    def _done(self, shard: ShardId, offset: int, record: Done, landed_s: float, tenure: int) -> None:
        name, pos, by, key = record.entity, record.pos, record.by, record.key
        where = f"{shard} {offset} {name}:{pos}"
        kind_name, _, id = name.partition("/")
        kind = self._kinds[kind_name]
        entity = self._entities.get(name)
        if entity is None:
            entity = self._entities[name] = _Entity(kind.create(id))
            self._calls.at(kind, name, entity.state, 0, tenure, record.at)
        if pos != entity.seq + 1:
            self._add("I5", f"record {pos} follows record {entity.seq}", where)
            return
        self._timers(kind, entity, record, where)
        self._command(name, record, where, tenure)
        for event in record.events:
            kind.apply(entity.state, event, pos, record.at)
        pushes = kind.pushes(entity.state, record.events, pos, record.at)
        pushes = kind.readable(id, pushes) if kind.readable is not None else pushes
        entity.seq = pos
        entity.landed.append(landed_s)
        self._remember(entity, record)
        self._commands += 1
        for n, reaction in enumerate(kind.reactions(record.events, id)):
            self._reacted += 1
            self._expect((f"{reaction.kind}/{reaction.id}", f"entity:{name}", f"{pos}.{n}"), 1)
        for seen in self._seen.pop((name, pos), ()):
            self._compare_push(seen, pushes, where)
        for text in self._game.record(name, pos, by, record.events, record.at):
            self._add("I8", text, where)
        self._calls.at(kind, name, entity.state, pos, tenure, record.at)
        for live in self._live.get(name, ()):
            if live.seq == pos:
                self._compare_state(kind, entity, live)
        if by.startswith("entity:"):
            self._expect((name, by, key), -1)

    def _timers(self, kind: EntityType[Any], entity: _Entity, record: Done, where: str) -> None:
        due = kind.due(entity.state)
        if record.by == "timer":
            if due is None or record.key != f"{due.id}@{due.due_ms}":
                self._add("I2", f"timer {record.key} fired, due was {due}", where)
        elif due is not None and due.due_ms <= record.at:
            self._add("I7", f"decided at {record.at} although timer {due.id} was due at {due.due_ms}", where)

    def _command(self, name: str, record: Done, where: str, tenure: int) -> None:
        key = record.key
        if not key:
            return
        which = (name, record.by, key)
        if which in self._keys:
            self._add("I11" if record.by.startswith("entity:") else "I2", f"{which} has a second effect", where)
        self._keys.add(which)
        self._calls.effect(record, tenure)

    def _remember(self, entity: _Entity, record: Done) -> None:
        key, by = record.key, record.by
        if key and by[1:2] == ":":
            epoch, _, number = key.rpartition(":")
            entity.dedup.add(by, epoch, int(number), record.pos, bytes(record.answer))
        elif key and by.startswith("entity:"):
            seq, _, n = key.partition(".")
            entity.dedup.marks[by[7:]] = (int(seq), int(n))

    def _expect(self, which: tuple[str, str, str], count: int) -> None:
        left = self._reactions.get(which, 0) + count
        if left:
            self._reactions[which] = left
        else:
            del self._reactions[which]

    def _compare_push(self, seen: ReceivedPush, pushes: Sequence[Any], where: str) -> None:
        for push in pushes:
            if push.channel == seen.channel and push.tells:
                if push.prev != seen.prev:
                    self._add("I4", f"{seen.listener} was told prev {seen.prev}, the log gives {push.prev}", where)
                elif seen.events is not None and msgspec.json.encode(push.events) != seen.events:
                    self._add("I5", f"{seen.listener} was shown {seen.events!r}, not what the log gives", where)
                return
        self._add("I3", f"{seen.listener} was shown a push on {seen.channel} that the log does not give", where)

    def _compare_state(self, kind: EntityType[Any], entity: _Entity, live: LiveDigest) -> None:
        folded = digest(list(entity.dedup.encode()), list(kind.encode(entity.state)))
        if folded != live.digest:
            self._add("I5", f"{live.node} holds {live.digest}, the log gives {folded}", f"{live.entity}:{live.seq}")

    # ---- the end

    def verdict(self, *, settled: bool = True) -> list[Violation]:
        """Return what is wrong. `settled`: the run came to rest, so live states and reactions must be complete."""
        for name, lives in self._live.items():
            held = self._entities.get(name)
            end = held.seq if held else 0
            for live in lives:
                if live.seq > end or (live.last and live.seq < end and settled and name not in self._quiet):
                    self._add("I5", f"{live.node} is at {live.seq}, the log at {end}", name)
        if settled:
            for (target, by, key), left in self._reactions.items():
                if target not in self._quiet:
                    self._add("I11", f"reaction {key} of {by} to {target}: {'lost' if left > 0 else 'from nowhere'}")
        for seens in self._seen.values():
            for seen in seens:
                self._add("I3", f"{seen.listener} was shown {seen.entity}:{seen.seq}, which is not in the log")
        for name, shown in self._shown.items():
            self._check_shown(name, shown)
        self._calls.create()
        self._calls.check(self._add)
        return self.violations

    def verdict_without_log(self) -> list[Violation]:
        """Return what is wrong with the histories alone: whole channels, order of real time, freshness."""
        self._calls.check_alone(self._add)
        return self.violations

    def _check_shown(self, name: str, shown: list[Emission]) -> None:
        entity = self._entities.get(name)
        landed = entity.landed if entity else []
        for item in shown:
            if item.pos > len(landed):
                self._add("I3", f"{item.node} let out {item.what} at {name}:{item.pos}, the log ends at {len(landed)}")
            elif item.pos > 0 and landed[item.pos - 1] > item.left_s:
                self._add(
                    "I3",
                    f"{item.node} let out {item.what} at {item.left_s:.4f} s, durable at {landed[item.pos - 1]:.4f} s",
                    f"{name}:{item.pos}",
                )

    def is_owed_reactions(self) -> bool:
        """Tell whether a reaction of the records so far has not arrived in them."""
        return any(left > 0 and which[0] not in self._quiet for which, left in self._reactions.items())

    def totals(self) -> Totals:
        """Return what was judged."""
        return Totals(
            self._records,
            self._void,
            sum(f.tenures for f in self._folds.values()),
            self._commands,
            self._calls.count,
            self._pushes,
            self._reacted,
        )

    def tenures(self) -> dict[ShardId, int]:
        """Return how many tenures each shard saw."""
        return {shard: fold.tenures for shard, fold in self._folds.items()}

    def latest_ms(self) -> int:
        """Return the time of the latest record, in ms since 1970."""
        return max((fold.last_ms for fold in self._folds.values()), default=0)

    def digests(self) -> dict[str, tuple[int, str]]:
        """Return seq and digest of every entity at the end of the log."""
        found = {}
        for name, entity in self._entities.items():
            kind = self._kinds[name.partition("/")[0]]
            found[name] = (entity.seq, digest(list(entity.dedup.encode()), list(kind.encode(entity.state))))
        return found

    def _add(self, invariant: str, text: str, where: str = "") -> None:
        self.found[invariant] = self.found.get(invariant, 0) + 1
        if len(self.violations) < MOST:
            self.violations.append(Violation(invariant, text, where))


__all__ = ["LogJudge", "NoWorkloadRules", "Rules", "Totals", "WorkloadRules"]
