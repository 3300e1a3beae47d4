"""Bounds of the runtime: what happens at each."""

from __future__ import annotations

import asyncio

from actors.limits import Limits
from actors.log.memory import Fate
from tests.actors.rig import Heard, running
from tests.actors.toy import Add


async def test_deciding_stops_while_too_many_bytes_wait_behind_a_batch_and_goes_on_after_it() -> None:
    async with running(limits=Limits(staged_bytes_max=1000)) as node:
        await node.ask(Add(1))
        node.plan.fates = [Fate(0.05, 0.05)]
        heard = Heard()
        for i in range(100):
            node.send(Add(1), sink=heard, request=i)
            await node.turns(2)
        assert heard.said == []
        staged = node.shard.commit.statistics().staged_bytes
        assert 1000 <= staged < 1300, "one record more, no further"
        assert node.shard.decider.decided < 50
        async with asyncio.timeout(5):
            while len(heard.said) < 100:
                await asyncio.sleep(0)
        assert [s[1] for s in heard.said] == list(range(100))
        assert [s[0] for s in heard.said] == ["ok"] * 100


async def test_commands_that_wait_for_a_recovery_are_bounded_too() -> None:
    async with running(limits=Limits(waiting_max=3)) as node:
        await node.ask(Add(1))
        node.shard.ownership.doubt()
        heard = Heard()
        for i in range(5):
            node.send(Add(1), sink=heard, request=i)
        assert [(s[1], s[2]) for s in heard.said] == [(3, "unavailable"), (4, "unavailable")]
