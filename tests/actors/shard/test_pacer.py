"""The pacer: at once while batches are few, together on a tick when they are many."""

from __future__ import annotations

import asyncio

from actors.shard.pacer import OFF_PER_S, ON_PER_S, TICK_MAX_S, TICK_S, WINDOW_S, Pacer


def _window(pacer: Pacer, batches: int, records: int) -> None:
    """Let a window end in which so many were handed over."""
    pacer._since_s = asyncio.get_running_loop().time() - WINDOW_S
    pacer._batches, pacer._records = batches - 1, records - 1
    pacer.handed(1)


async def test_with_few_batches_a_shard_runs_in_the_next_turn() -> None:
    pacer, ran = Pacer(), asyncio.Event()
    _window(pacer, int(ON_PER_S * WINDOW_S), 10**6)
    pacer.soon(ran.set)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ran.is_set()
    assert pacer.ticks == 0


async def test_with_many_all_shards_wait_for_a_common_tick_and_none_is_forgotten() -> None:
    pacer, done, last = Pacer(), [], asyncio.Event()  # type: ignore[var-annotated]
    _window(pacer, 2 * ON_PER_S, 2 * ON_PER_S)
    pacer.soon(lambda: done.append("a"))
    pacer.soon(lambda: done.append("b"))
    pacer.soon(last.set)
    assert done == []
    await asyncio.wait_for(last.wait(), 60)
    assert done == ["a", "b"]
    assert pacer.ticks == 1


async def test_the_tick_is_as_long_as_it_takes_for_batches_to_stay_at_the_rate() -> None:
    for shards, tick_s in ((1, TICK_S), (12, 12 / ON_PER_S), (100, TICK_MAX_S)):
        pacer, last = Pacer(), asyncio.Event()
        _window(pacer, 2 * ON_PER_S, 2 * ON_PER_S)
        for _ in range(shards - 1):
            pacer.soon(lambda: None)
        pacer.soon(last.set)
        await asyncio.wait_for(last.wait(), 60)
        assert pacer.tick_s == tick_s


async def test_it_goes_back_when_records_become_few_also_when_nothing_was_handed_over_since() -> None:
    pacer, ran = Pacer(), asyncio.Event()
    pacer.ticking = True
    _window(pacer, 1, 10 * OFF_PER_S)
    assert pacer.ticking, "few batches of many records each: that is what the tick makes"
    _window(pacer, 1, 1)
    assert not pacer.ticking
    pacer.ticking, pacer._since_s = True, asyncio.get_running_loop().time() - 10.0
    pacer.soon(ran.set)
    assert not pacer.ticking
    await asyncio.wait_for(ran.wait(), 60)
    assert pacer.ticks == 0


async def test_what_one_run_raises_does_not_keep_the_others_waiting() -> None:
    raised: list[BaseException] = []
    pacer, last = Pacer(raised.append), asyncio.Event()
    pacer.ticking, pacer._since_s = True, asyncio.get_running_loop().time()

    def broken() -> None:
        raise ValueError("a bug")

    pacer.soon(broken)
    pacer.soon(last.set)
    await asyncio.wait_for(last.wait(), 60)
    assert [str(error) for error in raised] == ["a bug"]
