"""The Python client against a real server, also behind a proxy that loses frames and a server that is killed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.asyncio.server import ServerConnection, serve

from huntserver.auth import Tokens, load_key
from huntserver.client import Client, Refused, Unreachable, connect, guest_token
from huntserver.client.timing import Timing
from lab import ROOT
from lab.machines.servers import LocalServer, free_port, serving

HUNT = (
    '[teams]\nmode = "teams"\nsize_max = 10\n'
    '[[clues]]\nid = "c1"\ntitle = "First"\nanswers = ["one"]\n[clues.attempts]\ncool_down_s = 0\n'
)
WAIT_S = 60.0

pytestmark = pytest.mark.xdist_group("client")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "small.toml").write_text('title = "Small"\n' + HUNT)
    with serving(folder, "--hunt", "small.toml", "--limit", "commands_per_s=1e6", "--limit", "commands_burst=1e6",
                 "--limit", "guests_per_minute=1e6") as server:  # fmt: skip
        yield server


def host_token(live: LocalServer) -> str:
    return Tokens(load_key(live.folder / "data" / "token.key", make=False)).mint("host", "host", "Host")


Lose = Callable[[dict[str, Any]], bool]


@asynccontextmanager
async def proxy(url: str, lose: Lose) -> AsyncIterator[str]:
    """Pass messages on in both directions, but for those of the server that are to be lost."""

    async def carry(client: ServerConnection) -> None:
        async with open_socket(url) as server:

            async def up() -> None:
                async for text in client:
                    await server.send(text)

            async def down() -> None:
                async for text in server:
                    if not lose(json.loads(text)):
                        await client.send(text)

            ways = {asyncio.create_task(up()), asyncio.create_task(down())}
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    port = free_port()
    async with serve(carry, "127.0.0.1", port):
        yield f"ws://127.0.0.1:{port}/ws"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():
            await asyncio.sleep(0.01)


def texts(heard: list[dict[str, Any]]) -> list[str]:
    return [e["text"] for m in heard for e in m.get("events", ()) if e["type"] == "announced"]


@pytest.mark.parametrize("which", [0, 2, 4])
async def test_a_push_that_is_lost_on_the_way_is_heard_all_the_same(live: LocalServer, which: int) -> None:
    lost: list[str] = []
    pushes: list[str] = []

    def lose(m: dict[str, Any]) -> bool:
        if m.get("t") == "event" and m["events"][0]["type"] == "announced":
            text = m["events"][0]["text"]
            pushes.append(text)
            if text == f"{which} {which}" and not lost:
                lost.append(text)
                return True
        return False

    heard: list[dict[str, Any]] = []
    async with proxy(live.url, lose) as url, connect(live.url, host_token(live)) as host:
        token = await asyncio.to_thread(guest_token, live.url, "Ada")
        async with connect(url, token, on_message=heard.append) as ada:
            await ada.join("small", team=f"owls {which}")
            for i in range(7):
                await host.command("announce", hunt="small", text=f"{which} {i}")
            await until(lambda: len(texts(heard)) == 7)
    assert texts(heard) == [f"{which} {i}" for i in range(7)]
    assert lost == [f"{which} {which}"]
    assert pushes.count(lost[0]) == 2  # it came again, with the tail


async def test_commands_are_answered_once_over_a_server_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text('title = "Small"\n' + HUNT)
    heard: list[dict[str, Any]] = []
    states: list[str] = []
    limits = ("--limit", "commands_per_s=1e6", "--limit", "commands_burst=1e6")
    with serving(tmp_path, "--hunt", "small.toml", *limits) as server:
        token = await asyncio.to_thread(guest_token, server.url, "Ada")
        quick = Timing(reconnect_max_ms=500)
        async with connect(server.url, token, on_message=heard.append, on_state=states.append, timing=quick) as client:
            await client.join("small", team="owls")
            asked = [
                asyncio.create_task(client.command("guess", hunt="small", clue="c1", text=f"wrong {i}"))
                for i in range(100)
            ]
            await asked[10]
            server.kill()
            server.launch()
            answers = await asyncio.wait_for(asyncio.gather(*asked), WAIT_S)
            team = (await client.question("page", hunt="small"))["team"]
    assert [answer["verdict"] for answer in answers] == ["incorrect"] * 100
    assert states == ["lost", "back"]
    assert team["name"] == "owls"


async def test_whoever_connects_twice_is_told_so_and_stays_away(live: LocalServer) -> None:
    token = await asyncio.to_thread(guest_token, live.url, "Bob")
    first = Client(live.url, token)
    await first.open()
    second = Client(live.url, token, device=first._device)
    await second.open()
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(Refused) as refused:
            await anext(first.messages())
    assert refused.value.code == "replaced"
    with pytest.raises(Refused):  # also for who listens only now
        async with asyncio.timeout(WAIT_S):
            await anext(first.messages())
    with pytest.raises(Refused):
        await first.command("join", hunt="small")
    assert (await second.question("ping"))["ts"] > 0
    await second.close()
    await first.close()


async def test_a_token_that_is_not_taken_is_said_at_once(live: LocalServer) -> None:
    with pytest.raises(Refused) as refused:
        async with connect(live.url, "nonsense"):
            pass
    assert refused.value.code == "bad_token"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ws://127.0.0.1:{port}/elsewhere", "HTTP 404"),
        ("http://127.0.0.1:{port}/ws", "write --url as ws://"),
        ("ws://127.0.0.1:1/ws", "no server answers"),
    ],
)
async def test_an_address_without_a_server_is_said_in_words(live: LocalServer, url: str, says: str) -> None:
    client = Client(url.format(port=live.port), "token")
    with pytest.raises(Unreachable, match=says):
        await client.open(wait_s=1.0 if "/elsewhere" not in url else WAIT_S)


async def test_an_exception_of_a_callback_ends_the_client_and_is_told(live: LocalServer) -> None:
    def broken(message: dict[str, Any]) -> None:
        raise ValueError("no such page")

    token = await asyncio.to_thread(guest_token, live.url, "Cat")
    async with connect(live.url, token, on_message=broken) as client:
        with pytest.raises(ValueError, match="no such page"):
            await client.join("small", team="cats")


async def test_messages_are_read_in_order_until_the_client_is_closed(live: LocalServer) -> None:
    token = await asyncio.to_thread(guest_token, live.url, "Dan")
    heard: list[str] = []
    async with connect(live.url, host_token(live)) as host, connect(live.url, token) as client:

        async def read() -> None:
            async for message in client.messages():
                heard.extend(texts([message]))

        reader = asyncio.create_task(read())
        await client.join("small", team="dans")
        for i in range(5):
            await host.command("announce", hunt="small", text=f"hear {i}")
        await until(lambda: len(heard) == 5)
        await client.close()
        await asyncio.wait_for(reader, WAIT_S)
    assert heard == [f"hear {i}" for i in range(5)]


def test_the_bot_of_the_examples_plays_the_museum_hunt_to_its_end(tmp_path: Path) -> None:
    with serving(tmp_path, "--hunt", str(ROOT / "examples" / "museum.toml")) as server:
        command = [sys.executable, str(ROOT / "examples" / "bot.py"), server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert [line for line in said if line.startswith("safe ")] == ["safe correct"], done.stdout
    assert re.fullmatch(r"\d+ points", said[-1])


async def test_a_client_that_leaves_says_so_and_counts_for_no_fault(live: LocalServer) -> None:
    token = await asyncio.to_thread(guest_token, live.url, "Eve")
    async with connect(live.url, token) as client:
        await client.join("small", team="Leavers")
    _, page = await asyncio.to_thread(live.http, "GET", "/metrics")
    assert b'reason="protocol_1011"' not in page
