"""What snapshots are made of: the keys of the snapshot store, headers, markers, and an entity as bytes.

Owns the byte formats, checksums and digests; a key or a value that another version or another tool wrote is a
ValueError here and nowhere else. Does no I/O.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from actors.entity import EntityType
from actors.shard.actor import Actor, SnapshotRef
from actors.shard.fence import FoldState

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
_decode_closed: Final = msgspec.msgpack.Decoder(tuple[int, str]).decode
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


def closed_key(id: str) -> str:
    """Return the store's key that says of an entity that it is closed; its value is `encode_closed`'s."""
    return f"c|{id}"


def parse_closed_key(key: str) -> str | None:
    """Return the id of a closed entity; None for any other key."""
    return key[2:] if key.startswith("c|") else None


def encode_closed(offset: int, why: str) -> bytes:
    """Return what is kept of a closed entity: replay must begin at `offset` or before, to find it closed again, or
    mended."""
    return _encode((offset, why))


def decode_closed(data: bytes) -> tuple[int, str]:
    """Return (offset, why). Raises ValueError for bytes that are none."""
    return _decode_closed(data)


def parse_part_key(key: str) -> PartKey | None:
    """Return what the key of a snapshot's part says; None for a marker's, and for a key that is not ours at all."""
    fields = key.split("|", 4)
    if len(fields) != 5 or fields[0] != "s" or fields[2] not in ("0", "1"):
        return None
    number, dot, piece = fields[3].partition(".")
    if fields[3] != HEADER_PART and not (_is_number(number) and (_is_number(piece) if dot else not piece)):
        return None
    return PartKey(fields[1], int(fields[2]), fields[3], fields[4])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


# ---- parts in pieces: a store takes so many bytes a key


def cut_parts(parts: Sequence[bytes], room: int) -> tuple[list[tuple[str, bytes]], str]:
    """Return (name, bytes) of every piece, none over `room` bytes, and the layout that joins them again.

    A part that fits is one piece under its number. A longer one lies in pieces `I`, `I.1`, `I.2` ...; the layout, which
    stands behind the digest in the header, names it and how many: `/0:2,7:3`. It is empty when all fit.
    """
    pieces: list[tuple[str, bytes]] = []
    cut: list[str] = []
    for i, part in enumerate(parts):
        if len(part) <= room:
            pieces.append((str(i), part))
            continue
        count = -(-len(part) // room)
        cut.append(f"{i}:{count}")
        for j in range(count):
            pieces.append((f"{i}.{j}" if j else str(i), part[j * room : (j + 1) * room]))
    return pieces, "/" + ",".join(cut) if cut else ""


def split_digest(digest: str) -> tuple[str, str]:
    """Return the digest alone, and the layout behind it."""
    bare, slash, layout = digest.partition("/")
    return bare, slash + layout


def part_names(count: int, layout: str) -> list[str]:
    """Return the names of all pieces of `count` parts. Raises ValueError for a layout that is none."""
    cut: dict[int, int] = {}
    for row in layout[1:].split(",") if layout else ():
        part, _, pieces = row.partition(":")
        cut[int(part)] = int(pieces)
    return [f"{i}.{j}" if j else str(i) for i in range(count) for j in range(cut.get(i, 1))]


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


def encode_steps(
    kind: EntityType[Any], actor: Actor, memory: list[bytes], state: list[bytes]
) -> Generator[int, None, None]:
    """Append the entity's parts to the two lists, yielding the size of each; no event may be applied in between."""
    for part in actor.dedup.encode():
        memory.append(part)
        yield len(part)
    for part in kind.encode(actor.state):
        state.append(part)
        yield len(part)


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


def decode_steps(kind: EntityType[Any], actor: Actor, encoded: EncodedEntity) -> Generator[int, None, None]:
    """Fill a new actor with what was encoded, yielding the size of each part that was decoded.

    What the shard keeps of it is there before the first step. Raises ValueError for bytes that are no state.
    """
    actor.seq = encoded.seq
    actor.first = encoded.first
    actor.dirty_from = encoded.dirty_from
    actor.since = encoded.since
    actor.snapshots = tuple(SnapshotRef(*ref) for ref in encoded.snapshots)
    for part in encoded.memory:
        actor.dedup.load(part)
        yield len(part)
    actor.state = yield from kind.decode_steps(actor.id, encoded.state)
    actor.due = kind.due(actor.state)


def pack(encoded: EncodedEntity) -> bytes:
    """Return an encoded entity as one body of bytes."""
    return _encode(encoded)


def unpack(data: bytes | memoryview) -> EncodedEntity:
    """Return the encoded entity again. Raises ValueError for bytes that are none."""
    return _decode_packed(data)
