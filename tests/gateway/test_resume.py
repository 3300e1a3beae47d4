"""Resuming, being slow, being stale: what a session hears is whole, or it is told that it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.entity import Push, Rejected
from huntserver.game.features.announcing import Announce
from huntserver.gateway.clock import LoopClock
from lab.rigs.gateway import HOST, Peer, Rig, turn


async def resumed(rig: Rig, who: str, seq: int, *, pos: int = 0, packed: bool = False, **more: Any) -> list[Any]:
    """Return what a new connection hears after its hello with one resume point."""
    peer = Peer(rig, packed)
    return (await peer.hello(who, resume=[{"hunt": "h1", "seq": seq, "pos": pos, **more}]))[1:]


@pytest.mark.parametrize("packed", [False, True])
async def test_a_resume_brings_exactly_what_was_missed_on_all_channels(packed: bool) -> None:
    rig = Rig()
    ada = await rig.playing("ada")  # seq 5
    rig.system.play(Announce("six"), HOST)
    await ada.ask("guess", hunt="h1", clue="c1", text="seven")
    ada.lost()
    rig.system.play(Announce("eight"), HOST)
    word, *pushes = await resumed(rig, "ada", 6, packed=packed)
    assert word == {"t": "sys", "op": "resumed", "hunt": "h1", "recovered": True, "seq": 8}
    assert [(p["ch"], p["seq"], p["prev"]) for p in pushes] == [("team:t1", 7, 0), ("hunt", 8, 6)]


async def test_a_resume_with_nothing_missed_says_so_and_works_twice() -> None:
    rig = Rig()
    await rig.playing("ada")
    for _ in range(2):
        assert [m.get("recovered") for m in await resumed(rig, "ada", 5)] == [True]


async def test_single_channels_can_be_resumed_from_their_own_seq() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    for text in ("six", "seven"):
        rig.system.play(Announce(text), HOST)
    await ada.ask("guess", hunt="h1", clue="c1", text="eight")
    _, *pushes = await resumed(rig, "ada", 8, channels={"hunt": 6})
    assert [(p["ch"], p["seq"]) for p in pushes] == [("hunt", 7)]


async def test_what_the_ring_no_longer_has_comes_as_a_snapshot() -> None:
    rig = Rig(ring_bytes_max=2000)
    ada = await rig.playing("ada")
    for i in range(20):
        await ada.ask("guess", hunt="h1", clue="c1", text=f"no {i}")
    word, snapshot = await resumed(rig, "ada", 6)
    assert word["recovered"] is False
    assert snapshot["channels"] == {"hunt": 4, "team:t1": 25}
    word, *pushes = await resumed(rig, "ada", 24)
    assert word["recovered"] is True
    assert [p["seq"] for p in pushes] == [25]


async def test_a_tail_longer_than_the_limit_comes_as_a_snapshot() -> None:
    rig = Rig(tail_pushes_max=3)
    ada = await rig.playing("ada")
    for i in range(4):
        await ada.ask("guess", hunt="h1", clue="c1", text=f"no {i}")
    assert [m.get("recovered") for m in await resumed(rig, "ada", 6)] == [True, None, None, None]
    assert [m["t"] for m in await resumed(rig, "ada", 5)] == ["sys", "snapshot"]


async def test_a_room_that_was_not_shown_everything_never_claims_a_whole_tail() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    await ada.ask("guess", hunt="h1", clue="c1", text="six")
    rooms, rig.system.rooms = rig.system.rooms, Nowhere()  # type: ignore[assignment]  # another node had the hunt
    await ada.ask("guess", hunt="h1", clue="c1", text="seven")
    rig.system.rooms = rooms
    await ada.ask("guess", hunt="h1", clue="c1", text="eight")
    assert [m["t"] for m in await resumed(rig, "ada", 6)] == ["sys", "snapshot"]
    assert [m.get("recovered") for m in await resumed(rig, "ada", 7)] == [True, None]


class Held(LoopClock):
    """A clock that gives later calls to a test."""

    def __init__(self, note: Callable[..., None]) -> None:
        super().__init__(1000.0)
        self._note = note

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Give it to the test."""
        self._note(delay_s, call, *arguments)


