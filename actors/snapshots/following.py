"""To the end of a shard's log and along it, until a tenure may be opened: a node that follows has replayed already.

Owns the wait between replay and tenure in a cluster. Opens no tenure, and decides nothing: it tells the rules what the
log holds, asks them, and reads on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from actors.cluster.succession import Newest, Ruling, Say, Succession
from actors.faults import Fault
from actors.log.port import Entry
from actors.snapshots.replay import BeingActivated, Replay, whole

SHOWN_MAX: Final = 10_000
"""Pushes of a followed shard that are kept for those who resume, the youngest; entities have fewer each."""
WEIGHED_MIN: Final = 1_000
"""Records between two looks at what a followed shard weighs, and as many as it has live entities."""
ASK_S: Final = 1.0
"""The rules are asked at least this often, whatever they said."""


class Superseded(Fault):
    """A newer tenure of another node was read; the shard is that node's: where it is reached, its run, the offset."""

    code = "superseded"

    def __init__(self, text: str, node: str, start: str, offset: int) -> None:
        super().__init__(text)
        self.offset = offset
        self.node = node
        self.start = start


def newest_of(replay: Replay) -> Newest | None:
    """Return the newest tenure that was folded; None: the log holds none."""
    fold = replay.fold
    if not fold.nonce:
        return None
    node, _, run = fold.holder.rpartition("#")
    return Newest(node, run, fold.nonce, int(fold.nonce.rpartition("@")[2]), replay.table, replay.released)


async def follow(
    replay: Replay,
    succession: Succession,
    waiting: Callable[[Ruling], None],
    most_bytes: Callable[[], int] | None = None,
) -> int:
    """Read on along the log until the rules let a tenure be opened; return the table's version that it rests on.

    `waiting` hears each new reason why it is not yet so, and the last ruling if there was any before. Raises
    `Superseded` when the shard is another's.
    """
    shard = replay.shard
    memory = _Bounds(replay, most_bytes or (lambda: shard.limits.memory_bytes))
    source: Any = shard.ports.log.read(shard.id, replay.last + 1)
    reading: asyncio.Future[Sequence[Entry]] | None = None
    told = ""
    try:
        while True:
            newest = newest_of(replay)
            succession.saw(shard.id, newest)
            ruling = succession.ruling(shard.id)
            if ruling.say is Say.OPEN:
                if told:
                    waiting(ruling)
                return ruling.table
            if ruling.say is Say.STAND_BACK:
                node, run, offset = (newest.node, newest.run, newest.offset) if newest else ("", "", -1)
                raise Superseded(f"shard {shard.id}: {ruling.why}", node, run, offset)
            if ruling.why != told:
                told = ruling.why
                waiting(ruling)
            reading = reading or asyncio.ensure_future(anext(source))
            await _until(reading, succession, min(ruling.again_s, ASK_S))
            if reading.done():
                chunk, reading = reading.result(), None
                await _take(replay, chunk)
                await memory.keep(len(chunk))
    finally:
        if reading is not None:
            reading.cancel()
            await asyncio.wait({reading})
        await source.aclose()


async def _until(reading: asyncio.Future[Any], succession: Succession, within_s: float) -> None:
    changed = asyncio.ensure_future(succession.changed())
    try:
        await asyncio.wait({reading, changed}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        changed.cancel()


async def _take(replay: Replay, chunk: Sequence[Entry]) -> None:
    for offset, body in chunk:
        try:
            replay.feed(offset, body)
        except BeingActivated as wait:
            await whole(wait.actor)
            replay.apply(wait.offset, wait.record)
        replay.last = offset


class _Bounds:
    """What a shard may hold that is followed for long. Weighing walks all live entities, so it is done now and then."""

    def __init__(self, replay: Replay, most_bytes: Callable[[], int]) -> None:
        self._replay = replay
        self._most_bytes = most_bytes
        self._since = 0

    async def keep(self, records: int) -> None:
        """Note so many records more, and put away what is too much."""
        self._replay.forget_shown(SHOWN_MAX)
        self._since += records
        if self._since >= max(WEIGHED_MIN, len(self._replay.shard.actors)):
            self._since = 0
            await self._replay.shed(self._most_bytes())
