"""Starting and stopping aiokafka's clients without leaving anything behind.

A start that is cut short leaves a connection open, so it is let run to its end, in the background if nobody waits any
more, and what it made is stopped then. Owns the tasks of that. It must never wait without a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaClient, AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from actors.faults import LogUnavailable

CLOSE_S: Final = 1.0
"""How long a client that is given up may take to close."""


def in_words(why: BaseException) -> str:
    """Return an error of the brokers with what cures it, where that is known."""
    told = f"{type(why).__name__}: {why}"
    if isinstance(why, MessageSizeTooLargeError):
        return (
            "the broker takes no batch of this size: max.message.bytes of the topic was lowered since the start; "
            f"`log_check_failed` names the cure ({told})"
        )
    if isinstance(why, UnknownTopicOrPartitionError):
        return f"a topic of the log is not there; `log_check_failed` names it ({told})"
    return told


async def close_soon(client: AIOKafkaClient) -> None:
    """Close a client's connections, without waiting for one that hangs."""
    closing = asyncio.ensure_future(client.close())
    await asyncio.wait({closing}, timeout=CLOSE_S)
    if not closing.done():
        closing.cancel()
    elif not closing.cancelled():
        closing.exception()  # seen: there is nothing more to be done about it


def unheard(producer: AIOKafkaProducer) -> AIOKafkaProducer:
    """Return the producer, whose batches that fail leave no line of asyncio's.

    Beside the future that its sender waits for, aiokafka (0.14) fails a further one, by which a sender whose batch is
    full waits: "Future exception was never retrieved" stood in the log of every node whose writer was fenced.
    """
    accumulator = producer._message_accumulator
    append = accumulator._append_batch

    def appended(builder: Any, partition: Any) -> Any:
        batch = append(builder, partition)
        batch.failure = partial(_fail, batch, batch.failure)
        return batch

    accumulator._append_batch = appended
    return producer


def _fail(batch: Any, failure: Callable[[Exception], None], error: Exception) -> None:
    failure(error)
    waiter = batch._drain_waiter
    if waiter.done() and not waiter.cancelled():
        waiter.exception()  # seen


async def stop_surely(stop: Callable[[], Awaitable[None]], client: AIOKafkaClient) -> None:
    """Stop what stands on a client; whatever keeps it from ending in order, the connections are closed.

    A consumer that waits for its group (a rebalance takes as long as its slowest member) is given up by who stops it,
    and left two connections open.
    """
    try:
        await stop()
    finally:
        await close_soon(client)


class Clients:
    """The background work of a log's clients."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, start: Callable[[], Coroutine[Any, Any, None]], stop: Callable[[], Awaitable[None]], *, within_s: float
    ) -> None:
        """Run `start`; if it fails, is late or nobody waits, `stop`. Raises `LogUnavailable`."""
        starting = self.spawn(start(), "start a Kafka client")
        try:
            await asyncio.wait({starting}, timeout=within_s)
            if not starting.done():
                raise TimeoutError(f"no answer in {within_s:.0f} s")
            starting.result()
        except (KafkaError, OSError, TimeoutError) as why:
            self.spawn(self._stop(starting, stop), "stop a Kafka client")
            if isinstance(why, UnknownTopicOrPartitionError):
                raise LogUnavailable(f"Kafka at {self._bootstrap} answers: {in_words(why)}") from why
            raise LogUnavailable(f"no Kafka broker answers at {self._bootstrap}: {why!r}; are the brokers up?") from why
        except BaseException:
            self.spawn(self._stop(starting, stop), "stop a Kafka client")
            raise

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run something that ends by itself."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, *, within_s: float) -> None:
        """Wait for the background work; what has not ended by then is cancelled."""
        deadline = asyncio.get_running_loop().time() + within_s
        while self._tasks:
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(set(self._tasks), timeout=2 * CLOSE_S)
                return
            await asyncio.wait(set(self._tasks), timeout=left_s)

    @staticmethod
    async def _stop(starting: asyncio.Task[None], stop: Callable[[], Awaitable[None]]) -> None:
        await asyncio.wait({starting})
        if not starting.cancelled():
            starting.exception()  # seen: the caller was told, or went away
        await stop()
