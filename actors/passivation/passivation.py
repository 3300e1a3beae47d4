"""Passivated entities: encoded state on local disk, memory by other means and never truth.

An entity is live or dormant, never both. `SpillStore` is the port (SQLite in the data folder, or a dict), emptied at
every start; recovery fills it from snapshots and never reads what an earlier run left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from actors.entity import EntityType
from actors.log.port import ShardId
from actors.shard.actor import Actor, SnapshotRef
from actors.shard.dedup import Dedup
from actors.shard.mailbox import Mailbox


class SpillStore(Protocol):
    """Bytes by shard and entity id, local and fast (tens of microseconds). All but `clear` may raise `SpillFailed`."""

    def put(self, shard: ShardId, id: str, blob: bytes) -> None:
        """Keep."""
        ...

    def take(self, shard: ShardId, id: str) -> bytes | None:
        """Return and remove; None when there is none."""
        ...

    def get(self, shard: ShardId, id: str) -> bytes | None:
        """Return without removing."""
        ...

    def ids(self, shard: ShardId) -> Iterator[str]:
        """Yield the ids kept for a shard."""
        ...

    def clear(self, shard: ShardId) -> None:
        """Remove all of a shard."""
        ...


class DictSpill:
    """A spill store in memory: for tests and tools."""

    def __init__(self) -> None:
        self._kept: dict[ShardId, dict[str, bytes]] = {}

    def put(self, shard: ShardId, id: str, blob: bytes) -> None:
        """Keep."""
        self._kept.setdefault(shard, {})[id] = blob

    def take(self, shard: ShardId, id: str) -> bytes | None:
        """Return and remove."""
        return self._kept.get(shard, {}).pop(id, None)

    def get(self, shard: ShardId, id: str) -> bytes | None:
        """Return without removing."""
        return self._kept.get(shard, {}).get(id)

    def ids(self, shard: ShardId) -> Iterator[str]:
        """Yield the ids."""
        return iter(list(self._kept.get(shard, {})))

    def clear(self, shard: ShardId) -> None:
        """Remove all of a shard."""
        self._kept.pop(shard, None)


class Blob(msgspec.Struct, array_like=True):
    """A dormant entity, whole."""

    seq: int
    first: int
    dirty_from: int
    since: int
    due_ms: int
    memory: list[bytes]
    state: list[bytes]
    snapshots: list[SnapshotRef]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Blob).decode


def freeze(kind: EntityType[Any], actor: Actor) -> Blob:
    """Return the entity encoded, in one go."""
    return Blob(
        actor.seq,
        actor.first,
        actor.dirty_from,
        actor.since,
        actor.due.due_ms if actor.due else 0,
        list(actor.dedup.encode()),
        list(kind.encode(actor.state)),
        list(actor.snapshots),
    )


def thaw(kind: EntityType[Any], id: str, blob: Blob, mailbox: Mailbox) -> Actor:
    """Return a live entity. Raises ValueError for bytes that are no state."""
    actor = Actor(kind.kind, id, kind.decode(id, blob.state), mailbox)
    actor.seq = blob.seq
    actor.first = blob.first
    actor.dirty_from = blob.dirty_from
    actor.since = blob.since
    actor.dedup = Dedup.decode(blob.memory)
    actor.snapshots = tuple(SnapshotRef(*s) for s in blob.snapshots)
    actor.due = kind.due(actor.state)
    return actor


def digest(memory: list[bytes], state: list[bytes]) -> str:
    """Return the digest of an entity's encoded memory and state: equal for equal histories, in any process."""
    h = hashlib.blake2b(digest_size=16)
    for part in (*memory, b"", *state):
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return h.hexdigest()


class Dormitory:
    """The dormant entities of one shard."""

    def __init__(self, shard: ShardId, kind: EntityType[Any], spill: SpillStore) -> None:
        self._shard = shard
        self._kind = kind
        self._spill = spill
        self.asleep = 0
        self.woken = 0

    def sleep(self, actor: Actor) -> None:
        """Take a live entity with nothing undurable; the caller drops it."""
        self.lay(actor.id, freeze(self._kind, actor))

    def lay(self, id: str, blob: Blob) -> None:
        """Keep an encoded entity."""
        self._spill.put(self._shard, id, _encode(blob))
        self.asleep += 1

    def replace(self, id: str, blob: Blob) -> None:
        """Keep another encoded form of an entity that sleeps here."""
        self._spill.put(self._shard, id, _encode(blob))

    def wake(self, id: str, mailbox: Mailbox) -> Actor | None:
        """Return the entity live again, None if it is not here; bytes that are no state close it (`damaged`)."""
        if not self.asleep:
            return None
        data = self._spill.take(self._shard, id)
        if data is None:
            return None
        self.asleep -= 1
        self.woken += 1
        try:
            return thaw(self._kind, id, _decode(data), mailbox)
        except ValueError as error:  # closed, not guessed at
            actor = Actor(self._kind.kind, id, None, mailbox)
            actor.damaged = f"its dormant state cannot be read: {error}"
            return actor

    def look(self, id: str) -> Blob | None:
        """Return the encoded entity without waking it."""
        data = self._spill.get(self._shard, id) if self.asleep else None
        return None if data is None else _decode(data)

    def ids(self) -> list[str]:
        """Return the ids of all that sleep here."""
        return list(self._spill.ids(self._shard)) if self.asleep else []

    def clear(self) -> None:
        """Forget all."""
        self._spill.clear(self._shard)
        self.asleep = 0
