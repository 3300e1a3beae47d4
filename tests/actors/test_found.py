"""Faults that the simulation found, each as small as it can be made. One test a fault; never removed."""

from __future__ import annotations

import asyncio

from actors.limits import Limits
from actors.log.memory import Fate, MemoryStore
from actors.log.port import ShardId
from tests.actors.rig import running
from tests.actors.test_recovery import settle
from tests.actors.toy import Add, Send, Total

SHARD = ShardId("tallies", 0)


async def test_reactions_of_records_that_a_snapshot_covers_are_sent_after_a_crash() -> None:
    """A source's snapshot was newer than its cursor: replay passed over the record, and its reactions were lost."""
    store = MemoryStore()
    limits = Limits(snapshot_records=2, marker_records=2)
    async with running(store, shards=8, limits=limits) as node:
        region = node.system.regions["tally"]
        target = region.shard("target").id
        assert region.shard("s1").id != target
        await node.ask(Add(1), to="s1")
        node.plan.only = lambda shard, records: shard == target and bool(records)
        node.plan.fates = [Fate(lands_s=None, answers_s=None)] * 9  # the target's log does not answer
        await node.ask(Send(("target",), 7), to="s1")
        await settle(node)
        assert any("|h|s1" in key for key in store.kept[region.shard("s1").id])
    async with running(store, shards=8) as node:
        await asyncio.sleep(0.02)
        assert (await node.view(Total(), to="target"))[0].total == 7
