"""Rooms: order for every socket, one encoding for all, bounds on what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from actors.entity import Push
from huntserver.game.features.announcing import Announce
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.turns import Turns
from huntserver.limits import Limits
from huntserver.wire.codecs import message as encode_message
from lab.rigs.gateway import HOST, Peer, Rig, frames_in, turn


async def audience(rig: Rig, size: int) -> list[Peer]:
    """Return players of one team, more than are written to at once."""
    first = await rig.playing("p0", team="all")
    peers = [first]
    invite = (await first.ask("page", hunt="h1"))["ok"]["team"]["invite"]
    for i in range(1, size):
        peer = Peer(rig)
        await peer.hello(f"p{i}")
        peer.send("join", hunt="h1", invite=invite)
        await peer.heard()
        peers.append(peer)
    for peer in peers:
        await peer.heard()
    return peers


async def test_a_broadcast_is_written_in_slices_and_answers_do_not_wait_for_it() -> None:
    rig = Rig(slice_sockets=4)
    peers = await audience(rig, 12)
    rig.system.play(Announce("all"), HOST)
    peers[11].send("page", hunt="h1")
    assert [bool(p.wire.written) for p in peers] == [False] * 12
    rig.gateway.turns.run()
    assert [bool(p.wire.written) for p in peers] == [True] * 4 + [False] * 7 + [True]
    rig.gateway.turns.run()
    assert [bool(p.wire.written) for p in peers] == [True] * 8 + [False] * 3 + [True]
    await turn()
    assert all(p.wire.written for p in peers)


async def test_an_answer_to_a_socket_takes_its_broadcast_along_in_order() -> None:
    rig = Rig(slice_sockets=1)
    peers = await audience(rig, 12)
    rig.system.play(Announce("first"), HOST)
    request = peers[11].send("guess", hunt="h1", clue="c1", text="no")
    rig.gateway.turns.run()
    (written,) = peers[11].wire.written  # one write
    assert len(frames_in(written)) == 2
    push, reply = await peers[11].heard()
    assert (push["ch"], reply["id"]) == ("hunt", request)
    assert push["seq"] < reply["pos"]


async def test_pushes_of_a_large_team_stay_in_order_whoever_sends() -> None:
    rig = Rig(slice_sockets=2)
    peers = await audience(rig, 12)
    for i in range(30):
        peers[i % 12].send("guess", hunt="h1", clue="c1", text=f"no {i}")
        if i % 7 == 0:
            rig.gateway.turns.run()
        if i % 10 == 0:
            rig.system.play(Announce(f"word {i}"), HOST)
    for peer in peers:
        seen: dict[str, Any] = {}
        count = 0
        for _ in range(4):
            for message in await peer.heard():
                if "prev" in message:
                    assert message["prev"] == seen.get(message["ch"], message["prev"])
                    seen[message["ch"]] = message.get("seq", message.get("pos"))
                    count += 1
        assert count == 33


async def test_a_push_is_encoded_once_for_all_and_once_more_for_messagepack(monkeypatch: pytest.MonkeyPatch) -> None:
    encodings: list[bool] = []

    def counting(struct: Any, packed: bool) -> bytes:
        encodings.append(packed)
        return encode_message(struct, packed)

    rig = Rig()
    peers = [await rig.playing(f"p{i}", packed=i == 3) for i in range(4)]
    monkeypatch.setattr("huntserver.gateway.ring.message", counting)
    rig.rooms.publish("hunt", "h1", 99, 5, (Push("hunt", 4, ("x",)),), None)
    await turn()
    for peer in peers:
        assert [m["events"] for m in await peer.heard() if m.get("seq") == 99] == [["x"]]
    assert encodings.count(False) == 1
    assert encodings.count(True) <= 1


async def test_teams_that_only_come_wait_for_a_slow_board_and_points_do_not_wait_for_them() -> None:
    import asyncio

    rig = Rig(board_ms=1, board_teams_ms=60_000)
    peer = await rig.playing("ada")
    await asyncio.sleep(0.02)
    asked = rig.system.queries
    rig.rooms.publish("hunt", "h1", 90, 0, (Push("hunt", 0, state="teams"),), None)
    await asyncio.sleep(0.02)
    assert rig.system.queries == asked
    rig.rooms.publish("hunt", "h1", 91, 0, (Push("hunt", 0, state="board"),), None)
    rig.rooms.publish("hunt", "h1", 92, 0, (Push("hunt", 0, state="teams"),), None)
    await asyncio.sleep(0.02)
    assert rig.system.queries == asked + 1
    assert [m["t"] for m in await peer.heard()][-1] == "state"


async def test_the_board_is_asked_for_once_however_often_it_changed() -> None:
    rig = Rig(board_ms=1)
    peers = [await rig.playing(f"p{i}", packed=i == 1) for i in range(2)]
    import asyncio

    await asyncio.sleep(0.02)
    for peer in peers:
        await peer.heard()
    asked = rig.system.queries
    for clue in ("c1", "c2"):
        peers[0].send("guess", hunt="h1", clue=clue, text=f"right {clue}")
    await asyncio.sleep(0.02)
    assert rig.system.queries == asked + 1
    for peer in peers:
        boards = [m for m in await peer.heard() if m.get("t") == "state"]
        assert [b["ch"] for b in boards] == ["board"]
        assert boards[0]["data"]["rows"][0]["score"] == 20


def test_rings_nobody_listens_to_go_first_when_all_together_are_too_large() -> None:
    rooms = Rooms(Limits(rings_bytes_max=20_000))
    listener = Deaf()
    rooms.enter("heard", {"hunt": 0}, listener)
    for seq in range(1, 11):
        rooms.publish("hunt", "heard", seq, 0, (Push("hunt", seq - 1, ({"n": seq},)),), None)
    for i in range(200):
        rooms.publish("hunt", f"other{i}", 1, 0, (Push("team:t", 0, ({"n": 1},), True),), None)
        assert rooms.statistics().ring_bytes <= 20_000
    assert rooms.tail("heard", {"hunt": 0}, {"hunt": 10}, False) is not None
    assert rooms.tail("other0", {"team:t": 0}, {"team:t": 1}, False) is None
    assert rooms.statistics().rooms < 60


class Deaf:
    """A listener that takes everything."""

    packed = False

    def push(self, data: bytes, *, soon: bool) -> bool:
        """Take it."""
        return True

    def fell_behind(self, hunt: str, seq: int, channels: Any) -> None:
        """Never."""
        raise AssertionError(hunt)


def test_a_room_that_nobody_listens_to_and_that_holds_nothing_is_gone() -> None:
    rooms = Rooms(Limits())
    listener = Deaf()
    rooms.enter("h", {"hunt": 0, "team:t": 0}, listener)
    rooms.leave("h", ["hunt", "team:t"], listener)
    assert rooms.statistics().rooms == 0


def test_a_players_old_records_are_not_shown_again_after_a_recovery() -> None:
    rooms = Rooms(Limits())

    class Ear(Deaf):
        heard = 0

        def push(self, data: bytes, *, soon: bool) -> bool:
            Ear.heard += 1
            return True

    rooms.enter_player("ada", Ear(), 1_000_000.0)
    push = (Push("player:ada", 0, ({"n": 1},)),)
    rooms.publish("player", "ada", 1, 500_000, push, None)  # long past
    rooms.publish("player", "ada", 2, 1_000_100, push, None)
    rooms.publish("player", "ada", 2, 1_000_100, push, None)  # replayed
    rooms.publish("player", "eve", 3, 1_000_100, push, None)
    assert Ear.heard == 1


async def test_every_turn_writes_all_answers_and_one_slice() -> None:
    written: list[int] = []

    class One:
        def __init__(self, number: int) -> None:
            self.number = number

        def flush(self) -> None:
            written.append(self.number)

    turns = Turns(2, pytest.fail)  # type: ignore[arg-type]
    for i in range(5):
        turns.broadcast(One(i))
    for i in range(10, 13):
        turns.reply(One(i))
    assert turns.waiting() == 8
    turns.run()
    assert written == [10, 11, 12, 0, 1]
    await turn()
    assert written == [10, 11, 12, 0, 1, 2, 3, 4]
    assert turns.waiting() == 0


async def test_hosts_who_take_it_are_told_once_that_something_happened_which_no_push_of_theirs_tells() -> None:
    import asyncio

    rig = Rig(board_ms=1)
    hosts = [Peer(rig), Peer(rig)]
    for host, takes in zip(hosts, (["big_board"], []), strict=True):
        await host.hello("host", role="host", takes=takes)
        host.send("resume", hunt="h1", seq=0, pos=0)
        await host.heard()
    peer = await rig.playing("ada")
    await asyncio.sleep(0.02)
    for host in hosts:
        await host.heard()
    for clue in ("c1", "c2"):
        peer.send("guess", hunt="h1", clue=clue, text=f"wrong {clue}")
    await asyncio.sleep(0.02)
    told, untold = [await host.heard() for host in hosts]
    assert [(m["t"], m["ch"], m["data"]) for m in told] == [("state", "big_board", {})]
    assert untold == []
