"""One real server process: started by its command line, ended in order or with `kill -9`, its log read offline.

Owns the process it started and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import urllib.request
from pathlib import Path


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """`huntserver serve` on loopback, with its data in a folder of its own."""

    def __init__(self, folder: Path, log: str, *, hunts: tuple[Path, ...] = (), extra: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.log = log
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        self._hunts = hunts
        self._extra = extra
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    async def start(self, wait_s: float = 30.0) -> None:
        """Start it and wait until `/readyz` answers 200. Raises TimeoutError with the end of its output."""
        arguments = [sys.executable, "-m", "huntserver", "serve", "--log", self.log, "--port", str(self.port)]
        arguments += ["--data", str(self.folder), *self._extra]
        for hunt in self._hunts:
            arguments += ["--hunt", str(hunt)]
        self.starts += 1
        with (self.folder / "server.log").open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(*arguments, stdout=out, stderr=out, env=os.environ)
        deadline = asyncio.get_running_loop().time() + wait_s
        while not await asyncio.to_thread(self._ready):
            if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                tail = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise TimeoutError(
                    f"the server is not ready after {wait_s} s (exit {self._process.returncode}):\n{tail}"
                )
            await asyncio.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    async def signal(self, number: int) -> None:
        """Send a signal."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        await self.signal(signal.SIGKILL)
        assert self._process is not None
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, wait for the drain, return the exit code."""
        await self.signal(signal.SIGTERM)
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), 30)

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid
