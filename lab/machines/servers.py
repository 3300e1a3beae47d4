"""The laboratory's servers: the product's own launcher, on a port that stays, in a namespace or on a core if asked.

One launcher for tests, campaigns and the benchmark: `huntserver.load.server_process`. Here is what only the laboratory
needs: ports, non-blocking waits, and the state of a stopped process.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from huntserver.load.server_process import WAIT_S, ServerProcess
from lab.machines.network import Namespace
from lab.machines.shipper import LogShipper

PORTS: Final = range(20_000, 32_000)
"""Below those that a system gives to connections: of those, one might be taken while a server is started again."""

FULL: Final = Path("/dev/full")
"""Every write to it fails with ENOSPC (Linux, full(4))."""

LISTENS_S: Final = 2.0
AT_REST_S: Final = 10.0
NO_READ_MODELS: Final = ("--projections", "off")
"""A projector beside every server would take what is measured and waited for; a later `--projections` names a store."""


def free_port() -> int:
    """Return a TCP port that was free a moment ago. Raises OSError."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("none of a hundred ports is free")


class LocalServer(ServerProcess):
    """A server that runs in its folder and keeps its port over starts: `port`, or any free one."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0, within: Sequence[str] = ()) -> None:
        super().__init__(folder, *NO_READ_MODELS, *arguments, port=port or free_port(), within=within, cwd=folder)


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[LocalServer]:
    """Run a server on SQLite in a folder; end it afterwards."""
    server = LocalServer(folder, "--log", f"sqlite:{folder}/hunts.db", "--data", str(folder / "data"), *arguments)
    server.launch()
    try:
        server.until_ready()
        yield server
    finally:
        server.stop()


class CampaignServer(ServerProcess):
    """A server of a campaign: it keeps its port over starts, and may live in a namespace whose links can be cut."""

    def __init__(
        self, name: str, folder: Path, data: Path, log: str, *, hunts: tuple[Path, ...], namespace: Namespace | None
    ) -> None:
        told = [*NO_READ_MODELS, "--config", str(folder / "config.toml"), "--log", log, "--data", str(data)]
        for hunt in hunts:
            told += ["--hunt", str(hunt)]
        super().__init__(
            folder, *told, host=namespace.host if namespace else "127.0.0.1", port=free_port(), name=f"server-{name}",
            within=namespace.enter() if namespace else (),
        )  # fmt: skip
        self.namespace = namespace
        self.shipper: LogShipper | None = None  # who reads the log, where that can be hurt
        self.stderr_full = False  # the next start writes its log to a disk that is full
        self.clock = folder / f"{name}.clock"  # by how many ms its clock is wrong; none: it is right

    def open_stderr(self) -> IO[bytes]:
        """Open what the process writes its log to: a file, a shipper's pipe, or a device that is always full."""
        if self.stderr_full:
            return FULL.open("wb", buffering=0)
        return self.shipper.opened() if self.shipper is not None else super().open_stderr()

    def lets_its_clock_be_set(self) -> None:
        """Be started from now on with a wall clock that `clock` makes wrong."""
        self.program = (sys.executable, "-m", "lab.machines.wrong_clock", str(self.clock))

    async def readiness(self) -> str:
        """Return "ok", or why it is not ready."""
        return await asyncio.to_thread(self.said, "/readyz")

    async def started(self) -> None:
        """Start it and wait until every shard is served. Raises `NotServing`."""
        self.launch()
        await self.ready()

    async def ready(self, wait_s: float = WAIT_S) -> None:
        """Wait until every shard is served. Raises `NotServing`."""
        await asyncio.to_thread(self.until_ready, wait_s)

    async def killed(self) -> None:
        """`kill -9`, and wait until it is gone."""
        await asyncio.to_thread(self.kill)

    async def stopped(self) -> int:
        """SIGTERM, and wait for the drain; return the exit code. Raises `NotServing`."""
        return await asyncio.to_thread(self.stop)

    async def listens(self) -> bool:
        """Tell whether its port takes connections."""
        try:
            async with asyncio.timeout(LISTENS_S):
                _, writer = await asyncio.open_connection(self.host, self.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def at_rest(self) -> None:
        """After SIGSTOP: return when every thread has stopped, and none is in the middle of a system call."""
        tasks = Path(f"/proc/{self.pid}/task")
        async with asyncio.timeout(AT_REST_S):
            while any((t / "stat").read_text().rpartition(") ")[2][:1] not in "TZX" for t in tasks.iterdir()):
                await asyncio.sleep(0.002)
