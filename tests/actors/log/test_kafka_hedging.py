"""One broker that stands still is waited for once: whoever else answers goes on. Without brokers but for the last."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaClient
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError, NodeNotReadyError
from aiokafka.structs import TopicPartition

from actors.log.kafka import hedged_client
from actors.log.kafka.connection import BrokerConnection
from actors.log.kafka.hedged_client import HedgedClient, first_answer, hedged
from actors.log.kafka.log import KafkaLog
from actors.log.kafka.produce import Batch
from actors.log.kafka.sender import Sender
from lab.machines.brokers import Brokers
from tests.actors.log.conftest import settled
from tests.actors.log.contract import SHARD, WAIT_S, numbered, take

FOR_EVER_MS = 3_600_000


class Ask:
    """Tries that a test lets answer, fail or stand still, each in its turn."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []

    async def still(self, name: str) -> str:
        self.begun.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append(name)
        raise AssertionError

    async def says(self, name: str) -> str:
        self.begun.append(name)
        return name

    async def fails(self, name: str, why: Exception) -> str:
        self.begun.append(name)
        raise why


# ---- hedged requests


async def test_the_second_is_asked_while_the_first_stands_still_and_its_answer_counts() -> None:
    ask = Ask()
    async with asyncio.timeout(WAIT_S):
        assert await first_answer([ask.still("one"), ask.says("two"), ask.says("three")], "") == "two"
    assert ask.begun == ["one", "two"]  # nobody is asked without need
    await settled(lambda: ask.ended == ["one"])  # the one that lost is let go


async def test_the_second_is_asked_at_once_when_the_first_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedged_client, "HEDGE_S", WAIT_S)
    ask = Ask()
    async with asyncio.timeout(WAIT_S / 2):
        assert await first_answer([ask.fails("one", OSError("refused")), ask.says("two")], "") == "two"


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ([OSError("refused"), KafkaConnectionError("gone")], KafkaConnectionError),
        ([AuthenticationFailedError("wrong"), OSError("refused")], AuthenticationFailedError),
        ([], KafkaConnectionError),
    ],
)
async def test_when_all_fail_a_refused_login_is_told_before_what_waiting_may_cure(
    reasons: list[Exception], told: type[Exception]
) -> None:
    ask = Ask()
    tries: list[Coroutine[Any, Any, str]] = [ask.fails(str(i), why) for i, why in enumerate(reasons)]
    with pytest.raises(told):
        await first_answer(tries, "")


async def test_a_bug_in_a_try_is_not_taken_for_a_broker_that_is_away() -> None:
    ask = Ask()
    with pytest.raises(ZeroDivisionError):
        await first_answer([ask.fails("one", ZeroDivisionError()), ask.says("two")], "")


async def test_of_two_answers_of_one_turn_the_second_is_discarded_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedged_client, "HEDGE_S", 0.0)
    go = asyncio.Event()

    async def says(name: str) -> str:
        await go.wait()
        return name

    discarded: list[str] = []
    asking = asyncio.ensure_future(first_answer([says("one"), says("two")], "", discarded.append))
    for _ in range(10):
        await asyncio.sleep(0)
    go.set()
    async with asyncio.timeout(WAIT_S):
        taken = await asking
    assert sorted([taken, *discarded]) == ["one", "two"]


# ---- a client's connections and metadata


class Silent:
    """A port that takes connections and says nothing, as a suspended process does."""

    def __enter__(self) -> str:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *why: object) -> None:
        self._socket.close()


@pytest.fixture
async def client() -> AsyncIterator[HedgedClient]:
    made = hedged(AIOKafkaClient(bootstrap_servers="127.0.0.1:9", request_timeout_ms=FOR_EVER_MS))
    made.cluster.brokers = lambda: [SimpleNamespace(nodeId=node) for node in (1, 2, 3)]
    yield made
    await made.close()


