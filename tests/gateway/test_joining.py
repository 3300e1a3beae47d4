"""A join and the page that follows it: asked for together, told together."""

from __future__ import annotations

from lab.rigs.gateway import Peer, Rig, turn


async def greeted(rig: Rig) -> Peer:
    """Return a peer that has said hello and joined nothing; what the hunt lets out is held from here on."""
    ada = Peer(rig)
    await ada.hello("ada")
    rig.system.held = []
    return ada


async def test_the_page_leaves_with_the_joins_answer_in_one_write() -> None:
    rig = Rig()
    ada = await greeted(rig)
    ada.send("join", hunt="h1", team="x")
    rig.system.release()
    await turn()
    assert len(ada.wire.written) == 1
    joined, resumed, snapshot = await ada.heard()
    assert (joined["ok"]["team"], resumed["op"], snapshot["data"]["team"]["name"]) == ("t1", "resumed", "x")
    assert rig.system.queries == 1
    ada.send("guess", hunt="h1", clue="c1", text="no")
    rig.system.release()
    (reply,) = await ada.heard()
    assert reply["ch"] == "team:t1", "it listens"


async def test_of_a_join_that_is_refused_nothing_is_heard_but_why() -> None:
    rig = Rig()
    ada = await greeted(rig)
    ada.send("join", hunt="h1", invite="WRONG-ONE")
    rig.system.release()
    (refused,) = await ada.heard()
    assert refused["err"]["code"] == "no_such_team"
    assert rig.rooms.listeners("h1", "hunt") == []
    ada.send("join", hunt="h1", team="x")
    rig.system.release()
    assert [m.get("t") for m in await ada.heard()] == [None, "sys", "snapshot"]


async def test_a_page_that_comes_before_the_joins_answer_is_asked_for_anew_behind_it() -> None:
    rig = Rig()
    ada = await greeted(rig)
    ada.send("join", hunt="h1", team="x")
    assert rig.system.held is not None
    join, entered, view = rig.system.held
    rig.system.held = [view, join, entered]
    rig.system.release()
    assert [m.get("t") for m in await ada.heard()] == [None]
    rig.system.release()
    assert [m.get("t") for m in await ada.heard()] == ["sys", "snapshot"]


async def test_who_listens_already_goes_on_listening_when_a_join_is_refused() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    ada.send("join", hunt="h1", invite="WRONG-ONE")
    rig.system.release()
    await ada.heard()
    assert len(rig.rooms.listeners("h1", "hunt")) == 1
