"""aiokafka's client, made not to wait for one broker that stands still while others answer.

As it comes it asks for metadata at one broker after the other, each for the whole request timeout, and opens its
connections one at a time behind a lock: one suspended broker (SIGSTOP, a VM paused, a cut link) held up everything for
5 to 20 s (measured). Here a request that is not answered soon is hedged: the next broker is asked as well, and the
first answer counts. The names that it overrides are private to aiokafka 0.14; a test pins them.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaClient
from aiokafka.client import ConnectionGroup
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    StaleMetadata,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

HEDGE_S: Final = 0.25
"""Without an answer for so long the next broker is asked as well."""
CONNECT_S: Final = 2.0
"""Connect timeout, below the kernel's SYN retransmission back-off (1, 3, 7 s); login included."""
CLOSE_S: Final = 1.0
"""How long connections that are being opened may take to be given up."""
SUSPECT_S: Final = 30.0
"""A broker that did not answer in time is asked after the others for so long."""
UNREACHABLE: Final = (KafkaError, OSError, TimeoutError)
REFUSALS: Final = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    ssl.SSLError,
)
"""What no waiting cures: the login or the certificate is refused."""

T = TypeVar("T")


class HedgedClient(AIOKafkaClient):  # type: ignore[misc]  # aiokafka has no types
    """A client of aiokafka with hedged metadata requests and one attempt to connect for each broker at a time.

    Made by `hedged` out of a client that is not started.
    """

    _sync_task: asyncio.Task[None] | None
    _opening: dict[Any, asyncio.Task[Any]]
    _suspects: dict[Any, float]
    _shut: bool

    async def bootstrap(self) -> None:
        """Learn the brokers from whichever bootstrap server answers first.

        Raises what the servers answered: a refusal (`REFUSALS`) before anything else, else `KafkaConnectionError`.
        """
        tries = [self._ask_server(host, port) for host, port, _ in self.hosts]
        connection, metadata = await first_answer(tries, self._bootstrap_servers, lambda late: late[0].close())
        self.cluster.update_metadata(metadata)
        if self.cluster.brokers():
            connection.close()
        else:  # a cluster without topics may name no brokers: the connection is kept until it does
            self._conns[("bootstrap", ConnectionGroup.DEFAULT)] = connection
        if self._sync_task is None:
            self._sync_task = asyncio.create_task(self._md_synchronizer(), name="refresh Kafka metadata")

    async def close(self) -> None:
        """Close every connection, also those that are being opened."""
        self._shut = True  # whoever still refreshes metadata opens none
        openings = list(self._opening.values())
        for opening in openings:
            opening.cancel()
        if openings:
            await asyncio.wait(openings, timeout=CLOSE_S)
        await super().close()

    async def _ask_server(self, host: str, port: int) -> tuple[Any, Any]:
        connection = self._connection(host, port, None)
        async with asyncio.timeout(self._request_timeout_ms / 1000):  # the hedge is soon enough
            await connection.connect()
        try:
            return connection, await connection.send(MetadataRequest([]))
        except BaseException:
            connection.close()
            raise

    def _connection(self, host: str, port: int, on_close: Any) -> AIOKafkaConnection:
        return AIOKafkaConnection(
            host,
            port,
            client_id=self._client_id,
            request_timeout_ms=self._request_timeout_ms,
            ssl_context=self._ssl_context,
            security_protocol=self._security_protocol,
            on_close=on_close,
            max_idle_ms=self._connections_max_idle_ms,
            sasl_mechanism=self._sasl_mechanism,
            sasl_plain_username=self._sasl_plain_username,
            sasl_plain_password=self._sasl_plain_password,
            sasl_kerberos_service_name=self._sasl_kerberos_service_name,
            sasl_kerberos_domain_name=self._sasl_kerberos_domain_name,
            sasl_oauth_token_provider=self._sasl_oauth_token_provider,
        )

    # ---- metadata

    async def _metadata_update(self, cluster_metadata: ClusterMetadata, topics: Sequence[str]) -> bool:
        nodes: list[Any] = [broker.nodeId for broker in self.cluster.brokers()]
        if ("bootstrap", ConnectionGroup.DEFAULT) in self._conns:
            nodes.append("bootstrap")
        random.shuffle(nodes)
        now = time.monotonic()
        nodes.sort(key=lambda node: now - self._suspects.get(node, -SUSPECT_S) < SUSPECT_S)  # those after the others
        asked = MetadataRequest(list(topics) if topics else None)
        try:
            metadata = await first_answer([self._ask_metadata(node, asked) for node in nodes], "the brokers")
        except UNREACHABLE:
            cluster_metadata.failed_update(None)
            return False
        if not metadata.brokers:  # a topic that is being made: nothing is known yet
            return False
        cluster_metadata.update_metadata(metadata)
        if self.cluster.brokers():
            bootstrap = self._conns.pop(("bootstrap", ConnectionGroup.DEFAULT), None)
            if bootstrap is not None:
                bootstrap.close()
        return True

    async def _ask_metadata(self, node: Any, asked: MetadataRequest) -> Any:
        self._suspects[node] = time.monotonic()  # until it answers; a hedge that wins cancels this
        connection = await self._get_conn(node)
        if connection is None:
            raise KafkaConnectionError(f"broker {node} cannot be reached")
        answer = await connection.send(asked)
        self._suspects.pop(node, None)
        return answer

    # ---- connections

    async def _get_conn(self, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False) -> Any:
        """Return the connection to a broker, None if it cannot be opened. One attempt at a time for each broker."""
        if self._shut:
            return None
        place = (node_id, group)
        held = self._conns.get(place)
        if held is not None:
            if held.connected():
                return held
            del self._conns[place]
        opening = self._opening.get(place)
        if opening is None:
            opening = self._opening[place] = asyncio.create_task(self._open(place), name=f"connect to broker {node_id}")
            opening.add_done_callback(lambda _: self._opening.pop(place, None))
        await asyncio.wait({opening})  # not awaited itself: who is cancelled leaves it to the others that wait
        return None if opening.cancelled() else opening.result()

    async def _open(self, place: tuple[Any, Any]) -> Any:
        broker = self.cluster.broker_metadata(place[0])
        try:
            if broker is None:
                raise StaleMetadata(f"broker {place[0]} is not in the metadata")
            connection = self._connection(broker.host, broker.port, self._on_connection_closed)
            async with asyncio.timeout(CONNECT_S):
                await connection.connect()
        except UNREACHABLE:
            self._suspects[place[0]] = time.monotonic()
            if self._sync_task is not None:
                self.force_metadata_update()
            return None
        self._conns[place] = connection
        return connection


