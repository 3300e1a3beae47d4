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
    digest,
    encode_sealed,
    encoded_as,
    id_hash,
    marker_key,
    part_key,
)

PART_BYTES: Final = 256 * 1024
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
    ) -> None:
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
        self._taken = self._markers = self._failures = 0
        self._stopped = False

    def wrote(self, actor: Actor) -> None:
        """Take the actor's snapshot if enough records have come; called when `since` passed the least number."""
        if actor.since >= self._limits.snapshot_records and actor.since >= SENDERS_FACTOR * len(actor.dedup.answers):
            self.take(actor)

    def born(self, id: str) -> None:
        """Count an entity's first record."""
        self.entities += 1
        self.sum ^= id_hash(id)

    # ---- one entity

    def take(self, actor: Actor) -> None:
        """Encode the actor's state, in steps if it is large (its commands wait), and write it once it is durable."""
        if actor.id in self._busy or self._stopped:
            return
        self._busy.add(actor.id)
        actor.since = 0
        actor.frozen = True
        self._encode_step(self.nonce, actor, iter(actor.dedup.encode()), iter(self._kind.encode(actor.state)), [], [])

    def _encode_step(
        self,
        nonce: str,
        actor: Actor,
        memory: Iterator[bytes],
        state: Iterator[bytes],
        memory_parts: list[bytes],
        state_parts: list[bytes],
    ) -> None:
        if self._stopped or nonce != self.nonce:
            return
        size = 0
        for source, parts in ((memory, memory_parts), (state, state_parts)):
            for part in source:
                parts.append(part)
                size += len(part)
                if size > PART_BYTES:
                    asyncio.get_running_loop().call_soon(
                        self._encode_step, nonce, actor, memory, state, memory_parts, state_parts
                    )
                    return
        actor.frozen = False
        actor.next_dirty = -1
        encoded = encoded_as(actor, memory_parts, state_parts)
        self._hold(self._write_soon, (actor.id, encoded, self._end()))
        self._resume(actor)

    def take_passive(self, id: str) -> None:
        """Write the snapshot of a passivated entity, from its encoded form."""
        encoded = self._passive.peek(id)
        if encoded is None or id in self._busy or self._stopped:
            return
        self._busy.add(id)
        self._hold(self._write_soon, (id, encoded, self._end()))

    def busy(self, id: str) -> bool:
        """Tell whether a snapshot of the entity is on its way; it must not be passivated meanwhile."""
        return id in self._busy

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
            parts = [*encoded.memory, *encoded.state]
            puts = [
                self._store.put(self._shard, part_key(nonce, slot, str(i), id), part) for i, part in enumerate(parts)
            ]
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
                digest(encoded.memory, encoded.state),
            )
            await self._store.put(self._shard, part_key(nonce, slot, HEADER_PART, id), encode_sealed(header))
        except Exception as error:  # a snapshot is an optimisation: count it, go on without; counted
            self._failures += 1
            self._contain(error)
            return
        finally:
            if nonce == self.nonce:  # an earlier tenure's write says nothing of one that is on its way now
                self._busy.discard(id)
        self._taken += 1
        self._written(id, SnapshotRef(nonce, slot, encoded.seq, len(parts)))

    def _written(self, id: str, ref: SnapshotRef) -> None:
        if self._stopped or ref.nonce != self.nonce:
            return
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
        for part in (HEADER_PART, *map(str, range(ref.parts))):
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

    def statistics(self) -> SnapshotStatistics:
        """Return what is dirty, on its way and done."""
        return SnapshotStatistics(len(self.dirty), len(self._writing), self._taken, self._markers, self._failures)
