"""Passivated entities: encoded state on local disk, memory by other means and never truth.

An entity is live or passivated, never both. `SpillStore` is the port (SQLite in the data folder, or a dict), emptied
at every start; recovery fills it from snapshots and never reads what an earlier run left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from actors.log.port import ShardId
from actors.snapshots.format import EncodedEntity, pack, unpack


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


class MemorySpill:
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


class PassiveEntities:
    """The passivated entities of one shard, encoded, over a spill store."""

    def __init__(self, shard: ShardId, spill: SpillStore) -> None:
        self._shard = shard
        self._spill = spill
        self.count = 0
        self.activated = 0

    def put(self, id: str, encoded: EncodedEntity) -> None:
        """Keep an encoded entity that is not here yet."""
        self.replace(id, encoded)
        self.count += 1

    def replace(self, id: str, encoded: EncodedEntity) -> None:
        """Keep another encoded form of an entity that is here."""
        self._spill.put(self._shard, id, pack(encoded))

    def take(self, id: str) -> EncodedEntity | str | None:
        """Return and remove an entity, None if it is not here. In words: why its bytes are none."""
        if not self.count:
            return None
        data = self._spill.take(self._shard, id)
        if data is None:
            return None
        self.count -= 1
        self.activated += 1
        try:
            return unpack(data)
        except ValueError as error:
            return f"its passivated state cannot be read: {error}"

    def peek(self, id: str) -> EncodedEntity | None:
        """Return the encoded entity without removing it."""
        data = self._spill.get(self._shard, id) if self.count else None
        return None if data is None else unpack(data)

    def ids(self) -> list[str]:
        """Return the ids of all that are passivated."""
        return list(self._spill.ids(self._shard)) if self.count else []

    def clear(self) -> None:
        """Forget all."""
        self._spill.clear(self._shard)
        self.count = 0
