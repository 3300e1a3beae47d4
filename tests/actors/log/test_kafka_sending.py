"""Records to brokers, without brokers: what is written, what an answer may be, and what comes back when none comes."""

from __future__ import annotations

import asyncio
import gc
import struct
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, NodeNotReadyError, ProducerFenced
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from actors.log.kafka import sender as sending
from actors.log.kafka.clients import unheard
from actors.log.kafka.connection import BrokerConnection, take_over
from actors.log.kafka.produce import (
    BadAnswer,
    Batch,
    Numbers,
    ProduceResponse,
    answers,
    correlation_of,
    encoded,
    request,
)
from actors.log.kafka.sender import Sender

HUNTS = ("t.hunts", 3)
PLAYERS = ("t.players", 0)


def batch(place: tuple[str, int] = HUNTS, data: bytes = b"data") -> Batch:
    return Batch(place, data)


def framed(payload: bytes) -> bytes:
    return struct.pack(">i", len(payload)) + payload


def answer(correlation: int, *told: tuple[tuple[str, int], int, int, int]) -> bytes:
    """Return an answer as a broker sends it; `told` are (place, error, offset, time)."""
    topics = [(topic, [(partition, error, offset, at, 0)]) for (topic, partition), error, offset, at in told]
    return framed(struct.pack(">i", correlation) + ProduceResponse_v7(topics, 0).encode())


# ---- bytes


def test_a_batch_is_what_another_reader_finds_in_it() -> None:
    data = encoded([b"one", b"two"], 1_700_000_000_000, Numbers(77, 2, 40), 1000)
    assert data is not None
    found = DefaultRecordBatch(data)
    assert found.validate_crc()
    assert (found.producer_id, found.producer_epoch, found.base_sequence) == (77, 2, 40)
    assert [(r.offset, r.key, r.value, r.timestamp) for r in found] == [
        (0, None, b"one", 1_700_000_000_000),
        (1, None, b"two", 1_700_000_000_000),
    ]


def test_a_batch_over_the_limit_is_none() -> None:
    assert encoded([b"x" * 60] * 3, 1, Numbers(1, 0, 0), 200) is None


def test_a_request_is_what_another_writer_makes_of_the_same_batches() -> None:
    made = request(9, b"huntserver", 1000, [batch(), batch(PLAYERS, b"more"), batch((HUNTS[0], 4), b"third")])
    topics = [(HUNTS[0], [(3, b"data"), (4, b"third")]), (PLAYERS[0], [(0, b"more")])]
    theirs = ProduceRequest_v7(None, -1, 1000, topics)
    header = theirs.build_request_header(correlation_id=9, client_id="huntserver")
    assert made == framed(header.encode() + theirs.encode())


def test_an_answer_tells_of_every_partition() -> None:
    frame = answer(5, (HUNTS, 0, 900, 1234), (PLAYERS, 6, -1, -1))[4:]
    assert correlation_of(frame) == 5
    assert list(answers(frame)) == [ProduceResponse(HUNTS, 0, 900, 1234), ProduceResponse(PLAYERS, 6, -1, 0)]


@given(st.binary(max_size=80))
def test_any_bytes_are_an_answer_or_a_bad_one(frame: bytes) -> None:
    try:
        correlation_of(frame)
        told = list(answers(frame))
    except BadAnswer:
        return
    assert all(isinstance(one, ProduceResponse) for one in told)


# ---- a connection


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True


