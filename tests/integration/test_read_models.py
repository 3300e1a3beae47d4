"""The read models beside a real server: asked over HTTP, private, followed whatever happens to the projector."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from huntserver.auth import Tokens, load_key
from huntserver.client import connect, guest_token
from lab.machines.servers import LocalServer, serving

CANARIES = ("canary-answer", "canary-accept", "canary-hint", "canary-text", "canary-guess", "canary-locked")
HUNT = """
title = "Canaries"
[teams]
mode = "teams"
size_max = 4
[[clues]]
id = "c1"
title = "First"
text = "canary-text"
answers = ["canary-answer"]
hints = [{ id = "h", text = "canary-hint" }]
[clues.attempts]
cool_down_s = 0
[[clues]]
id = "c2"
title = "canary-locked"
answers = ["canary-accept"]
unlock = "c1"
[[treasures]]
id = "coin"
title = "Coin"
unlock = "c1"
"""
WAIT_S = 120.0

pytestmark = pytest.mark.xdist_group("read models")


def until(true: Callable[[], Any]) -> Any:
    """Wait for something to come true, and return it."""
    deadline = time.monotonic() + WAIT_S
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return found


def token(server: LocalServer, role: str, subject: str) -> str:
    return Tokens(load_key(server.folder / "data" / "token.key", make=False)).mint(role, subject, subject.upper())


def ask(server: LocalServer, path: str, held: str = "", **headers: str) -> tuple[int, Any]:
    sent = {"Authorization": f"Bearer {held}"} if held else {}
    status, body = server.http("GET", path, None, **sent, **headers)
    return status, json.loads(body) if body else None


def beside(server: LocalServer) -> dict[str, Any]:
    found: dict[str, Any] = ask(server, "/readyz")[1]["beside"]["projections"]
    return found


def projector(server: LocalServer) -> int:
    """Return the projector's process id; 0: none runs."""
    for child in psutil.Process(server.pid).children():
        with contextlib.suppress(psutil.Error):  # it has just ended
            if "--supervised" in child.cmdline():
                return int(child.pid)
    return 0


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "small.toml").write_text(HUNT)
    with serving(folder, "--hunt", "small.toml", "--projections", f"sqlite:{folder}/read.db") as server:
        asyncio.run(played(server))
        until(lambda: ask(server, "/api/hunts/small/statistics", token(server, "host", "host"))[1].get("hours"))
        yield server


async def played(server: LocalServer) -> None:
    """A draft of another host, and a team that guesses and takes a hint."""
    async with connect(server.url, token(server, "host", "eve")) as eve:
        await eve.command("create", hunt="secret")
    async with connect(server.url, token(server, "player", "ada")) as ada:
        await ada.join("small", team="Owls")
        await ada.command("guess", hunt="small", clue="c1", text="canary-guess")
        await ada.command("hint", hunt="small", clue="c1", hint="h")


PATHS = (
    "/api/hunts", "/api/hunts?search=canaries", "/api/leaderboard", "/api/leaderboard?season=2026Q4",
    "/api/players/ada", "/api/players/ada/inventory", "/api/players/bob", "/api/hunts/small/statistics",
    "/api/hunts/small/audit", "/api/hunts/small/audit?search=canary", "/api/hunts/secret/audit", "/api/openapi.json",
)  # fmt: skip


def test_nobody_is_told_an_answer_a_guess_a_hint_or_a_locked_clue(live: LocalServer) -> None:
    until(lambda: ask(live, "/api/players/ada", token(live, "player", "ada"))[1]["hunts"])
    callers = [("player", "ada"), ("player", "bob"), ("host", "eve"), ("host", "host"), ("admin", "root")]
    for held in ["", *(token(live, role, subject) for role, subject in callers)]:
        for path in PATHS:
            sent = {"Authorization": f"Bearer {held}"} if held else {}
            _, body = live.http("GET", path, None, **sent)
            assert [canary for canary in CANARIES if canary.encode() in body] == [], path
    written = b"".join(file.read_bytes() for file in live.folder.glob("hunts.db*"))
    assert all(canary.encode() in written for canary in CANARIES)  # they are in the log, and could be found


