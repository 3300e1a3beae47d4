"""All that a campaign hurts: servers, brokers, disk, links, and the crowd that plays meanwhile.

Owns making it and clearing it away, also after a failure, and the question whether everything answers again. Ends only
processes that it started, by their process ids.
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
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, NamedTuple

from actors.limits import DEFAULT
from huntserver.auth import Tokens, load_key
from huntserver.config import Config, Data, LogChoice
from huntserver.load.server_process import NotServing
from lab.chaos.players import Crowd
from lab.hunts import campaign_hunt, large_hunt
from lab.machines import disk as disks
from lab.machines import network
from lab.machines.brokers import Brokers, remove_topics
from lab.machines.network import Namespace
from lab.machines.servers import CampaignServer
from lab.machines.shipper import LogShipper

HUNTS: Final = 16
LARGE: Final = 1
"""Hunts of `HUNTS` that are large."""

CLUES: Final = 200
"""Of a large one: a server reads every definition again at each start, and must serve within seconds."""

SHARDS: Final = 8
COINS: Final = 40
DISK_MIB: Final = 512
SOON_S: Final = 5.0
DURATION_S: Final = 7_200
"""Of the hunts: longer than a campaign, and over for a clock that is hours ahead."""

NO_BROKERS: Final = 3
"""The exit code of a server that cannot reach its log: who started it tries again, as an init system does."""
STARTS_S: Final = 300.0
"""How long a server that ends by itself is started again."""

SUPERSEDED: Final = "opened a tenure"
"""In the words of `/readyz` when another server has a shard."""

LIMITS: Final = {"commands_per_s": 10_000, "commands_burst": 100_000}
"""Players of a campaign send more than people do."""

HURRIED: Final = {"snapshot_records": 1_000, "marker_records": 5_000, "late_s": 1.5, "give_up_s": 5.0}
"""Unless the defaults are asked for: snapshots come sooner, batches are late and given up sooner, so that pauses are
short."""


class Setup(NamedTuple):
    """What is asked for. `log`: sqlite, kafka (brokers of its own), or kafka:HOST:PORT (somebody's, not to be hurt)."""

    log: str
    seed: int
    players: int
    rate_per_s: float
    outstanding: int
    links: bool
    disk: str
    port: int = 0
    default_limits: bool = False
    stderr: bool = False
    clock: bool = False


class World:
    """Servers, brokers, disk, links, players of a campaign. `active` has the shards; `spare` may take them over."""

    def __init__(self, setup: Setup, folder: Path) -> None:
        self.setup = setup
        self.folder = folder
        self.rng = random.Random(setup.seed)
        self.limits: dict[str, float] = dict(LIMITS if setup.default_limits else LIMITS | HURRIED)
        self.late_s = self.limits.get("late_s", DEFAULT.late_s)
        self.give_up_s = self.limits.get("give_up_s", DEFAULT.give_up_s)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.brokers: Brokers | None = None
        self.disk: disks.Disk | None = None
        self.config = Config()
        self.servers: list[CampaignServer] = []
        self.starts_tried_again = 0
        self.started_by_hand = 0
        self.longest_s: dict[str, float] = {}
        self.patience = 1.0  # of I10, on a machine that does other work
        self.crowd: Crowd
        self.active: CampaignServer
        self.spare: CampaignServer
        self._namespaces: list[Namespace] = []

    # ---- making and clearing away

    async def make(self) -> None:
        """Make everything and let the players in. Raises OSError or `NotServing`."""
        setup = self.setup
        if setup.log == "kafka":
            self.brokers = Brokers(self.folder / "kafka", port=setup.port)
            await asyncio.to_thread(self.brokers.start)
        if setup.disk:
            self.disk = disks.Disk(self.folder, setup.disk, DISK_MIB)
            self.disk.make()
        for slot in range(2 if setup.links else 0):
            self._namespaces.append(Namespace(slot))
            self._namespaces[-1].make()
        self.config = self._configured()
        hunts = [self.folder / f"hunt{i}.toml" for i in range(HUNTS)]
        for number, path in enumerate(hunts):
            path.write_text(
                large_hunt(CLUES, solo=True, coins=COINS) if number < LARGE else campaign_hunt(COINS, DURATION_S)
            )
        for slot, name in enumerate(("a", "b")):
            namespace = self._namespaces[slot] if setup.links else None
            data = (self.disk.path if self.disk else self.folder) / name
            server = CampaignServer(
                name, self.folder, data, self.config.log.url, hunts=tuple(hunts), namespace=namespace
            )
            if setup.stderr:
                server.shipper = LogShipper(self.folder / f"{name}.pipe", server.stderr)
            if setup.clock:
                server.lets_its_clock_be_set()
            self.servers.append(server)
        self.active, self.spare = self.servers
        await self.active.started()
        mint = Tokens(load_key(self.folder / "token.key", make=False))
        self.crowd = Crowd(
            lambda name: mint.mint("player", name, name), [path.stem for path in hunts], self.rng,
            size=setup.players, rate_per_s=setup.rate_per_s, outstanding=setup.outstanding, commands_each=600,
        )  # fmt: skip
        self.crowd.addresses = [(server.host, server.port) for server in self.servers]
        self.crowd.start()

    def _configured(self) -> Config:
        setup = self.setup
        if setup.log == "sqlite":
            url = f"sqlite:{self.disk.path if self.disk else self.folder}/hunts.db"
        else:
            url = f"kafka:{self.brokers.address}" if self.brokers else setup.log
        load_key(self.folder / "token.key", make=True)
        log = LogChoice(
            url=url, hunt_shards=SHARDS, player_shards=SHARDS, topic_prefix=self.folder.name,
            replication=3 if self.brokers else 1,
        )  # fmt: skip
        level = "debug" if setup.stderr else "info"  # a line a command: what nobody reads is soon full
        (self.folder / "config.toml").write_text(
            f'[log]\nurl = "{log.url}"\nhunt_shards = {SHARDS}\nplayer_shards = {SHARDS}\n'
            f'topic_prefix = "{log.topic_prefix}"\nreplication = {log.replication}\n'
            f'[auth]\nkey_file = "{self.folder}/token.key"\n[telemetry]\nformat = "json"\nlevel = "{level}"\n[limits]\n'
            + "".join(f"{name} = {value}\n" for name, value in self.limits.items())
        )
        return Config(log=log, data=Data(dir=str(self.folder)))

    async def remove(self) -> None:
        """End what was started and undo what was mounted, linked and written."""
        for server in self.servers:
            server.signal(signal.SIGCONT)
            await server.killed()
            if server.shipper is not None:
                server.shipper.kill()
        if self.brokers is not None:
            await asyncio.to_thread(self.brokers.remove)
        elif self.setup.log != "sqlite":
            with contextlib.suppress(Exception):  # the brokers are somebody's; what is left there is named after us
                await remove_topics(self.setup.log.partition(":")[2], self.folder.name)
        if self.disk is not None:
            self.disk.remove()
        for namespace in self._namespaces:
            namespace.remove()

    # ---- the servers

    def violation(self, invariant: str, text: str) -> None:
        """Note a broken promise."""
        self.wrong.append(f"{invariant}: {text}")
        print(f"VIOLATION {self.wrong[-1]}", flush=True)

    def swap(self) -> None:
        """The spare server has the shards now."""
        self.active, self.spare = self.spare, self.active

    async def end(self, server: CampaignServer, *, gently: bool) -> None:
        """End a server; one that serves and is asked to end in order must say that it did."""
        if not gently or not server.runs or not await server.listens():
            await server.killed()
            return
        try:
            code = await server.stopped()
        except NotServing as why:
            self.violation("drain", str(why))
            return
        if code != 0:
            self.violation("drain", f"{server.name} ended with exit code {code}:\n{server.tail()}")

    async def answers(self, since_ns: int, within_s: float, what: str) -> float:
        """Wait until the active server serves every shard and every hunt got an answer to a command sent since then.

        Returns how long that took, in s. Later than `within_s` is a violation; after a minute more, or five minutes of
        servers that end by themselves, it gives up and raises `NotServing`.
        """
        asked_ns, superseded_ns, began_ns = since_ns, 0, time.monotonic_ns()
        while True:
            if not self.active.runs:
                if time.monotonic_ns() - began_ns > STARTS_S * 1e9:
                    raise NotServing(f"{self.active.name} does not stay\n{self.active.tail()}", self.active.exit_code)
                await self._start_again()
                since_ns = asked_ns = time.monotonic_ns()
            why = await self.active.readiness()
            superseded_ns = (superseded_ns or time.monotonic_ns()) if SUPERSEDED in why else 0
            if superseded_ns and time.monotonic_ns() - superseded_ns > 2e9:
                await self._start_by_hand(why)
                since_ns = asked_ns = time.monotonic_ns()
            silent = self.crowd.silent(asked_ns)
            took_s = (time.monotonic_ns() - since_ns) / 1e9
            if why == "ok" and not silent:
                if took_s > within_s:
                    self.violation("I10", f"{took_s:.1f} s after {what} healed, promised are {within_s:.0f} s")
                return took_s
            if took_s > within_s + 60:
                self.violation("I10", f"no answer {took_s:.0f} s after {what}: {why}, silent: {silent[:5]}")
                raise NotServing(f"{self.active.name}: {why}\n{self.active.tail()}", None)
            await asyncio.sleep(0.05)

    async def played(self, since_ns: int, what: str) -> None:
        """Wait until every hunt got an answer to a command sent since then, whatever the server says of itself: a fault
        that players must not notice. Later than 5 s is a violation."""
        within_s = SOON_S * self.patience
        while silent := self.crowd.silent(since_ns):
            if time.monotonic_ns() - since_ns > within_s * 1e9:
                why = await self.active.readiness()
                self.violation("I10", f"no answer for {within_s:.0f} s during {what}: {silent[:5]}; it says: {why}")
                return
            await asyncio.sleep(0.05)

    async def runs(self) -> None:
        """Start a server again that ended because its log was away, as on a disk that was full while it started."""
        if not self.active.runs:
            await self._start_again()

    async def is_up(self) -> None:
        """Wait until the active server is ready, started again if its log was away. Raises `NotServing`."""
        began_ns = time.monotonic_ns()
        while (why := await self.active.readiness()) != "ok":
            if time.monotonic_ns() - began_ns > STARTS_S * 1e9:
                raise NotServing(f"{self.active.name}: {why}\n{self.active.tail()}", self.active.exit_code)
            await self.runs()
            await asyncio.sleep(0.05)

    async def _start_by_hand(self, why: str) -> None:
        """Do as the operations page says of two servers on one log: end the other, start the one that is to stay.

        A zombie that was opening a tenure when it was paused opens it when it wakes: the newest tenure is the owner.
        """
        print(f"      started again by hand: {why}", flush=True)
        self.started_by_hand += 1
        await self.spare.killed()
        await self.active.killed()
        self.active.launch()

    async def _start_again(self) -> None:
        code = self.active.exit_code
        if code != NO_BROKERS:
            self.violation("server", f"{self.active.name} ended by itself with {code}:\n{self.active.tail()}")
        self.starts_tried_again += 1
        await asyncio.sleep(0.5)
        self.active.launch()


async def sweep(folder: Path) -> None:
    """Clear away what campaigns left that were themselves killed with `kill -9`: brokers, mounts, namespaces, files."""
    network.sweep()
    for left in folder.glob(f"{disks.PREFIX}*"):
        owner = left.name.removeprefix(disks.PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            await asyncio.to_thread(Brokers(left / "kafka").remove)
            disks.release(left)
            shutil.rmtree(left, ignore_errors=True)


@contextlib.asynccontextmanager
async def world(setup: Setup) -> AsyncIterator[World]:
    """Make a world, and clear it away whatever happens."""
    await sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{disks.PREFIX}{os.getpid()}-"))
    made = World(setup, folder)
    try:
        yield made
    finally:
        await made.remove()
        shutil.rmtree(folder, ignore_errors=True)
