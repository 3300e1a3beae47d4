"""Kafka brokers of a run's own: started, paused, killed, restarted, and removed at its end.

Owns a cluster of `tools/kafka/broker.py` in a folder of its own, on ports of its own. Ends brokers by the pids that
this tool recorded. One wrapper for tests, campaigns and the benchmark.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient

from lab import ROOT

TOOL: Final = ROOT / "tools" / "kafka" / "broker.py"
WAIT_S: Final = 60.0
TRIES: Final = 3
"""Of a start on any free ports."""


class Brokers:
    """`count` brokers, numbered from 1, with their data in a folder. `port` 0: any free ones; `core`: all on it.

    `secure` names the folder with certificate and users of one broker that has doors with TLS and logins.
    """

    def __init__(
        self, folder: Path, count: int = 3, *, port: int = 0, core: str = "", secure: Path | None = None
    ) -> None:
        self.folder = folder
        self.count = count
        self.address = ""
        self._port = port
        self._secure = ["--secure", str(secure)] if secure else []
        self._within = ["taskset", "-c", core] if core else []

    @property
    def nodes(self) -> range:
        """Their numbers."""
        return range(1, self.count + 1)

    def _tool(self, *arguments: str) -> str:
        command = [*self._within, sys.executable, str(TOOL), *arguments, "--brokers", str(self.count)]
        command += ["--data", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout.splitlines()[-1]

    def start(self) -> None:
        """Start those that do not run, where they were, and return when every one answers. Raises OSError."""
        port = int(self.address.partition(",")[0].rpartition(":")[2]) if self.address else self._port
        for tries in range(TRIES):
            try:
                self.address = self._tool("start", "--port", str(port), *self._secure)
                return
            except OSError as error:  # a port that was free may be taken by the time that the broker opens it
                if port or tries == TRIES - 1 or "Address already in use" not in str(error):
                    raise
                self.remove()

    def doors(self) -> dict[str, str]:
        """Return the addresses of the doors with TLS and logins, by their names (`DOORS` of the tool)."""
        recorded: dict[str, dict[str, str]] = json.loads((self.folder / "cluster.json").read_text())
        return recorded["doors"]

    def remove(self) -> None:
        """Stop all and remove their data."""
        if (self.folder / "cluster.json").exists():
            self._tool("stop", "--wipe")

    def pid(self, node: int) -> int:
        """Return the process of one, by its number."""
        recorded: dict[str, Any] = json.loads((self.folder / "cluster.json").read_text())
        return next(int(broker["pid"]) for broker in recorded["brokers"] if broker["node"] == node)

    def signal(self, node: int, number: int) -> None:
        """Send a signal to one."""
        os.kill(self.pid(node), number)

    def kill(self, node: int) -> None:
        """`kill -9`, and wait until it is gone. Raises OSError."""
        self.end(node, SIGKILL)

    def end(self, node: int, number: int = SIGTERM) -> None:
        """Send a signal that ends one, and wait until it is gone. Raises OSError."""
        self.signal(node, number)
        deadline = time.monotonic() + WAIT_S
        while self.runs(node):
            if time.monotonic() > deadline:
                raise OSError(f"broker {node} is there {WAIT_S:.0f} s after signal {number}")
            time.sleep(0.02)

    def heal(self) -> None:
        """Let those go on that stand still, start those that have ended. Raises OSError."""
        for node in self.nodes:
            with contextlib.suppress(ProcessLookupError):
                self.signal(node, SIGCONT)
        if not all(self.runs(node) for node in self.nodes):
            self.start()

    def runs(self, node: int) -> bool:
        """Tell whether the process of one is there, paused or not."""
        try:
            stat = Path(f"/proc/{self.pid(node)}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(") ")[2][:1] not in "ZX"

    async def whole(self, within_s: float = WAIT_S) -> None:
        """Wait until every broker counts all among the living, and every partition has all its copies in step."""
        async with asyncio.timeout(within_s):
            for address in self.address.split(","):
                while not await self._whole_at(address):
                    await asyncio.sleep(0.1)

    async def _whole_at(self, address: str) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
        try:
            await admin.start()
            members = (await admin.describe_cluster())["brokers"]
            topics = await admin.describe_topics()
            in_step = all(len(p["isr"]) == len(p["replicas"]) for topic in topics for p in topic["partitions"])
            return len(members) == self.count and in_step
        except Exception:  # whatever a cluster in trouble answers: it is not whole yet
            return False
        finally:
            await admin.close()


@contextmanager
def brokers(count: int = 1, *, core: str = "") -> Iterator[Brokers]:
    """Start `count` brokers on a temporary data folder. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="lab-brokers-") as data:
        made = Brokers(Path(data), count, core=core)
        try:
            made.start()
            yield made
        finally:
            made.remove()


async def remove_topics(address: str, prefix: str) -> None:
    """Delete the topics `PREFIX.*` on brokers that are not the run's own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        ours = [name for name in await admin.list_topics() if name.startswith(f"{prefix}.")]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()
