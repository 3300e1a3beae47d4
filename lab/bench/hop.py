"""What a hop between two nodes costs: a command to a node that does not own its entity, beside one that does.

    python -m lab.bench.hop

Two nodes of the runtime, each a process on a core of its own, with the product's links, router and keeper, and logs in
memory. CPU is what the kernel counts of a process; what the driver alone costs is taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from actors.clock import SystemClock
from actors.cluster.keeper import Keeper
from actors.cluster.links.network import Links, LinksConfig
from actors.cluster.member import Member
from actors.cluster.router import Router
from actors.cluster.serving import request_of
from actors.cluster.table import ShardTable
from actors.cluster.watches import Audience
from actors.entity import Push, Rejected
from actors.log.memory import MemoryLog, MemoryStore
from actors.log.port import shard_of
from actors.passivation.passivation import MemorySpill
from actors.reporter import Silent
from actors.shard.actor import Caller
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from lab.bench.processes import OTHER_CORE, SERVER_CORE, process, used
from lab.bench.rows import Rows
from lab.machines.servers import free_port
from lab.sim import toy

SHARDS: Final = {"chests": 2}
SECRET: Final = b"a secret of the benchmark's own"
ONE_BY_ONE: Final = 3_000
"""Commands of a latency, one after the other."""
SOUGHT: Final = 60_000
"""Commands of a CPU figure, of `CHAINS` players with one outstanding each."""
CHAINS: Final = 64
READY: Final = "far is ready"

Submit = Callable[[str, str, Any, Any, int, Caller, tuple[str, int] | None], None]


class ChestCodec:
    """How the messages of chests lie in bytes."""

    def __init__(self) -> None:
        self.encode = msgspec.msgpack.Encoder().encode
        self._command = msgspec.msgpack.Decoder(toy.ChestType().command_type).decode

    def command(self, kind: str, body: bytes) -> Any:
        """Read a command."""
        return self._command(body)

    def query(self, kind: str, body: bytes) -> Any:
        """Nobody asks."""
        raise ValueError(kind)

    def view(self, kind: str, query: Any, body: bytes) -> Any:
        """Nobody asked."""
        raise ValueError(kind)

    def events(self, kind: str, body: bytes) -> Any:
        """Nobody listens."""
        return msgspec.Raw(body)


class NoListeners:
    """Rooms in which nobody is."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *told: 0 if name in ("heard", "listened", "tell") else None


class FixedGroup:
    """A group whose table never changes."""

    def rejoin(self) -> None:
        """There is no other table."""

    async def leave(self) -> None:
        """Nobody left."""


class HopNode:
    """One of the two nodes: each owns one shard. `ports` are those of both."""

    def __init__(self, name: str, ports: tuple[int, int], folder: Path) -> None:
        near, far = (
            Member(f"127.0.0.1:{port}", run, ("chests",)) for run, port in zip(("near", "far"), ports, strict=True)
        )
        self.me, other = (near, far) if name == "near" else (far, near)
        self.table = ShardTable(1, (near, far), {"chests": (0, 1)})
        self.keeper = Keeper(self.me, SHARDS, Silent())
        log, listeners, codec = MemoryLog(MemoryStore()), NoListeners(), ChestCodec()
        audience = Audience(listeners, request_of)
        outside = Outside(
            log, log.snapshots, MemorySpill(), SystemClock(folder / name), random.Random(name), audience, Silent()
        )
        run = NodeRun(self.me.node, self.me.run)
        self.system = ActorSystem([(toy.ChestType(), SHARDS["chests"])], outside, run, succession=self.keeper)
        self.router = Router(self.system, self.keeper, codec, listeners, audience)
        config = LinksConfig("hop", SHARDS, SECRET, "127.0.0.1", ports[name == "far"])
        self.links = Links(self.me, config, self.keeper, self.router, Silent())
        self.router.attach(self.links.link, self.system.background)
        self.other = other

    async def start(self) -> None:
        """Serve this node's shard."""
        await self.system.start()
        await self.links.start(self.system.background)
        self.keeper.start(self.system, FixedGroup())
        self.keeper.generation(self.table)

    def is_ready(self) -> bool:
        """Tell whether both shards are served, each at its node, and known to be."""
        known = [self.keeper.newest(shard) for shard in self.keeper.rules.shards]
        return self.links.link(self.other) is not None and all(newest is not None for newest in known)

    async def end(self) -> None:
        """End all."""
        await self.links.close()
        await self.system.close()


