"""The short way of a replay gives what the long way gives, whatever lies between plain records."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from actors.entity import Push
from actors.limits import Limits
from actors.log.codec import Cursor, Done, Probe, RecordDecoder, ShardReleased, Tenure, encode
from actors.log.memory import MemoryLog, MemoryStore
from actors.log.port import Entry, ShardId
from actors.reporter import Silent
from actors.snapshots.format import digest
from actors.snapshots.reader import TrustedSnapshots
from actors.snapshots.replay import Replay
from huntserver.cli.offline import _shard
from tests.actors.toy import Added, Broke, Sent, TallyType


def _records(draw: random.Random) -> list[bytes]:
    """Return a log of some entities: tenures, records of former ones, what lands twice, bugs, records of the shard."""
    made: list[bytes] = []
    nonce, seq, at = "", 0, 1_000
    pos: dict[str, int] = {}
    for n in range(300):
        roll = draw.random()
        at += draw.randrange(3)
        if not n or roll < 0.03:
            nonce, seq = f"n{n}", 0
            made.append(encode(Tenure(nonce, 0, at, f"node{n % 2}", "run", 0, 1)))
            nonce = f"{nonce}@{len(made) - 1}"
            continue
        if roll < 0.08:
            made.append(draw.choice([one for one in made if b'"tenure"' not in one] or made[:1]))
            if b'"tenure"' in made[-1]:
                nonce, seq = f"n0@{len(made) - 1}", 0
            continue
        seq += 1
        if roll < 0.14:
            made.append(
                encode(
                    draw.choice((Probe(nonce, seq, at), ShardReleased(nonce, seq, at), Cursor(nonce, seq, at, n // 2)))
                )
            )
            continue
        name = f"tally/{draw.randrange(4)}"
        pos[name] = pos.get(name, 0) + 1
        event: Any = Broke() if roll > 0.995 else Sent(("x",), n) if roll > 0.8 else Added(n)
        by, key = draw.choice((("p:ada", f"e:{n + 1}"), ("entity:tally/9", f"{n}.1"), ("timer", "t@5"), ("p:bo", "")))
        made.append(encode(Done(nonce, seq, at, name, pos[name], by, key, [event], msgspec.Raw(b'{"n":%d}' % n))))
    return made


class AtOnce(TallyType):
    """A tally whose usual records are replayed in one call."""

    def __init__(self) -> None:
        self.at_once = 0
        self.replayed = {Added: self.added}

    def added(self, state: Any, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Apply a record, return its pushes."""
        self.at_once += 1
        self.apply(state, events[0], seq, at_ms)
        return self.pushes(state, events, seq, at_ms)


def _folded(records: list[bytes], plain: bool, start: int, *, at_once: bool = False) -> tuple[Any, ...]:
    id, kind = ShardId("tallies", 0), AtOnce() if at_once else TallyType()
    log = MemoryLog(MemoryStore(lambda: 0))
    shard = _shard(log, log.snapshots, kind, id, 1, Silent())
    replay = Replay(shard, TrustedSnapshots(), RecordDecoder(kind.event_type))
    replay._tail_max = Limits().tail_records  # a fold that owns nothing keeps none
    replay.forget_shown(1_000)
    entries = [Entry(offset, body) for offset, body in enumerate(records)]
    at = folded = 0
    while at < len(entries):
        if plain and at >= start and (count := replay.feed_plain(entries, at)):
            at, folded = at + count, folded + count
            assert replay.last == at - 1
            continue
        replay.feed(*entries[at])
        replay.last = at
        at += 1
    assert folded > 0 or not plain
    assert not isinstance(kind, AtOnce) or kind.at_once > 0
    states = {
        id: (actor.seq, actor.since, actor.first, actor.next_dirty, actor.damaged)
        + ((digest(list(actor.dedup.encode()), list(kind.encode(actor.state))),) if not actor.damaged else ())
        for id, actor in sorted(shard.actors.items())
    }
    tails = {id: [(pos, at, repr(pushes)) for pos, at, pushes in tail] for id, tail in sorted(replay.tails.items())}
    of = (replay.count, replay.last_ms, replay.cursor, replay.last, replay.released, replay.born)
    return states, tails, list(replay.reactions), replay.fold.state(), of, list(replay._shown or ())


@pytest.mark.parametrize("seed", range(20))
def test_plain_records_fold_to_what_each_by_itself_folds_to(seed: int) -> None:
    draw = random.Random(seed)
    records = _records(draw)
    start, alone = draw.randrange(50), _folded(records, False, 0)
    assert _folded(records, True, start) == alone
    assert _folded(records, True, start, at_once=True) == alone


def test_a_record_that_cannot_be_read_is_left_to_who_says_where_it_lies() -> None:
    kind = TallyType()
    log = MemoryLog(MemoryStore(lambda: 0))
    shard = _shard(log, log.snapshots, kind, ShardId("tallies", 0), 1, Silent())
    replay = Replay(shard, TrustedSnapshots(), RecordDecoder(kind.event_type))
    assert replay.feed_plain([Entry(0, b"{")], 0) == 0
    assert replay.feed_plain([], 0) == 0
