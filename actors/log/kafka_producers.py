"""Producers of the Kafka log: started, shared by shards in slots, replaced, abandoned.

A request of a producer is answered when its slowest partition is, so a partition in trouble slows every shard that
shares its producer. And after a failure a producer never writes to that partition again. So a shard's producer can be
replaced (`actors.log.kafka_lanes` decides when), and a producer that nobody uses is let go. Owns every producer. It
must never stop one while a shard still waits on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from actors.faults import LogUnavailable
from actors.log.kafka_clients import Clients

if TYPE_CHECKING:
    from actors.log.kafka_lanes import Lane

START_S = 10.0
STOP_S = 3.0
ABANDON_S = 1.0

REPLICAS_WAIT_MS = 1_000
"""How long a broker waits for the replicas of a request before it answers for those partitions that have theirs.

aiokafka gives the broker as long as it waits itself, so that a request with one sick partition is cut off before it is
answered, and tried again with the healthy ones in it: they stood still for 12 s (measured), and now for 1 to 3 s.
"""

PRIVATE_MAX = 4
"""Producers for shards kept to themselves. With more shards in trouble it is the cluster, and they share again."""


class Path:
    """One producer and the shards that write through it.

    `shared` while it stands in a slot; `late` are the shards that have waited too long for an answer; `zombies` counts
    batches that were given up and may still be sent.
    """

    def __init__(self, producer: AIOKafkaProducer, slot: int, *, shared: bool) -> None:
        self.producer = producer
        self.slot = slot
        self.shared = shared
        self.lanes: set[Lane] = set()
        self.late: set[Lane] = set()
        self.zombies = 0
        self.replacing = False


class Producers:
    """The paths of one log: one shared in each slot, and those being left."""

    def __init__(
        self,
        bootstrap: str,
        clients: Clients,
        *,
        topics: Iterable[str],
        slots: int,
        batch_bytes_max: int,
        connect: Mapping[str, Any],
    ) -> None:
        self._clients = clients
        self._topics = list(topics)
        self._options: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            # an acknowledged batch is on `min.insync.replicas` brokers
            "acks": "all",
            # keeps the log clean under retries; safety does not rest on it
            "enable_idempotence": True,
            "linger_ms": 0,
            # the default of 16 KiB would make records vanish: `append` of a full batch returns None
            "max_batch_size": batch_bytes_max,
            "max_request_size": batch_bytes_max,
            "retry_backoff_ms": 10,
            "metadata_max_age_ms": 60_000,
            **connect,
        }
        self._slots: list[Path | None] = [None] * slots
        self._locks = [asyncio.Lock() for _ in range(slots)]
        self._paths: set[Path] = set()
        self._closed = False
        self.started = 0
        self.abandoned = 0
        self.failed_stops = 0

    def __len__(self) -> int:
        return len(self._paths)

    async def open(self) -> None:
        """Start one producer a slot. Raises `LogUnavailable`."""
        for slot in range(len(self._slots)):
            self._slots[slot] = await self._start(slot, shared=True)

    def shared(self, slot: int) -> Path:
        """Return the path that shards of the slot share now."""
        path = self._slots[slot]
        assert path is not None, "used before open"
        return path

    async def replace(self, old: Path) -> Path:
        """Put a fresh path in the slot of `old`, unless that was done; return the slot's. Raises `LogUnavailable`.

        Shards still on `old` leave it each when its batch is answered.
        """
        async with self._locks[old.slot]:
            if self._slots[old.slot] is old:
                fresh = await self._start(old.slot, shared=True)
                self._slots[old.slot] = fresh
                old.shared = False
                for lane in list(old.lanes):
                    lane.settle()
                self.release(old)
            return self.shared(old.slot)

    async def private(self, old: Path) -> Path:
        """Return a fresh path for one shard alone, past `PRIVATE_MAX` the slot's. Raises `LogUnavailable`."""
        if sum(not path.shared and path.lanes != set() for path in self._paths) >= PRIVATE_MAX:
            return await self.replace(old)
        return await self._start(old.slot, shared=False)

    def replace_soon(self, old: Path) -> None:
        """Begin `replace` in the background; if it fails, whoever watches asks again."""
        if old.replacing or not old.shared or self._closed:
            return
        old.replacing = True

        async def replace() -> None:
            try:
                await self.replace(old)
            except LogUnavailable:
                pass  # the shards on it say so themselves
            finally:
                old.replacing = False

        self._clients.spawn(replace(), f"replace producer of slot {old.slot}")

    def release(self, path: Path) -> None:
        """Let go of a path that no shard is on and that stands in no slot."""
        if path.shared or path.lanes or path not in self._paths:
            return
        self._paths.discard(path)
        if path.zombies:
            self.abandoned += 1
            self._clients.spawn(abandon(path.producer), "abandon producer")
        else:
            self._clients.spawn(self._stop(path.producer), "stop producer")

    def close(self) -> None:
        """Let every producer finish what it has, for a few seconds, then abandon it; the clients do the waiting."""
        self._closed = True
        for path in self._paths:
            if path.zombies:
                self._clients.spawn(abandon(path.producer), "abandon producer")
            else:
                self._clients.spawn(self._stop(path.producer), "stop producer")
        self._paths.clear()

    async def _start(self, slot: int, *, shared: bool) -> Path:
        if self._closed:
            raise LogUnavailable("the log is closed")
        producer = AIOKafkaProducer(**self._options)
        answer_soon(producer)

        async def start() -> None:
            await producer.start()
            for topic in self._topics:
                await producer.partitions_for(topic)  # so that handing a batch over never has to wait for it

        await self._clients.start(start, lambda: abandon(producer), within_s=START_S)
        path = Path(producer, slot, shared=shared)
        self._paths.add(path)
        self.started += 1
        return path

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        stopping = asyncio.ensure_future(producer.stop())
        done, _ = await asyncio.wait({stopping}, timeout=STOP_S)
        if done and stopping.exception() is None:
            return
        stopping.cancel()
        self.failed_stops += 1
        self.abandoned += 1
        await abandon(producer)


def answer_soon(producer: AIOKafkaProducer) -> None:
    """Have brokers answer within `REPLICAS_WAIT_MS`. A private name, pinned by a test as those of `abandon` are."""
    producer._sender._request_timeout_ms = min(REPLICAS_WAIT_MS, producer._sender._request_timeout_ms)


async def abandon(producer: AIOKafkaProducer) -> None:
    """End a producer without waiting for its batches; what was on its way may still land.

    `stop()` waits for what is pending and, cut short, leaves the sender running. So: close the client, cancel the
    sender. These names are private to aiokafka 0.14; a test pins them.
    """
    producer._closed = True  # else it complains when it is collected
    closing = asyncio.ensure_future(producer.client.close())
    await asyncio.wait({closing}, timeout=ABANDON_S)
    if not closing.done():
        closing.cancel()
    elif not closing.cancelled():
        closing.exception()  # seen: there is nothing more to be done about it
    sender = producer._sender.sender_task
    if sender is None:
        return
    for _ in range(3):  # cancelled once it waits for its requests, cancelled again it leaves them
        if sender.done():
            break
        sender.cancel()
        await asyncio.wait({sender}, timeout=ABANDON_S)
    if sender.done() and not sender.cancelled():
        sender.exception()