class Talk:
    """A connection on such a transport, and what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Batch, ProduceResponse]] = []
        self.returned: list[Batch] = []
        self.connection = BrokerConnection(
            answer_within_ms=1000,
            told=lambda one, what: self.told.append((one, what)),
            returned=self.returned.append,
        )
        self.wire = Wire()
        self.connection._transport = self.wire

    async def add(self, *batches: Batch) -> None:
        for one in batches:
            self.connection.add(one)
        await asyncio.sleep(0)


async def test_batches_of_one_turn_go_together_and_those_that_come_later_wait_for_the_answer() -> None:
    talk = Talk()
    first, second, third = batch(), batch(PLAYERS), batch((HUNTS[0], 7))
    await talk.add(first, second)
    await talk.add(third)
    assert talk.wire.written == [request(1, b"huntserver", 1000, [first, second])]
    assert len(talk.connection) == 3
    talk.connection.data_received(answer(1, (PLAYERS, 0, 8, 4), (HUNTS, 0, 70, 5)))
    assert talk.told == [(second, ProduceResponse(PLAYERS, 0, 8, 4)), (first, ProduceResponse(HUNTS, 0, 70, 5))]
    assert talk.wire.written[1:] == [request(2, b"huntserver", 1000, [third])]


async def test_an_answer_may_come_in_any_pieces() -> None:
    talk = Talk()
    only = batch()
    await talk.add(only)
    for byte in answer(1, (HUNTS, 0, 70, 5)):
        talk.connection.data_received(bytes((byte,)))
    assert talk.told == [(only, ProduceResponse(HUNTS, 0, 70, 5))]
    assert len(talk.connection) == 0


async def test_a_batch_that_its_answer_does_not_name_is_given_back() -> None:
    talk = Talk()
    first, second = batch(), batch(PLAYERS)
    await talk.add(first, second)
    talk.connection.data_received(answer(1, (HUNTS, 0, 70, 5), (("other", 1), 0, 1, 1)))
    assert [one for one, _ in talk.told] == [first]
    assert talk.returned == [second]


@pytest.mark.parametrize(
    "data",
    [
        answer(2, (HUNTS, 0, 70, 5)),  # of another request
        framed(answer(1, (HUNTS, 0, 70, 5))[4:20]),  # cut short
        framed(b"\0\0"),
        b"\x7f\xff\xff\xff",  # a frame of two gigabytes
    ],
)
async def test_what_is_no_answer_ends_the_connection_and_every_batch_comes_back_once(data: bytes) -> None:
    talk = Talk()
    first, second = batch(), batch(PLAYERS)
    await talk.add(first)
    await talk.add(second)
    talk.connection.data_received(data)
    assert talk.wire.aborted
    assert not talk.connection.open
    assert (talk.told, talk.returned) == ([], [first, second])
    talk.connection.connection_lost(None)  # the transport says so later
    assert len(talk.returned) == 2


async def test_a_lost_connection_gives_back_what_was_sent_and_what_waited() -> None:
    talk = Talk()
    first, second = batch(), batch(PLAYERS)
    await talk.add(first)
    await talk.add(second)
    talk.connection.connection_lost(ConnectionResetError())
    assert talk.returned == [first, second]
    assert not talk.connection.open


async def test_only_a_request_without_an_answer_is_overdue() -> None:
    talk = Talk()
    assert not talk.connection.overdue(-1.0)
    await talk.add(batch())
    assert talk.connection.overdue(-1.0)
    assert not talk.connection.overdue(60.0)


# ---- the names that are aiokafka's own


async def test_a_transport_is_taken_over_by_the_private_names_that_we_rely_on() -> None:
    heard: list[bytes] = []
    serving: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(writer)
        asked = await reader.readexactly(4)
        correlation = (await reader.readexactly(int.from_bytes(asked, "big")))[4:8]
        versions = struct.pack(">hi", 0, 1) + struct.pack(">hhh", 0, 3, 9)
        writer.write(framed(correlation + versions))

    class Hears(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            heard.append(data)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    opened: Any = AIOKafkaConnection(host, port, request_timeout_ms=5_000)
    await opened.connect()
    assert opened._versions == {0: (3, 9)}
    _writer, transport = take_over(opened, Hears())
    assert not opened.connected()
    serving[0].write(b"for us")
    await serving[0].drain()
    while not heard:
        await asyncio.sleep(0.01)
    assert heard == [b"for us"]
    transport.abort()
    serving[0].close()
    server.close()
    await server.wait_closed()


# ---- an id


class Cluster:
    """Brokers 1 to 3 as a client reaches them: all but the third fail."""

    def __init__(self, failing: KafkaError) -> None:
        self.cluster = SimpleNamespace(brokers=lambda: [SimpleNamespace(nodeId=node) for node in (1, 2, 3)])
        self.failing = failing
        self.asked: list[int] = []

    async def send(self, node: int, asked: Any) -> Any:
        self.asked.append(node)
        if node != 3:
            raise self.failing
        return SimpleNamespace(error_code=0, producer_id=77, producer_epoch=0)


def sender(cluster: Cluster) -> Sender:
    options = {"bootstrap_servers": "127.0.0.1:9", "request_timeout_ms": 1000}
    made = Sender(["t.hunts"], options, batch_bytes_max=1000, again=lambda: None)
    made.client = cluster  # type: ignore[assignment]
    return made


async def test_a_broker_that_stands_still_does_not_keep_a_producer_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One was chosen at random, and a log that had lost one of three brokers could not renew a producer."""
    monkeypatch.setattr(sending, "AGAIN_S", (0.0,))
    for _ in range(20):
        cluster = Cluster(NodeNotReadyError("it stands still"))
        made = sender(cluster)
        await made._get_id()
        assert made._producer == 77
        assert sorted(cluster.asked) == sorted(set(cluster.asked)), "each is asked once before one is asked again"


async def test_who_may_not_have_an_id_is_told_at_once() -> None:
    cluster = Cluster(ClusterAuthorizationFailedError())
    cluster.cluster = SimpleNamespace(brokers=lambda: [SimpleNamespace(nodeId=1)])
    with pytest.raises(ClusterAuthorizationFailedError):
        await sender(cluster)._get_id()
    assert cluster.asked == [1]


async def test_a_batch_that_fails_unheard_leaves_no_line_of_asyncios(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    producer = unheard(AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", linger_ms=0))
    producer._closed = True  # it is not started: nothing is to be complained of
    accumulator, place = producer._message_accumulator, TopicPartition("t.feed", 0)
    handed = await accumulator.add_message(place, b"key", b"value", timeout=1)
    accumulator.fail_all(ProducerFenced())
    with pytest.raises(ProducerFenced):
        await handed
    accumulator._batches.clear()
    del handed
    gc.collect()
    assert told == []
