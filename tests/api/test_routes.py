"""Requests to the API and their answers, over a store that a projector has filled."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.reporter import Silent
from huntserver.api import asking as asking_module
from huntserver.api.asking import WAITING_MAX, Asking
from huntserver.api.questions import QUESTIONS
from huntserver.api.routes import Api
from huntserver.auth import Tokens
from huntserver.game.features.solving import Solved
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.gateway.site import HttpRequest, Response
from huntserver.projections.projector import Projector
from huntserver.projections.sqlite import SqliteReadStore
from huntserver.proof.chain import RecordChain, sealed
from huntserver.proof.public import Redactor
from huntserver.proof.records import records_of
from tests.projections.played import SHARDS, opened, play

TOKENS = Tokens(b"k" * 32)
HOST = TOKENS.mint("host", "host", "Host")


class Exchange:
    """Keeps the answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def reply(self, answer: Response) -> None:
        self.answer.set_result(answer)


async def ask(api: Api, target: str, token: str = HOST, **headers: str) -> tuple[int, Any, dict[str, str]]:
    path, _, query = target.partition("?")
    sent = [(b"authorization", f"Bearer {token}".encode())] if token else []
    sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    exchange = Exchange()
    api.answer(HttpRequest("GET", path, sent, "1.2.3.4", query), exchange)  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        answer = await exchange.answer
    return answer.status, json.loads(answer.body) if answer.body else None, dict(answer.headers)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    log = await opened(tmp_path)
    await play(log)
    store = SqliteReadStore(tmp_path / "read.db")
    kinds: list[Any] = [(HuntType(), SHARDS["hunts"]), (PlayerType(), SHARDS["players"])]
    await Projector(log, kinds, store, Silent()).catch_up()
    store.close()
    await log.close()
    return tmp_path / "read.db"


@pytest.fixture
async def api(path: Path) -> AsyncIterator[Api]:
    asking = Asking(lambda: SqliteReadStore(path), Silent())
    yield Api(asking, TOKENS, "1")
    asking.close()


async def test_the_chain_of_a_hunt_is_the_one_that_its_log_gives_and_solves_have_their_receipts(
    api: Api, path: Path
) -> None:
    own = TOKENS.mint("player", "p0", "Ada")
    log, links = await opened(path.parent), [""]
    chain, redactor, solved = RecordChain("h0"), None, 0
    async for record, body in records_of(log, HuntType(), SHARDS["hunts"], "h0"):
        redactor = redactor or Redactor.of(record)
        links.append(chain.add(redactor.record(record), sealed(body)).hex())
        solved = record.pos if any(isinstance(event, Solved) for event in record.events) else solved
    await log.close()
    _, body, _ = await ask(api, "/api/hunts/h0/chain", own)
    assert (body["head"]["pos"], body["head"]["link"]) == (len(links) - 1, links[-1])
    assert [(row["pos"], row["link"]) for row in body["links"]] == [(solved, links[solved])]
    assert (await ask(api, f"/api/hunts/h0/chain?pos={solved + 1}", own))[1]["links"] == []
    assert (await ask(api, "/api/hunts/h0/chain?pos=x", own))[1]["code"] == "bad_field"
    assert (await ask(api, "/api/hunts/none/chain", own))[1]["code"] == "no_such_hunt"
    (solve,) = (await ask(api, "/api/players/p0/solves?hunt=h0", own))[1]["solves"]
    assert (solve["pos"], solve["link"]) == (solved, links[solved])


async def test_a_player_is_told_what_his_teams_solved_and_others_are_not(api: Api) -> None:
    own = TOKENS.mint("player", "p0", "Ada")
    status, body, _ = await ask(api, "/api/players/p0/solves?hunt=h0", own)
    assert status == 200
    assert [(row["hunt"], row["clue"], row["points"], row["rank"]) for row in body["solves"]] == [("h0", "c1", 10, 1)]
    assert body["solves"][0]["at_ms"] > 0
    assert (await ask(api, "/api/players/p0/solves?hunt=h1", own))[1]["solves"] == []
    assert (await ask(api, "/api/players/p0/solves", TOKENS.mint("player", "p9", "Zoe")))[1]["code"] == "not_allowed"


async def test_what_the_asker_has_is_answered_with_304_and_no_body(api: Api) -> None:
    status, body, headers = await ask(api, "/api/hunts")
    assert status == 200
    assert {hunt["hunt"] for hunt in body["hunts"]} == {"h0", "h1"}
    assert int(headers["x-folded-ms"]) > 0
    again = await ask(api, "/api/hunts", if_none_match=f'"other", W/{headers["etag"]}')
    assert (again[0], again[1], again[2]["etag"]) == (304, None, headers["etag"])
    assert (await ask(api, "/api/hunts?limit=1", if_none_match=headers["etag"]))[0] == 200


