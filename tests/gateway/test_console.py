"""The console's routes: a link's code for a token, a text checked while it is written, a hunt's source for its host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from huntserver.auth import SignIn, link_code
from huntserver.game.definition.solvability import check_definition
from huntserver.gateway.console import Console
from huntserver.gateway.signing_in import SigningIn
from lab.rigs.gateway import DEFINITION, KEY, Rig
from tests.gateway.test_door import Caller


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.gateway.close()


@pytest.fixture
def signing(rig: Rig, tmp_path: Path) -> Rig:
    """A rig where hosts sign in by links."""
    signing_in = SigningIn(SignIn(KEY, tmp_path), rig, rig.gateway.clock)
    rig.gateway.site.more[:] = [
        Console(rig.system, rig.tokens, rig.gateway.door, rig.limits, worker=rig, sign_in=signing_in)
    ]
    return rig


def bearer(rig: Rig, role: str = "host", subject: str = "host") -> str:
    return f"Bearer {rig.tokens.mint(role, subject)}"


def give(rig: Rig, code: str) -> tuple[int, dict[str, str]]:
    status, body = Caller(rig).ask("POST", "/signin", f'{{"code": "{code}"}}'.encode())
    return status, body


async def test_a_code_is_good_for_one_token_and_tries_in_vain_are_counted(signing: Rig) -> None:
    code = link_code(KEY, role="host", subject="host", name="Host")
    status, body = give(signing, code)
    assert status == 200
    assert signing.tokens.verify(body["token"]).by == "h:host"  # type: ignore[union-attr]
    status, body = give(signing, code)
    assert (status, body["code"]) == (401, "bad_token")
    assert signing.gateway.door.refusals.counts["sign_in"] == 1


async def test_tries_of_an_address_are_limited(signing: Rig) -> None:
    told = [give(signing, "guess")[1]["code"] for _ in range(int(signing.limits.sign_ins_per_minute) + 1)]
    assert told[-1] == "rate_limited"
    assert set(told[:-1]) == {"bad_token"}


@pytest.mark.parametrize("body", [b"", b"no json", b'{"code": 7}', b"[" * 3000])
async def test_what_is_no_code_is_told_how_it_looks(signing: Rig, body: bytes) -> None:
    assert Caller(signing).ask("POST", "/signin", body)[0] == 400


async def test_signing_in_takes_a_post(signing: Rig) -> None:
    assert Caller(signing).ask("GET", "/signin")[0] == 405


async def test_a_text_is_checked_without_being_kept(rig: Rig) -> None:
    submitted = len(rig.system.submitted)
    status, body = Caller(rig).ask("POST", "/check", DEFINITION.encode(), Authorization=bearer(rig))
    assert status == 200
    assert body["problems"] == []
    assert [clue["title"] for clue in body["page"]["clues"]] == ["Clue 1", "Clue 2", "Clue 3"]
    assert "right c1" not in str(body)
    assert len(rig.system.submitted) == submitted


async def test_a_text_is_played_before_it_is_kept(rig: Rig) -> None:
    submitted = len(rig.system.submitted)

    def asked(query: str) -> dict[str, Any]:
        status, body = Caller(rig).ask("POST", f"/check?{query}", DEFINITION.encode(), Authorization=bearer(rig))
        assert status == 200
        return dict(body)

    wrong = asked("play=1&clue=c1&guess=nonsense")
    assert (wrong["answer"]["verdict"], wrong["page"]["team"]["score"]) == ("incorrect", 0)
    right = asked("play=1&clue=c1&guess=right+c1")
    assert right["answer"]["verdict"] == "correct"
    assert [clue["id"] for clue in right["page"]["clues"] if clue.get("solved")] == ["c1"]
    assert asked("play=1&clue=nowhere&guess=x")["answer"]["code"] == "locked"
    later = asked("play=1&solved=c1,c2,gone")
    assert [clue["id"] for clue in later["page"]["clues"] if clue.get("solved")] == ["c1", "c2"]
    assert len(rig.system.submitted) == submitted


async def test_generated_teams_play_a_text(rig: Rig) -> None:
    status, body = Caller(rig).ask("POST", "/check?simulate=7&seed=2", DEFINITION.encode(), Authorization=bearer(rig))
    assert status == 200
    assert [one["clue"] for one in body["play"]["clues"]] == ["c1", "c2", "c3"]
    assert len(body["play"]["teams"]) == 7


async def test_faults_come_with_their_lines(rig: Rig) -> None:
    text = DEFINITION.replace('title = "Clue 2"', 'titel = "Clue 2"')
    status, body = Caller(rig).ask("POST", "/check", text.encode(), Authorization=bearer(rig))
    assert status == 200
    assert body["page"] is None
    lines = text.split("\n")
    (typo,) = [p for p in body["problems"] if "titel" in p["path"]]
    assert lines[typo["line"] - 1] == 'titel = "Clue 2"'


async def test_only_hosts_check_and_read(rig: Rig) -> None:
    for method, path, body in [("POST", "/check", b"x"), ("GET", "/hunts/h1/definition", b"")]:
        assert Caller(rig).ask(method, path, body)[0] == 401
        assert Caller(rig).ask(method, path, body, Authorization=bearer(rig, "player"))[0] == 403
    assert Caller(rig).ask("GET", "/hunts/h1/definition", Authorization=bearer(rig, "host", "other"))[0] == 403


async def test_a_host_reads_a_hunt_as_a_file_that_is_the_same_hunt(rig: Rig) -> None:
    status, text = Caller(rig).ask("GET", "/hunts/h1/definition", Authorization=bearer(rig))
    assert status == 200
    assert check_definition(text.encode(), "toml") == check_definition(DEFINITION.encode(), "toml")
    status, tree = Caller(rig).ask("GET", "/hunts/h1/definition?style=json", Authorization=bearer(rig))
    assert (status, tree["title"]) == (200, "Rig")
    assert Caller(rig).ask("GET", "/hunts/h1/definition?style=xml", Authorization=bearer(rig))[0] == 400
    assert Caller(rig).ask("GET", "/hunts/none/definition", Authorization=bearer(rig))[0] == 404


async def test_what_a_host_wrote_comes_back_with_its_comments_and_with_an_answer_that_was_accepted(rig: Rig) -> None:
    text = "# for June\n" + DEFINITION
    head = {"Authorization": bearer(rig), "Content-Type": "application/toml"}
    assert Caller(rig).ask("PUT", "/hunts/h1/definition", text.encode(), **head)[0] == 200
    assert Caller(rig).ask("GET", "/hunts/h1/definition", Authorization=bearer(rig)) == (200, text)
    assert (
        "june" not in str(Caller(rig).ask("GET", "/hunts/h1/definition?style=json", Authorization=bearer(rig))).lower()
    )


async def test_a_definition_goes_up_only_over_the_one_that_it_was_made_from(rig: Rig) -> None:
    reader = Caller(rig)
    _, text = reader.ask("GET", "/hunts/h1/definition", Authorization=bearer(rig))
    tag = next(
        line.partition(b": ")[2] for line in b"".join(reader.wire.written).split(b"\r\n") if line[:5] == b"etag:"
    )

    def put(match: str, query: str = "") -> tuple[int, Any]:
        path = f"/hunts/h1/definition{query}"
        return Caller(rig).ask("PUT", path, text.encode(), Authorization=bearer(rig), If_Match=match)

    for query in ("", "?preview"):
        status, told = put('"0123"', query)
        assert (status, told["code"]) == (412, "conflict")
    for match in (tag.decode(), "*"):
        assert put(match)[0] == 200


async def test_what_would_come_of_it_is_told_and_nothing_is_done(rig: Rig) -> None:
    submitted = len(rig.system.submitted)

    def asked(body: bytes, role: str = "host") -> tuple[int, Any]:
        head = {"Authorization": bearer(rig, role), "Content-Type": "application/json"}
        return Caller(rig).ask("POST", "/hunts/h1/what-if", body, **head)

    assert asked(b'{"steps": []}') == (200, {"teams": [], "changed": 0, "of": 0, "reopen": False})
    told = asked(msgspec.json.encode({"steps": [{"op": "define", "text": DEFINITION, "existing": "rejudge"}]}))
    assert told[0] == 200
    status, body = asked(b'{"steps": [{"op": "define", "text": "title = 1"}]}')
    assert (status, body["code"]) == (422, "bad_definition")
    status, body = asked(b'{"steps": [{"op": "adjust", "team": "t9", "points": 1, "reason": "x"}]}')
    assert body["code"] == "no_such_team"
    assert asked(b'{"steps": [{"op": "start"}]}')[1]["code"] == "bad_field"
    assert (
        "allowed are 20"
        in asked(b'{"steps": [' + b",".join([b'{"op":"accept","clue":"c1","text":"x"}'] * 21) + b"]}")[1]["msg"]
    )
    assert asked(b'{"steps": []}', "player")[1]["code"] == "not_allowed"
    assert Caller(rig).ask("GET", "/hunts/h1/what-if", Authorization=bearer(rig))[0] == 405
    assert len(rig.system.submitted) == submitted
