"""A log that lost its end: what is known of the end it had, and what an operator accepted as lost.

Who knows a place in the log never accepts less. Owns two kinds of keys in the snapshot store: a *claim* (`e|`) says
that the log had a record at a place, and outlives whoever knew that; a *loss* (`l|`) says that an operator accepted
what is gone up to there, and how much. A claim closes its shard until the record is back or the loss is accepted.
Losses are kept for ever: what comes after must not be taken for what was lost (`numbers`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, runtime_checkable

import msgspec

from actors.log.port import EventLog, ShardId, SnapshotStore
from actors.snapshots.format import HEADER_PART, decode_header, decode_marker, is_marker_key, parse_part_key

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[int, int]).decode


class KnownPlace(NamedTuple):
    """A record that was in the log: its offset, the stamped nonce of its tenure (empty: not known), its seq there."""

    offset: int
    nonce: str
    seq: int = 0


class Loss(NamedTuple):
    """What was accepted as lost: the log had a record at `place`, and goes on at `end`. `at_ms`: when."""

    place: KnownPlace
    end: int
    at_ms: int


def claim_key(place: KnownPlace) -> str:
    """Return the key of a claim; its value is (end of the log as it was seen then, 0)."""
    return f"e|{place.offset}|{place.seq}|{place.nonce}"


def encode_claim(end: int) -> bytes:
    """Return the value of a claim."""
    return _encode((end, 0))


def loss_key(place: KnownPlace) -> str:
    """Return the key of a loss; its value is (end, when it was accepted in ms since 1970)."""
    return f"l|{place.offset}|{place.seq}|{place.nonce}"


def parse_loss_key(key: str) -> KnownPlace | None:
    """Return the place of a claim's or a loss's key; None for any other."""
    fields = key.split("|", 3)
    if len(fields) != 4 or fields[0] not in ("e", "l") or not all(f.isascii() and f.isdigit() for f in fields[1:3]):
        return None
    return KnownPlace(int(fields[1]), fields[3], int(fields[2]))


def claims(rows: Mapping[str, bytes]) -> list[KnownPlace]:
    """Return the places that are claimed, in order."""
    found = [parse_loss_key(key) for key in rows if key.startswith("e|")]
    return sorted(place for place in found if place is not None)


def losses(rows: Mapping[str, bytes]) -> list[Loss]:
    """Return the losses that were accepted, by where the log went on. An unreadable one counts as met at its place."""
    found = []
    for key, value in rows.items():
        place = parse_loss_key(key)
        if place is None or not key.startswith("l|"):
            continue
        try:
            end, at_ms = _decode(value)
        except ValueError:  # at its place nothing is gone; a number more than needed does no harm
            end, at_ms = place.offset + 1, 0
        found.append(Loss(place, end, at_ms))
    return sorted(found, key=lambda loss: loss.end)


def numbers(accepted: Sequence[Loss], offset: int) -> int:
    """Return what the numbers of reactions to a record at `offset` are raised by: the targets remember lost ones.

    By all that the log can have held up to the lost place: some of it may be written over, so nobody knows how much.
    """
    return sum(loss.place.offset + 1 for loss in accepted if loss.end <= offset)


@runtime_checkable
class Remembers(Protocol):
    """A log that knows from apart of itself how far its shards had come, as far as somebody noted it."""

    def remembered(self) -> Mapping[ShardId, int]:
        """Return the ends that are known; some may be past where the shards end now."""
        ...

    def forget(self, shards: Collection[ShardId]) -> None:
        """Know of these shards no end but the one that they have, and write that down."""
        ...


async def open_with_claims(log: EventLog, store: SnapshotStore) -> None:
    """Open a log, and leave word of what it is known to have lost. Raises `Fault`: then it is closed again."""
    await log.open()
    try:
        await claim_remembered(log, store)
    except BaseException:
        await log.close()
        raise


async def claim_remembered(log: EventLog, store: SnapshotStore) -> None:
    """Leave a claim for each shard that ends before where it is known to have ended, unless that loss was accepted.

    Once the log is open, before any shard is recovered. Raises `Fault`.
    """
    if not isinstance(log, Remembers):
        return
    accepted = []
    for shard, known in log.remembered().items():
        end = (await log.bounds(shard)).end
        if end >= known:
            continue
        rows = await rows_of(store, shard)
        if any(loss.place.offset >= known - 1 and loss.end == end for loss in losses(rows)):
            accepted.append(shard)
        elif all(place.offset < known - 1 for place in claims(rows)):
            await store.put(shard, claim_key(KnownPlace(known - 1, "")), encode_claim(end))
    if accepted:
        log.forget(accepted)


class Short(NamedTuple):
    """A shard whose log is shorter than it was: up to where that is known, where it ends now, and the claims."""

    shard: ShardId
    reached: int
    end: int
    claims: list[KnownPlace]
    past: list[str]  # keys of snapshots and markers that speak of what is gone

    @property
    def gone(self) -> int:
        """Return how many records are gone at the least; 0: they may have been written over."""
        return max(self.reached - self.end, 0)


async def rows_of(store: SnapshotStore, shard: ShardId) -> dict[str, bytes]:
    """Return all rows of a shard's store."""
    rows: dict[str, bytes] = {}
    async for chunk in store.read(shard):
        rows.update(chunk)
    return rows


async def short_shards(log: EventLog, store: SnapshotStore, shards: Iterable[ShardId]) -> list[Short]:
    """Return the shards whose claims, snapshots or markers speak of more than their log holds."""
    found = []
    for shard in shards:
        rows, end = await rows_of(store, shard), (await log.bounds(shard)).end
        past, reached = _past(rows, end)
        claimed = claims(rows)
        if past or claimed:
            reached = max([reached, *(place.offset + 1 for place in claimed)])
            found.append(Short(shard, reached, end, claimed, past))
    return found


def _past(rows: Mapping[str, bytes], end: int) -> tuple[list[str], int]:
    keys: list[str] = []
    reached = 0
    for key, value in rows.items():
        parsed = parse_part_key(key)
        try:
            if is_marker_key(key):
                offset = decode_marker(value).offset
            elif parsed is not None and parsed.part == HEADER_PART:
                offset = decode_header(value).covers
            else:
                continue
        except ValueError:  # unreadable: it speaks of nothing
            continue
        if offset <= end:
            continue
        reached = max(reached, offset)
        if parsed is None:
            keys.append(key)
        else:
            keys += [
                other
                for other in rows
                if (part := parse_part_key(other)) is not None
                and (part.nonce, part.slot, part.id) == (parsed.nonce, parsed.slot, parsed.id)
            ]
    return keys, reached


async def accept(store: SnapshotStore, short: Short, now_ms: int) -> None:
    """Write that a shard's loss is accepted, and let go of what speaks of what is gone. Raises `Fault`."""
    for place in short.claims or [KnownPlace(short.reached - 1, "")]:
        await store.put(short.shard, loss_key(place), _encode((short.end, now_ms)))
    for key in [*short.past, *map(claim_key, short.claims)]:
        await store.put(short.shard, key, None)
