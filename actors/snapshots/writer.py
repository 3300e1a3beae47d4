"""Writing snapshots and markers of one shard.

Owns which entities are dirty, the checkpoints, and the keys in the snapshot store. A snapshot is encoded from working
state and written only when that is durable; a marker says from where replay may start, and is written only when every
entity's records before it are covered and every reaction before it acknowledged. Reading them is `reader`'s, the
byte format `format`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from actors.background import backoff_s
from actors.entity import EntityType
from actors.limits import Limits
from actors.log.port import ShardId, SnapshotStore
from actors.passivation.passivation import PassiveEntities
from actors.shard.actor import Actor, SnapshotRef
from actors.shard.fence import FoldState
from actors.snapshots.format import (
    HEADER_PART,
    EncodedEntity,
    Header,
    Marker,
    closed_key,
    cut_parts,
    digest,
    encode_closed,
    encode_sealed,
    encode_steps,
    encoded_as,
    id_hash,
    marker_key,
    part_key,
    part_names,
)

STEP_BYTES: Final = 256 * 1024
"""Encoded in one turn of the loop."""
CHECKPOINTS_MAX: Final = 8
BACKOFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SENDERS_FACTOR: Final = 8
"""An entity with many senders is snapshotted every 8 records a sender at most: encoding costs by sender."""


class Checkpoint(NamedTuple):
    """A place that may become a marker."""

    marker: Marker
    log_end: int


class SnapshotStatistics(NamedTuple):
    """What is dirty, on its way and done."""

    dirty: int
    writing: int
    taken: int
    markers: int
    failures: int


class SnapshotWriter:
    """Takes and writes one shard's snapshots and markers, in the background of its commands.

    `hold` lets a call out once everything decided so far is durable; `find` returns a live entity; `end` the offset
    after all that is staged; `resume` tells that an entity's commands may go on.
    """

    def __init__(
        self,
        shard: ShardId,
        kind: EntityType[Any],
        store: SnapshotStore,
        limits: Limits,
        *,
        passive: PassiveEntities,
        find: Callable[[str], Actor | None],
        end: Callable[[], int],
        hold: Callable[[Callable[..., None], tuple[Any, ...]], None],
        resume: Callable[[Actor], None],
        contain: Callable[[BaseException], None],
        draw: Callable[[], float],
    ) -> None:
        self._draw = draw
        self._shard = shard
        self._kind = kind
        self._store = store
        self._limits = limits
        self._passive = passive
        self._find = find
        self._end = end
        self._hold = hold
        self._resume = resume
        self._contain = contain
        self.nonce = ""
        self.entities = 0  # entities with a record, and the exclusive-or of their id hashes
        self.sum = 0
        self.dirty: dict[str, int] = {}  # entity -> offset of its first record that no durable snapshot holds
        self._checkpoints: list[Checkpoint] = []
        self._slots: dict[str, int] = {}  # the slot of an entity's newest whole snapshot under this tenure
        self._marker_slot = 0
        self._writing: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        self._again_s: dict[str, tuple[int, float]] = {}  # failures in a row of an entity's snapshot, next try
        self._taken = self._markers = self._failures = 0
        self._stopped = False

    def wrote(self, actor: Actor) -> None:
        """Take the actor's snapshot if enough records have come; called when `since` passed `weigh_at`."""
        actor.weigh_at = max(self._limits.snapshot_records, SENDERS_FACTOR * len(actor.dedup.answers))
        if actor.since >= actor.weigh_at:
            self.take(actor)

    def born(self, id: str) -> None:
        """Count an entity's first record."""
        self.entities += 1
        self.sum ^= id_hash(id)

    # ---- one entity

    def take(self, actor: Actor) -> None:
        """Encode the actor's state, in steps if it is large (its commands wait), and write it once it is durable."""
        if actor.frozen or not self._may_take(actor.id):
            return
        self._busy.add(actor.id)
        if actor.damaged:
            self._close(actor)
            return
        actor.since = 0
        actor.frozen = True
        memory: list[bytes] = []
        state: list[bytes] = []
        self._encode_on(self.nonce, actor, encode_steps(self._kind, actor, memory, state), memory, state)

    def _encode_on(
        self, nonce: str, actor: Actor, steps: Iterator[int], memory: list[bytes], state: list[bytes]
    ) -> None:
        if self._stopped or nonce != self.nonce:
            return
        size = 0
        try:
            for step in steps:
                size += step
                if size > STEP_BYTES:
                    asyncio.get_running_loop().call_soon(self._encode_on, nonce, actor, steps, memory, state)
                    return
            actor.next_dirty = -1
            encoded = encoded_as(actor, memory, state)
            self._hold(self._write_soon, (actor.id, encoded, self._end()))
        except Exception as error:  # a bug in the entity's type: its commands must not wait for ever; reported
            self._busy.discard(actor.id)
            self._failed(actor.id, error)
        actor.frozen = False
        self._resume(actor)

    def _close(self, actor: Actor) -> None:
        """Note durably that the entity is closed, instead of its snapshot: then markers may pass its records."""
        nonce = self.nonce
        value = encode_closed(max(actor.dirty_from, 0), actor.damaged)
        noted = self._store.put(self._shard, closed_key(actor.id), value)

        def done(noted: asyncio.Future[None]) -> None:
            if self._stopped or nonce != self.nonce or noted.cancelled():
                return
            self._busy.discard(actor.id)
            if (error := noted.exception()) is not None:
                self._failed(actor.id, error)
            else:
                self.dirty.pop(actor.id, None)

        noted.add_done_callback(done)

    def reopen(self, id: str) -> None:
        """Forget that an earlier tenure closed the entity: its records fit together again."""
        self._quietly(self._store.put(self._shard, closed_key(id), None))

    def take_passive(self, id: str) -> None:
        """Write the snapshot of a passivated entity, from its encoded form."""
        if not self._may_take(id):
            return
        encoded = self._passive.peek(id)
        if encoded is None:
            return
        self._busy.add(id)
        self._hold(self._write_soon, (id, encoded, self._end()))

    def busy(self, id: str) -> bool:
        """Tell whether a snapshot of the entity is on its way; it must not be passivated meanwhile."""
        return id in self._busy

    def _may_take(self, id: str) -> bool:
        if id in self._busy or self._stopped:
            return False
        return id not in self._again_s or asyncio.get_running_loop().time() >= self._again_s[id][1]

    def _failed(self, id: str, error: BaseException) -> None:
        """Count a failed snapshot: the next try of this entity waits, longer each time; not every one is told."""
        self._failures += 1
        failures = self._again_s.get(id, (0, 0.0))[0] + 1
        wait_s = backoff_s(failures, self._draw, BACKOFF_S)
        self._again_s[id] = (failures, asyncio.get_running_loop().time() + wait_s)
        if failures & (failures - 1) == 0:
            self._contain(error)

    def _write_soon(self, sink: Any, request: int, id: str, encoded: EncodedEntity, covers: int) -> None:
        task = asyncio.get_running_loop().create_task(
            self._write(id, encoded, covers), name=f"snapshot {self._shard} {id}"
        )
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, id: str, encoded: EncodedEntity, covers: int) -> None:
        if self._stopped:
            return
        nonce = self.nonce
        slot = 1 - self._slots.get(id, 1)  # never the slot of the one to fall back to
        try:
            ref = await self._put_all(nonce, slot, id, encoded, covers)
            if nonce == self.nonce:
                self._busy.discard(id)
            self._taken += 1
            self._written(id, ref)
        except Exception as error:  # a snapshot is an optimisation: count it, go on without; counted
            if nonce == self.nonce:  # an earlier tenure's write says nothing of one that is on its way now
                self._busy.discard(id)
                self._failed(id, error)

    async def _put_all(self, nonce: str, slot: int, id: str, encoded: EncodedEntity, covers: int) -> SnapshotRef:
        """Write every part, cut to what the store takes (S5), and the header last."""
        room = self._store.part_bytes_max - len(part_key(nonce, slot, "00000.00000", id).encode())
        pieces, layout = cut_parts([*encoded.memory, *encoded.state], room)
        puts = [self._store.put(self._shard, part_key(nonce, slot, name, id), piece) for name, piece in pieces]
        for failed in await asyncio.gather(*puts, return_exceptions=True):  # all have ended: none comes later
            if failed is not None:
                raise failed
        header = Header(
            encoded.seq,
            encoded.first,
            covers,
            encoded.due_ms,
            len(encoded.memory),
            len(encoded.state),
            digest(encoded.memory, encoded.state) + layout,
        )
        await self._store.put(self._shard, part_key(nonce, slot, HEADER_PART, id), encode_sealed(header))
        return SnapshotRef(nonce, slot, encoded.seq, len(encoded.memory) + len(encoded.state), layout)

    def _written(self, id: str, ref: SnapshotRef) -> None:
        if self._stopped or ref.nonce != self.nonce:
            return
        self._again_s.pop(id, None)
        self._slots[id] = ref.slot
        self.dirty.pop(id, None)
        actor = self._find(id)
        if actor is not None:
            actor.snapshots = self._keep_two(id, actor.snapshots, ref)
            actor.dirty_from = actor.next_dirty
            if actor.dirty_from >= 0:
                self.dirty[id] = actor.dirty_from
            return
        encoded = self._passive.peek(id)
        if encoded is not None:
            encoded.snapshots = list(self._keep_two(id, encoded.snapshots, ref))
            encoded.dirty_from, encoded.since = -1, 0
            self._passive.replace(id, encoded)

    def _keep_two(self, id: str, refs: Sequence[SnapshotRef], new: SnapshotRef) -> tuple[SnapshotRef, ...]:
        kept = [SnapshotRef(*r) for r in refs]
        kept = [r for r in kept if (r.nonce, r.slot) != (new.nonce, new.slot)] + [new]
        for old in kept[:-2]:
            self._remove(old, id)
        return tuple(kept[-2:])

    def _remove(self, ref: SnapshotRef, id: str) -> None:
        for part in (HEADER_PART, *part_names(ref.parts, ref.layout)):
            self._quietly(self._store.put(self._shard, part_key(ref.nonce, ref.slot, part, id), None))

    def _quietly(self, future: asyncio.Future[None]) -> None:
        future.add_done_callback(lambda f: None if f.cancelled() or f.exception() is None else self._count())

    def _count(self) -> None:
        self._failures += 1

    # ---- the shard

    def checkpoint(self, offset: int, fold: FoldState, last_ms: int, shards: int) -> None:
        """Note a place (everything before `offset` decided) that may become a marker."""
        marker = Marker(offset, fold, last_ms, self.entities, self.sum, shards)
        self._checkpoints.append(Checkpoint(marker, offset))
        if len(self._checkpoints) > CHECKPOINTS_MAX:  # the oldest is waited for, the youngest is worth most
            del self._checkpoints[1]

    def ripe(self, cursor: int, durable: int) -> Marker | None:
        """Return the furthest checkpoint that is covered: snapshots, reactions and durability are past it."""
        if not self._checkpoints:
            return None
        floor = min(min(self.dirty.values(), default=durable), cursor, durable)
        ripe = [c for c in self._checkpoints if c.marker.offset <= floor]
        if not ripe:
            return None
        self._checkpoints = [c for c in self._checkpoints if c.marker.offset > floor]
        return ripe[-1].marker

    def behind(self) -> list[str]:
        """Return the entities whose snapshots the oldest checkpoint waits for."""
        if not self._checkpoints:
            return []
        wanted = self._checkpoints[0].marker.offset
        return [id for id, offset in self.dirty.items() if offset < wanted]

    def mark(self, marker: Marker) -> asyncio.Future[None]:
        """Write a marker."""
        self._markers += 1
        slot = self._marker_slot
        self._marker_slot = 1 - slot
        written = self._store.put(self._shard, marker_key(self.nonce, slot), encode_sealed(marker))
        written.add_done_callback(lambda f: f.cancelled() or f.exception())  # who waits may be gone by then
        return written

    def mark_quietly(self, marker: Marker) -> None:
        """Write a marker; a failure is counted and means a longer replay, no more."""
        self._quietly(self.mark(marker))

    async def settle(self) -> None:
        """Wait for what is being written."""
        while self._writing:
            await asyncio.wait(self._writing)

    def begin(self, nonce: str, entities: int, sum: int) -> None:
        """Go on under a fresh tenure, with the counts that recovery found."""
        self._stopped = False
        self.nonce = nonce
        self.entities, self.sum = entities, sum

    def stop(self) -> None:
        """Write nothing more under this tenure, and forget what was dirty."""
        self._stopped = True
        self.dirty.clear()
        self._checkpoints.clear()
        self._slots.clear()
        self._busy.clear()
        self._again_s.clear()

    def statistics(self) -> SnapshotStatistics:
        """Return what is dirty, on its way and done."""
        return SnapshotStatistics(len(self.dirty), len(self._writing), self._taken, self._markers, self._failures)
