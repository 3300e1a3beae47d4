"""Records that an operator let go: what lies at their places is read as a probe that counts or is void.

A topic that others can write to gets records that are none of ours, and a disk damages some that are. Their shard is
closed for good then, unless somebody says that this very record, known by its bytes' digest, is to be passed over.
Owns the text of such an order, how one is found, and the log that carries them out. Never passes over a record that can
be read, and never over the opening of a tenure: all that was written under it would be void.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from actors.entity import EntityType
from actors.faults import LogDamaged, LogMisconfigured
from actors.log.codec import Probe, RecordDecoder, Tenure, encode
from actors.log.port import Entry, EventLog, ShardId
from actors.shard.fence import TenureFold

VOID: Final = "void"
_ORDER: Final = re.compile(r"([a-z]+)-(\d{1,9})@(\d{1,18}):([0-9a-f]{16})(?::([^:\s]+):(\d{1,18}))?", re.ASCII)
_STAMP: Final = msgspec.json.Decoder(dict[str, Any])


class Skip(NamedTuple):
    """An order to pass over one record. `nonce` and `seq` are what it had in its tenure; `VOID`, 0: nobody's.

    As text: SHARD@OFFSET:DIGEST, and :NONCE:SEQ for one that was the server's own.
    """

    shard: ShardId
    offset: int
    digest: str
    nonce: str = VOID
    seq: int = 0

    def __str__(self) -> str:
        own = f":{self.nonce}:{self.seq}" if self.nonce != VOID else ""
        return f"{self.shard}@{self.offset}:{self.digest}{own}"

    def body(self) -> bytes:
        """Return what is read in the record's place."""
        return encode(Probe(self.nonce, self.seq, 0))


def parse_skip(text: str) -> Skip:
    """Return the order. Raises ValueError for text that is none."""
    match = _ORDER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not SHARD@OFFSET:DIGEST, as `huntserver skip-record` prints it")
    topic, index, offset, seen, nonce, seq = match.groups()
    return Skip(ShardId(topic, int(index)), int(offset), seen, nonce or VOID, int(seq or 0))


def digest_of(body: bytes) -> str:
    """Return what a record is known by."""
    return hashlib.blake2b(body, digest_size=8).hexdigest()


class SkippingLog:
    """Another log, without the records that were let go. Shards that have none are read as they are.

    `decoders`: of each topic. Everything but reading is the other log's.
    """

    def __init__(self, log: EventLog, skips: Collection[Skip], decoders: Mapping[str, RecordDecoder]) -> None:
        self.inner = log
        self._decoders = decoders
        self._skips: dict[ShardId, dict[int, Skip]] = {}
        for skip in skips:
            self._skips.setdefault(skip.shard, {})[skip.offset] = skip

    @classmethod
    def of(cls, log: EventLog, orders: Collection[str], kinds: Collection[EntityType[Any]]) -> SkippingLog:
        """Return the log without the records of these orders. Raises `LogMisconfigured` for text that is none."""
        decoders = {kind.topic: RecordDecoder(kind.event_type) for kind in kinds}
        try:
            skips = [parse_skip(text) for text in orders]
        except ValueError as error:
            raise LogMisconfigured(f"log.skip: {error}") from error
        if alien := next((skip for skip in skips if skip.shard.topic not in decoders), None):
            raise LogMisconfigured(f"log.skip: {alien}: allowed are shards of {', '.join(sorted(decoders))}")
        return cls(log, skips, decoders)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def read(self, shard: ShardId, start: int) -> AsyncIterator[list[Entry]]:
        """Yield the records from `start` on; see the port. Raises `LogMisconfigured` for an order against the rules."""
        skips = self._skips.get(shard)
        return self.inner.read(shard, start) if skips is None else self._without(shard, start, skips)

    async def _without(self, shard: ShardId, start: int, skips: Mapping[int, Skip]) -> AsyncIterator[list[Entry]]:
        chunks: Any = self.inner.read(shard, start)
        try:
            async for chunk in chunks:
                yield [self._passed(shard, entry, skips.get(entry.offset)) for entry in chunk]
        finally:
            await chunks.aclose()

    def _passed(self, shard: ShardId, entry: Entry, skip: Skip | None) -> Entry:
        if skip is None or digest_of(entry.body) != skip.digest:  # another record than the one that was meant
            return entry
        if readable(self._decoders[shard.topic], shard, entry):
            raise LogMisconfigured(
                f"log.skip: {skip} is a valid record of the server, which is never skipped; remove it"
            )
        return Entry(entry.offset, skip.body())


