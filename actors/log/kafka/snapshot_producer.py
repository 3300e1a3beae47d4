"""The producer of the snapshots: aiokafka's, started for topics that are known, ended without a trace.

`stop()` waits for what is pending and, cut short, leaves its sender running; so there is `abandon`. The names that it
uses are private to aiokafka 0.14; a test pins them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

from actors.log.kafka.clients import CLOSE_S, close_soon, unheard
from actors.log.kafka.hedged_client import hedged
from actors.log.kafka.sender import REPLICAS_WAIT_MS


class SnapshotProducer:
    """Writes snapshots' parts, keyed, in no order but each key's own. `options` as for aiokafka's producers."""

    def __init__(self, topics: Iterable[str], options: Mapping[str, Any], *, batch_bytes_max: int) -> None:
        self._topics = list(topics)
        self.inner = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            # the default of 16 KiB would make records vanish: `append` of a full batch returns None
            max_batch_size=batch_bytes_max,
            max_request_size=batch_bytes_max,
            retry_backoff_ms=10,
            **options,
        )
        hedged(unheard(self.inner).client)
        sender = self.inner._sender
        sender._request_timeout_ms = min(REPLICAS_WAIT_MS, sender._request_timeout_ms)

    async def start(self) -> None:
        """Reach the brokers. Raises aiokafka's `KafkaError`, OSError or TimeoutError."""
        await self.inner.start()
        for topic in self._topics:
            await self.inner.partitions_for(topic)  # so that a put never has to wait for it

    async def send(self, topic: str, value: bytes | None, *, key: bytes, partition: int) -> asyncio.Future[Any]:
        """Hand one message over; the future has its answer."""
        handed: asyncio.Future[Any] = await self.inner.send(topic, value, key=key, partition=partition)
        return handed

    async def stop(self) -> None:
        """Wait for all answers, then end."""
        await self.inner.stop()

    async def abandon(self) -> None:
        """End without waiting for answers: close the client, cancel the sender."""
        inner = self.inner
        inner._closed = True  # else it complains when it is collected
        await close_soon(inner.client)
        sender = inner._sender.sender_task
        if sender is None:
            return
        for _ in range(3):  # cancelled once it waits for its requests, cancelled again it leaves them
            if sender.done():
                break
            sender.cancel()
            await asyncio.wait({sender}, timeout=CLOSE_S)
        if sender.done() and not sender.cancelled():
            sender.exception()

    def watch(self) -> None:
        """Nothing: aiokafka watches over its requests itself."""
