"""What the snapshot store holds of one shard, checked: which snapshots are whole, which marker may be trusted.

Owns the choice of the replay's start. A bad snapshot falls back to the one before, with a start early enough for it;
when both are bad the entity is closed. Never trusts a marker whose entities are not all found. A key that is nobody's
(another tool's, a newer version's) is reported and left alone.
"""

from __future__ import annotations

import contextlib
from typing import Final, NamedTuple

from actors.faults import LogShorterThanSnapshots
from actors.log.port import ShardId
from actors.shard.actor import SnapshotRef
from actors.shard.reactions import ReactionAside
from actors.shard.shard import Shard
from actors.snapshots.aside import decode_aside, parse_aside_key
from actors.snapshots.format import (
    HEADER_PART,
    EncodedEntity,
    Header,
    Marker,
    PartKey,
    decode_closed,
    decode_header,
    decode_marker,
    digest,
    id_hash,
    is_marker_key,
    parse_closed_key,
    parse_part_key,
    part_key,
    part_names,
    split_digest,
)
from actors.snapshots.losses import KnownPlace, Loss, claims, losses, parse_loss_key

OTHER_KEYS: Final = (parse_aside_key, parse_closed_key, parse_loss_key)


class WholeSnapshot(NamedTuple):
    """One snapshot of an entity, all parts there and their digest right."""

    ref: SnapshotRef
    header: Header
    memory: list[bytes]
    state: list[bytes]


class TrustedSnapshots:
    """What recovery may rest on: the newest whole snapshot of each entity, the marker to start at, closed entities."""

    def __init__(self) -> None:
        self.entities: dict[str, EncodedEntity] = {}
        self.damaged: dict[str, str] = {}
        self.marker: Marker | None = None
        self.covers: dict[str, int] = {}
        self.closed: dict[str, int] = {}  # entities that an earlier tenure closed: offset to replay from
        self.aside: list[ReactionAside] = []  # reactions to closed targets, by offset
        self.highest = 0  # the furthest offset that anything here speaks of
        self.claims: list[KnownPlace] = []  # places that were in the log once, by nodes that knew them
        self.losses: list[Loss] = []  # what an operator accepted as lost

    def check_end(self, shard: ShardId, end: int) -> None:
        """Raise `LogShorterThanSnapshots` when a snapshot or marker lies past the log's end."""
        if self.highest > end:
            raise LogShorterThanSnapshots(
                f"shard {shard}: snapshots reach offset {self.highest}, the log ends at {end}: acknowledged records "
                "were lost below the server; restore the log, or accept the loss with `huntserver accept-loss`"
            )


async def read_trusted(shard: Shard) -> TrustedSnapshots:
    """Read and judge all that the store holds of the shard."""
    rows: dict[str, bytes] = {}
    async for chunk in shard.ports.snapshots.read(shard.id):
        rows.update(chunk)
    return choose(shard, rows)


def choose(shard: Shard, rows: dict[str, bytes]) -> TrustedSnapshots:
    """Choose snapshots and marker out of the store's rows."""
    trusted = TrustedSnapshots()
    headers = _header_keys(shard, rows)
    whole, broken = _collect(shard, rows, headers)
    markers = _markers(rows)
    for snapshots in whole.values():
        snapshots.sort(key=lambda snapshot: snapshot.header.seq, reverse=True)
    trusted.highest = max([m.offset for m in markers] + [h.covers for h in _readable(rows, headers)], default=0)
    # An entity whose newest snapshot is broken rests on an older one: replay must begin where that one ends.
    # One that was closed may be mended meanwhile: replay must begin where it was closed, and closes it again or not.
    trusted.closed = _closed(rows)
    floors = [whole[id][0].header.covers for id in broken if id in whole] + list(trusted.closed.values())
    floor = min(floors, default=None)
    for marker in sorted(markers, key=lambda m: m.offset, reverse=True):
        if floor is not None and marker.offset > floor:
            continue
        if _complete(marker, whole, broken):
            trusted.marker = marker
            break
    for id, snapshots in whole.items():
        newest = snapshots[0]
        trusted.covers[id] = newest.header.covers
        trusted.entities[id] = EncodedEntity(
            newest.header.seq,
            newest.header.first,
            -1,
            0,
            newest.header.due_ms,
            newest.memory,
            newest.state,
            [snapshot.ref for snapshot in reversed(snapshots[:2])],
        )
    if trusted.marker is not None:
        for id, why in broken.items():
            if id not in whole:
                trusted.damaged[id] = why
    trusted.aside = _aside(shard, rows)
    trusted.claims, trusted.losses = claims(rows), losses(rows)
    return trusted