class Nowhere:
    """Shows nothing to anybody."""

    def publish(self, *_: Any) -> None:
        """Drop it."""


async def test_a_resume_of_a_hunt_that_one_is_not_in_is_refused_by_name() -> None:
    rig = Rig()
    (word,) = await resumed(rig, "eve", 3)
    assert (word["op"], word["hunt"], word["err"]["code"]) == ("refused", "h1", "not_joined")


async def test_a_host_listens_to_a_hunt_by_resuming_it() -> None:
    rig = Rig()
    host = Peer(rig)
    await host.hello("host", "host")
    host.send("resume", hunt="h1")
    reply, word, *_ = await host.heard()
    assert reply["ok"] == {}
    assert word["op"] == "resumed"
    await (await rig.playing("ada")).ask("guess", hunt="h1", clue="c1", text="right c1")
    assert {m["ch"] for m in await host.heard() if m["t"] == "event"} == {"hunt", "host"}


async def test_one_connection_listens_to_so_many_hunts_and_no_more() -> None:
    rig = Rig(hunts_per_session=1)
    ada = await rig.playing("ada")
    ada.send("resume", hunt="other")
    _, word = await ada.heard()
    assert (word["op"], word["hunt"], word["err"]["code"]) == ("refused", "other", "rate_limited")


async def test_pushes_that_left_before_a_view_was_let_out_follow_the_snapshot() -> None:
    rig = Rig()
    ada = Peer(rig)
    await ada.hello("ada")
    ada.send("join", hunt="h1", team="x")
    await ada.heard()
    bob = Peer(rig)
    await bob.hello("bob")
    bob.send("join", hunt="h1", team="y")
    await bob.heard()
    rig.system.held = []
    bob.send("resume", hunt="h1", seq=0)  # answered with the tail since 0 or a snapshot at seq 6
    rig.system.play(Announce("seven"), HOST)
    view, record = rig.system.held
    rig.system.held = [record, view]  # the view waits for a proof of ownership; the record does not
    rig.system.release()
    messages = await bob.heard()
    assert [m["seq"] for m in messages if m.get("ch") == "hunt"][-1] == 7
    assert len([m for m in messages if m.get("seq") == 7 and m["t"] == "event"]) == 1


async def test_the_same_for_a_snapshot() -> None:
    rig = Rig()
    ada = Peer(rig)
    await ada.hello("ada")
    rig.system.held = []
    ada.send("join", hunt="h1", team="x")
    rig.system.release()  # the join; the page is asked now
    rig.system.play(Announce("six"), HOST)
    view, record = rig.system.held
    rig.system.held = [record, view]
    rig.system.release()
    messages = await ada.heard()
    assert [(m.get("t"), m.get("seq")) for m in messages[-2:]] == [("snapshot", 5), ("event", 6)]


# ---- the floor of pos


class Stale:
    """Wraps a system: answers the next `times` questions or refusals as an owner that stopped at `pos`."""

    def __init__(self, rig: Rig, pos: int, times: int) -> None:
        self.system, self.pos, self.times = rig.system, pos, times
        self.asked = 0

    def submit(self, kind: str, id: str, command: Any, sink: Any, request: int, caller: Any, key: Any) -> None:
        """Refuse."""
        self.asked += 1
        if self.times > 0:
            self.times -= 1
            sink.refused(request, Rejected("locked", "as it was"), self.pos)
        else:
            self.system.submit(kind, id, command, sink, request, caller, key)

    def query(self, kind: str, id: str, query: Any, sink: Any, request: int, caller: Any) -> None:
        """Show an old state."""
        self.asked += 1
        if self.times > 0:
            self.times -= 1
            sink.viewed(request, {"hunt": id}, self.pos)
        else:
            self.system.query(kind, id, query, sink, request, caller)


@pytest.mark.parametrize("op", ["guess", "page"])
async def test_an_answer_from_before_what_was_seen_is_asked_for_again(op: str) -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    fields = {"clue": "c1", "text": "x"} if op == "guess" else {}
    rig.gateway.services.system = stale = Stale(rig, 3, 1)  # type: ignore[assignment]
    reply = await ada.ask(op, hunt="h1", **fields)
    assert stale.asked == 2
    assert reply["pos"] >= 5
    rig.gateway.services.system = stale = Stale(rig, 3, 9)  # type: ignore[assignment]
    reply = await ada.ask(op, hunt="h1", **fields)
    assert stale.asked == 2
    assert (reply["err"]["code"], reply["err"]["retry"], reply["pos"]) == ("unavailable", True, -1)
    assert ada.connection.session.unanswered == {}


