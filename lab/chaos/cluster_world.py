"""All that a campaign on a cluster hurts: nodes as processes, the links between them, and the crowd that plays.

Owns making it and clearing it away, and the question whether everything answers again. Players come in by gateways that
are not hurt themselves; what is hurt are the nodes that serve hunts and players. Ends only processes that it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from actors.log.port import shard_of
from huntserver.load.server_process import NotServing
from lab.chaos.players import Crowd
from lab.chaos.waits import Window
from lab.chaos.world import COINS, DURATION_S, HURRIED, LIMITS
from lab.hunts import campaign_hunt
from lab.machines.brokers import Brokers, remove_topics
from lab.machines.cluster import ClusterProcess, LocalCluster
from lab.machines.disk import PREFIX
from lab.machines.links import LinkMesh, Pair
from lab.machines.servers import free_port

HUNTS: Final = 16
SHARDS: Final = 8
SESSION_S: Final = 6.0
"""`cluster.session_s`, as users have it."""
GIVE_UP_S: Final = 60.0
SEVERAL: Final = "several at once"
FROM_ONE_MACHINE: Final = {
    "handshakes_per_s": 1e6, "handshakes_per_s_per_address": 1e6, "sockets_per_s_per_address": 1e6,
    "sockets_waiting_per_address": 1e6, "connections_per_address": 1e6,
}  # fmt: skip


class ClusterSetup(NamedTuple):
    """What is asked for. `brokers`: kafka:HOST:PORT of somebody's, or how many of the campaign's own."""

    brokers: str | int
    seed: int
    nodes: int
    players: int
    rate_per_s: float
    outstanding: int
    standby: bool = False


class ClusterWorld:
    """A cluster under a campaign. `serving` are the names of the nodes that are hurt, in the order they were added."""

    def __init__(self, setup: ClusterSetup, folder: Path) -> None:
        self.setup = setup
        self.folder = folder
        self.rng = random.Random(setup.seed)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.windows: list[Window] = []
        self.mesh = LinkMesh()
        self.patience = 1.0
        self.serving: list[str] = []
        self.hunts = [f"hunt{number}" for number in range(HUNTS)]
        self.brokers: Brokers | None = None
        self.cluster: LocalCluster
        self.crowd: Crowd
        self.gateway: ClusterProcess
        self._added = 0
        self._pending: list[Window] = []

    # ---- making and clearing away

    async def make(self) -> None:
        """Make everything and let the players in. Raises OSError or `NotServing`."""
        setup = self.setup
        if isinstance(setup.brokers, int):
            self.brokers = Brokers(self.folder / "kafka", setup.brokers)
            await asyncio.to_thread(self.brokers.start)
        address = self.brokers.address if self.brokers else str(setup.brokers).partition(":")[2]
        limits = {**LIMITS, **HURRIED, **FROM_ONE_MACHINE}
        self.cluster = LocalCluster(
            self.folder, address, self.folder.name, shards=SHARDS, standby=setup.standby,
            limits="\n".join(f"{name} = {value}" for name, value in limits.items()),
        )  # fmt: skip
        told = []
        for hunt in self.hunts:
            path = self.folder / f"{hunt}.toml"
            path.write_text(campaign_hunt(COINS, DURATION_S))
            told += ["--hunt", str(path)]
        for _ in range(setup.nodes):
            self.add()
        self.gateway = self._laid_out("gate", ("gateway",), *told)
        for node in self.cluster.nodes.values():
            node.launch()
        await self.settled()
        tokens, gate = self.cluster.tokens, self.gateway
        self.crowd = Crowd(
            lambda name: tokens.mint("player", name, name), self.hunts, self.rng,
            size=setup.players, rate_per_s=setup.rate_per_s, outstanding=setup.outstanding, commands_each=600,
        )  # fmt: skip
        self.crowd.addresses = [(gate.host, gate.port)]
        self.crowd.start()

    def add(self) -> str:
        """Lay out one more node that serves hunts and players, not started yet; return its name."""
        name = f"n{self._added}"
        self._added += 1
        self._laid_out(name, ("hunts", "players"))
        self.serving.append(name)
        return name

    def _laid_out(self, name: str, roles: Iterable[str], *arguments: str) -> ClusterProcess:
        link, advertised = free_port(), f"127.0.0.1:{free_port()}"
        node = self.cluster.add(name, *arguments, roles=tuple(roles), link=link, advertised=advertised)
        self.mesh.add(advertised, link, lambda: node.pid)
        return node

    async def remove(self) -> None:
        """End what was started, and remove what was written."""
        for node in self.cluster.nodes.values() if hasattr(self, "cluster") else ():
            node.signal(signal.SIGCONT)
            await asyncio.to_thread(node.kill)
        await self.mesh.close()
        if self.brokers is not None:
            await asyncio.to_thread(self.brokers.remove)
        else:
            with contextlib.suppress(Exception):  # the brokers are somebody's; what is left there is named after us
                await remove_topics(str(self.setup.brokers).partition(":")[2], self.folder.name)

    # ---- the nodes

    def node(self, name: str) -> ClusterProcess:
        """Return a node by its name."""
        return self.cluster.nodes[name]

    def running(self) -> list[str]:
        """Return the nodes that may be hurt and run."""
        return [name for name in self.serving if self.node(name).runs]

    def pairs(self, name: str) -> list[Pair]:
        """Return the links of a node."""
        return self.mesh.others(self.node(name).node)

    async def hunts_of(self, name: str) -> frozenset[str]:
        """Return the hunts that a node serves, as the gateway knows."""
        seen = await asyncio.to_thread(self.cluster.view, self.gateway)
        node = self.node(name).node
        shards = {row["shard"] for row in seen.get("shards", []) if row["owner"] == node}
        return frozenset(hunt for hunt in self.hunts if f"hunts-{shard_of(hunt, SHARDS)}" in shards)

    def violation(self, invariant: str, text: str) -> None:
        """Note a broken promise."""
        self.wrong.append(f"{invariant}: {text}")
        print(f"VIOLATION {self.wrong[-1]}", flush=True)

    async def ended(self, name: str) -> None:
        """End a node in order; it must say that it did."""
        try:
            code = await asyncio.to_thread(self.node(name).stop)
        except NotServing as why:
            self.violation("drain", str(why))
            return
        if code != 0 and not self.node(name).ended_unborn:
            self.violation("drain", f"{name} ended with exit code {code}:\n{self.node(name).tail()}")

    # ---- does everything answer?

    def struck(self, kind: str, from_ns: int, hunts: frozenset[str]) -> None:
        """Note a fault and the hunts that it hurts; its window ends with `answers`."""
        self.counts[kind] += 1
        self._pending.append(Window(kind, from_ns, 0, hunts))

    async def settled(self) -> None:
        """Wait until every node that runs knows one owner of every shard. Raises `NotServing`."""
        await asyncio.to_thread(self.cluster.until_settled, GIVE_UP_S * self.patience)

    async def answers(self, since_ns: int, within_s: float, what: str) -> float:
        """Wait until every hunt got an answer to a command sent since then and the cluster has settled; return after
        how long hunts answered, in s. Later than `within_s` is a violation. Raises `NotServing` when it never comes."""
        while silent := self.crowd.silent(since_ns):
            took_s = (time.monotonic_ns() - since_ns) / 1e9
            if took_s > GIVE_UP_S * self.patience:
                self.violation("I10", f"no answer {took_s:.0f} s after {what}: {silent[:5]}")
                tails = "\n".join(node.tail() for node in self.cluster.nodes.values())
                raise NotServing(f"silent: {silent[:5]}\n{tails}")
            await asyncio.sleep(0.02)
        took_s = (time.monotonic_ns() - since_ns) / 1e9
        if took_s > within_s:
            self.violation("I10", f"{took_s:.1f} s after {what} healed, promised are {within_s:.0f} s")
        await self.settled()
        for name in self.cluster.nodes:
            code = self.node(name).exit_code
            if code not in (None, 0, -signal.SIGKILL) and not self.node(name).ended_unborn:
                self.violation("server", f"{name} ended by itself with {code}:\n{self.node(name).tail()}")
        now_ns = time.monotonic_ns()
        one = len(self._pending) == 1
        self.windows += [
            window._replace(to_ns=now_ns, kind=window.kind if one else SEVERAL) for window in self._pending
        ]
        self._pending.clear()
        return took_s


@contextlib.asynccontextmanager
async def cluster_world(setup: ClusterSetup) -> AsyncIterator[ClusterWorld]:
    """Make a world, and clear it away whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    made = ClusterWorld(setup, folder)
    try:
        yield made
    finally:
        await made.remove()
        shutil.rmtree(folder, ignore_errors=True)