class CommandChain:
    """A player with one command outstanding: the answer to one sends the next."""

    def __init__(self, submit: Submit, chest: str, number: int, commands: int, done: Callable[[], None]) -> None:
        self._submit = submit
        self._chest = chest
        self._caller = Caller(f"p:{number}", "player", "Bench")
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._left = commands
        self._done = done
        self.began_s = 0.0
        self.waits_s: list[float] = []

    def send(self) -> None:
        """Send the next one."""
        self._number += 1
        self.began_s = time.perf_counter()
        self._submit("chest", self._chest, toy.Add(1), self, 0, self._caller, (self._epoch, self._number))

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Note how long it took, and go on."""
        self.waits_s.append(time.perf_counter() - self.began_s)
        self._left -= 1
        if self._left:
            self.send()
        else:
            self._done()

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Never: the benchmark is not one of refusals."""
        raise AssertionError(rejected)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Never asked."""


def alone(kind: str, id: str, command: Any, sink: Any, request: int, caller: Caller, key: Any) -> None:
    """Answer at once: what is left is the driver's own cost."""
    asyncio.get_running_loop().call_soon(sink.accepted, request, b"", 1, None)


def chests(shard: int) -> list[str]:
    """Return chests that live in a shard."""
    return [id for id in (f"c{n}" for n in range(64)) if shard_of(id, SHARDS["chests"]) == shard][:16]


async def played(submit: Submit, shard: int, *, chains: int, commands: int) -> list[float]:
    """Play so many commands in all; return how long each waited, in s."""
    homes, left, over = chests(shard), chains, asyncio.Event()

    def done() -> None:
        nonlocal left
        left -= 1
        if not left:
            over.set()

    made = [CommandChain(submit, homes[n % len(homes)], n, commands // chains, done) for n in range(chains)]
    for chain in made:
        chain.send()
    await over.wait()
    return [wait_s for chain in made for wait_s in chain.waits_s]


async def cost_us(submit: Submit, shard: int, far: int) -> tuple[float, float]:
    """Return the CPU of a command in this process and in the other one, in us."""
    before, here_s = used(far).cpu_s, time.process_time()
    await played(submit, shard, chains=CHAINS, commands=SOUGHT)
    return (time.process_time() - here_s) / SOUGHT * 1e6, (used(far).cpu_s - before) / SOUGHT * 1e6


async def near(rows: Rows, ports: tuple[int, int], far: int, folder: Path) -> None:
    """Measure from the node that owns one shard, while `far`, a process, owns the other."""
    node = HopNode("near", ports, folder)
    await node.start()
    while not node.is_ready():
        await asyncio.sleep(0.01)
    submit = node.router.submit
    for shard in (0, 1):
        await played(submit, shard, chains=CHAINS, commands=SOUGHT // 10)
    waits = [await played(submit, shard, chains=1, commands=ONE_BY_ONE) for shard in (0, 1)]
    local_ms, remote_ms = (statistics.median(one) * 1e3 for one in waits)
    driver_us, _ = await cost_us(alone, 0, far)
    local_us, _ = await cost_us(submit, 0, far)
    out_us, in_us = await cost_us(submit, 1, far)
    rows.add("hop_local_ms_p50", local_ms, "ms")
    rows.add("hop_remote_ms_p50", remote_ms, "ms", to="hop_local_ms_p50")
    rows.add("hop_ms_p50", remote_ms - local_ms, "ms", to="hop_local_ms_p50")
    rows.add("hop_local_cpu_us", local_us - driver_us, "us/command")
    rows.add("hop_cpu_us_out", out_us - driver_us, "us/command", to="hop_local_cpu_us")
    rows.add("hop_cpu_us_in", in_us - (local_us - driver_us), "us/command", to="hop_local_cpu_us")
    await node.end()


async def far(ports: tuple[int, int], folder: Path) -> None:
    """Be the other node, until killed."""
    await HopNode("far", ports, folder).start()
    print(READY, flush=True)
    await asyncio.Event().wait()


def measure(rows: Rows) -> None:
    """Measure on the server's core, beside the other node on the other core."""
    with tempfile.TemporaryDirectory(prefix="hop-") as folder:
        ports = (free_port(), free_port())
        words = [sys.executable, "-m", "lab.bench.hop", "--far", *map(str, ports), "--folder", folder]
        allowed = os.sched_getaffinity(0)
        with process(*words, core=OTHER_CORE, wait=READY) as other:
            os.sched_setaffinity(0, {int(SERVER_CORE)})
            try:
                uvloop.run(near(rows, ports, other.pid, Path(folder)))
            finally:
                os.sched_setaffinity(0, allowed)


def main(words: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="lab.bench.hop", description=__doc__)
    parser.add_argument("--far", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.far:
        uvloop.run(far((asked.far[0], asked.far[1]), Path(asked.folder)))
    else:
        measure(Rows())


if __name__ == "__main__":
    main()
