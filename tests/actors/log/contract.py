"""One suite that every log passes: the numbered clauses of `actors.log.port`, named in the tests.

A subclass brings a fixture `log` (opened, empty, closed afterwards) with shards 0 to 3 of `hunts` and 0 to 1 of
`players`, and says how it differs only where the port allows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Protocol

import pytest

from actors.faults import BatchTooLarge, LogDamaged, LogUnavailable, NotWritten, RecordTooLarge
from actors.log.port import Entry, EventLog, ShardId, SnapshotStore
from actors.log.sizes import RECORD_FRAMING_BYTES, batch_bytes

SHARD = ShardId("hunts", 1)
OTHER = ShardId("hunts", 2)
PLAYERS = ShardId("players", 1)
CHUNK_MAX = 1_000
WAIT_S = 240.0
"""For what comes in milliseconds, unless the machine does other work."""


class Log(EventLog, Protocol):
    """An event log with its snapshot store."""

    @property
    def snapshots(self) -> SnapshotStore: ...


def numbered(count: int, start: int = 0) -> list[bytes]:
    """Return records that say which they are."""
    return [b'{"n":%d}' % n for n in range(start, start + count)]


async def take(log: EventLog, shard: ShardId, start: int, count: int) -> list[Entry]:
    """Read so many records."""
    found: list[Entry] = []
    async with asyncio.timeout(WAIT_S):
        reading: Any = log.read(shard, start)
        async with aclosing(reading):
            async for chunk in reading:
                assert 0 < len(chunk) <= CHUNK_MAX
                found += chunk
                if len(found) >= count:
                    break
    return found[:count]


async def values(store: SnapshotStore, shard: ShardId) -> dict[str, bytes]:
    """Read all snapshots of a shard; no key may come twice."""
    found: list[tuple[str, bytes]] = []
    async with asyncio.timeout(WAIT_S):
        async for chunk in store.read(shard):
            found += chunk
    assert len({key for key, _ in found}) == len(found)
    return dict(found)


class LogContract:
    """Clauses L1 to L13."""

    async def test_L1_offsets_grow_by_one_from_the_start(self, log: Log) -> None:
        start = (await log.bounds(SHARD)).start
        bases = [(await log.append(SHARD, numbered(n))).base for n in (1, 3, 2)]
        assert bases == [start, start + 1, start + 4]
        assert [e.offset for e in await take(log, SHARD, start, 6)] == list(range(start, start + 6))

    async def test_L1_shards_do_not_mix(self, log: Log) -> None:
        await asyncio.gather(*(log.append(shard, [str(shard).encode()]) for shard in (SHARD, OTHER, PLAYERS)))
        for shard in (SHARD, OTHER, PLAYERS):
            assert [e.body for e in await take(log, shard, 0, 1)] == [str(shard).encode()]

    async def test_L2_and_L6_batches_handed_over_at_once_land_whole_and_in_the_order_of_the_calls(
        self, log: Log
    ) -> None:
        sizes = [1, 7, 2, 30, 1, 1, 300, 4]
        futures, at = [], 0
        for size in sizes:
            futures.append(log.append(SHARD, numbered(size, at)))
            futures.append(log.append(OTHER, numbered(size, at)))
            at += size
        answers = await asyncio.gather(*futures)
        for shard, bases in ((SHARD, answers[::2]), (OTHER, answers[1::2])):
            assert [b.base for b in bases] == [sum(sizes[:i]) for i in range(len(sizes))]
            assert [e.body for e in await take(log, shard, 0, at)] == numbered(at)

    async def test_L3_an_answer_means_that_the_records_can_be_read(self, log: Log) -> None:
        for turn in range(5):
            answer = await log.append(SHARD, numbered(2, 2 * turn))
            assert isinstance(answer.at_ms, int)
            assert await take(log, SHARD, answer.base, 2) == [
                Entry(answer.base + i, body) for i, body in enumerate(numbered(2, 2 * turn))
            ]

    async def test_L5_an_answer_is_seen_after_its_caller_stopped_waiting(self, log: Log) -> None:
        future = log.append(SHARD, numbered(3))
        await asyncio.wait({future}, timeout=0)
        async with asyncio.timeout(WAIT_S):
            assert (await future).base == 0

    async def test_L5_a_cancelled_wait_leaves_the_batch_whole_in_the_log(self, log: Log) -> None:
        future = log.append(SHARD, numbered(3))
        future.cancel()
        await log.append(SHARD, numbered(1, 3))
        assert [e.body for e in await take(log, SHARD, 0, 4)] == numbered(4)

    async def test_L7_a_reader_at_the_end_waits_for_more(self, log: Log) -> None:
        await log.append(SHARD, numbered(2))
        reading: Any = log.read(SHARD, 1)
        async with asyncio.timeout(WAIT_S), aclosing(reading):
            assert await anext(reading) == [Entry(1, numbered(2)[1])]
            more = asyncio.ensure_future(anext(reading))
            done, _ = await asyncio.wait({more}, timeout=0.05)
            assert not done
            await log.append(SHARD, numbered(2, 2))
            assert [e.body for e in await more] == numbered(2, 2)

    async def test_L7_two_readers_see_the_same_records_in_chunks(self, log: Log) -> None:
        for at in range(0, 1500, 100):
            await log.append(SHARD, numbered(100, at))
        first, second = await asyncio.gather(take(log, SHARD, 0, 1500), take(log, SHARD, 250, 1250))
        assert [e.body for e in first] == numbered(1500)
        assert first[250:] == second

    async def test_L8_an_empty_shard_is_read_from_its_start(self, log: Log) -> None:
        start, end = await log.bounds(SHARD)
        assert start == end
        reading = asyncio.ensure_future(take(log, SHARD, start, 1))
        await asyncio.sleep(0)
        await log.append(SHARD, [b"first"])
        assert await reading == [Entry(start, b"first")]

    @pytest.mark.parametrize("past", [1, 1_000])
    async def test_L8_reading_beyond_the_end_is_damage(self, log: Log, past: int) -> None:
        await log.append(SHARD, numbered(2))
        with pytest.raises(LogDamaged, match="hunts-1"):
            await take(log, SHARD, 2 + past, 1)

    async def test_L8_reading_below_the_start_is_damage(self, log: Log) -> None:
        with pytest.raises(LogDamaged, match="hunts-1"):
            await take(log, SHARD, (await log.bounds(SHARD)).start - 1, 1)

    async def test_bounds_follow_the_appends(self, log: Log) -> None:
        start, end = await log.bounds(PLAYERS)
        await log.append(PLAYERS, numbered(5))
        assert await log.bounds(PLAYERS) == (start, end + 5)

    async def test_L9_a_renewed_shard_takes_appends_at_the_place_of_the_last(self, log: Log) -> None:
        await log.append(SHARD, numbered(2))
        await log.renew(SHARD)
        await log.renew(OTHER)
        assert (await log.append(SHARD, numbered(2, 2))).base == 2
        assert (await log.append(OTHER, numbered(1))).base == 0
        assert [e.body for e in await take(log, SHARD, 0, 4)] == numbered(4)

    async def test_L9_what_was_pending_at_a_renewal_is_not_waited_for_and_lands_whole_or_not(self, log: Log) -> None:
        given_up = log.append(SHARD, numbered(3))
        await log.renew(SHARD)
        base = (await log.append(SHARD, [b"after"])).base
        found = [e.body for e in await take(log, SHARD, 0, base + 1)]
        assert found.count(b"after") == 1
        assert [b for b in found if b != b"after"] in ([], numbered(3))
        given_up.cancel()

    async def test_L10_a_closed_log_refuses_every_call(self, log: Log) -> None:
        await log.append(SHARD, numbered(1))
        await log.close()
        with pytest.raises(LogUnavailable):
            await log.append(SHARD, numbered(1))
        with pytest.raises(LogUnavailable):
            await take(log, SHARD, 0, 1)
        with pytest.raises(LogUnavailable):
            await log.bounds(SHARD)

    async def test_L10_what_is_pending_at_close_ends(self, log: Log) -> None:
        futures = [log.append(shard, numbered(2)) for shard in (SHARD, OTHER, PLAYERS)]
        await log.close()
        done, pending = await asyncio.wait(futures, timeout=WAIT_S)
        assert len(done) == 3
        assert not pending
        for future in done:
            fault = future.exception()
            assert fault is None or getattr(fault, "code", "") == "outcome_unknown"

    async def test_L10_a_reader_that_waits_is_told_of_the_close(self, log: Log) -> None:
        waiting = asyncio.ensure_future(take(log, SHARD, 0, 1))
        await asyncio.sleep(0)
        await log.close()
        done, _ = await asyncio.wait({waiting}, timeout=WAIT_S)
        assert done
        with pytest.raises(LogUnavailable):
            await waiting

    async def test_L11_a_record_over_the_limit_is_refused_and_nothing_of_its_batch_is_written(self, log: Log) -> None:
        with pytest.raises(RecordTooLarge) as caught:
            await log.append(SHARD, [b"small", b"x" * (log.record_bytes_max + 1), b"small"])
        assert isinstance(caught.value, NotWritten)
        assert not caught.value.retriable
        assert (await log.append(SHARD, [b"next"])).base == 0

    async def test_L11_a_record_at_the_limit_is_taken_beside_small_ones(self, log: Log) -> None:
        records = [b"a" * 1000, b"x" * log.record_bytes_max, b"b" * 1000]
        await log.append(SHARD, records)
        assert [e.body for e in await take(log, SHARD, 0, 3)] == records

    @pytest.mark.parametrize(
        "records",
        [
            [b""],
            [b"", b""],
            [b"\n"],
            [b"a\nb", b"c", b"\n\n"],
            [bytes(range(256))],
            ['{"name":"Žofie, 山田"}'.encode()],
            [b"\x00", b"", b"\xff\xfe"],
        ],
    )
    async def test_L12_bytes_come_back_as_they_went_in(self, log: Log, records: Sequence[bytes]) -> None:
        await log.append(SHARD, records)
        assert [e.body for e in await take(log, SHARD, 0, len(records))] == list(records)

    @pytest.mark.parametrize("each", [1, 90, 60_000])
    async def test_L13_a_batch_at_the_limit_is_taken_and_one_record_more_is_refused_unwritten(
        self, log: Log, each: int
    ) -> None:
        records = [b"x" * each] * (log.batch_bytes_max // (each + RECORD_FRAMING_BYTES))
        records[-1] += b"x" * (log.batch_bytes_max - batch_bytes(records))
        assert (await log.append(SHARD, records)).base == 0
        for too_large in ([*records, b""], [*records[:-1], records[-1] + b"x"]):
            with pytest.raises(BatchTooLarge, match=str(log.batch_bytes_max)) as caught:
                await log.append(SHARD, too_large)
            assert isinstance(caught.value, NotWritten)
            assert not caught.value.retriable
        assert (await log.append(SHARD, [b"next"])).base == len(records)
        found = await take(log, SHARD, 0, len(records) + 1)
        assert [e.body for e in found] == [*records, b"next"]

    async def test_L13_a_record_at_its_own_limit_is_a_batch_that_is_taken(self, log: Log) -> None:
        assert log.record_bytes_max + RECORD_FRAMING_BYTES <= log.batch_bytes_max
        assert (await log.append(SHARD, [b"x" * log.record_bytes_max])).base == 0

    async def test_L13_a_batch_too_large_does_not_hold_up_those_behind_it(self, log: Log) -> None:
        whole = [b"x" * (log.batch_bytes_max // 4)] * 3
        futures = [log.append(SHARD, batch) for batch in (whole, [*whole, *whole], whole)]
        first, refused, last = await asyncio.gather(*futures, return_exceptions=True)
        assert isinstance(refused, BatchTooLarge)
        assert (first.base, last.base) == (0, 3)


async def prefix_is_read(writer: SnapshotStore, reader: SnapshotStore) -> None:
    """S1 while somebody writes: `first` is put before `last`, and lies in a part that was read before either came."""
    await asyncio.gather(*[writer.put(SHARD, f"k{n:04}", b"old") for n in range(1000)])
    found: dict[str, bytes] = {}
    async for chunk in reader.read(SHARD):
        if not found:
            await writer.put(SHARD, "a", b"first")
            await writer.put(SHARD, "k0000", b"second")
            await writer.put(SHARD, "z", b"last")
        found.update(chunk)
    told = [key for key, value in (("a", b"first"), ("k0000", b"second"), ("z", b"last")) if found.get(key) == value]
    assert told == ["a", "k0000", "z"][: len(told)]
    assert len([key for key in found if key.startswith("k")]) == 1000


class SnapshotContract:
    """Clauses S1 to S5."""

    async def test_S1_an_empty_store_yields_nothing_and_ends(self, log: Log) -> None:
        assert await values(log.snapshots, SHARD) == {}

    async def test_S1_every_key_comes_with_its_newest_value(self, log: Log) -> None:
        puts = [log.snapshots.put(SHARD, f"k{n % 700}", b"%d" % n) for n in range(1000)]
        await asyncio.gather(*puts)
        expected = {f"k{n}": b"%d" % (n + 700 if n < 300 else n) for n in range(700)}
        assert await values(log.snapshots, SHARD) == expected

    async def test_S1_what_is_put_while_somebody_reads_is_seen_in_the_order_of_the_puts_or_not_at_all(
        self, log: Log
    ) -> None:
        await prefix_is_read(log.snapshots, log.snapshots)

    async def test_S2_a_removed_key_is_gone_and_may_come_back(self, log: Log) -> None:
        await log.snapshots.put(SHARD, "a", b"1")
        await log.snapshots.put(SHARD, "b", b"1")
        await log.snapshots.put(SHARD, "a", None)
        await log.snapshots.put(SHARD, "never", None)
        assert await values(log.snapshots, SHARD) == {"b": b"1"}
        await log.snapshots.put(SHARD, "a", b"2")
        assert await values(log.snapshots, SHARD) == {"a": b"2", "b": b"1"}

    async def test_S3_of_puts_handed_over_at_once_the_last_wins(self, log: Log) -> None:
        puts = [log.snapshots.put(SHARD, "k", value) for value in (b"1", None, b"2", b"3", None, b"4")]
        puts += [log.snapshots.put(SHARD, "gone", value) for value in (b"1", None)]
        await asyncio.gather(*puts)
        assert await values(log.snapshots, SHARD) == {"k": b"4"}

    async def test_S4_bytes_come_back_as_they_went_in(self, log: Log) -> None:
        expected = {"empty": b"", "all": bytes(range(256)), "large": b"\x00\x01" * 300_000, "ž/山 田": b"\n"}
        for key, value in expected.items():
            await log.snapshots.put(SHARD, key, value)
        assert await values(log.snapshots, SHARD) == expected

    @pytest.mark.parametrize("key", ["k", "ž/山 田" * 20])
    async def test_S5_a_part_at_the_limit_with_its_key_is_taken_and_a_larger_one_refused_unwritten(
        self, log: Log, key: str
    ) -> None:
        store = log.snapshots
        most = store.part_bytes_max - len(key.encode())
        value = bytes(range(256)) * (most // 256 + 1)
        await store.put(SHARD, key, value[:most])
        with pytest.raises(RecordTooLarge, match=str(store.part_bytes_max)):
            await store.put(SHARD, key, value[: most + 1])
        assert await values(store, SHARD) == {key: value[:most]}

    async def test_snapshots_of_shards_do_not_mix(self, log: Log) -> None:
        for shard in (SHARD, OTHER, PLAYERS):
            await log.snapshots.put(shard, "k", str(shard).encode())
        for shard in (SHARD, OTHER, PLAYERS):
            assert await values(log.snapshots, shard) == {"k": str(shard).encode()}
