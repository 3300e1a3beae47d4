"""To the end of a shard's log and along it, until a tenure may be opened: a node that follows has replayed already.

Owns the wait between replay and tenure in a cluster. Opens no tenure, and decides nothing: it tells the rules what the
log holds, asks them, and reads on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from actors.cluster.succession import Newest, Ruling, Say, Succession
from actors.faults import Fault
from actors.log.port import Entry
from actors.shard.shard import Shard
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


class Tail:
    """What is read of a shard's log from a place on, a chunk at a time. It outlives the opening of the tenure: what
    landed before that record comes on the same way, and to let go of the log takes time that nobody waits for."""

    def __init__(self, shard: Shard, start: int) -> None:
        self._source: Any = shard.ports.log.read(shard.id, start)
        self._reading: asyncio.Future[Sequence[Entry]] | None = None

    def reading(self) -> asyncio.Future[Sequence[Entry]]:
        """Return the chunk that comes next."""
        self._reading = self._reading or asyncio.ensure_future(anext(self._source))
        return self._reading

    def taken(self) -> Sequence[Entry]:
        """Return the chunk that came; the one after it is read then. Raises the log's faults."""
        assert self._reading is not None
        chunk, self._reading = self._reading.result(), None
        return chunk

    async def aclose(self) -> None:
        """Let go of the log, in a few seconds at most."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait({reading})
        await self._source.aclose()


@asynccontextmanager
async def lent(tail: Tail, let_go: Callable[[Tail], None]) -> AsyncGenerator[Tail, None]:
    """Give a tail away at the end; one of a node that ends is closed, for nobody would do it later."""
    try:
        yield tail
    except asyncio.CancelledError:
        await tail.aclose()
        raise
    except Exception:
        let_go(tail)
        raise
    let_go(tail)


async def follow(
    replay: Replay,
    tail: Tail,
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
    told = ""
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
            continue  # whoever is told may change what the rules say
        reading = tail.reading()
        await _until(reading, succession, min(ruling.again_s, ASK_S))
        if reading.done():
            chunk = tail.taken()
            await _take(replay, chunk)
            await memory.keep(len(chunk))


async def _until(reading: asyncio.Future[Any], succession: Succession, within_s: float) -> None:
    changed = asyncio.ensure_future(succession.changed())
    try:
        await asyncio.wait({reading, changed}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        changed.cancel()


async def _take(replay: Replay, chunk: Sequence[Entry]) -> None:
    at = 0
    while at < len(chunk):
        if plain := replay.feed_plain(chunk, at):
            at += plain
            continue
        offset, body = chunk[at]
        at += 1
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
