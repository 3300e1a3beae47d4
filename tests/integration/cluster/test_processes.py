"""Servers as nodes of a cluster, each a process, on a real broker: hunts are played while nodes come and go."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from actors.log.port import shard_of
from huntserver.client import TAKES, Client, connect
from huntserver.client.timing import Timing
from huntserver.token_key import sign_in_link
from lab.machines.cluster import ClusterProcess, LocalCluster

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SHARDS = 4
CLUES = [f"c{number}" for number in range(9)]
HUNT = 'title = "Far"\n[teams]\nmode = "solo"\n' + "".join(
    f'[[clues]]\nid = "{clue}"\ntitle = "{clue}"\nanswers = ["right {clue}"]\npoints = 10\n' for clue in CLUES
)
FROM_ONE_MACHINE = "\n".join(
    f"{name} = 1e6"
    for name in ("handshakes_per_s", "handshakes_per_s_per_address", "sockets_per_s_per_address",
                 "sockets_waiting_per_address", "connections_per_address", "commands_per_s", "commands_burst")
)  # fmt: skip
QUICK = Timing(reconnect_max_ms=500)
WAIT_S = 120


@pytest.fixture
def cluster(kafka: str, prefix: str, tmp_path: Path) -> Iterator[LocalCluster]:
    made = LocalCluster(tmp_path, kafka, prefix, shards=SHARDS, limits=FROM_ONE_MACHINE)
    yield made
    made.stop()


class Player:
    """A player on the shipped client, and every event that it was told."""

    def __init__(self, cluster: LocalCluster, node: ClusterProcess, name: str) -> None:
        self.name = name
        self.hunt: list[tuple[int, int] | None] = []  # (prev, seq) of each push; None: a snapshot
        self.states: list[str] = []
        self.client: Client = None  # type: ignore[assignment]  # opened by the test
        self.ways = node.url, cluster.tokens.mint("player", name, name.title())

    def heard(self, message: dict[str, Any]) -> None:
        if message["t"] == "snapshot":
            self.hunt.append(None)
        elif message["t"] == "event" and message["ch"] == "hunt":
            self.hunt.append((message["prev"], message["seq"]))

    def gaps(self) -> list[Any]:
        """Return pushes that neither follow the one before nor a snapshot."""
        pairs = zip(self.hunt, self.hunt[1:], strict=False)
        return [(one, two) for one, two in pairs if one is not None and two is not None and two[0] != one[1]]

    async def solve(self, clues: list[str]) -> None:
        for clue in clues:
            wrong = await self.client.command("guess", hunt="far", clue=clue, text="wrong", wait_s=WAIT_S)
            assert wrong["verdict"] == "incorrect"
            done = await self.client.command("guess", hunt="far", clue=clue, text=f"right {clue}", wait_s=WAIT_S)
            assert done["verdict"] == "correct", (self.name, clue)


async def settled(cluster: LocalCluster) -> None:
    await asyncio.to_thread(cluster.until_settled, WAIT_S)


async def test_a_hunt_goes_on_while_its_node_is_killed_and_others_come_and_go(cluster: LocalCluster) -> None:
    far = cluster.folder / "far.toml"
    far.write_text(HUNT.replace("points = 10", "points = 10\nattempts = { free = 9, cool_down_s = 0 }"))
    a = cluster.add("a", "--hunt", str(far), roles=["gateway"])
    b, c = cluster.add("b", roles=["hunts"]), cluster.add("c", roles=["players"])
    for node in (b, c, a):
        node.launch()
    await settled(cluster)
    shard = f"hunts-{shard_of('far', SHARDS)}"
    assert cluster.owner(a, shard) == "b"
    players = [Player(cluster, a, name) for name in ("ada", "bob", "cleo")]
    async with AsyncExitStack() as stack:
        for one in players:
            one.client = await stack.enter_async_context(
                connect(one.ways[0], one.ways[1], on_message=one.heard, on_state=one.states.append, timing=QUICK)
            )
            await one.client.join("far")
        await asyncio.gather(*(one.solve(CLUES[:3]) for one in players))

        cluster.add("b2", roles=["hunts"]).launch()  # takes its half of the hunts
        await asyncio.gather(settled(cluster), *(one.solve(CLUES[3:5]) for one in players))

        victim, spare = ("b", "b2") if cluster.owner(a, shard) == "b" else ("b2", "b")
        cluster.nodes[victim].kill()
        await asyncio.gather(*(one.solve(CLUES[5:7]) for one in players))
        await settled(cluster)
        assert cluster.owner(a, shard) == spare

        cluster.add("c2", roles=["players"]).launch()
        await settled(cluster)
        leaving = asyncio.to_thread(c.stop)
        await asyncio.gather(leaving, *(one.solve(CLUES[7:]) for one in players))
        assert c.exit_code == 0
        await settled(cluster)

        for one in players:
            board = await one.client.question("board", hunt="far")
            assert [row["score"] for row in board["rows"]] == [90] * 3
        async with asyncio.timeout(WAIT_S):  # what a hunt says to players comes in its own time, once
            for one in players:
                while (await one.client.question("profile"))["solves"] < len(CLUES):
                    await asyncio.sleep(0.05)
        profile = await players[0].client.question("profile")
    assert profile["solves"] == len(CLUES)
    for one in players:
        assert one.states == []  # the node that it is connected to lives, so it had nothing to do
        assert one.gaps() == []
        assert len(one.hunt) > len(CLUES)


async def test_a_load_over_the_gateway_of_a_cluster_is_judged_to_lose_and_double_nothing(
    cluster: LocalCluster,
) -> None:
    a = cluster.add("a", roles=["gateway"])
    b, p = cluster.add("b", roles=["gateway", "hunts"]), cluster.add("p", roles=["players"])
    for node in (a, b, p):
        node.launch()
    await settled(cluster)
    told = ["--players", "30", "--hunts", "6", "--rate", "100", "--seconds", "25"]
    keys = ["--key-file", str(cluster.folder / "token.key"), "--config", str(a.config)]
    load = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "huntserver", "load", a.url, *told, *keys,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    saying = asyncio.ensure_future(load.communicate())
    async with asyncio.timeout(WAIT_S):
        while _figure(a, "huntserver_sessions_open ") < 30:
            assert load.returncode is None, (await saying)[0].decode()
            await asyncio.sleep(0.05)
    cluster.add("s", roles=["hunts"]).launch()
    await settled(cluster)
    b.kill()
    await settled(cluster)
    cluster.add("q", roles=["players"]).launch()
    await settled(cluster)
    await asyncio.to_thread(p.stop)
    said = (await saying)[0].decode()
    assert load.returncode == 0, said
    assert "no violation" in said


def _figure(node: ClusterProcess, name: str) -> float:
    status, page = node.http("GET", "/metrics")
    assert status == 200
    return next(float(line.removeprefix(name)) for line in page.decode().splitlines() if line.startswith(name))


def test_a_link_signs_in_at_either_node_and_once_over_both(cluster: LocalCluster) -> None:
    nodes = [cluster.add("a"), cluster.add("b", roles=["gateway"])]
    for node in nodes:
        node.launch()
    cluster.until_settled(WAIT_S)
    link = sign_in_link(cluster.config(), "host", "host", "Host")
    body = json.dumps({"code": link.partition("#")[2]}).encode()

    def give(node: ClusterProcess) -> tuple[int, str]:
        status, answer = 0, {"code": "busy"}
        while answer.get("code") == "busy":  # it owns no shard, and is told what time it is within a second
            status, said = node.http("POST", "/signin", body=body)
            answer = json.loads(said)
        return status, answer.get("code") or answer["player"]

    assert give(nodes[1]) == (200, "h:host")
    assert [give(node) for node in nodes] == [(401, "bad_token")] * 2


async def test_members_on_two_nodes_see_each_other_and_one_whose_node_died_is_away(cluster: LocalCluster) -> None:
    far = cluster.folder / "far.toml"
    far.write_text(HUNT.replace("solo", "teams"))
    nodes = [cluster.add("a", "--hunt", str(far)), cluster.add("b", roles=["gateway"])]
    for node in nodes:
        node.launch()
    await settled(cluster)
    here: list[set[str]] = [set(), set()]

    def hears(at: int) -> Any:
        def heard(message: dict[str, Any]) -> None:
            if message["t"] == "state" and message["ch"] == "presence" and "here" in message["data"]:
                here[at] = set(message["data"]["here"])

        return heard

    async def until(at: int, wanted: set[str]) -> None:
        async with asyncio.timeout(WAIT_S):
            while here[at] != wanted:
                await asyncio.sleep(0.02)

    async with AsyncExitStack() as stack:
        clients = []
        for at, name in enumerate(("ada", "bob")):
            token = cluster.tokens.mint("player", name, name.title())
            opened = connect(nodes[at].url, token, on_message=hears(at), timing=QUICK, takes=(*TAKES, "presence"))
            clients.append(await stack.enter_async_context(opened))
        page = await clients[0].join("far", fields={"team": "Owls"})
        await clients[1].join("far", fields={"invite": page["team"]["invite"]})
        await until(0, {"p:ada", "p:bob"})
        await until(1, {"p:ada", "p:bob"})
        nodes[1].kill()
        await until(0, {"p:ada"})
