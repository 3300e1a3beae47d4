"""The three brokers of a campaign: started for it alone, paused, killed, restarted, and removed at its end.

Owns a cluster of `tools/kafka/broker.py` in a folder of its own, on ports of its own. Ends brokers by the pids that
this tool recorded.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from lab import ROOT

TOOL = ROOT / "tools" / "kafka" / "broker.py"
NODES = (1, 2, 3)


class Brokers:
    """Three brokers in a folder. `port` 0: any free ones."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.address = ""
        self._folder = folder
        self._port = port

    async def _tool(self, *arguments: str) -> str:
        command = [sys.executable, str(TOOL), *arguments, "--brokers", str(len(NODES)), "--data", str(self._folder)]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout.splitlines()[-1]

    async def start(self) -> None:
        """Start those that do not run and return when every one answers. Raises OSError."""
        self.address = await self._tool("start", "--port", str(self._port))

    async def end(self) -> None:
        """Stop all and remove their data."""
        if (self._folder / "cluster.json").exists():
            await self._tool("stop", "--wipe")

    def _pid(self, node: int) -> int:
        recorded: dict[str, Any] = json.loads((self._folder / "cluster.json").read_text())
        return next(int(broker["pid"]) for broker in recorded["brokers"] if broker["node"] == node)

    def signal(self, node: int, number: int) -> None:
        """Send a signal to one."""
        os.kill(self._pid(node), number)

    async def kill(self, node: int) -> None:
        """`kill -9`, and wait until it is gone."""
        self.signal(node, signal.SIGKILL)
        await self._gone(node)

    async def stop(self, node: int) -> None:
        """SIGTERM, and wait until it is gone."""
        self.signal(node, signal.SIGTERM)
        await self._gone(node)

    async def _gone(self, node: int) -> None:
        process = Path(f"/proc/{self._pid(node)}/stat")
        async with asyncio.timeout(60):
            while process.exists() and process.read_text().rpartition(") ")[2][:1] not in "ZX":
                await asyncio.sleep(0.02)

    async def whole(self, within_s: float = 60.0) -> None:
        """Wait until every partition has all its copies in step."""
        async with asyncio.timeout(within_s):
            while not await self._in_step():
                await asyncio.sleep(0.1)

    async def _in_step(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address, request_timeout_ms=5000)
        try:
            await admin.start()
            topics = await admin.describe_topics()
            return all(len(p["isr"]) == len(p["replicas"]) for topic in topics for p in topic["partitions"])
        except Exception:  # whatever a cluster in trouble answers: it is not whole yet
            return False
        finally:
            await admin.close()


async def remove_topics(address: str, prefix: str) -> None:
    """Delete the topics of a campaign on brokers that are not its own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        ours = [name for name in await admin.list_topics() if name.startswith(f"{prefix}.")]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()
