"""What the snapshot store holds of one shard, checked: which snapshots are whole, which marker may be trusted.

Owns the choice of the replay's start. A bad snapshot falls back to the one before, with a start early enough for it;
when both are bad the entity is closed. Never trusts a marker whose entities are not all found.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from actors.faults import LogShorterThanSnapshots
from actors.log.port import ShardId
from actors.passivation.passivation import Blob, digest
from actors.shard.actor import SnapshotRef
from actors.shard.shard import Shard
from actors.snapshots.writer import Header, Marker, decode_header, decode_marker, id_hash


class Found(NamedTuple):
    """One snapshot of an entity, verified."""

    ref: SnapshotRef
    header: Header
    memory: list[bytes]
    state: list[bytes]


class Stored:
    """The trusted content of the snapshot store: see the module."""

    def __init__(self) -> None:
        self.blobs: dict[str, Blob] = {}
        self.damaged: dict[str, str] = {}
        self.marker: Marker | None = None
        self.covers: dict[str, int] = {}
        self.highest = 0  # the furthest offset that anything here speaks of

    def check_end(self, shard: ShardId, end: int) -> None:
        """Raise `LogShorterThanSnapshots` when a snapshot or marker lies past the log's end."""
        if self.highest > end:
            raise LogShorterThanSnapshots(
                f"shard {shard}: snapshots reach offset {self.highest}, the log ends at {end}: acknowledged records "
                "were lost below the server; restore the log, or remove this shard's snapshots to accept the loss"
            )


async def read_stored(shard: Shard) -> Stored:
    """Read and judge all that the store holds of the shard."""
    rows: dict[str, bytes] = {}
    async for chunk in shard.ports.snapshots.read(shard.id):
        rows.update(chunk)
    return judge(shard, rows)


def judge(shard: Shard, rows: dict[str, bytes]) -> Stored:
    """Choose snapshots and marker out of the store's rows."""
    stored = Stored()
    found, broken = _collect(shard, rows)
    markers = _markers(rows)
    for entity in found.values():
        entity.sort(key=lambda f: f.header.seq, reverse=True)
    stored.highest = max([m.offset for m in markers] + [header.covers for header in _headers(rows)], default=0)
    # An entity whose newest snapshot is broken rests on an older one: replay must begin where that one ends.
    floor = min((found[id][0].header.covers for id in broken if id in found), default=None)
    for marker in sorted(markers, key=lambda m: m.offset, reverse=True):
        if floor is not None and marker.offset > floor:
            continue
        if _complete(marker, found, broken):
            stored.marker = marker
            break
    for id, snapshots in found.items():
        newest = snapshots[0]
        stored.covers[id] = newest.header.covers
        stored.blobs[id] = Blob(
            newest.header.seq,
            newest.header.first,
            -1,
            0,
            newest.header.due_ms,
            newest.memory,
            newest.state,
            [f.ref for f in reversed(snapshots[:2])],
        )
    if stored.marker is not None:
        for id, why in broken.items():
            if id not in found:
                stored.damaged[id] = why
    return stored


def _collect(shard: Shard, rows: dict[str, bytes]) -> tuple[dict[str, list[Found]], dict[str, str]]:
    found: dict[str, list[Found]] = {}
    broken: dict[str, str] = {}
    for key, value in rows.items():
        if not key.startswith("s|"):
            continue
        _, nonce, slot, part, id = key.split("|", 4)
        if part != "h":
            continue
        try:
            header = decode_header(value)
            count = header.memory_parts + header.state_parts
            parts = [rows[f"s|{nonce}|{slot}|{i}|{id}"] for i in range(count)]
            memory, state = parts[: header.memory_parts], parts[header.memory_parts :]
            if digest(memory, state) != header.digest:
                raise ValueError("its digest does not fit its bytes")
        except (KeyError, ValueError) as error:  # a msgspec.DecodeError is a ValueError
            broken[id] = f"snapshot {nonce}/{slot} of {id}: {error}"
            shard.ports.report.warn("snapshot_bad", shard=str(shard.id), entity=id, nonce=nonce, slot=slot)
            continue
        found.setdefault(id, []).append(Found(SnapshotRef(nonce, int(slot), header.seq, count), header, memory, state))
    return found, broken


def _headers(rows: dict[str, bytes]) -> list[Header]:
    """Return the headers that can be read, also those of broken snapshots: they say how far the log once went."""
    headers = []
    for key, value in rows.items():
        if key.startswith("s|") and key.split("|", 4)[3] == "h":
            with contextlib.suppress(ValueError):
                headers.append(decode_header(value))
    return headers


def _markers(rows: dict[str, bytes]) -> list[Marker]:
    markers = []
    for key, value in rows.items():
        if key.startswith("m|"):
            try:
                markers.append(decode_marker(value))
            except ValueError:  # a msgspec.DecodeError is one
                continue  # an unreadable marker only means an earlier start
    return markers


def _complete(marker: Marker, found: dict[str, list[Found]], broken: dict[str, str]) -> bool:
    """Tell whether the entities whose first record lies before the marker are all here (closed ones count)."""
    count = total = 0
    for id, snapshots in found.items():
        if snapshots[0].header.first < marker.offset:
            count += 1
            total ^= id_hash(id)
    for id in broken:
        if id not in found:
            count += 1
            total ^= id_hash(id)
    return count == marker.entities and total == marker.sum
