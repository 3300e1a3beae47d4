"""Records to brokers: an idempotent producer for whole batches, one at a time in each partition.

It does what aiokafka's producer does with such batches (ids and numbers by which a broker knows a batch again, so that
it may be sent until an answer comes; the leader looked up anew after an error) without a task, a future and a timer for
each, which cost more than the rest of a command (`docs/adr/0007-a-sender-of-our-own.md`). Metadata, connections and
logins are aiokafka's. Owns the connections, and the batches between two tries.
"""

from __future__ import annotations

import asyncio
import functools
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, NoError, for_code
from aiokafka.protocol.transaction import InitProducerIdRequest

from actors.log.kafka.clients import CLOSE_S, close_soon
from actors.log.kafka.connection import CLIENT, BrokerConnection, taken
from actors.log.kafka.hedged_client import CONNECT_S, UNREACHABLE, first_answer, hedged
from actors.log.kafka.produce import DUPLICATE_SEQUENCE, Batch, Numbers, ProduceResponse, encoded

AGAIN_S: Final = (0.01, 0.02, 0.05, 0.1)
"""Between two tries of a batch; the last for all that follow."""
SEQUENCE_MAX: Final = 0x7FFFFFFF
POLL_S: Final = 0.01
ID_TRIES: Final = 100
ID_TIMEOUT_MS: Final = 60_000
LEADER_S: Final = 0.5
"""Metadata refresh timeout; afterwards retry against the cached leader. Also how long a connection to that leader is
waited for before the metadata is refreshed again: another may lead the partition by then."""
REPLICAS_WAIT_MS: Final = 1_000
"""How long a broker waits for the replicas of a request before it answers for those partitions that have theirs.

Given as long as the client waits, a request with one sick partition is cut off before it is answered, and tried again
with the healthy ones in it: they stood still for 12 s (measured), and now for 1 to 3 s.
"""