async def test_connections_to_different_brokers_do_not_wait_for_each_other(
    client: HedgedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    never, tried = asyncio.Event(), []

    async def opens(place: tuple[Any, Any]) -> Any:
        tried.append(place[0])
        if place[0] == 1:
            await never.wait()
        return f"to {place[0]}"

    monkeypatch.setattr(client, "_open", opens)
    first = [asyncio.ensure_future(client._get_conn(1)) for _ in range(3)]
    async with asyncio.timeout(WAIT_S):
        assert await client._get_conn(2) == "to 2"
    assert not any(one.done() for one in first)
    never.set()
    async with asyncio.timeout(WAIT_S):
        assert await asyncio.gather(*first) == ["to 1"] * 3
    assert sorted(tried) == [1, 2]  # three that want the same one share an attempt


async def test_metadata_comes_from_another_broker_while_one_stands_still_which_is_then_asked_last(
    client: HedgedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class To:
        def __init__(self, node: int) -> None:
            self.node = node

        async def send(self, request: Any) -> Any:
            asked.append(self.node)
            if self.node == 2:
                await asyncio.Event().wait()
            return SimpleNamespace(brokers=[1])

    async def get(node: int) -> Any:
        return To(node)

    taken: list[Any] = []
    monkeypatch.setattr(client, "_get_conn", get)
    monkeypatch.setattr(client.cluster, "update_metadata", taken.append)
    client._suspects.update({1: float("inf"), 3: float("inf")})  # so that 2 is asked first
    async with asyncio.timeout(WAIT_S):
        assert await client._metadata_update(client.cluster, ["t.hunts"])
    assert asked[0] == 2
    assert len(asked) == 2
    assert len(taken) == 1
    client._suspects = {2: client._suspects[2]}
    for _ in range(10):
        asked.clear()
        assert await client._metadata_update(client.cluster, ["t.hunts"])
        assert 2 not in asked


async def test_every_client_of_a_log_is_hedged_and_the_names_are_those_of_aiokafka(kafka: str, prefix: str) -> None:
    """aiokafka calls these by itself: with another version they might be no more than dead code."""
    for name in ("bootstrap", "_metadata_update", "_get_conn", "close"):
        assert name in HedgedClient.__dict__
        assert callable(getattr(AIOKafkaClient, name))
    log = KafkaLog(kafka, shards={"hunts": 2}, prefix=prefix)
    await log.open()
    try:
        await log.bounds(SHARD)
        assert isinstance(log._lanes[SHARD].path.producer.client, HedgedClient)
        assert isinstance(log.snapshots._producers.shared(0).producer.inner.client, HedgedClient)
        assert all(isinstance(reader._client, HedgedClient) for reader in log._readers._running)
        assert len(log._readers) == 1
    finally:
        await log.close()


async def test_a_log_starts_although_the_first_of_its_bootstrap_servers_stands_still(kafka: str, prefix: str) -> None:
    with Silent() as silent:
        log = KafkaLog(f"{silent},{kafka}", shards={"hunts": 2}, prefix=prefix, request_timeout_ms=FOR_EVER_MS)
        async with asyncio.timeout(WAIT_S):  # without the hedge: an hour for each client
            await log.open()
            assert (await log.append(SHARD, numbered(2))).base == 0
            assert len(await take(log, SHARD, 0, 2)) == 2
            await log.close()


# ---- a sender's connections


class Leader:
    """A cluster whose partition is led by a broker that a test names."""

    def __init__(self, node: int) -> None:
        self.node = node
        self.cluster = self
        self.asked = 0

    def leader_for_partition(self, place: Any) -> int:
        return self.node

    async def force_metadata_update(self) -> bool:
        self.asked += 1
        return True


class Taken:
    """A connection that takes batches."""

    open = True

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def add(self, batch: Batch) -> None:
        self.batches.append(batch)


def sender(leader: Leader, connects: Callable[[int], Coroutine[Any, Any, Any]]) -> Sender:
    options = {"bootstrap_servers": "127.0.0.1:9", "request_timeout_ms": FOR_EVER_MS}
    made = Sender(["t.hunts"], options, batch_bytes_max=1000, again=lambda: None)
    made.client = leader  # type: ignore[assignment]
    made._connect_to = connects  # type: ignore[method-assign, assignment]
    return made


async def test_batches_share_one_attempt_to_connect_and_go_to_a_new_leader_while_it_is_under_way() -> None:
    """They waited for one attempt after the other: 30 shards of a suspended broker stood still for a minute."""
    tried: list[int] = []
    new = Taken()

    async def connects(node: int) -> Any:
        tried.append(node)
        if node == 1:
            await asyncio.Event().wait()  # it stands still
        return new

    leader = Leader(1)
    made = sender(leader, connects)
    batches = [Batch(TopicPartition("t.hunts", n), b"") for n in range(30)]
    for batch in batches:
        made.send(batch)
    await settled(lambda: leader.asked > 60)  # all have looked again who leads, more than once
    assert tried == [1]
    leader.node = 2
    await settled(lambda: len(new.batches) == 30)
    assert tried == [1, 2]
    await made._end_attempts()


async def test_a_failed_attempt_fails_for_all_that_wait_and_the_next_is_a_fresh_one() -> None:
    tried: list[int] = []
    reached = Taken()

    async def connects(node: int) -> Any:
        tried.append(node)
        if len(tried) == 1:
            raise NodeNotReadyError("not yet")
        return reached

    made = sender(Leader(1), connects)
    for n in range(5):
        made.send(Batch(TopicPartition("t.hunts", n), b""))
    await settled(lambda: len(reached.batches) == 5)
    assert tried == [1, 1]


async def test_an_end_that_comes_with_the_first_answer_is_heard() -> None:
    """A broker that stops while a connection is opened: batches on it waited for the whole request timeout."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readexactly(4)
        correlation = (await reader.readexactly(int.from_bytes(asked, "big")))[4:8]
        payload = correlation + struct.pack(">hi", 0, 1) + struct.pack(">hhh", 0, 3, 9)
        writer.write(struct.pack(">i", len(payload)) + payload)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    returned: list[Batch] = []
    fresh = BrokerConnection(answer_within_ms=1000, told=lambda *_: None, returned=returned.append)
    try:
        async with asyncio.timeout(WAIT_S):
            await fresh.connect(host, port, {"request_timeout_ms": FOR_EVER_MS})
    except KafkaConnectionError:
        assert not fresh.open
    else:  # the end came in a later packet: then the connection itself heard of it
        fresh.add(Batch(("t.hunts", 1), b""))
        await settled(lambda: len(returned) == 1)
    server.close()
    await server.wait_closed()


# ---- three brokers


@pytest.mark.timeout(600)
async def test_shards_go_on_at_new_leaders_while_their_broker_stands_still(cluster: Brokers) -> None:
    await cluster.whole()
    shards = [SHARD._replace(index=n) for n in range(12)]
    log = KafkaLog(cluster.address, shards={"hunts": 12}, prefix="test-still", request_timeout_ms=5_000)
    await log.open()
    try:
        await asyncio.gather(*(log.append(shard, numbered(1)) for shard in shards))
        cluster.signal(2, signal.SIGSTOP)
        async with asyncio.timeout(WAIT_S):  # a third of them is led by it, and it does not come back meanwhile
            answers = await asyncio.gather(*(log.append(shard, numbered(1, 1)) for shard in shards))
        assert [answer.base for answer in answers] == [1] * 12
        late = KafkaLog(cluster.address, shards={"hunts": 12}, prefix="test-still", request_timeout_ms=FOR_EVER_MS)
        async with asyncio.timeout(WAIT_S):
            await late.open()
            assert [(await late.bounds(shard)).end for shard in shards] == [2] * 12
            await late.close()
    finally:
        cluster.signal(2, signal.SIGCONT)
        await log.close()
