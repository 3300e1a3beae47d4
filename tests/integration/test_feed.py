"""The feed of a real server, read by another tool's client: kcat, in the example of the page on it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from huntserver.client import connect
from lab import ROOT
from lab.machines.brokers import remove_topics
from lab.machines.servers import LocalServer
from tests.integration.test_read_models import projector, token, until

CLUES = 6
HUNT = 'title = "Fed"\n[teams]\nmode = "teams"\nsize_max = 4\n' + "".join(
    f'[[clues]]\nid = "c{i}"\ntitle = "Clue"\nanswers = ["canary-answer"]\n[clues.attempts]\ncool_down_s = 0\n'
    for i in range(CLUES)
)

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("feed")]


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[tuple[LocalServer, str, str]]:
    """A server on Kafka that writes its feed; the broker, and the feed's topic."""
    broker = os.environ.get("HUNTSERVER_TEST_KAFKA", "")
    assert broker, "HUNTSERVER_TEST_KAFKA is not set: run `make kafka`, then set it to the address it prints"
    prefix = f"test-{secrets.token_hex(6)}"
    (tmp_path / "small.toml").write_text(HUNT)
    (tmp_path / "feed.toml").write_text(
        f'[log]\nurl = "kafka:{broker}"\ntopic_prefix = "{prefix}"\nhunt_shards = 2\nplayer_shards = 2\n'
        "[projections]\nfeed = true\n"
    )
    arguments = ("--config", "feed.toml", "--data", str(tmp_path / "data"), "--hunt", "small.toml")
    server = LocalServer(tmp_path, *arguments)
    server.start()
    yield server, broker, f"{prefix}.feed"
    server.stop()
    asyncio.run(remove_topics(broker, prefix))


def kcat(broker: str, topic: str) -> list[str]:
    read = ["kcat", "-C", "-q", "-e", "-b", broker, "-t", topic, "-o", "beginning", "-f", "%k %s\n"]
    return subprocess.run(read, capture_output=True, text=True, check=False, timeout=60).stdout.splitlines()


def solves(broker: str, topic: str) -> str:
    script = [str(ROOT / "examples" / "feed.sh"), broker, "small", topic]
    return subprocess.run(script, capture_output=True, text=True, check=False, timeout=60).stdout


async def play(server: LocalServer, kill: bool) -> None:
    for player, team, clues in (("ada", "Owls", CLUES), ("bob", "Foxes", 2)):
        async with connect(server.url, token(server, "player", player)) as client:
            await client.join("small", team=team)
            for clue in range(clues):
                await client.command("guess", hunt="small", clue=f"c{clue}", text="canary-answer")
                if kill and clue == 1:
                    os.kill(await asyncio.to_thread(until, lambda: projector(server)), signal.SIGKILL)


def test_kcat_counts_what_was_played_once_though_the_writer_was_killed(fed: tuple[LocalServer, str, str]) -> None:
    server, broker, topic = fed
    asyncio.run(play(server, kill=True))
    until(lambda: f"has solved {CLUES}" in solves(broker, topic) and "has solved 2" in solves(broker, topic))
    assert sorted(solves(broker, topic).splitlines()) == [f"t1 has solved {CLUES}", "t2 has solved 2"]
    lines = kcat(broker, topic)
    keys = Counter(line.partition(" ")[0] for line in lines)
    assert max(keys.values()) == 1
    assert [line for line in lines if "canary-answer" in line or "ada" in line or "Owls" in line] == []
