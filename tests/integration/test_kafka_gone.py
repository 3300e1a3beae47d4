"""A real server whose only broker is killed and comes back: late, told so, and whole again by itself."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from websockets.asyncio.client import ClientConnection, connect

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import main
from lab.machines.brokers import Brokers, brokers
from lab.machines.servers import LocalServer

HUNT = 'title = "One"\n[[clues]]\nid = "c1"\ntitle = "T"\nanswers = ["one"]\n'
CONFIG = '[log]\nhunt_shards = 2\nplayer_shards = 2\ntopic_prefix = "%s"\n'
COMES_BACK_S = 60.0

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600), pytest.mark.xdist_group("broker gone")]


@pytest.fixture(scope="module")
def one() -> Iterator[Brokers]:
    """A broker of these tests alone."""
    with brokers() as made:
        yield made


@pytest.fixture
def broker(one: Brokers) -> Brokers:
    """A broker that runs, to be killed."""
    one.heal()
    return one


async def until(condition: Callable[[], bool], within_s: float) -> float:
    """Wait for the outside world; return how long it took in s."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.1)
    return time.monotonic() - began


async def ask(socket: ClientConnection, **frame: Any) -> dict[str, Any]:
    """Send a frame; return its reply."""
    await socket.send(json.dumps(frame))
    while True:
        reply: dict[str, Any] = json.loads(await socket.recv())
        if reply.get("id") == frame["id"]:
            return reply


async def play(live: LocalServer, broker: Brokers) -> None:
    """Solve a clue while the broker is away, until the answer stands."""
    token = Tokens(load_key(live.folder / "data" / "token.key", make=False)).mint("player", "ann", "Ann")
    async with connect(live.url) as socket:
        await ask(socket, id=1, op="hello", token=token, epoch="phone")
        assert "ok" in await ask(socket, id=2, op="join", hunt="one", key=1)
        broker.kill(1)
        refused = await asyncio.wait_for(ask(socket, id=3, op="guess", hunt="one", clue="c1", text="one", key=2), 60)
        assert refused["err"]["code"] in ("unknown", "unavailable")
        assert refused["err"]["retry"] is True
        await until(lambda: live.http("GET", "/readyz")[0] == 503, COMES_BACK_S)
        assert live.http("GET", "/healthz")[0] == 200
        await asyncio.to_thread(broker.start)
        await until(lambda: live.http("GET", "/readyz")[0] == 200, COMES_BACK_S)
        for request in range(4, 40):
            reply = await ask(socket, id=request, op="guess", hunt="one", clue="c1", text="one", key=2)
            if "ok" in reply:
                break
            await asyncio.sleep(0.2)
        assert reply["ok"]["verdict"] == "correct"


def test_a_server_whose_broker_dies_is_not_ready_and_recovers_by_itself(tmp_path: Path, broker: Brokers) -> None:
    (tmp_path / "one.toml").write_text(HUNT)
    (tmp_path / "config.toml").write_text(CONFIG % "killed")
    log = f"kafka:{broker.address}"
    live = LocalServer(tmp_path, "--log", log, "--data", str(tmp_path / "data"), "--hunt", "one.toml")
    live.launch()
    try:
        live.until_ready()
        asyncio.run(play(live, broker))
    finally:
        assert live.stop() == 0
    told = CliRunner().invoke(
        main, ["inspect", "hunt/one", "--log", log, "--config", str(tmp_path / "config.toml")], catch_exceptions=False
    )
    assert told.stdout.count("solved by a player") == 1


def test_an_idle_server_says_that_its_broker_stands_still(tmp_path: Path, broker: Brokers) -> None:
    (tmp_path / "config.toml").write_text(CONFIG % "still")
    live = LocalServer(tmp_path, "--log", f"kafka:{broker.address}", "--data", str(tmp_path / "data"))
    live.launch()
    try:
        live.until_ready()
        broker.signal(1, signal.SIGSTOP)
        asyncio.run(until(lambda: live.http("GET", "/readyz")[0] == 503, COMES_BACK_S))
        state = json.loads(live.http("GET", "/readyz")[1])
        assert not state["checks"]["log"]["ok"]
        assert state["checks"]["gateway"]["ok"]
        broker.signal(1, signal.SIGCONT)
        asyncio.run(until(lambda: live.http("GET", "/readyz")[0] == 200, COMES_BACK_S))
    finally:
        broker.signal(1, signal.SIGCONT)
        assert live.stop() == 0
