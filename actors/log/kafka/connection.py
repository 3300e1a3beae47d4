"""One connection to a broker that takes records: requests out, answers in, without a task or a future.

aiokafka opens the connection, with its encryption and login; the transport is then taken over from it. Owns the
batches that wait and those that were sent. What it cannot bring to an answer it gives back, each batch once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import IncompatibleBrokerVersion, KafkaConnectionError

from actors.log.kafka.produce import (
    API_KEY,
    VERSION,
    BadAnswer,
    Batch,
    ProduceResponse,
    answers,
    correlation_of,
    request,
)

CLIENT: Final = "huntserver"
REQUEST_BYTES_MAX: Final = 8 * 1024 * 1024
FRAME_BYTES_MAX: Final = 16 * 1024 * 1024
CONNECTING: Final = ("security_protocol", "ssl_context", "request_timeout_ms")
"""What every client of aiokafka takes of the options, beside `sasl_...`."""


def taken(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return those options that concern connecting, and those named."""
    wanted = (*CONNECTING, *names)
    return {name: value for name, value in options.items() if name in wanted or name.startswith("sasl_")}


class Sent(NamedTuple):
    """A request on its way."""

    correlation: int
    at_s: float
    batches: list[Batch]


class BrokerConnection(asyncio.Protocol):
    """A connection to one broker for produce requests.

    One request at a time: a broker serves a connection's one by one, and what waits goes together.

    `told` hears every answer with its batch, `returned` each batch that got none.
    """

    def __init__(
        self,
        *,
        answer_within_ms: int,
        told: Callable[[Batch, ProduceResponse], None],
        returned: Callable[[Batch], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer_within_ms = answer_within_ms
        self._told = told
        self._returned = returned
        self._transport: Any = None
        self._opened_by: Any = None
        self._waiting: list[Batch] = []
        self._sent: Sent | None = None
        self._scheduled = False
        self._correlation = 0
        self._read = b""
        self._client = CLIENT.encode()

    @property
    def open(self) -> bool:
        """Whether batches may be given to it."""
        return self._transport is not None

    def __len__(self) -> int:
        return len(self._waiting) + (len(self._sent.batches) if self._sent else 0)

    async def connect(self, host: str, port: int, options: Mapping[str, Any]) -> None:
        """Open it. `options` as for aiokafka's clients. Raises OSError, TimeoutError or aiokafka's `KafkaError`."""
        opened = AIOKafkaConnection(host, port, client_id=CLIENT, **taken(options))
        await opened.connect()
        low, high = opened._versions[API_KEY]
        if not low <= VERSION <= high:
            await opened.close()
            raise IncompatibleBrokerVersion(f"{host}:{port} takes Produce requests {low} to {high}, ours is {VERSION}")
        if not opened.connected():  # an EOF that came with the last answer: whoever takes over would never hear of it
            await opened.close()
            raise KafkaConnectionError(f"{host}:{port} closed the connection as soon as it was open")
        self._opened_by, self._transport = take_over(opened, self)

    # ---- out

    def add(self, batch: Batch) -> None:
        """Send a batch: with the others of this turn of the loop, or when an answer has come."""
        self._waiting.append(batch)
        if not self._scheduled and self._sent is None:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        waiting = self._waiting
        if not waiting or self._transport is None:
            return
        size = count = 0
        for batch in waiting:
            size += len(batch.data)
            if count and size > REQUEST_BYTES_MAX:
                break
            count += 1
        going, self._waiting = waiting[:count], waiting[count:]
        self._correlation = correlation = (self._correlation + 1) & 0x7FFFFFFF
        self._sent = Sent(correlation, self._loop.time(), going)
        self._transport.write(request(correlation, self._client, self._answer_within_ms, going))

    # ---- in

    def data_received(self, data: bytes) -> None:
        """Take what the socket gave."""
        if self._read:
            data = self._read + data
        at, end = 0, len(data)
        try:
            while end - at >= 4:
                size = int.from_bytes(data[at : at + 4], "big")
                if size > FRAME_BYTES_MAX:
                    raise BadAnswer(f"an answer of {size} bytes")
                if end - at - 4 < size:
                    break
                self._answered(data[at + 4 : at + 4 + size])
                at += 4 + size
        except BadAnswer:
            self.abort()
            return
        self._read = data[at:]

    def _answered(self, frame: bytes) -> None:
        sent = self._sent
        if sent is None or sent.correlation != correlation_of(frame):
            raise BadAnswer("an answer to nothing that was asked")
        told = list(answers(frame))
        self._sent = None
        self._flush()
        open_ = {batch.place: batch for batch in sent.batches}
        for answer in told:
            batch = open_.pop(answer.place, None)
            if batch is not None:
                self._told(batch, answer)
        for batch in open_.values():
            self._returned(batch)

    # ---- the end

    def overdue(self, older_s: float) -> bool:
        """Tell whether a request has waited longer than so many seconds."""
        return self._sent is not None and self._loop.time() - self._sent.at_s > older_s

    def close(self) -> None:
        """Close in order; nothing may be on its way."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the socket; what is on its way may land or not."""
        transport = self._transport
        if transport is not None:
            transport.abort()
            self.connection_lost(None)  # not in a later turn: nothing more may be given to it

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: give back what has no answer."""
        self._transport = None
        self._read = b""
        left = (self._sent.batches if self._sent else []) + self._waiting
        self._sent = None
        self._waiting = []
        for batch in left:
            self._returned(batch)


def take_over(opened: AIOKafkaConnection, protocol: asyncio.Protocol) -> tuple[Any, Any]:
    """Let `protocol` hear from now on what a connection that aiokafka opened does; return (its writer, the transport).

    The writer must be kept: it closes the transport when it is collected. The names are private to aiokafka 0.14; a
    test pins them.
    """
    writer = opened._writer
    opened._read_task.cancel()
    opened._reader = opened._writer = opened._protocol = None
    writer.transport.set_protocol(protocol)
    return writer, writer.transport