def readable(decoder: RecordDecoder, shard: ShardId, entry: Entry) -> bool:
    """Tell whether this version knows the record."""
    try:
        decoder.decode(shard, *entry)
    except LogDamaged:
        return False
    return True


async def find_skip(log: EventLog, decoder: RecordDecoder, shard: ShardId, offset: int) -> Skip:
    """Return the order that passes over the record at a place, so that all that count around it go on counting.

    Raises ValueError, in words, for a record that may not be skipped, and `LogDamaged` for an earlier one that is bad.
    """
    bounds, fold = await log.bounds(shard), TenureFold()
    if not bounds.start <= offset < bounds.end:
        raise ValueError(f"{shard} has records from {bounds.start} to {bounds.end - 1}, and none at {offset}")
    found: Skip | None = None
    bad = 0  # records behind it that cannot be read either
    chunks: Any = log.read(shard, bounds.start)
    try:
        async for chunk in chunks:
            for entry in chunk:
                if entry.offset < offset:
                    _fold(fold, entry.offset, decoder.decode(shard, *entry))
                elif entry.offset == offset:
                    found = _order(decoder, shard, entry, fold)
                elif found is None:
                    raise ValueError(f"{shard} has no record at {offset}")
                elif not readable(decoder, shard, entry):
                    bad += 1
                elif (told := _told(found, fold, decoder.decode(shard, *entry), bad)) is not None:
                    return told
                if entry.offset >= bounds.end - 1:
                    return found or Skip(shard, offset, "")
    finally:
        await chunks.aclose()
    raise AssertionError("a log is read for ever")


def _fold(fold: TenureFold, offset: int, record: Any) -> None:
    if record.__class__ is Tenure:
        fold.tenure(offset, record.nonce, record.node)
    else:
        fold.record(record.nonce, record.seq)


def _order(decoder: RecordDecoder, shard: ShardId, entry: Entry, fold: TenureFold) -> Skip:
    if readable(decoder, shard, entry):
        raise ValueError(f"{shard}, offset {entry.offset}: a valid record of the server, which is never skipped")
    try:
        stamp = _STAMP.decode(entry.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        stamp = {}
    if fold.nonce and (stamp.get("nonce"), stamp.get("seq")) == (fold.nonce, fold.next_seq):
        raise ValueError(
            f"{shard}, offset {entry.offset}: a whole record of the server, as another version writes it; start that "
            "version"
        )
    return Skip(shard, entry.offset, digest_of(entry.body))


def _told(found: Skip, fold: TenureFold, record: Any, bad: int) -> Skip | None:
    """Return what a later record says of the one that cannot be read; None: nothing yet."""
    if record.nonce.endswith(f"@{found.offset}"):
        raise ValueError(
            f"{found.shard}, offset {found.offset}: the opening of a tenure, damaged; without it all that was written "
            "under it would be void: restore that part of the log"
        )
    if record.__class__ is Tenure:
        return found  # whatever it was, a tenure begins its numbers anew
    if record.nonce != fold.nonce or record.seq < fold.next_seq:
        return None
    own = record.seq - fold.next_seq  # records of the tenure that are missing before this one
    if own == 0:
        return found
    if own == bad + 1:
        return found._replace(nonce=fold.nonce, seq=fold.next_seq)
    raise ValueError(
        f"{found.shard}, offset {found.offset}: {bad + 1} records in a row cannot be read, of which {own} are the "
        "server's own, and which ones cannot be told: restore that part of the log"
    )
