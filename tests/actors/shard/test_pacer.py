"""The pacer: at once while batches are few, together on a tick when they are many."""

from __future__ import annotations

import asyncio

from actors.shard.pacer import ON_PER_S, Pacer


async def test_few_batches_go_at_once() -> None:
    pacer = Pacer()
    assert not any(pacer.wait(lambda: None) for _ in range(20))


async def test_many_batches_wait_for_a_common_tick_and_none_is_forgotten() -> None:
    pacer = Pacer()
    loop = asyncio.get_running_loop()
    pacer._since_s = loop.time() - 0.2  # a window of the past, full
    pacer._count = ON_PER_S
    done: list[str] = []
    a, b = (lambda: done.append("a")), (lambda: done.append("b"))
    assert pacer.wait(a)
    assert pacer.wait(b)
    assert pacer.wait(a)
    assert done == []
    await asyncio.sleep(0.02)
    assert done == ["a", "b"]
    assert pacer.ticks == 1


async def test_it_goes_back_when_batches_become_few() -> None:
    pacer = Pacer()
    pacer.ticking = True
    pacer._since_s = asyncio.get_running_loop().time() - 10.0
    assert not pacer.wait(lambda: None)
