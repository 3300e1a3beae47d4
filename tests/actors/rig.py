"""One node over a log in memory, with clocks that a test sets, for tests of the runtime."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from actors.entity import Push, Rejected
from actors.limits import Limits
from actors.log.memory import Fate, MemoryLog, MemoryStore
from actors.log.port import ShardId
from actors.passivation.passivation import MemorySpill
from actors.shard.actor import Caller, Sink
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from tests.actors.toy import TallyType

ALICE = Caller("p:alice", "player", "Alice")
BOB = Caller("p:bob", "player", "Bob")
HOST = Caller("h:hanna", "host", "Hanna")
_starts = itertools.count(1)


class Clock:
    """Both clocks, set by the test."""

    def __init__(self) -> None:
        self.ms = 1_790_000_000_000
        self.boot = 1_000_000_000_000
        self.synced = False
        self.left: int | None = None
        self.kept: list[int] = []

    def wall_ms(self) -> int:
        return self.ms

    def boot_ns(self) -> int:
        return self.boot

    def synchronised(self) -> bool:
        return self.synced

    def remembered_ms(self) -> int | None:
        return self.left

    def remember(self, now_ms: int) -> None:
        self.kept.append(now_ms)

    def pass_s(self, s: float) -> None:
        self.ms += int(s * 1000)
        self.boot += int(s * 1e9)


class Plan:
    """Fates given by the test, one an append; then success."""

    def __init__(self) -> None:
        self.fates: list[Fate] = []
        self.only: Callable[[ShardId, Sequence[bytes]], bool] = lambda shard, records: bool(records)
        self.seen: list[tuple[ShardId, list[bytes]]] = []

    def fate(self, shard: ShardId, records: Sequence[bytes]) -> Fate:
        self.seen.append((shard, list(records)))
        return self.fates.pop(0) if self.fates and self.only(shard, records) else Fate()

    def read_delay_s(self, shard: ShardId) -> float:
        return 0.0


class Heard:
    """A sink that writes down what it hears."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int, Any, int]] = []

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        self.said.append(("ok", request, answer, pos))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        self.said.append(("err", request, rejected.code, pos))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        self.said.append(("view", request, view, pos))


class Shown:
    """A publisher that writes down what it is shown."""

    def __init__(self) -> None:
        self.pushes: list[tuple[str, int]] = []
        self.rewound: list[tuple[str, Any]] = []

    def regained(self, kind: str, since: Any) -> None:
        pass

    def rewind(self, kind: str, seq: Any) -> None:
        self.rewound.append((kind, seq))

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        self.pushes.append((id, seq))


class Told:
    """A reporter that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def note(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    warn = note

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        self.events.append((event, fields))

    def names(self) -> list[str]:
        return [name for name, _ in self.events]


class Node:
    """One run of a server over a store that outlives it."""

    def __init__(
        self,
        store: MemoryStore,
        *,
        shards: int = 1,
        limits: Limits | None = None,
        kind: Any = None,
        told: Any = None,
        batch_bytes_max: int | None = None,
        part_bytes_max: int | None = None,
        gone: bool = False,
        succession: Any = None,
    ) -> None:
        self.clock = Clock()
        self.plan = Plan()
        self.shown = Shown()
        self.told = told or Told()
        self.store = store
        store.now_ms = self.clock.wall_ms
        self.log = MemoryLog(store, self.plan)
        self.log.batch_bytes_max = batch_bytes_max or self.log.batch_bytes_max
        self.log.snapshots.part_bytes_max = part_bytes_max or self.log.snapshots.part_bytes_max
        run = next(_starts)
        outside = Outside(
            self.log,
            self.log.snapshots,
            MemorySpill(),
            self.clock,
            random.Random(run),
            self.shown,
            self.told,
            self._gone if gone else None,
        )
        self.run = NodeRun("node-a", f"run{run}")
        kinds = [(kind or TallyType(), shards)]
        self.system = ActorSystem(kinds, outside, self.run, limits or Limits(), succession=succession)

    async def _gone(self, node: str) -> bool:
        return True

    @property
    def shard(self) -> Any:
        return self.system.shards()[0]

    def send(
        self, command: Any, *, sink: Any, request: int = 0, caller: Caller = ALICE, key: Any = None, to: str = "t"
    ) -> None:
        self.system.submit("tally", to, command, sink, request, caller, key)

    async def turns(self, n: int = 20) -> None:
        """Let the loop turn."""
        for _ in range(n):
            await asyncio.sleep(0)

    async def ask(self, command: Any, *, caller: Caller = ALICE, key: Any = None, to: str = "t") -> Any:
        return await asyncio.wait_for(self.system.ask("tally", to, command, caller, key), 5)

    async def view(self, query: Any, *, caller: Caller = ALICE, to: str = "t") -> Any:
        return await asyncio.wait_for(self.system.view("tally", to, query, caller), 5)


@asynccontextmanager
async def running(store: MemoryStore | None = None, *, drain: bool = False, **options: Any) -> AsyncIterator[Node]:
    """Start a node; at the end stop it hard, or (`drain`) in order."""
    node = Node(store or MemoryStore(), **options)
    await asyncio.wait_for(node.system.start(), 10)
    try:
        yield node
        if drain:
            await node.system.drain()
    finally:
        await node.system.close()
        await node.log.close()
