"""`huntserver serve --workers 2` as real processes: one is killed, all are exchanged, and a player plays on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huntserver.auth import Tokens, load_key
from huntserver.client import connect
from huntserver.client.timing import Timing
from huntserver.load.server_process import ServerProcess
from lab.machines.servers import NO_READ_MODELS, free_port

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

CLUES = [f"c{number}" for number in range(4)]
HUNT = 'title = "Near"\n[teams]\nmode = "solo"\n' + "".join(
    f'[[clues]]\nid = "{clue}"\ntitle = "{clue}"\nanswers = ["right {clue}"]\npoints = 10\n' for clue in CLUES
)
WAIT_S = 120


def told(server: ServerProcess, event: str) -> list[dict[str, Any]]:
    found = []
    for line in server.stderr.read_text().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return [line for line in found if line.get("event") == event]


async def until(server: ServerProcess, met: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(WAIT_S):
            while not met():
                assert server.runs, server.tail()
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(server.tail())


async def test_a_player_plays_on_while_a_worker_is_killed_and_all_are_exchanged(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    (tmp_path / "near.toml").write_text(HUNT)
    (tmp_path / "c.toml").write_text(
        f'[log]\nurl = "kafka:{kafka}"\ntopic_prefix = "{prefix}"\nhunt_shards = 4\nplayer_shards = 4\n'
        f'[data]\ndir = "{tmp_path}/data"\n[telemetry]\nformat = "json"\n'
    )
    arguments = ["--config", "c.toml", "--workers", "2", "--hunt", "near.toml", *NO_READ_MODELS]
    server = ServerProcess(tmp_path, *arguments, port=free_port(), cwd=tmp_path)
    server.launch()
    try:
        await until(server, lambda: server.stdout.exists() and b"2 workers" in server.stdout.read_bytes())
        token = Tokens(load_key(tmp_path / "data" / "token.key", make=False)).mint("player", "ada", "Ada")
        async with connect(server.url, token, timing=Timing(reconnect_max_ms=500)) as ada:
            await ada.join("near")

            async def solve(clue: str) -> None:
                done = await ada.command("guess", hunt="near", clue=clue, text=f"right {clue}", wait_s=WAIT_S)
                assert done["verdict"] == "correct"

            await solve(CLUES[0])
            first = told(server, "worker_started")[0]
            os.kill(first["pid"], signal.SIGKILL)
            await solve(CLUES[1])
            await until(server, lambda: len(told(server, "worker_started")) == 3)
            assert [(line["worker"], line["code"]) for line in told(server, "worker_ended")] == [(0, -9)]
            await until(server, lambda: server.said("/readyz") == "ok")
            server.signal(signal.SIGHUP)
            await solve(CLUES[2])
            await until(server, lambda: bool(told(server, "workers_exchanged")))
            assert len(told(server, "worker_started")) == 5
            await solve(CLUES[3])
            board = await ada.question("board", hunt="near")
        assert [row["score"] for row in board["rows"]] == [40]
    finally:
        code = await asyncio.to_thread(server.stop, WAIT_S)
    assert code == 0, server.tail()
    pids = [line["pid"] for line in told(server, "worker_started")]
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
