"""`POST /pair`: a code of the old device lets the new one play on as the same member; wrong codes cost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.rigs.gateway import Peer, Rig
from tests.gateway.test_door import Caller


def pair(rig: Rig, code: str, hunt: str = "h1", address: str = "192.0.2.9") -> tuple[int, Any]:
    return Caller(rig, address).ask("POST", "/pair", json.dumps({"hunt": hunt, "code": code}).encode())


async def test_a_new_device_plays_on_as_the_same_member() -> None:
    rig = Rig()
    ada = await rig.playing("ada", team="Owls")
    code = (await ada.ask("pair", hunt="h1"))["ok"]["code"]
    status, answer = pair(rig, f"{code[:4].lower()}-{code[4:]} ")
    assert (status, answer["player"], answer["name"]) == (200, "p:ada", "Ada")
    caller = rig.tokens.verify(answer["token"])
    assert (caller.by, caller.role, caller.name) == ("p:ada", "player", "Ada")  # type: ignore[union-attr]
    phone = Peer(rig)
    phone.send("hello", token=answer["token"], epoch="new phone")
    await phone.heard()
    page = (await phone.ask("page", hunt="h1"))["ok"]
    assert page["team"]["name"] == "Owls"
    assert (await ada.ask("page", hunt="h1"))["ok"]["team"]["members"] == ["Ada"], "the old device plays on, too"
    assert pair(rig, code)[0] == 404, "a code is used once"


async def test_wrong_pairing_codes_cost_their_address_and_say_nothing() -> None:
    rig = Rig(wrong_codes_burst_per_address=3)
    ada = await rig.playing("ada")
    codes = [pair(rig, f"WRONG{n}") for n in range(5)]
    assert [status for status, _ in codes] == [404, 404, 404, 409, 409]
    assert codes[-1][1]["code"] == "cool_down"
    code = (await ada.ask("pair", hunt="h1"))["ok"]["code"]
    assert pair(rig, code)[0] == 409
    assert pair(rig, code, address="203.0.113.5")[0] == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"hunt": "h1"}', b'{"hunt": 1, "code": "x"}', b"\xff"])
async def test_a_body_that_is_none_is_refused_with_how_to_write_it(body: bytes) -> None:
    status, answer = Caller(Rig()).ask("POST", "/pair", body)
    assert status == 400
    assert "hunt" in json.dumps(answer)
    assert Caller(Rig()).ask("GET", "/pair")[0] == 405


async def test_nobody_exchanges_codes_over_the_websocket() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    assert (await ada.ask("use_pairing", hunt="h1", code="x"))["err"]["code"] == "unknown_op"