async def test_a_refusal_that_the_key_was_given_before_stands_whatever_was_seen_since() -> None:
    rig = Rig()
    ada = await rig.playing("ada", epoch="e")
    rig.gateway.services.system = Stale(rig, 3, 2)  # type: ignore[assignment]
    reply = await ada.ask("guess", hunt="h1", clue="c1", text="x", key=9)
    assert (reply["err"]["code"], reply["pos"]) == ("locked", 3)


async def test_a_resume_raises_the_floor_and_waits_for_an_owner_that_knows_as_much() -> None:
    rig = Rig()
    await rig.playing("ada")
    later: list[Any] = []
    rig.gateway.services.clock = Held(lambda delay_s, call, *a: later.append((delay_s, call, a)))
    ada = Peer(rig)
    await ada.hello("ada", resume=[{"hunt": "h1", "seq": 5, "pos": 6}])
    assert len(later) == 1
    rig.system.play(Announce("six"), HOST)
    delay_s, call, arguments = later.pop()
    assert 0 < delay_s < 1
    call(*arguments)
    assert [m.get("recovered") for m in await ada.heard()] == [True, None]


async def test_a_player_who_joined_is_not_told_by_an_older_owner_that_he_did_not() -> None:
    """The join was answered; the question for its page met an owner of before it, whose word was passed on as final."""
    rig = Rig()
    later: list[Any] = []
    rig.gateway.services.clock = Held(lambda delay_s, call, *a: later.append((call, a)))
    ada = Peer(rig)
    await ada.hello("ada")
    query = rig.system.query

    def older(kind: str, id: str, question: Any, sink: Any, request: int, caller: Any) -> None:
        sink.refused(request, Rejected("not_joined", "as it was"), 4)

    rig.system.query = older  # type: ignore[assignment, method-assign]
    ada.send("join", hunt="h1", team="ada's")
    assert [m for m in await ada.heard() if m.get("op") == "refused"] == []
    rig.system.query = query  # type: ignore[method-assign]
    call, arguments = later.pop()
    call(*arguments)
    assert [m["t"] for m in await ada.heard()] == ["sys", "snapshot"]


async def test_a_client_that_saw_another_log_is_given_this_one_in_the_end() -> None:
    rig = Rig()
    await rig.playing("ada")
    later: list[Any] = []
    rig.gateway.services.clock = Held(lambda delay_s, call, *a: later.append((call, a)))
    ada = Peer(rig)
    await ada.hello("ada", resume=[{"hunt": "h1", "seq": 900, "pos": 900}])
    rounds = 0
    while later:
        rounds += 1
        call, arguments = later.pop()
        call(*arguments)
    assert rounds == 5
    assert [m["t"] for m in await ada.heard()] == ["sys", "snapshot"]
    assert (await ada.ask("board", hunt="h1"))["pos"] == 5


async def test_a_hunt_that_cannot_be_reached_is_asked_again_until_the_client_leaves_it() -> None:
    rig = Rig()
    await rig.playing("ada")
    later: list[Any] = []
    rig.gateway.services.clock = Held(lambda delay_s, call, *a: later.append((call, a)))
    ada = Peer(rig)
    rig.system.refuse_with = Rejected("unavailable", "no owner", retry=True)
    await ada.hello("ada", resume=[{"hunt": "h1", "seq": 5}])
    for _ in range(3):
        call, arguments = later.pop()
        call(*arguments)
    assert len(later) == 1
    rig.system.refuse_with = None
    await ada.ask("leave", hunt="h1")
    asked = rig.system.queries
    call, arguments = later.pop()
    call(*arguments)
    assert rig.system.queries == asked
    await turn()


async def test_a_replayed_record_is_shown_once() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.play(Announce("six"), HOST)
    assert len(await ada.heard()) == 1
    rig.rooms.publish("hunt", "h1", 6, 1, (Push("hunt", 4, ({"type": "announced"},)),), None)
    assert await ada.heard() == []
