"""Passivated entities: encoded state on local disk, memory by other means and never truth.

An entity is live or passivated, never both. `SpillStore` is the port (SQLite in the data folder, or a dict), emptied
at every start; recovery fills it from snapshots and never reads what an earlier run left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from zlib import crc32

from actors.faults import SpillFailed
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
    """The passivated entities of one shard, encoded, over a spill store.

    Each body stands behind its CRC-32: a disk may give back other bytes than it was given, and they may still read
    well. That is a `SpillFailed` as every other failure of the store, and the log has the truth.
    """

    def __init__(self, shard: ShardId, spill: SpillStore) -> None:
        self._shard = shard
        self._spill = spill
        self._held: dict[str, bytes] = {}  # what the store did not take, and recovery cannot do without
        self._held_bytes = 0
        self._distrusted = self._distrust_next = False
        self.count = 0
        self.activated = 0

    def put(self, id: str, encoded: EncodedEntity) -> None:
        """Keep an encoded entity that is not here yet. Raises `SpillFailed`: then it is not kept."""
        self._put(id, _sealed(encoded))
        self.count += 1

    def keep(self, id: str, encoded: EncodedEntity) -> str:
        """Keep an encoded entity that is not here yet: in memory, if the store does not take it; return why not."""
        why = ""
        data = _sealed(encoded)
        try:
            self._put(id, data)
        except SpillFailed as fault:
            self._hold(id, data)
            why = str(fault)
        self.count += 1
        return why

    def _put(self, id: str, data: bytes) -> None:
        if self._distrusted:
            self._hold(id, data)
        else:
            self._spill.put(self._shard, id, data)

    def _hold(self, id: str, data: bytes) -> None:
        self._held_bytes += len(data) - len(self._held.get(id, b""))
        self._held[id] = data

    def distrust(self) -> None:
        """Keep everything in memory after the next `clear`, up to the one that follows it: a recovery failed because
        the store did, and so would the next."""
        self._distrust_next = True

    def replace(self, id: str, encoded: EncodedEntity) -> None:
        """Keep another encoded form of an entity that is here. Raises `SpillFailed`: then the earlier one stands."""
        if id in self._held:
            self._hold(id, _sealed(encoded))
        else:
            self._put(id, _sealed(encoded))

    def take(self, id: str) -> EncodedEntity | str | None:
        """Return and remove an entity, None if it is not here. In words: why its bytes are none. Raises
        `SpillFailed`."""
        if not self.count:
            return None
        data = self._held.pop(id, None)
        if data is None:
            data = self._spill.take(self._shard, id)
        else:
            self._held_bytes -= len(data)
        if data is None:
            return None
        body = self._opened(data)
        self.count -= 1
        self.activated += 1
        try:
            return unpack(body)
        except ValueError as error:
            return f"its passivated state cannot be read: {error}"

    def peek(self, id: str) -> EncodedEntity | None:
        """Return the encoded entity without removing it. Raises `SpillFailed`."""
        if not self.count:
            return None
        data = self._held.get(id) or self._spill.get(self._shard, id)
        return None if data is None else unpack(self._opened(data))

    def _opened(self, data: bytes) -> memoryview:
        body = memoryview(data)[4:]
        if crc32(body) != int.from_bytes(data[:4], "big"):
            raise SpillFailed(f"the spill store gave other bytes than it was given, of shard {self._shard}")
        return body

    def ids(self) -> list[str]:
        """Return the ids of all that are passivated. Raises `SpillFailed`."""
        return [*self._held, *self._spill.ids(self._shard)] if self.count else []

    def weight(self) -> int:
        """Return the memory of what the store did not take, in bytes."""
        return self._held_bytes

    def clear(self) -> None:
        """Forget all."""
        self._spill.clear(self._shard)
        self._held.clear()
        self._held_bytes = self.count = 0
        self._distrusted, self._distrust_next = self._distrust_next, False


def _sealed(encoded: EncodedEntity) -> bytes:
    body = pack(encoded)
    return crc32(body).to_bytes(4, "big") + body
