"""Nodes on a real broker and in a real group: who joins, leaves or dies, every shard ends with one owner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.cluster import membership
from actors.cluster.member import Member
from actors.cluster.membership import GroupMember
from actors.cluster.table import Report, ShardTable
from actors.log.kafka.clients import stop_surely
from actors.log.port import ShardId
from lab.sim import toy
from tests.integration.cluster.rig import ALL, SHARDS, KafkaCluster, KafkaNode, chest, until, violations

pytestmark = pytest.mark.kafka


@pytest.fixture
async def cluster(kafka: str, prefix: str, tmp_path: Path) -> AsyncIterator[KafkaCluster]:
    made = KafkaCluster(kafka, prefix, tmp_path)
    yield made
    for play in made.plays:
        play.cancel()
    await made.close()


class Play:
    """Players who add to chests and give to purses all the time, each its own."""

    def __init__(self, cluster: KafkaCluster, players: int = 6) -> None:
        self._cluster = cluster
        self._on = True
        self.sent = 0
        self._tasks = [asyncio.ensure_future(self._play(n)) for n in range(players)]
        cluster.plays += self._tasks

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
    await until(lambda: cluster.settled() and all(len(n.serves()) >= 4 for n in cluster.nodes))
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


def opened_since(node: KafkaNode, version: int) -> set[ShardId]:
    """Return the shards that a node was given by a table after this version, and began to serve."""
    shards = {str(shard): shard for shard in ALL}
    taken = [fields for name, fields in node.told.events if name == "shard_taken"]
    return {shards[fields["shard"]] for fields in taken if fields["table"] > version}


async def test_a_node_that_stood_still_past_the_time_out_writes_nothing_that_counts_and_serves_again(
    cluster: KafkaCluster,
) -> None:
    """The group drops it and others open tenures, while it goes on and takes itself for the owner."""
    nodes = [await cluster.add() for _ in range(3)]
    await until(lambda: cluster.settled() and all(len(n.serves()) >= 4 for n in nodes))
    play = Play(cluster)
    await play.some()
    still = nodes[1]
    before = still.keeper.rules.table.version
    had = still.serves()
    assert still.group._consumer is not None
    coordinator = still.group._consumer._coordinator
    beat, silent = coordinator._do_heartbeat, asyncio.Event()

    async def nothing() -> bool:
        await silent.wait()
        return bool(await beat())

    coordinator._do_heartbeat = nothing
    others = [node for node in nodes if node is not still]
    await until(lambda: had <= {shard for node in others for shard in opened_since(node, before)})
    await until(lambda: "shard_stood_back" in still.told.names() or "shard_lost" in still.told.names())
    await play.some()
    silent.set()
    await until(lambda: cluster.settled() and len(still.serves()) >= 4)
    assert still.keeper.rules.table.version > before
    await play.some()
    await play.end()
    await until(lambda: all(not shard.outgoing.held for n in cluster.running() for shard in n.system.shards()))
    assert violations(await cluster.judge()) == []


async def test_a_consumer_that_hears_nothing_of_its_group_is_made_anew(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also pins the private names of aiokafka that membership uses."""
    monkeypatch.setattr(membership, "QUIET_POLLS", 2)
    node = await cluster.add()
    await until(cluster.settled)
    first = node.group._consumer
    assert first is not None
    for name in ("_do_heartbeat", "request_rejoin"):
        assert callable(getattr(first._coordinator, name))

    async def deaf() -> bool:
        return False

    first._coordinator._do_heartbeat = deaf
    await until(lambda: node.group.rebuilds > 0 and node.group._consumer not in (None, first))
    await until(lambda: node.group.generations > 1 and cluster.settled())
    assert "background_failed" in node.told.names()


async def test_a_member_that_cannot_leave_in_order_closes_its_connections_all_the_same(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that waits for the others of its group, until whoever stops it has no more time."""
    monkeypatch.setattr(membership, "STOP_S", 0.5)
    node = await cluster.add()
    await until(cluster.settled)
    consumer = node.group._consumer
    assert consumer is not None
    connections = list(consumer._client._conns.values())
    assert any(one.connected() for one in connections)

    async def waits() -> None:
        await asyncio.get_running_loop().create_future()

    leaves, consumer._coordinator.close = consumer._coordinator.close, waits
    await node._end()
    assert [one for one in connections if one.connected()] == []
    assert not any(one.connected() for one in consumer._client._conns.values())
    await leaves()


async def test_a_member_that_leaves_is_stopped_once_and_tells_its_group(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A second stop closed the connection under the first one, and the group waited for the member's time-out."""
    caplog.set_level(logging.INFO, "aiokafka.consumer.group_coordinator")
    stopped: list[Any] = []

    async def noted(stop: Any, client: Any) -> None:
        stopped.append(client)
        await stop_surely(stop, client)

    node = await cluster.add()
    await until(cluster.settled)
    assert node.group._consumer is not None
    client = node.group._consumer._client
    monkeypatch.setattr(membership, "stop_surely", noted)
    await node.group.leave()
    await node._end()
    assert stopped == [client]
    assert [line for line in caplog.messages if line.startswith("LeaveGroup")] == ["LeaveGroup request succeeded"]


async def test_a_node_with_other_shard_counts_is_given_nothing(cluster: KafkaCluster) -> None:
    node = await cluster.add()
    await until(cluster.settled)
    stranger = Member("stranger:1", "run9", tuple(SHARDS))
    tables: list[ShardTable] = []
    group = GroupMember(
        cluster.address,
        cluster.prefix,
        shards={"chests": 4},
        report=lambda: Report(stranger, shards={"chests": 4}),
        changed=tables.append,
        reporter=node.told,
    )
    being = asyncio.ensure_future(group.run())
    await until(lambda: bool(tables))
    assert tables[-1].shards_of(stranger) == []
    assert len(tables[-1].shards_of(node.me)) == 16
    assert "member_shards_differ" in node.told.names()
    await group.leave()
    being.cancel()
