"""The fold of one shard's log into its memory: records in, live entities out.

Owns what is gathered on the way: the fence's fold, reactions not acknowledged, the pushes of the last records. Used by
recovery, and by tools that start from zero and own nothing. Reads nothing by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from actors.entity import Push
from actors.faults import LogDamaged, LogMisconfigured, SpillFailed
from actors.log.codec import NOT_A_RECORD, Cursor, Done, RecordDecoder, ShardReleased, Tenure
from actors.log.port import Entry
from actors.shard.actor import Actor
from actors.shard.dedup import Answers
from actors.shard.fence import TenureFold, Verdict
from actors.shard.shard import Shard
from actors.snapshots.reader import TrustedSnapshots


class BeingActivated(Exception):
    """The record's entity is large and is decoded in steps: the record waits for it."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor.id)
        self.actor = actor
        self.offset = -1
        self.record: Any = None


class Replay:
    """The fold of one shard's log into its memory. Also used by tools, which start from zero and own nothing."""

    def __init__(self, shard: Shard, trusted: TrustedSnapshots, decoder: RecordDecoder, me: str = "") -> None:
        self.shard = shard
        self.fold = TenureFold(trusted.marker.fold if trusted.marker else None)
        self.last_ms = trusted.marker.last_ms if trusted.marker else 0
        self.entities = trusted.marker.entities if trusted.marker else 0
        self.sum = trusted.marker.sum if trusted.marker else 0
        self.start = trusted.marker.offset if trusted.marker else 0
        self.cursor = self.start
        self.last = self.start - 1  # offset of the last record folded
        self.released = False
        self.other_at = -1  # offset of the last tenure that is not of `me`
        self.me = me
        self.table = 0  # that the newest tenure was opened under; 0: it lies before the start
        self.count = 0
        self.reactions: deque[tuple[str, int, int, Sequence[Any]]] = deque()
        self.tails: dict[str, deque[tuple[int, int, Sequence[Push]]]] = {}
        self._shown: deque[str] | None = None  # whose pushes are in the tails, the oldest first, if that is of interest
        self.born: list[str] = []
        self._by_name: dict[str, Actor] = {}
        self._decoder = decoder
        self._tail_max = shard.limits.tail_records

    def feed(self, offset: int, body: bytes) -> Tenure | None:
        """Fold one record; return it if it is a tenure. Raises `LogDamaged`."""
        record = self._decoder.decode(self.shard.id, offset, body)
        if record.__class__ is Tenure:
            if record.shards != self.shard.shards:
                raise LogMisconfigured(
                    f"shard {self.shard.id}, offset {offset}: written with {record.shards} shards a topic, configured "
                    f"are {self.shard.shards}; the count is for life: set it back, or export into new topics"
                )
            holder = f"{record.node}#{record.start}"
            self.fold.tenure(offset, record.nonce, holder)
            if holder != self.me:
                self.other_at = offset
            self.table = record.table
            self.released = False  # its time counts for nothing: a tenure is opened before the clock is known
            return record
        if self.fold.record(record.nonce, record.seq) is not Verdict.COUNTS:
            return None
        if record.at > self.last_ms:
            self.last_ms = record.at
        if isinstance(record, Done):
            self._apply_or_wait(offset, record)
        elif record.__class__ is Cursor:
            self.cursor = max(self.cursor, record.before)
            while self.reactions and self.reactions[0][2] < self.cursor:
                self.reactions.popleft()
        elif record.__class__ is ShardReleased:
            self.released = True
        return None

    def feed_plain(self, entries: Sequence[Entry], start: int) -> int:
        """Fold the entries from `start` on that are nothing special, as `feed` would: each the next counting record of
        an entity that is live and whole. Return how many; the one behind them is `feed`'s.

        Nearly all records are plain. In one loop, with what they share at hand, they cost four fifths.
        """
        fold, by_name, done, decode = self.fold, self._by_name, self._decoder.done, self._decoder.plain
        nonce, next_seq, last_ms, cursor = fold.nonce, fold.next_seq, self.last_ms, self.cursor
        kind, count = self.shard.kind, 0
        apply, pushes_of, reactions_of, remember = kind.apply, kind.pushes, kind.reactions, self._remember
        replayed, shows = kind.replayed, self._tail_max > 0
        for offset, body in islice(entries, start, None):
            try:
                record = decode(body)
            except NOT_A_RECORD:
                break
            if record.__class__ is not done or record.seq != next_seq or record.nonce != nonce:
                break
            actor, pos = by_name.get(record.entity), record.pos
            if actor is None or pos != actor.seq + 1 or actor.damaged:
                break
            count += 1
            next_seq += 1
            at_ms, events, state = record.at, record.events, actor.state
            if at_ms > last_ms:
                last_ms = at_ms
            try:
                whole_record = replayed.get(events[0].__class__) if len(events) == 1 else None
                reactions: Sequence[Any] = ()
                if whole_record is not None:
                    pushes = whole_record(state, events, pos, at_ms)
                else:
                    for event in events:
                        apply(state, event, pos, at_ms)
                    pushes = pushes_of(state, events, pos, at_ms)
                    reactions = reactions_of(events, actor.id)
            except Exception as error:  # as in `_fold_events`; reported
                self._close(actor, offset, f"record {pos} at offset {offset} cannot be applied: {error!r}")
                self.count -= 1
                continue
            actor.seq = pos
            actor.since += 1
            if actor.next_dirty < 0:
                actor.wrote(offset)
            if record.key:
                remember(actor, record)
            if reactions and offset >= cursor:
                self._react(offset, record, reactions)
            if pushes and shows:
                self._show(actor.id, pos, at_ms, pushes)
        fold.next_seq, self.last_ms = next_seq, last_ms
        self.count += count
        if count:
            self.last = entries[start + count - 1].offset
        return count

    def _actor(self, name: str) -> Actor:
        kind, _, id = name.partition("/")
        if kind != self.shard.kind.kind:
            raise LogDamaged(
                f"shard {self.shard.id}: a record of entity {name!r}; only {self.shard.kind.kind} live here"
            )
        actor = self.shard.actors.get(id) or self.shard.residents.activate(id)
        if actor.frozen:
            raise BeingActivated(actor)
        self._by_name[name] = actor
        return actor

    def apply(self, offset: int, record: Done) -> None:
        """Fold a counting record into its entity. Raises `BeingActivated`: once it is whole, apply the record again."""
        actor = self._by_name.get(record.entity) or self._actor(record.entity)
        pos = record.pos
        if pos == 1:
            self.born.append(actor.id)
        if pos <= actor.seq or actor.damaged:
            if offset >= self.cursor:  # a snapshot holds the record's effect here, not that its reactions arrived
                self._react(offset, record, self.shard.kind.reactions(record.events, actor.id))
            return
        if pos != actor.seq + 1:
            self._close(actor, offset, f"record {pos} at offset {offset} follows record {actor.seq}")
            return
        self._fold_events(actor, offset, record)

    def _fold_events(self, actor: Actor, offset: int, record: Done) -> None:
        """Apply the entity's next record: its events, what it shows, what follows from it, its key.

        `feed_plain` has the same once more."""
        kind, state, events, pos, at_ms = self.shard.kind, actor.state, record.events, record.pos, record.at
        try:
            for event in events:
                kind.apply(state, event, pos, at_ms)
            pushes = kind.pushes(state, events, pos, at_ms)
            reactions = kind.reactions(events, actor.id)
        except Exception as error:  # a logged event that cannot be applied closes its entity, not the shard; reported
            self._close(actor, offset, f"record {pos} at offset {offset} cannot be applied: {error!r}")
            return
        actor.seq = pos
        actor.since += 1
        if actor.next_dirty < 0:
            actor.wrote(offset)
        if record.key:
            self._remember(actor, record)
        self.count += 1
        if offset >= self.cursor:
            self._react(offset, record, reactions)
        if pushes:
            self._show(actor.id, pos, at_ms, pushes)

    def _show(self, id: str, pos: int, at_ms: int, pushes: Sequence[Push]) -> None:
        if not self._tail_max:
            return
        tail = self.tails.get(id)
        if tail is None:
            tail = self.tails[id] = deque(maxlen=self._tail_max)
        tail.append((pos, at_ms, pushes))
        if self._shown is not None:
            self._shown.append(id)

    def _apply_or_wait(self, offset: int, record: Done) -> None:
        try:
            self.apply(offset, record)
        except BeingActivated as wait:
            wait.offset, wait.record = offset, record
            raise

    def _react(self, offset: int, record: Done, reactions: Sequence[Any]) -> None:
        if reactions:
            self.reactions.append((record.entity, record.pos, offset, reactions))

    def _remember(self, actor: Actor, record: Done) -> None:
        key, by = record.key, record.by
        if by[1] == ":":  # p:, h: a client's
            epoch, _, number = key.rpartition(":")
            answers = actor.dedup.answers
            table = answers.get(by)
            if table is None:
                table = answers[by] = Answers()
            table.add(epoch, int(number), record.pos, record.answer)
        elif by.startswith("entity:"):
            seq, _, n = key.partition(".")
            actor.dedup.marks[by[7:]] = (int(seq), int(n))

    def _close(self, actor: Actor, offset: int, why: str) -> None:
        actor.damaged = why
        actor.wrote(offset)  # no marker passes it before the store says that it is closed
        self.shard.ports.report.fault(
            "entity_damaged", None, shard=str(self.shard.id), entity=f"{self.shard.kind.kind}/{actor.id}", why=why
        )

    def forget_shown(self, most: int) -> None:
        """Keep the pushes of the youngest `most` records that had any; an entity's tail stays without a gap."""
        if self._shown is None:
            self._shown = deque(id for id, tail in self.tails.items() for _ in tail)
        while len(self._shown) > most:
            id = self._shown.popleft()
            tail = self.tails.get(id)
            if tail is not None:
                tail.popleft()
                if not tail:
                    del self.tails[id]

    async def shed(self, most_bytes: int = 0) -> None:
        """Passivate everything replayed so far when it weighs more than this, or than the node's budget."""
        shard = self.shard
        if shard.weight() < (most_bytes or shard.limits.memory_bytes):
            return
        self._by_name.clear()
        try:
            for actor in list(shard.actors.values()):
                if not actor.damaged:
                    shard.residents.passivate(actor)
                    await whole(actor)
        except SpillFailed as fault:  # what is left stays live: it costs memory, and no recovery waits for a disk
            shard.ports.report.warn("spill_failed", shard=str(shard.id), why=str(fault))


async def whole(actor: Actor) -> None:
    """Wait until an entity that is encoded or decoded in steps is done."""
    while actor.frozen:
        await asyncio.sleep(0)
