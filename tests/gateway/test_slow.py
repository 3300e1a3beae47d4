"""Slow readers: one that reads on gets to the end, nothing is sent twice, and one that does not costs little."""

from __future__ import annotations

from typing import Any

from huntserver.game.features.announcing import Announce
from lab.rigs.gateway import HOST, Peer, Rig, turn


async def test_a_slow_reader_gets_no_pushes_and_then_exactly_those_and_no_page_anew() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    ada.connection.pause_writing()
    for text in ("six", "seven"):
        rig.system.play(Announce(text), HOST)
    assert await ada.heard() == []
    assert rig.rooms.statistics().dropped == 1  # it has left the room
    ada.connection.resume_writing()
    assert [(m["t"], m["seq"], m["prev"]) for m in await ada.heard()] == [("event", 6, 4), ("event", 7, 6)]
    rig.system.play(Announce("eight"), HOST)
    assert [m["prev"] for m in await ada.heard()] == [7]


async def test_a_slow_reader_whose_pushes_the_ring_no_longer_has_gets_a_snapshot() -> None:
    rig = Rig(ring_bytes_max=1500)
    ada = await rig.playing("ada")
    ada.connection.pause_writing()
    for text in ("six", "seven", "eight", "nine"):
        rig.system.play(Announce(text * 100), HOST)
    ada.connection.resume_writing()
    word, snapshot = await ada.heard()
    assert word["recovered"] is False
    assert snapshot["channels"]["hunt"] == 9


async def test_much_that_was_missed_comes_in_portions_that_the_outbox_takes() -> None:
    rig = Rig(outbox_soft_bytes=4000)
    ada = await rig.playing("ada")
    ada.connection.pause_writing()
    for i in range(40):
        rig.system.play(Announce(f"{i} " * 100), HOST)
    heard: list[int] = []
    portions = 0
    while len(heard) < 40:
        ada.connection.resume_writing()
        await turn(1)
        ada.connection.pause_writing()  # each portion is read slowly again
        portion = [m["seq"] for m in await ada.heard()]
        assert len(portion) * 300 < 4000
        heard += portion
        portions += bool(portion)
    assert heard == list(range(6, 46))
    assert portions > 3
    assert rig.gateway.statistics().closes == {}


async def test_of_a_record_that_was_half_given_the_other_half_follows() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    push, given = ada.connection.push, list[Any]()

    class Choked(type(ada.connection)):  # type: ignore[misc]
        __slots__ = ()

        def push(self, data: bytes, *, soon: bool) -> bool:
            if given:
                self.pause_writing()
            given.append(data)
            return bool(push.__func__(self, data, soon=soon))  # type: ignore[attr-defined]

    ada.connection.__class__ = Choked
    ada.send("guess", hunt="h1", clue="c1", text="right c1")  # shown to the team, then to all
    first = [m for m in await ada.heard() if m.get("t") == "event"]
    assert [m["ch"] for m in first] == ["team:t1"]
    given.clear()
    ada.connection.resume_writing()
    assert [m["ch"] for m in await ada.heard()] == ["hunt"]


async def test_a_phone_that_reads_slowly_but_reads_is_never_closed_and_one_that_stands_still_is() -> None:
    rig = Rig(outbox_behind_s=10.0)
    ada, bob = await rig.playing("ada"), await rig.playing("bob")
    for peer in (ada, bob):
        peer.connection.pause_writing()
        peer.wire.buffered = 400_000
    for _ in range(60):
        ada.wire.buffered -= 5_000
        bob.wire.buffered -= 100
        rig.gateway.sweep(rig.gateway.clock.now_s + 1)
    await ada.heard()
    assert ada.close_code is None
    assert not ada.connection.closing
    assert bob.connection.closing


async def test_commands_are_read_while_a_page_is_on_its_way_until_their_answers_are_many() -> None:
    rig = Rig(outbox_soft_bytes=4000)
    ada = await rig.playing("ada")
    ada.connection.pause_writing()
    assert ada.wire.reading
    before = len(rig.system.submitted)
    sent = 0
    while ada.wire.reading:
        ada.send("guess", hunt="h1", clue="c1", text=f"no {sent}")
        sent += 1
        await turn()
        assert sent < 100
    assert len(rig.system.submitted) - before == sent
    assert 5 < sent < 40
    ada.connection.resume_writing()
    assert ada.wire.reading


async def test_a_slow_reader_that_missed_nothing_gets_no_snapshot() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    ada.connection.pause_writing()
    ada.connection.resume_writing()
    assert await ada.heard() == []


async def test_a_slow_reader_is_told_that_it_missed_treasures() -> None:
    rig = Rig()
    rig.system.now_ms = rig.gateway.clock.wall_ms()
    ada = await rig.playing("ada")
    second = Peer(rig)
    await second.hello("ada", device="second")
    second.connection.pause_writing()
    await ada.ask("claim", hunt="h1", treasure="coin")
    second.connection.resume_writing()
    assert await second.heard() == [{"t": "sys", "op": "resumed", "recovered": False}]


async def test_conflated_state_is_skipped_by_a_slow_reader_without_a_snapshot() -> None:
    rig = Rig()
    ada, bob = await rig.playing("ada"), await rig.playing("bob")
    room = rig.rooms._rooms["h1"]
    bob.connection.pause_writing()
    rig.rooms.show_board(room, {"rows": []}, 6)
    bob.connection.resume_writing()
    assert [m["t"] for m in await ada.heard()] == ["state"]
    assert await bob.heard() == []


async def test_a_reader_that_stays_slow_is_closed_and_told_to_resume() -> None:
    rig = Rig(outbox_behind_s=10.0)
    ada, bob = await rig.playing("ada"), await rig.playing("bob")
    ada.connection.pause_writing()
    rig.gateway.sweep(rig.gateway.clock.now_s + 1)
    rig.gateway.sweep(rig.gateway.clock.now_s + 9)
    await ada.heard()
    assert ada.close_code is None
    bob.connection.pause_writing()
    rig.gateway.sweep(rig.gateway.clock.now_s + 2)
    bob.wire.buffered = rig.limits.outbox_hard_bytes + 1
    rig.gateway.sweep(rig.gateway.clock.now_s + 1)
    await ada.heard()
    assert ada.close_code == 4200
    assert bob.wire.aborted  # it would never read the close
    assert rig.gateway.statistics().closes["slow_consumer"] == 2


async def test_answers_to_a_slow_reader_are_bounded_too() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    for _ in range(3):
        ada.send("page", hunt="h1")
    ada.connection.pause_writing()
    ada.wire.buffered = rig.limits.outbox_hard_bytes + 1
    rig.system.release()
    await ada.heard()
    assert ada.connection.closing
    assert ada.wire.aborted
