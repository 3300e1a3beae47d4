"""Producers of the Kafka log: started, shared by shards in slots, replaced, abandoned.

A request of a producer is answered when its slowest partition is, so a partition in trouble slows every shard that
shares its producer. And after a failure a producer never writes to that partition again. So a shard's producer can be
replaced (`actors.log.kafka.lanes` decides when), and a producer that nobody uses is let go. Owns every producer. It
must never stop one while a shard still waits on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from actors.faults import LogUnavailable
from actors.log.kafka.clients import Clients

START_S = 10.0
STOP_S = 3.0
PRIVATE_MAX = 4
"""Producers for shards kept to themselves. With more shards in trouble it is the cluster, and they share again."""


class Producer(Protocol):
    """What is started and ended here; what it takes is between it and its shards."""

    async def start(self) -> None:
        """Reach the brokers. Raises aiokafka's `KafkaError`, OSError or TimeoutError."""
        ...

    async def stop(self) -> None:
        """Wait for all answers, then end."""
        ...

    async def abandon(self) -> None:
        """End without waiting for answers; what was on its way may still land."""
        ...

    def watch(self) -> None:
        """Look at what is overdue; called a few times a second."""
        ...


class Tenant(Protocol):
    """A shard's way to its partition, which writes through a path."""

    def settle(self) -> None:
        """Move to the path that stands in the slot now, when it can; asked again later, else."""
        ...


class Path:
    """One producer and the shards that write through it.

    `shared` while it stands in a slot; `late` are the shards that have waited too long for an answer; `zombies` counts
    batches that were given up and may still be sent.
    """

    def __init__(self, producer: Any, slot: int, *, shared: bool) -> None:
        self.producer = producer
        self.slot = slot
        self.shared = shared
        self.lanes: set[Tenant] = set()
        self.late: set[Tenant] = set()
        self.zombies = 0
        self.replacing = False


class Producers:
    """The paths of one log: one shared in each slot, and those being left."""

    def __init__(self, clients: Clients, make: Callable[[], Producer], *, slots: int) -> None:
        self._clients = clients
        self._make = make
        self._slots: list[Path | None] = [None] * slots
        self._locks = [asyncio.Lock() for _ in range(slots)]
        self._paths: set[Path] = set()
        self._private_starting = 0
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
        used = sum(not path.shared and path.lanes != set() for path in self._paths)
        if used + self._private_starting >= PRIVATE_MAX:
            return await self.replace(old)
        self._private_starting += 1
        try:
            return await self._start(old.slot, shared=False)
        finally:
            self._private_starting -= 1

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
            self._clients.spawn(path.producer.abandon(), "abandon producer")
        else:
            self._clients.spawn(self._stop(path.producer), "stop producer")

    def close(self) -> None:
        """Let every producer finish what it has, for a few seconds, then abandon it; the clients do the waiting."""
        self._closed = True
        for path in self._paths:
            if path.zombies:
                self._clients.spawn(path.producer.abandon(), "abandon producer")
            else:
                self._clients.spawn(self._stop(path.producer), "stop producer")
        self._paths.clear()

    async def _start(self, slot: int, *, shared: bool) -> Path:
        if self._closed:
            raise LogUnavailable("the log is closed")
        producer = self._make()
        await self._clients.start(producer.start, producer.abandon, within_s=START_S)
        path = Path(producer, slot, shared=shared)
        self._paths.add(path)
        self.started += 1
        return path

    def watch(self) -> None:
        """Have every producer look at what is overdue."""
        for path in self._paths:
            path.producer.watch()

    async def _stop(self, producer: Producer) -> None:
        stopping = asyncio.ensure_future(producer.stop())
        done, _ = await asyncio.wait({stopping}, timeout=STOP_S)
        if done and stopping.exception() is None:
            return
        stopping.cancel()
        self.failed_stops += 1
        self.abandoned += 1
        await producer.abandon()
