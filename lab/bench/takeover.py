"""What a takeover costs: a shard of many entities whose owner is gone, taken by who stood by and by who did not.

    python -m lab.bench.takeover --log kafka:HOST:PORT [--entities 10000] [--rounds 3]

Two nodes of the runtime in one process, over a real broker; no snapshots, so that who did not stand by replays all.
Prints ms from the moment at which the rules let it open a tenure until it serves: the median of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from actors.clock import SystemClock
from actors.cluster.succession import Newest, Ruling, Say
from actors.entity import Push
from actors.limits import Limits
from actors.log.kafka.log import KafkaLog
from actors.log.port import ShardId
from actors.passivation.passivation import MemorySpill
from actors.reporter import Silent
from actors.shard.actor import Caller, Sink
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from lab.machines.brokers import remove_topics
from lab.sim import toy

SHARD: Final = ShardId("chests", 0)
COMMANDS: Final = 3
"""Of each entity."""
WAVE: Final = 500
CALLER: Final = Caller("p:bench", "player", "Bench")


class OneShard:
    """A succession that says what it is told to."""

    def __init__(self) -> None:
        self.say = Say.OPEN
        self._event = asyncio.Event()

    def saw(self, shard: ShardId, newest: Newest | None) -> None:
        """Take no notice."""

    def ruling(self, shard: ShardId) -> Ruling:
        """Say it."""
        return Ruling(self.say, math.inf, "stands by")

    def following(self, shard: ShardId) -> None:
        """Take no notice."""

    def opened(self, shard: ShardId, newest: Newest) -> None:
        """Take no notice."""

    def dropped(self, shard: ShardId, why: str, *, released: bool) -> None:
        """Take no notice."""

    async def changed(self) -> None:
        """Wait for `open`."""
        await self._event.wait()

    def open(self) -> None:
        """Let the shard be taken."""
        self.say = Say.OPEN
        self._event.set()


class NoRooms:
    """A publisher that nobody listens to."""

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        """Drop it."""

    def regained(self, kind: str, since: Any) -> None:
        """Nobody listens."""

    def rewind(self, kind: str, seq: Any) -> None:
        """Drop it."""


class BenchNode:
    """A node of the runtime with one shard."""

    def __init__(self, name: str, address: str, prefix: str, folder: Path) -> None:
        self.log = KafkaLog(address, shards={SHARD.topic: 1}, prefix=prefix)
        self.rules = OneShard()
        clock, draw = SystemClock(folder / name), random.Random(name)
        outside = Outside(self.log, self.log.snapshots, MemorySpill(), clock, draw, NoRooms(), Silent())
        limits = Limits(
            snapshot_records=1_000_000, marker_records=10_000_000, memory_bytes=1 << 30, standby_bytes=1 << 30
        )
        run = NodeRun(f"{name}:1", name)
        self.system = ActorSystem([(toy.ChestType(), 1)], outside, run, limits, succession=self.rules)

    async def start(self) -> None:
        """Open the log."""
        await self.log.open()
        await self.system.start()

    async def serves(self) -> None:
        """Return when the shard is served."""
        while not self.system.nonce(SHARD):
            await asyncio.sleep(0.0005)

    async def end(self) -> None:
        """End without giving the shard up."""
        await self.system.close()
        await self.log.close()


async def filled(node: BenchNode, entities: int) -> None:
    """Give every entity its commands."""
    for number in range(COMMANDS):
        for first in range(0, entities, WAVE):
            asked = [
                node.system.ask("chest", f"c{i}", toy.Add(1), CALLER, (f"e{i}", number + 1))
                for i in range(first, min(first + WAVE, entities))
            ]
            await asyncio.gather(*asked)


async def takeover_ms(address: str, entities: int, *, standby: bool, folder: Path) -> float:
    """Return how long a takeover took."""
    prefix = f"takeover-{secrets.token_hex(4)}"
    old, new = BenchNode("old", address, prefix, folder), BenchNode("new", address, prefix, folder)
    await old.start()
    old.system.take(SHARD)
    await old.serves()
    await new.start()
    if standby:
        new.rules.say = Say.WAIT
        new.system.follow(SHARD)
    await filled(old, entities)
    shard = new.system.shards()[0]
    while standby and (len(shard.actors) < entities or any(actor.seq < COMMANDS for actor in shard.actors.values())):
        await asyncio.sleep(0.05)
    await old.end()
    began = time.perf_counter()
    if standby:
        new.rules.open()
    else:
        new.system.take(SHARD)
    await new.serves()
    took = (time.perf_counter() - began) * 1000
    await new.end()
    await remove_topics(address, prefix)
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="lab.bench.takeover", description=__doc__)
    parser.add_argument("--log", required=True, help="kafka:HOST:PORT")
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    address = asked.log.partition(":")[2]
    with tempfile.TemporaryDirectory(prefix="takeover-") as folder:
        for standby in (False, True):
            found = [
                uvloop.run(takeover_ms(address, asked.entities, standby=standby, folder=Path(folder)))
                for _ in range(asked.rounds)
            ]
            how = "with a standby" if standby else "with a replay"
            each = ", ".join(f"{ms:.1f}" for ms in found)
            print(f"{asked.entities:,} entities, {how}: {statistics.median(found):.1f} ms ({each})", flush=True)


if __name__ == "__main__":
    main()
