"""The feed: the log's records that count, cleaned, in a topic that anybody's tools may read. Written exactly once.

Owns the fold over all shards. What it has not committed is not there; after any fault it begins where the last
transaction ended. Of several writers the one that began last writes, the others stand by until it is silent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from actors.entity import EntityType
from actors.faults import Fault
from actors.log.codec import Done, RecordDecoder
from actors.log.port import Entry, ShardId
from actors.reporter import Reporter
from huntserver.projections.cleaning import Cleaner
from huntserver.projections.projector import PAUSE_S, ShardFold
from huntserver.projections.store import Position

BATCH_RECORDS: Final = 2_000
BATCH_S: Final = 0.2
STAND_BY_S: Final = 30.0


class Outlet(Protocol):
    """Where the feed goes, and what it is made from: see `actors.log.kafka.derived`."""

    async def open(self) -> dict[ShardId, tuple[int, bytes]]:
        """Become the writer."""
        ...

    def chunks(self) -> Any:
        """Yield what has come."""
        ...

    async def stalled(self, within_s: float) -> bool:
        """Tell whether the present writer stands still."""
        ...

    async def lag(self) -> int:
        """Return what was not read yet."""
        ...

    async def commit(self, messages: Sequence[Any], positions: Any) -> None:
        """Write all or nothing."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


class FeedStatistics(NamedTuple):
    """What the feed's writer has done. `why` names what it waits for, empty while it writes."""

    records: int
    lag_records: int
    why: str


class Feed:
    """Writes one feed. `make` returns an outlet that is not opened yet; `superseded` is the fault that ends one."""

    def __init__(
        self,
        make: Callable[[], Outlet],
        message: Callable[[ShardId, bytes, bytes, int], Any],
        kinds: Sequence[tuple[EntityType[Any], int]],
        cleaner: Cleaner,
        superseded: type[Fault],
        report: Reporter,
    ) -> None:
        self._make = make
        self._message = message
        self._decoders = {kind.topic: RecordDecoder(kind.event_type) for kind, _ in kinds}
        self._clean = cleaner.clean
        self._superseded = superseded
        self._report = report
        self._records = self._lag = 0
        self._why = ""

    def statistics(self) -> FeedStatistics:
        """Return what it has done."""
        return FeedStatistics(self._records, self._lag, self._why)

    async def run(self) -> None:
        """Write for ever; faults of the brokers are told and waited out."""
        failed = 0
        while True:
            began = time.monotonic()
            try:
                await self._write()
            except self._superseded as fault:
                self._report.note("feed_superseded", why=str(fault))
                await self._stand_by()
                continue
            except Fault as fault:
                self._why = str(fault)
                self._report.warn("feed_waits", why=self._why)
            failed = failed + 1 if time.monotonic() - began < PAUSE_S[-1] else 0
            await asyncio.sleep(PAUSE_S[min(failed, len(PAUSE_S)) - 1])

    async def _stand_by(self) -> None:
        """Wait until the other writer stands still."""
        self._why = ""
        while True:
            try:
                if await self._make().stalled(STAND_BY_S):
                    return
            except Fault as fault:
                self._report.warn("feed_waits", why=str(fault))
                await asyncio.sleep(PAUSE_S[-1])

    async def _write(self) -> None:
        outlet = self._make()
        try:
            folds = {
                shard: ShardFold(shard, self._decoders[shard.topic], msgspec.json.decode(kept, type=Position))
                for shard, (_, kept) in (await outlet.open()).items()
            }
            self._why = ""
            await self._follow(outlet, folds)
        finally:
            await outlet.close()

    async def _follow(self, outlet: Outlet, folds: dict[ShardId, ShardFold]) -> None:
        messages: list[Any] = []
        touched: set[ShardId] = set()
        began, read = 0.0, 0
        async for chunks in outlet.chunks():
            began = began if touched else time.monotonic()
            for shard, entries in chunks:
                messages += self._fold(folds, shard, entries)
                touched.add(shard)
                read += len(entries)
            if touched and (not chunks or read >= BATCH_RECORDS or time.monotonic() - began >= BATCH_S):
                positions = {shard: folds[shard].position for shard in touched}
                kept = {shard: (at.next, msgspec.json.encode(at)) for shard, at in positions.items()}
                await outlet.commit(messages, kept)
                self._records += len(messages)
                messages, read = [], 0
                touched = set()
            if not chunks:
                self._lag = await outlet.lag()

    def _fold(self, folds: dict[ShardId, ShardFold], shard: ShardId, entries: Sequence[Entry]) -> list[Any]:
        fold = folds.get(shard)
        if fold is None:
            fold = folds[shard] = ShardFold(shard, self._decoders[shard.topic], Position())
        found: list[Any] = []

        def take(offset: int, record: Done) -> None:
            value = msgspec.json.encode(self._clean(shard, offset, record))
            found.append(self._message(shard, b"%s:%d" % (str(shard).encode(), offset), value, record.at))

        fold.feed(entries, take)
        return found