def _closed(rows: dict[str, bytes]) -> dict[str, int]:
    found = {}
    for key, value in rows.items():
        if (id := parse_closed_key(key)) is not None:
            try:
                found[id] = decode_closed(value)[0]
            except ValueError:  # then from the beginning
                found[id] = 0
    return found


def _aside(shard: Shard, rows: dict[str, bytes]) -> list[ReactionAside]:
    found = []
    for key, value in rows.items():
        if parse_aside_key(key) is not None:
            try:
                found.append(decode_aside(key, value, shard.ports.decode_command))
            except ValueError as error:  # left where it is: a newer version's, or damaged; told, not guessed at
                shard.ports.report.fault("reaction_unreadable", error, shard=str(shard.id), key=key)
    return sorted(found, key=lambda reaction: (reaction.offset, reaction.item.n))


def _header_keys(shard: Shard, rows: dict[str, bytes]) -> dict[str, PartKey]:
    """Return the keys of headers, parsed; report keys that nobody here wrote."""
    headers = {}
    strays = []
    for key in rows:
        parsed = parse_part_key(key)
        if parsed is None:
            if not is_marker_key(key) and not any(parse(key) is not None for parse in OTHER_KEYS):
                strays.append(key)
        elif parsed.part == HEADER_PART:
            headers[key] = parsed
    if strays:
        shard.ports.report.warn("snapshot_stray_keys", shard=str(shard.id), count=len(strays), first=strays[0][:80])
    return headers


def _collect(
    shard: Shard, rows: dict[str, bytes], headers: dict[str, PartKey]
) -> tuple[dict[str, list[WholeSnapshot]], dict[str, str]]:
    whole: dict[str, list[WholeSnapshot]] = {}
    broken: dict[str, str] = {}
    for key, (nonce, slot, _, id) in headers.items():
        try:
            header = decode_header(rows[key])
            count = header.memory_parts + header.state_parts
            told, layout = split_digest(header.digest)
            parts: list[bytes] = []
            for name in part_names(count, layout):
                piece = rows[part_key(nonce, slot, name, id)]
                if "." in name:
                    parts[-1] += piece
                else:
                    parts.append(piece)
            memory, state = parts[: header.memory_parts], parts[header.memory_parts :]
            if digest(memory, state) != told:
                raise ValueError("its digest does not fit its bytes")
        except (KeyError, ValueError) as error:  # a msgspec.DecodeError is a ValueError
            broken[id] = f"snapshot {nonce}/{slot} of {id}: {error}"
            shard.ports.report.warn("snapshot_bad", shard=str(shard.id), entity=id, nonce=nonce, slot=slot)
            continue
        ref = SnapshotRef(nonce, slot, header.seq, count, layout)
        whole.setdefault(id, []).append(WholeSnapshot(ref, header, memory, state))
    return whole, broken


def _readable(rows: dict[str, bytes], headers: dict[str, PartKey]) -> list[Header]:
    """Return the headers that can be read, also those of broken snapshots: they say how far the log once went."""
    found = []
    for key in headers:
        with contextlib.suppress(ValueError):
            found.append(decode_header(rows[key]))
    return found


def _markers(rows: dict[str, bytes]) -> list[Marker]:
    markers = []
    for key, value in rows.items():
        if is_marker_key(key):
            with contextlib.suppress(ValueError):  # an unreadable marker only means an earlier start
                markers.append(decode_marker(value))
    return markers


def _complete(marker: Marker, whole: dict[str, list[WholeSnapshot]], broken: dict[str, str]) -> bool:
    """Tell whether the entities whose first record lies before the marker are all here (closed ones count)."""
    count = total = 0
    for id, snapshots in whole.items():
        if snapshots[0].header.first < marker.offset:
            count += 1
            total ^= id_hash(id)
    for id in broken:
        if id not in whole:
            count += 1
            total ^= id_hash(id)
    return count == marker.entities and total == marker.sum
