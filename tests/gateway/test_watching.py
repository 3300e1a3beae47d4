"""A link to the board: many watch by it, nobody does anything by it, its owner takes it back."""

from __future__ import annotations

from typing import Any

import pytest

from lab.rigs.gateway import Peer, Rig
from tests.gateway.test_console import bearer
from tests.gateway.test_door import Caller


def made(rig: Rig) -> dict[str, Any]:
    status, body = Caller(rig).ask("POST", "/hunts/h1/watchers", Authorization=bearer(rig))
    assert status == 200, body
    return dict(body)


async def hello(peer: Peer, token: str, epoch: str) -> dict[str, Any]:
    peer.send("hello", token=token, epoch=epoch)
    (answer,) = await peer.heard()
    return answer


async def test_many_watch_by_one_link_and_see_the_board_alone() -> None:
    rig = Rig(connections_per_player=1)
    token = made(rig)["token"]
    for epoch in ("screen", "guest"):
        peer = Peer(rig)
        assert (await hello(peer, token, epoch))["ok"]["role"] == "watcher"
        assert "rows" in (await peer.ask("board", hunt="h1"))["ok"]
        page = (await peer.ask("page", hunt="h1"))["ok"]
        assert (page["role"], page.get("clues", [])) == ("spectator", [])
        for op, fields in SENT.items():
            assert (await peer.ask(op, hunt="h1", **fields))["err"]["code"] == "not_allowed", op
    await rig.gateway.close()


SENT: dict[str, dict[str, Any]] = {
    "join": {},
    "guess": {"clue": "c1", "text": "x"},
    "take_role": {"code": "ABCDEFGHJK"},
    "end": {},
    "create": {},
    "big_board": {},
    "people": {},
    "audit": {},
}


async def test_a_link_that_was_taken_back_shows_nothing_and_no_link_shows_another_hunt() -> None:
    rig = Rig()
    link = made(rig)
    peer = Peer(rig)
    await hello(peer, link["token"], "screen")
    assert (await peer.ask("board", hunt="h2"))["err"]["code"] in ("not_allowed", "no_such_hunt")
    host = Peer(rig)
    await host.hello("host", "host", epoch="desk")
    assert "ok" in await host.ask("revoke", hunt="h1", who=link["who"])
    for op in ("board", "page"):
        assert (await peer.ask(op, hunt="h1"))["err"]["code"] == "not_allowed"
    await rig.gateway.close()


@pytest.mark.parametrize(
    ("role", "subject", "status"), [("player", "ada", 403), ("host", "stranger", 403), ("watcher", "x", 403)]
)
async def test_only_the_owner_makes_links(role: str, subject: str, status: int) -> None:
    rig = Rig()
    assert Caller(rig).ask("POST", "/hunts/h1/watchers", Authorization=bearer(rig, role, subject))[0] == status
    assert Caller(rig).ask("POST", "/hunts/h1/watchers")[0] == 401
    assert Caller(rig).ask("GET", "/hunts/h1/watchers", Authorization=bearer(rig))[0] == 405
    await rig.gateway.close()


async def test_more_screens_than_a_link_may_have_are_told_to_come_later() -> None:
    rig = Rig(connections_per_link=1)
    token = made(rig)["token"]
    await hello(Peer(rig), token, "one")
    assert (await hello(Peer(rig), token, "two"))["err"]["code"] == "busy"
    await rig.gateway.close()
