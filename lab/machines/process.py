"""One real server process: started by its command line, hurt by signals, ended in order or with `kill -9`.

Owns the process it started and nothing else. With a namespace the server lives behind links that can be cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from lab.machines.network import Namespace

PORTS = range(20_000, 32_000)
"""Below those that a system gives to connections: of those, one might be taken while a server is started again."""


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("none of a hundred ports is free")


class NotReady(Exception):
    """The server ended, or is not ready in time; the text has the end of its output. `code`: its exit code."""

    def __init__(self, text: str, code: int | None) -> None:
        super().__init__(text)
        self.code = code


class ServerProcess:
    """`huntserver serve` on an address of this machine alone, with its data in a folder of its own."""

    def __init__(
        self,
        name: str,
        output: Path,
        data: Path,
        log: str,
        *,
        config: Path,
        hunts: tuple[Path, ...] = (),
        namespace: Namespace | None = None,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.host = namespace.host if namespace else "127.0.0.1"
        self.port = free_port()
        self.starts = 0
        self._output = output
        self._data = data
        self._log = log
        self._config = config
        self._hunts = hunts
        self._process: asyncio.subprocess.Process | None = None

    def _command(self) -> list[str]:
        command = [*self.namespace.enter()] if self.namespace else []
        command += [sys.executable, "-m", "huntserver", "serve", "--config", str(self._config), "--log", self._log]
        command += ["--host", self.host, "--port", str(self.port), "--data", str(self._data)]
        for hunt in self._hunts:
            command += ["--hunt", str(hunt)]
        return command

    async def launch(self) -> None:
        """Start the process; do not wait until it is ready."""
        self.starts += 1
        with self._output.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(), stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, env=dict(os.environ)
            )

    async def start(self, wait_s: float = 60.0) -> None:
        """Start it and wait until `/readyz` answers 200. Raises `NotReady`."""
        await self.launch()
        await self.ready(wait_s)

    async def ready(self, wait_s: float = 60.0) -> None:
        """Wait until every shard is served. Raises `NotReady`."""
        assert self._process is not None
        deadline = asyncio.get_running_loop().time() + wait_s
        while (why := await self.readiness()) != "ok":
            if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                code = self._process.returncode
                raise NotReady(f"{self.name}: {why} (waited {wait_s:.0f} s, exit {code}):\n{self.tail()}", code)
            await asyncio.sleep(0.03)

    async def readiness(self) -> str:
        """Return "ok", or why it is not ready."""
        return await asyncio.to_thread(self._readiness)

    def _readiness(self) -> str:
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}/readyz", timeout=2) as answer:
                return "ok" if answer.status == 200 else str(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.read(500).decode(errors="replace")
        except OSError as why:
            return str(why)

    async def listens(self) -> bool:
        """Tell whether its port takes connections."""
        try:
            async with asyncio.timeout(2):
                _, writer = await asyncio.open_connection(self.host, self.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    def tail(self) -> str:
        """Return the last lines of its log."""
        lines = self._output.read_text(errors="replace").splitlines()
        return "\n".join([line[:300] for line in lines if line.startswith("{")][-8:])

    @property
    def runs(self) -> bool:
        """Tell whether the process is there, paused or not."""
        return self._process is not None and self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.returncode if self._process else None

    def signal(self, number: int) -> None:
        """Send a signal, if it is there."""
        if self.runs:
            assert self._process is not None
            self._process.send_signal(number)

    async def at_rest(self) -> None:
        """After SIGSTOP: return when every thread has stopped, and none is in the middle of a system call."""
        assert self._process is not None
        tasks = Path(f"/proc/{self._process.pid}/task")
        async with asyncio.timeout(10):
            while any((t / "stat").read_text().rpartition(") ")[2][:1] not in "TZX" for t in tasks.iterdir()):
                await asyncio.sleep(0.002)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    async def stop(self, wait_s: float = 60.0) -> int:
        """SIGTERM, wait for the drain, return the exit code. Raises TimeoutError."""
        self.signal(signal.SIGTERM)
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), wait_s)