def test_each_sees_what_is_his(live: LocalServer) -> None:
    ada, bob = token(live, "player", "ada"), token(live, "player", "bob")
    host, eve, root = token(live, "host", "host"), token(live, "host", "eve"), token(live, "admin", "root")

    def hunts(held: str) -> list[str]:
        return sorted(hunt["hunt"] for hunt in ask(live, "/api/hunts", held)[1]["hunts"])

    until(lambda: hunts(eve) == ["secret", "small"])
    assert [hunts(held) for held in ("", ada, host)] == [["small"]] * 3
    assert hunts(root) == ["secret", "small"]
    until(lambda: ask(live, "/api/players/ada", ada)[1]["hunts"])
    assert ask(live, "/api/players/ada")[0] == 401
    assert ask(live, "/api/players/ada", bob)[1]["code"] == "not_allowed"
    assert [hunt["hunt"] for hunt in ask(live, "/api/players/ada", host)[1]["hunts"]] == ["small"]
    assert ask(live, "/api/players/ada", eve)[1]["hunts"] == []
    for page in ("statistics", "audit"):
        path = f"/api/hunts/small/{page}"
        assert [ask(live, path, held)[0] for held in ("", ada, eve, host, root)] == [401, 403, 403, 200, 200]
    assert ask(live, "/api/hunts/secret/audit", host)[1]["code"] == "no_such_hunt"
    assert [act["event"] for act in ask(live, "/api/hunts/secret/audit", eve)[1]["acts"]] == ["created"]
    totals = ask(live, "/api/hunts/small/statistics", host)[1]["totals"]
    assert totals == {"players": 1, "teams": 1, "guesses": 1, "solves": 0}


def test_a_projector_that_is_killed_comes_back_and_goes_with_a_server_that_is_killed(live: LocalServer) -> None:
    first = until(lambda: projector(live))
    os.kill(first, signal.SIGKILL)
    second = until(lambda: (pid := projector(live)) != first and pid)
    until(lambda: beside(live)["ok"])
    assert ask(live, "/api/hunts")[0] == 200
    assert "projector_ended" in [line["event"] for line in live.lines()]
    live.kill()
    until(lambda: not psutil.pid_exists(second))
    live.start()
    until(lambda: beside(live)["ok"])


def test_without_its_postgresql_the_game_goes_on_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(HUNT)
    gone = "postgresql://nobody:canary-secret@127.0.0.1:1/none"
    with serving(tmp_path, "--hunt", "small.toml", "--projections", gone) as server:
        asyncio.run(played(server))
        check = until(lambda: (said := beside(server))["why"].count("cannot be used") and said)
        assert not check["ok"]
        assert ask(server, "/readyz")[1]["ready"]
        assert ask(server, "/api/hunts") == (503, {
            "code": "unavailable", "msg": "the read models cannot be asked at the moment; the game goes on",
            "retry": True, "after_ms": 2000, "why": None,
        })  # fmt: skip
        assert "canary-secret" not in check["why"] + server.stderr.read_text()
        _, metrics = server.http("GET", "/metrics")
        assert b'huntserver_check_ok{check="projections"} 0.0' in metrics


@pytest.mark.postgres
def test_tables_of_another_version_are_said_with_the_cure(tmp_path: Path) -> None:
    url = os.environ["HUNTSERVER_TEST_POSTGRES"]
    name = f"see_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        (tmp_path / "small.toml").write_text(HUNT)
        own = f"{url.rpartition('/')[0]}/{name}"
        with serving(tmp_path, "--hunt", "small.toml", "--projections", own) as server:
            until(lambda: ask(server, "/api/hunts")[1].get("hunts"))
        with psycopg.connect(own, autocommit=True) as connection:
            connection.execute("UPDATE huntserver.state SET value = 0 WHERE name = 'version'")
        with serving(tmp_path, "--projections", own) as server:
            until(lambda: "huntserver projections rebuild" in beside(server)["why"])
            assert ask(server, "/api/hunts")[0] == 503
            assert ask(server, "/readyz")[0] == 200
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_server_without_read_models_says_so(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        status, body = ask(server, "/api/hunts")
        assert (status, body["msg"]) == (404, "this server keeps no read models (projections.store is empty)")
        assert ask(server, "/readyz")[1]["beside"].keys() == {"clock"}
        assert projector(server) == 0


def test_a_guest_finds_himself_on_the_leaderboard_without_anybodys_id(live: LocalServer) -> None:
    held = guest_token(live.url, "Grace")

    async def solve() -> None:
        async with connect(live.url, held) as grace:
            await grace.join("small", team="Foxes")
            await grace.command("guess", hunt="small", clue="c1", text="canary-answer")

    asyncio.run(solve())

    def board() -> Any:
        rows = ask(live, "/api/leaderboard", held)[1]["players"]
        # the name comes from his own shard, which is read beside the hunt's
        return rows if any(row.get("you") and row["solves"] and row["name"] for row in rows) else None

    rows = until(board)
    assert [row["name"] for row in rows if row.get("you")] == ["Grace"]
    assert "ada" not in json.dumps(rows)
