"""Who is out of a team hears nothing of it any more, on any connection, from before the record that says so (I9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.entity import Push
from huntserver.game.features.announcing import Announce
from huntserver.game.features.leaving import Kick
from huntserver.game.features.merging import Merge
from huntserver.game.features.moving import MovePlayer
from huntserver.gateway.rooms import PARTED_MAX
from lab.rigs.gateway import HOST, Peer, Rig


async def two(rig: Rig) -> tuple[Peer, Peer, str]:
    """Ada and Bob of one team, whose invite comes with them."""
    ada = await rig.playing("ada", team="Owls")
    invite = (await ada.ask("page", hunt="h1"))["ok"]["team"]["invite"]
    bob = await come(rig, "bob", invite)
    await ada.heard()
    return ada, bob, invite


async def come(rig: Rig, who: str, invite: str | None = None, team: str | None = None) -> Peer:
    peer = Peer(rig)
    await peer.hello(who)
    peer.send("join", hunt="h1", invite=invite, team=team)
    await peer.heard()
    return peer


def of_team(messages: list[dict[str, Any]], team: str) -> list[dict[str, Any]]:
    return [m for m in messages if m.get("ch") == f"team:{team}" or f"team:{team}" in m.get("channels", {})]


async def test_who_leaves_hears_nothing_of_the_team_on_any_device() -> None:
    rig = Rig()
    ada, bob, _ = await two(rig)
    other = await come(rig, "bob")
    await bob.ask("leave_team", hunt="h1")
    await ada.ask("guess", hunt="h1", clue="c1", text="right c1")
    rig.system.play(Announce("for owls", team="t1"), HOST)
    for device in (bob, other):
        heard = await device.heard()
        assert of_team(heard, "t1") == []
        assert "for owls" not in json.dumps(heard)
    assert [m["t"] for m in of_team(await ada.heard(), "t1")] == ["event"]  # the rest of them came with the answer


async def test_who_is_taken_out_is_told_why_and_hears_nothing_more() -> None:
    rig = Rig()
    ada, bob, _ = await two(rig)
    rig.system.now_ms = 1 << 45  # a player's record that is long past is a replay
    await ada.ask("kick", hunt="h1", player="Bob")
    await ada.ask("guess", hunt="h1", clue="c1", text="right c1")
    heard = await bob.heard()
    assert of_team(heard, "t1") == []
    assert [m["err"]["code"] for m in heard if m.get("op") == "refused"] == ["not_joined"]
    own = [event for m in heard if m.get("ch") == "player:bob" for event in m["events"]]
    assert own == [{"type": "left_hunt", "hunt": "h1", "team": "t1", "kicked": True}]


async def test_who_is_moved_gets_the_new_teams_page_and_then_its_pushes() -> None:
    rig = Rig()
    ada, bob, _ = await two(rig)
    cid = await come(rig, "cid", team="Bats")
    await bob.heard()
    rig.system.play(MovePlayer("bob", "Bats"), HOST)
    await ada.ask("guess", hunt="h1", clue="c1", text="no")
    await cid.ask("guess", hunt="h1", clue="c1", text="nor this")
    heard = await bob.heard()
    assert of_team(heard, "t1") == []
    (snapshot,) = [m for m in heard if m["t"] == "snapshot"]
    assert snapshot["data"]["team"]["name"] == "Bats"
    after = of_team(heard[heard.index(snapshot) + 1 :], "t2")
    assert [m["prev"] for m in after] == [snapshot["channels"]["team:t2"]]


async def test_who_was_moved_while_away_begins_with_a_snapshot() -> None:
    rig = Rig()
    _, bob, _ = await two(rig)
    await come(rig, "cid", team="Bats")
    seen = (await bob.ask("page", hunt="h1"))["ok"]["channels"]
    bob.lost()
    rig.system.play(MovePlayer("bob", "Bats"), HOST)
    again = Peer(rig)
    heard = await again.hello("bob", resume=[{"hunt": "h1", "seq": 0, "pos": 6, "channels": seen}])
    assert [m.get("recovered") for m in heard if m.get("op") == "resumed"] == [False]
    assert of_team(heard, "t1") == []
    again.lost()
    third = Peer(rig)
    heard = await third.hello("bob", resume=[{"hunt": "h1", "seq": heard[-1]["seq"]}])
    assert [m.get("recovered") for m in heard if m.get("op") == "resumed"] == [True]


@pytest.mark.parametrize("command", ["join", "resume"])
async def test_a_view_from_before_that_is_let_out_late_does_not_let_back_in(command: str) -> None:
    rig = Rig()
    _, bob, invite = await two(rig)
    rig.system.held = []
    bob.send(command, hunt="h1", **({"invite": invite} if command == "join" else {}))
    if command == "join":
        rig.system.release()  # the refusal: bob is in; the page is asked now
    rig.system.play(Kick("bob"), HOST)
    *views, record = [effect for effect in rig.system.held if "reaction" not in repr(effect)][:2]
    rig.system.held = [record, *views]  # the view waits for a proof of ownership; the record does not
    rig.system.release()
    rig.system.held = None
    rig.system.play(Announce("for owls", team="t1"), HOST)
    for _ in range(3):
        heard = await bob.heard()
        assert of_team(heard, "t1") == []
        assert "for owls" not in json.dumps(heard)


async def test_merged_teams_all_begin_anew() -> None:
    rig = Rig()
    ada, bob, _ = await two(rig)
    cid = await come(rig, "cid", team="Bats")
    for peer in (ada, bob, cid):
        await peer.heard()
    rig.system.play(Merge("Bats", "Owls"), HOST)
    for peer in (ada, bob, cid):
        heard = await peer.heard()
        assert of_team(heard, "t1") == []
        assert [m["data"]["team"]["members"] for m in heard if m["t"] == "snapshot"] == [["Cid", "Ada", "Bob"]]


async def test_a_slow_reader_that_was_taken_out_does_not_catch_up_with_the_team() -> None:
    rig = Rig()
    ada, bob, _ = await two(rig)
    bob.wire.buffered = 1 << 20
    bob.connection.pause_writing()
    await ada.ask("guess", hunt="h1", clue="c1", text="first")
    rig.system.play(Kick("bob"), HOST)
    await ada.ask("guess", hunt="h1", clue="c1", text="second")
    bob.wire.buffered = 0
    bob.connection.resume_writing()
    heard = await bob.heard()
    assert "second" not in json.dumps(heard)
    assert [m["err"]["code"] for m in heard if m.get("op") == "refused"] == ["not_joined"]


async def test_what_a_room_remembers_of_those_it_took_out_is_bounded_and_errs_on_the_safe_side() -> None:
    rig = Rig()
    await two(rig)
    rooms = rig.system.rooms
    assert rooms is not None
    room = rooms._rooms["h1"]
    for n in range(PARTED_MAX + 2):
        rooms._part(room, n + 1, Push("team:t1", 0, parted=f"p:x{n}"))
    assert len(room.parted) == PARTED_MAX
    assert rooms.parted("h1", "p:x0") == 2
    assert rooms.parted("h1", f"p:x{PARTED_MAX}") == PARTED_MAX + 1
