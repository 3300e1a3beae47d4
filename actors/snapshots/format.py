"""What snapshots are made of: the keys of the snapshot store, headers, markers, and an entity as bytes.

Owns the byte formats, checksums and digests; a key or a value that another version or another tool wrote is a
ValueError here and nowhere else. Does no I/O.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from actors.entity import EntityType
from actors.shard.actor import Actor, SnapshotRef
from actors.shard.dedup import Dedup
from actors.shard.fence import FoldState
from actors.shard.mailbox import Mailbox

HEADER_PART: Final = "h"


class EncodedEntity(msgspec.Struct, array_like=True):
    """An entity as bytes: its deduplication table and its state, each in parts, with what the shard keeps of it.

    `first`, `dirty_from`: offsets of its first record, and of the first that no durable snapshot holds (-1: none).
    `since`: records since its last snapshot was taken. `due_ms`: its next timer (0: none). `snapshots`: durable ones.
    """

    seq: int
    first: int
    dirty_from: int
    since: int
    due_ms: int
    memory: list[bytes]
    state: list[bytes]
    snapshots: list[SnapshotRef]


class Header(msgspec.Struct, array_like=True):
    """The last key written of a snapshot: it is there only if all parts are.

    `covers`: all the entity's records before this offset are in it. `first`: offset of the entity's first record.
    `digest`: of the parts. `check`: of the header itself (`encode_sealed`).
    """

    seq: int
    first: int
    covers: int
    due_ms: int
    memory_parts: int
    state_parts: int
    digest: str
    check: int = 0


class Marker(msgspec.Struct, array_like=True):
    """Replay may start at `offset`: all that the fold keeps per shard there, and what snapshots must be found."""

    offset: int
    fold: FoldState
    last_ms: int
    entities: int
    sum: int
    shards: int
    check: int = 0


class PartKey(NamedTuple):
    """One key of a snapshot: the tenure that wrote it, its slot (0 or 1), a part's number or `h`, the entity's id."""

    nonce: str
    slot: int
    part: str
    id: str


Sealed = TypeVar("Sealed", Header, Marker)

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_header: Final = msgspec.msgpack.Decoder(Header).decode
_decode_marker: Final = msgspec.msgpack.Decoder(Marker).decode
_decode_packed: Final = msgspec.msgpack.Decoder(EncodedEntity).decode


# ---- keys


def part_key(nonce: str, slot: int, part: str, id: str) -> str:
    """Return the store's key of one part of a snapshot; `part` is a number or `h` for the header."""
    return f"s|{nonce}|{slot}|{part}|{id}"


def marker_key(nonce: str, slot: int) -> str:
    """Return the store's key of a marker; the last two of a tenure are kept."""
    return f"m|{nonce}|{slot}"


def is_marker_key(key: str) -> bool:
    """Tell whether the key is a marker's."""
    return key.startswith("m|")


def parse_part_key(key: str) -> PartKey | None:
    """Return what the key of a snapshot's part says; None for a marker's, and for a key that is not ours at all."""
    fields = key.split("|", 4)
    if len(fields) != 5 or fields[0] != "s" or fields[2] not in ("0", "1"):
        return None
    if fields[3] != HEADER_PART and not (fields[3].isascii() and fields[3].isdigit()):
        return None
    return PartKey(fields[1], int(fields[2]), fields[3], fields[4])


# ---- headers and markers


def encode_sealed(item: Header | Marker) -> bytes:
    """Return a header or marker as bytes, with a checksum of itself."""
    item.check = 0
    item.check = zlib.crc32(_encode(item))
    return _encode(item)


def decode_header(data: bytes) -> Header:
    """Return a header. Raises ValueError for bytes that are not what was written."""
    return _checked(_decode_header(data))


def decode_marker(data: bytes) -> Marker:
    """Return a marker. Raises ValueError for bytes that are not what was written."""
    return _checked(_decode_marker(data))


def _checked(item: Sealed) -> Sealed:
    seen = item.check
    item.check = 0
    if zlib.crc32(_encode(item)) != seen:
        raise ValueError("its checksum does not fit its bytes")
    return item


def id_hash(id: str) -> int:
    """Return a stable 63-bit hash of an entity's id; markers hold the exclusive-or of them."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest(), "big") >> 1


# ---- entities


def digest(memory: list[bytes], state: list[bytes]) -> str:
    """Return the digest of an entity's encoded memory and state: equal for equal histories, in any process."""
    h = hashlib.blake2b(digest_size=16)
    for part in (*memory, b"", *state):
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return h.hexdigest()


def encode_entity(kind: EntityType[Any], actor: Actor) -> EncodedEntity:
    """Return the entity encoded, in one go."""
    return encoded_as(actor, list(actor.dedup.encode()), list(kind.encode(actor.state)))


def encoded_as(actor: Actor, memory: list[bytes], state: list[bytes]) -> EncodedEntity:
    """Return the entity with parts that were encoded before, and what the shard keeps of it now."""
    return EncodedEntity(
        actor.seq,
        actor.first,
        actor.dirty_from,
        actor.since,
        actor.due.due_ms if actor.due else 0,
        memory,
        state,
        list(actor.snapshots),
    )


def decode_entity(kind: EntityType[Any], id: str, encoded: EncodedEntity, mailbox: Mailbox) -> Actor:
    """Return a live entity. Raises ValueError for bytes that are no state."""
    actor = Actor(kind.kind, id, kind.decode(id, encoded.state), mailbox)
    actor.seq = encoded.seq
    actor.first = encoded.first
    actor.dirty_from = encoded.dirty_from
    actor.since = encoded.since
    actor.dedup = Dedup.decode(encoded.memory)
    actor.snapshots = tuple(SnapshotRef(*s) for s in encoded.snapshots)
    actor.due = kind.due(actor.state)
    return actor


def pack(encoded: EncodedEntity) -> bytes:
    """Return an encoded entity as one body of bytes."""
    return _encode(encoded)


def unpack(data: bytes) -> EncodedEntity:
    """Return the encoded entity again. Raises ValueError for bytes that are none."""
    return _decode_packed(data)