class Sender:
    """Sends prepared batches to the brokers that lead their partitions.

    `options` as for aiokafka's clients, with `bootstrap_servers`; `again` is told of every retry.
    """

    def __init__(
        self, topics: Iterable[str], options: Mapping[str, Any], *, batch_bytes_max: int, again: Callable[[], None]
    ) -> None:
        self._topics = list(topics)
        self._batch_bytes_max = batch_bytes_max
        self._answer_within_ms = min(REPLICAS_WAIT_MS, options["request_timeout_ms"])
        self._request_s = options["request_timeout_ms"] / 1000
        within_ms = min(int(CONNECT_S * 1000), options["request_timeout_ms"])
        self._connect = {**options, "request_timeout_ms": within_ms}
        known = taken(options, "bootstrap_servers", "metadata_max_age_ms")
        self.client = hedged(AIOKafkaClient(client_id=CLIENT, **known))
        self._connections: dict[int, BrokerConnection] = {}
        self._attempts: dict[int, asyncio.Task[BrokerConnection]] = {}
        self._retries: dict[Batch, asyncio.Task[None]] = {}
        self._sequences: dict[TopicPartition, int] = {}
        self._producer, self._epoch = -1, -1
        self._closed = False
        self._tell_again = again

    # ---- life

    async def start(self) -> None:
        """Reach the brokers, learn the leaders, get an id. Raises aiokafka's `KafkaError`, OSError or TimeoutError."""
        await self.client.bootstrap()
        await self.client.set_topics(self._topics)
        for topic in self._topics:
            await self.client._wait_on_metadata(topic)
        await self._get_id()
        opening = [self._attempt(node) for node in self._leaders()]
        if opening:  # those that are not open by then are opened for the first batch
            await asyncio.wait(opening, timeout=LEADER_S)

    async def _get_id(self) -> None:
        """Ask the brokers in any order, hedged: one that stands still must not keep a producer away."""
        brokers = [broker.nodeId for broker in self.client.cluster.brokers()]
        for tries in range(1, ID_TRIES + 1):
            random.shuffle(brokers)
            try:
                self._producer, self._epoch = await first_answer([self._ask_id(node) for node in brokers], "for an id")
                return
            except UNREACHABLE as error:
                if tries == ID_TRIES or (isinstance(error, KafkaError) and not error.retriable):
                    raise
            await asyncio.sleep(AGAIN_S[-1])

    async def _ask_id(self, node: int) -> tuple[int, int]:
        request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=ID_TIMEOUT_MS)
        answer = await self.client.send(node, request)
        error = for_code(answer.error_code)
        if error is not NoError:
            raise error()
        return answer.producer_id, answer.producer_epoch

    def _leaders(self) -> set[int]:
        cluster = self.client.cluster
        found = (
            cluster.leader_for_partition(TopicPartition(topic, partition))
            for topic in self._topics
            for partition in cluster.partitions_for_topic(topic) or ()
        )
        return {node for node in found if node is not None and node >= 0}

    async def stop(self) -> None:
        """Wait for the answers of what was handed over, then close. Waits without a deadline."""
        while self._retries or any(len(connection) for connection in self._connections.values()):
            await asyncio.sleep(POLL_S)
        self._closed = True
        await self._end_attempts()
        for connection in self._connections.values():
            connection.close()
        await self.client.close()

    async def abandon(self) -> None:
        """Drop every connection and what is on its way: that may still land, and is answered with an error."""
        self._closed = True
        seeking = list(self._retries.values())
        for task in seeking:
            task.cancel()
        await self._end_attempts()
        for connection in list(self._connections.values()):
            connection.abort()
        for batch in list(self._retries):
            self._give_up(batch)
        await close_soon(self.client)
        if seeking:
            await asyncio.wait(seeking, timeout=CLOSE_S)

    async def _end_attempts(self) -> None:
        attempts = list(self._attempts.values())
        for attempt in attempts:
            attempt.cancel()
        if attempts:
            await asyncio.wait(attempts, timeout=CLOSE_S)

    # ---- batches

    def batch(self, place: TopicPartition, records: Sequence[bytes]) -> Batch | None:
        """Return the next batch of a partition, to be given to `send`; None if it is too large."""
        sequence = self._sequences.get(place, 0)
        numbers = Numbers(self._producer, self._epoch, sequence)
        data = encoded(records, time.time_ns() // 1_000_000, numbers, self._batch_bytes_max)
        if data is None:
            return None
        self._sequences[place] = (sequence + len(records)) & SEQUENCE_MAX
        return Batch(place, data)

    def send(self, batch: Batch) -> None:
        """Send a batch until it is answered or the sender is abandoned; `batch.answered` hears of it, once."""
        connection = self._connections.get(self.client.cluster.leader_for_partition(batch.place))
        if connection is not None and connection.open:
            connection.add(batch)
        else:
            self._seek(batch)

    def _told(self, batch: Batch, answer: ProduceResponse) -> None:
        if answer.error in (0, DUPLICATE_SEQUENCE):
            batch.answered(answer.offset, answer.at_ms, None)
            return
        error = for_code(answer.error)
        if error.retriable:
            self._again(batch)
        else:
            batch.answered(-1, 0, error())

    # ---- once more

    def _again(self, batch: Batch) -> None:
        self._tell_again()
        batch.tries += 1
        self._seek(batch)

    def _seek(self, batch: Batch) -> None:
        if self._closed:
            self._give_up(batch)
        else:
            task = asyncio.get_running_loop().create_task(self._to_leader(batch), name="find who takes a batch")
            self._retries[batch] = task

    async def _to_leader(self, batch: Batch) -> None:
        """Give the batch to whoever leads its partition, asked for anew after a failure."""
        while True:
            if batch.tries:
                await asyncio.sleep(AGAIN_S[min(batch.tries, len(AGAIN_S)) - 1])
                await asyncio.wait({asyncio.ensure_future(self.client.force_metadata_update())}, timeout=LEADER_S)
            node = self.client.cluster.leader_for_partition(batch.place)
            batch.tries += 1
            if node is None or node < 0:
                continue
            connection = await self._connection(node)
            if connection is not None:
                del self._retries[batch]
                connection.add(batch)
                return

    async def _connection(self, node: int) -> BrokerConnection | None:
        """Return the open connection to a broker; None if it cannot be had now, or not soon."""
        held = self._connections.get(node)
        if held is not None and held.open:
            return held
        attempt = self._attempt(node)
        await asyncio.wait({attempt}, timeout=LEADER_S)
        if not attempt.done() or attempt.cancelled() or attempt.exception() is not None:
            return None
        return attempt.result() if attempt.result().open else None

    def _attempt(self, node: int) -> asyncio.Task[BrokerConnection]:
        """Return the attempt to connect to a broker that is under way, else begin one: every batch for it waits for the
        same, or they would fail one after the other."""
        attempt = self._attempts.get(node)
        if attempt is None:
            attempt = asyncio.get_running_loop().create_task(self._connect_to(node), name=f"connect to broker {node}")
            self._attempts[node] = attempt
            attempt.add_done_callback(functools.partial(self._attempted, node))
        return attempt

    def _attempted(self, node: int, attempt: asyncio.Task[BrokerConnection]) -> None:
        del self._attempts[node]
        if attempt.cancelled():
            return
        error = attempt.exception()
        if error is not None:
            if not isinstance(error, UNREACHABLE):
                raise error
        elif self._closed:
            attempt.result().abort()
        else:
            self._connections[node] = attempt.result()

    async def _connect_to(self, node: int) -> BrokerConnection:
        broker = self.client.cluster.broker_metadata(node)
        if broker is None:
            raise KafkaConnectionError(f"broker {node} is not known")
        fresh = BrokerConnection(answer_within_ms=self._answer_within_ms, told=self._told, returned=self._again)
        await fresh.connect(broker.host, broker.port, self._connect)
        return fresh

    def _give_up(self, batch: Batch) -> None:
        self._retries.pop(batch, None)
        batch.answered(-1, 0, KafkaConnectionError("the producer was ended before the broker answered"))

    def watch(self) -> None:
        """Drop connections that a broker has left without an answer for too long; called a few times a second."""
        for connection in list(self._connections.values()):
            if connection.overdue(self._request_s):
                connection.abort()
