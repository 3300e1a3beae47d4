"""The real brokers that tests of the Kafka log talk to: one that is shared, and a cluster that may be hurt."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.actors.log.contract import WAIT_S

TOOL = Path(__file__).parents[3] / "tools" / "kafka" / "broker.py"


@pytest.fixture(scope="session")
def kafka() -> str:
    """The address of the shared broker. Nobody stops or pauses it."""
    address = os.environ.get("HUNTSERVER_TEST_KAFKA")
    if not address:
        pytest.fail("HUNTSERVER_TEST_KAFKA names no broker: run `make kafka`, and the tests by `make test`")
    return address


async def remove_topics(address: str, prefix: str) -> None:
    """Delete the topics of a test run."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        ours = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


@pytest.fixture
async def prefix(kafka: str) -> AsyncIterator[str]:
    """A prefix for this test's topics, which are deleted after it."""
    name = f"test-{secrets.token_hex(6)}"
    yield name
    await remove_topics(kafka, f"{name}.")


class Cluster:
    """Three brokers of one test module, to be paused and killed."""

    def __init__(self, address: str, data: Path) -> None:
        self.address = address
        self.data = data

    def pids(self) -> dict[int, int]:
        """Return the pid of each broker, by its number (1 to 3)."""
        recorded: dict[str, Any] = json.loads((self.data / "cluster.json").read_text())
        return {broker["node"]: broker["pid"] for broker in recorded["brokers"]}

    async def whole(self) -> None:
        """Wait until every broker counts all three among the living."""
        async with asyncio.timeout(WAIT_S):
            for address in self.address.split(","):
                admin = AIOKafkaAdminClient(bootstrap_servers=address)
                await admin.start()
                while len((await admin.describe_cluster())["brokers"]) < 3:
                    await asyncio.sleep(0.1)
                await admin.close()

    def signal(self, node: int, number: int) -> None:
        """Send a signal to one broker."""
        os.kill(self.pids()[node], number)


def tool(*arguments: str) -> str:
    """Run the broker tool; return the last line that it printed."""
    done = subprocess.run(
        [sys.executable, str(TOOL), *arguments], check=False, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def cluster(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers on ports of their own."""
    data = tmp_path_factory.mktemp("kafka") / "three"
    common = ("--brokers", "3", "--data", str(data))
    address = tool("start", "--port", "0", *common)
    yield Cluster(address, data)
    tool("stop", "--wipe", *common)


async def settled(condition: Any, *, within_s: float = WAIT_S) -> None:
    """Wait until a condition about the outside world holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)