def hedged(client: AIOKafkaClient) -> HedgedClient:
    """Return the client as a hedged one: aiokafka's producers, consumers and administrators make their own."""
    client.__class__ = HedgedClient
    made: HedgedClient = client
    made._opening, made._suspects, made._shut = {}, {}, False
    return made


async def first_answer(
    tries: Sequence[Coroutine[Any, Any, T]], whom: Any, discard: Callable[[T], object] = lambda _: None
) -> T:
    """Return what the first of the tries returns; each begins when the one before failed or took `HEDGE_S`.

    What another returns in the same turn of the loop is given to `discard`.

    Raises, when all have failed, the first of `REFUSALS` among the reasons, else the last reason; with nothing to try,
    `KafkaConnectionError`.
    """
    left = list(tries)
    running: set[asyncio.Task[T]] = set()
    failed: list[Exception] = []
    try:
        while left or running:
            if left:
                running.add(asyncio.create_task(left.pop(0), name=f"ask {whom}"))
            wait_s = HEDGE_S if left else None
            done, running = await asyncio.wait(running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            won = [task for task in done if not task.cancelled() and task.exception() is None]
            for late in won[1:]:
                discard(late.result())
            if won:
                return won[0].result()
            for task in done:
                error = KafkaConnectionError("the client was closed") if task.cancelled() else task.exception()
                if not isinstance(error, UNREACHABLE):
                    assert error is not None
                    raise error
                failed.append(error)
    finally:
        for one in left:
            one.close()
        for task in running:
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # nobody need be told
            task.cancel()
    refusal = next((error for error in failed if isinstance(error, REFUSALS)), None)
    if refusal is not None:
        raise refusal.with_traceback(None) from None  # the frames of a login hold what was sent
    raise failed[-1] if failed else KafkaConnectionError(f"nobody to ask: {whom}")