@pytest.mark.parametrize(
    ("target", "rows"),
    [
        ("/api/hunts", "hunts"),
        ("/api/leaderboard", "players"),
        ("/api/hunts/h0/statistics", "hours"),
        ("/api/hunts/h0/audit", "acts"),
    ],
)
async def test_pages_one_after_the_other_are_the_whole(api: Api, target: str, rows: str) -> None:
    whole = (await ask(api, f"{target}?limit=200"))[1]
    assert "next" not in whole
    assert len(whole[rows]) > 1
    found: list[Any] = []
    cursor = ""
    while True:
        page = (await ask(api, f"{target}?limit=1&cursor={cursor}"))[1]
        assert len(page[rows]) == 1
        found += page[rows]
        cursor = page.get("next", "")
        if not cursor:
            break
    assert found == whole[rows]


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("/api/hunts?limit=0", 400, "limit is '0', allowed is a number from 1 to 200"),
        ("/api/hunts?limit=1e9", 400, "limit is '1e9'"),
        ("/api/hunts?fase=ended", 400, "parameter 'fase' is not known, allowed are phase, search, limit, cursor"),
        ("/api/hunts?phase=over", 400, "phase is 'over', allowed is one of draft, published"),
        ("/api/hunts?cursor=WzFd", 400, "cursor: 'WzFd' is a cursor of another question"),
        ("/api/hunts?cursor=%00%ff", 400, "is no cursor; give the `next` of the page before"),
        ("/api/leaderboard?season=summer", 400, "season is 'summer', allowed is a year and quarter such as 2026Q4"),
        ("/api/hunts/nowhere/audit", 404, "there is no hunt with this id"),
        ("/api/teams", 404, "there is no such page; /api/openapi.json says what there is"),
        ("/api/players/a%00b", 400, "an id has no NUL in it"),
    ],
)
async def test_what_cannot_be_answered_is_named(api: Api, target: str, status: int, said: str) -> None:
    answer = await ask(api, target)
    assert answer[0] == status
    assert said in answer[1]["msg"]


async def test_a_token_that_is_none_is_refused_also_where_none_is_needed(api: Api) -> None:
    assert (await ask(api, "/api/hunts", "rubbish"))[0] == 401
    assert (await ask(api, "/api/hunts", ""))[0] == 200


async def test_a_store_that_stands_still_holds_nobody_up_and_questions_past_the_bound_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "DEADLINE_S", 0.05)
    free = threading.Event()

    class Stuck(SqliteReadStore):
        def look(self) -> None:
            free.wait(60)
            super().look()

    asking = Asking(lambda: Stuck(path), Silent())
    api = Api(asking, TOKENS, "1")
    waiting = [asyncio.ensure_future(ask(api, "/api/hunts")) for _ in range(WAITING_MAX)]
    await asyncio.sleep(0)
    assert (await ask(api, "/api/hunts"))[1]["code"] == "busy"
    assert {(await answer)[1]["code"] for answer in waiting} == {"unavailable"}
    free.set()
    async with asyncio.timeout(60):
        while (await ask(api, "/api/hunts"))[0] != 200:
            await asyncio.sleep(0.01)
    asking.close()


async def test_a_store_that_is_not_there_yet_is_found_when_it_comes(path: Path) -> None:
    away = path.rename(path.with_name("away.db"))
    asking = Asking(lambda: SqliteReadStore(path), Silent())
    api = Api(asking, TOKENS, "1")
    assert (await ask(api, "/api/hunts"))[1]["code"] == "unavailable"
    away.rename(path)
    assert (await ask(api, "/api/hunts"))[0] == 200
    asking.close()


async def test_the_document_says_what_the_table_and_the_answers_do(api: Api) -> None:
    document = (await ask(api, "/api/openapi.json"))[1]
    assert set(document["paths"]) == {question.path for question in QUESTIONS}
    for question in QUESTIONS:
        operation = document["paths"][question.path]["get"]
        answer = await ask(api, question.path.replace("{id}", "h0"), TOKENS.mint("admin", "root"))
        known = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
        rows = answer[1][question.rows]
        assert known[question.rows]["items"]["properties"].keys() >= {key for row in rows for key in row}
        assert bool(operation["security"][0]) == question.needs_token
        assert ((await ask(api, question.path.replace("{id}", "h0"), ""))[0] == 401) == question.needs_token
