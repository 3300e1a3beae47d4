"""A planned stop: everybody is told to come back, what was answered goes out, and nobody new is let in."""

from __future__ import annotations

from lab.rigs.gateway import Peer, Rig


async def test_every_session_is_told_when_to_come_back_and_closed_with_4100() -> None:
    rig = Rig(drain_s=0.02)
    peers = [await rig.playing(f"player{i}", packed=bool(i % 2)) for i in range(30)]
    silent = Peer(rig)
    await rig.gateway.drain()
    delays = set()
    for peer in [*peers, silent]:
        heard = await peer.heard()
        (goaway,) = [m for m in heard if m.get("op") == "goaway"]
        assert (goaway["t"], goaway["code"]) == ("sys", 4100)
        assert 0 <= goaway.get("after_ms", 0) <= 20  # none: at once
        delays.add(goaway.get("after_ms", 0))
        assert peer.close_code == 4100
        assert peer.wire.ended
    assert len(delays) > 3  # spread, so that they do not come back all at once


async def test_what_was_answered_before_the_stop_is_written_before_the_close() -> None:
    rig = Rig(drain_s=0.01)
    ada = await rig.playing("ada")
    rig.system.held = []
    request = ada.send("guess", hunt="h1", clue="c1", text="right c1")
    rig.system.release()
    await rig.gateway.drain()
    heard = await ada.heard()
    assert [m["ok"]["verdict"] for m in heard if m.get("id") == request] == ["correct"]
    assert ada.close_code == 4100
