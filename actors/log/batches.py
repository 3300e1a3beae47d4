"""A batch of records as one body of bytes, for logs that keep a batch in one row.

The body is the records with a newline between them, so that a person can read it. Records are JSON and hold no
newline; a batch in which one does is still kept, its lengths noted beside it (`cuts`). Pure: knows no file and no
clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32


class Damaged(Exception):
    """A stored batch does not agree with itself. The text says how; the caller adds shard and offset."""


class Body(NamedTuple):
    """What is stored of a batch's records. `cuts` is None unless the newline cannot tell where a record ends."""

    data: bytes
    cuts: str | None


def pack(records: Sequence[bytes]) -> Body:
    """Join the records; at least one."""
    data = b"\n".join(records)
    if data.count(b"\n") == len(records) - 1:
        return Body(data, None)
    return Body(data, ",".join(str(len(record)) for record in records))


def unpack(data: bytes, count: int, cuts: str | None) -> list[bytes]:
    """Split a body again. Raises `Damaged` if it does not hold `count` records."""
    if cuts is None:
        records = data.split(b"\n")
    else:
        records = []
        at = 0
        for length in map(int, cuts.split(",")):
            records.append(data[at : at + length])
            at += length + 1
        if at != len(data) + 1:
            raise Damaged(f"the noted lengths end at byte {at - 1}, the body at {len(data)}")
    if len(records) != count:
        raise Damaged(f"{len(records)} records where {count} are noted")
    return records


def checksum(shard: str, base: int, count: int, at_ms: int, body: Body) -> int:
    """Return the checksum of a batch and of its place, so that a row that was moved is found out too."""
    head = f"{shard},{base},{count},{at_ms},{body.cuts}".encode()
    return crc32(body.data, crc32(head))
