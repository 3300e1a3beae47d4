"""The records of one hunt that count, out of the log, in order. Reads only, and never more than a chunk at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

from actors.entity import EntityType
from actors.faults import LogDamaged
from actors.log.codec import Done, OpenedDecoder, Tenure
from actors.log.port import EventLog, ShardId, shard_of
from actors.shard.fence import TenureFold, Verdict


class HuntRecord(NamedTuple):
    """A record with the bytes that it is in the log."""

    record: Done
    body: bytes


async def records_of(log: EventLog, kind: EntityType[Any], shards: int, hunt: str) -> AsyncGenerator[HuntRecord]:
    """Yield them up to the log's present end. Raises `LogDamaged` where one is missing."""
    shard, entity = ShardId(kind.topic, shard_of(hunt, shards)), f"{kind.kind}/{hunt}"
    fold, decoder, pos = TenureFold(), OpenedDecoder(kind), 0
    bounds = await log.bounds(shard)
    if bounds.end <= bounds.start:
        return
    async for chunk in log.read(shard, bounds.start):
        for offset, body in chunk:
            if offset >= bounds.end:
                return
            record = decoder.decode(shard, offset, body)
            if isinstance(record, Tenure):
                fold.tenure(offset, record.nonce, f"{record.node}#{record.start}")
            elif fold.record(record.nonce, record.seq) is Verdict.COUNTS and isinstance(record, Done):
                if record.entity != entity:
                    continue
                if record.pos != pos + 1:
                    raise LogDamaged(f"shard {shard}, offset {offset}: record {record.pos} of {entity} follows {pos}")
                pos = record.pos
                yield HuntRecord(record, body)
        if chunk[-1].offset >= bounds.end - 1:
            return
