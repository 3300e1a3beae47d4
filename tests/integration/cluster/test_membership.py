"""Nodes on a real broker and in a real group: who joins, leaves or dies, every shard ends with one owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.sim import toy
from tests.integration.cluster.rig import ALL, KafkaCluster, chest, until, violations

pytestmark = pytest.mark.kafka


@pytest.fixture
async def cluster(kafka: str, prefix: str, tmp_path: Path) -> AsyncIterator[KafkaCluster]:
    made = KafkaCluster(kafka, prefix, tmp_path)
    yield made
    await made.close()


class Play:
    """Players who add to chests and give to purses all the time, each its own."""

    def __init__(self, cluster: KafkaCluster, players: int = 6) -> None:
        self._cluster = cluster
        self._on = True
        self.sent = 0
        self._tasks = [asyncio.ensure_future(self._play(n)) for n in range(players)]

    async def _play(self, number: int) -> None:
        who = f"w{number}"
        n = 0
        while self._on:
            n += 1
            command = toy.Gift((f"w{(number + n) % 6}",), 1) if n % 3 == 0 else toy.Add(1)
            await self._cluster.command(who, (f"e{number}", n), "chest", chest((number + n) % 8), command)
            self.sent += 1

    async def end(self) -> None:
        self._on = False
        await asyncio.gather(*self._tasks)

    async def some(self, count: int = 30) -> None:
        """Wait for some more answers."""
        before = self.sent
        await until(lambda: self.sent >= before + count or any(task.done() for task in self._tasks))


async def test_nodes_join_leave_and_die_under_play_and_nothing_is_lost_or_doubled(cluster: KafkaCluster) -> None:
    one = await cluster.add()
    await until(cluster.settled)
    assert one.serves() == set(ALL)
    play = Play(cluster)
    await play.some()
    two = await cluster.add()
    three = await cluster.add()
    await until(lambda: cluster.settled() and sorted(len(n.serves()) for n in (one, two, three)) == [5, 5, 6])
    await play.some()
    await three.stop()
    await until(cluster.settled)
    assert "drain_cut_short" not in three.told.names()
    await play.some()
    await two.kill()
    await until(cluster.settled)
    await play.some()
    four = await cluster.add()
    await until(lambda: cluster.settled() and len(four.serves()) == 8)
    await play.some()
    await play.end()
    await until(lambda: all(not shard.outgoing.held for n in cluster.running() for shard in n.system.shards()))
    judge = await cluster.judge()
    assert violations(judge) == []
    totals = judge.totals()
    assert totals.calls > 150
    assert totals.reactions > 40
    assert max(judge.tenures().values()) <= 8
