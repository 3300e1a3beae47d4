"""What a stranger can make the server do is counted and bounded before it costs."""

from __future__ import annotations

import pytest
from websockets.server import ServerProtocol

from huntserver.gateway.reader import SLICE_BYTES
from huntserver.limits import Limits
from huntserver.wire import lane as lanes
from lab.rigs.frames import frame
from lab.rigs.gateway import Peer, Rig, turn

AS_SHIPPED = {name: getattr(Limits(), name) for name in ("commands_per_s", "commands_burst")}
PONG, PING, MORE = frame(b"", 0x8A), frame(b"", 0x89), frame(b"", 0x00)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the bytes that the Sans-I/O protocol is given to judge."""
    sizes: list[int] = []

    judge = lanes.Lane._judge

    def counting(self: lanes.Lane, protocol: ServerProtocol, data: bytes, messages: list[bytes]) -> bool:
        sizes.append(len(data))
        return judge(self, protocol, data, messages)

    monkeypatch.setattr(lanes.Lane, "_judge", counting)
    return sizes


@pytest.mark.parametrize("flood", [PONG, PING, frame(b"x" * 125, 0x89)], ids=["pongs", "pings", "long pings"])
async def test_a_flood_of_control_frames_closes_before_it_is_parsed(flood: bytes, judged: list[int]) -> None:
    rig = Rig()
    peer = Peer(rig)
    await peer.hello()
    peer.raw(flood * 2000)
    await peer.heard()
    assert peer.close_code == 4102
    assert sum(judged) <= len(flood) * rig.limits.control_frames_burst + 2 * lanes.PIECE_BYTES
    assert rig.gateway.statistics().closes == {"rate": 1}


async def test_fragments_without_end_close_the_connection(judged: list[int]) -> None:
    rig = Rig()
    peer = Peer(rig)
    await peer.hello()
    peer.raw(frame(b"", 0x01) + MORE * 2000)
    await peer.heard()
    assert peer.close_code == 4102
    assert sum(judged) <= 6 * rig.limits.control_frames_burst + 2 * lanes.PIECE_BYTES


async def test_fragments_of_one_message_are_bounded_however_slowly_they_come() -> None:
    rig = Rig()
    peer = Peer(rig)
    await peer.hello()
    peer.raw(frame(b"", 0x01))
    for _ in range(lanes.FRAGMENTS_MAX + 1):
        peer.raw(MORE)
        rig.gateway.sweep(rig.gateway.clock.now_s + 1.0)
    await peer.heard()
    assert peer.close_code == 4102


async def test_control_frames_at_a_client_s_pace_are_no_flood() -> None:
    rig = Rig()
    peer = Peer(rig)
    await peer.hello()
    for _ in range(5):
        peer.raw(PING * rig.limits.control_frames_burst)
        assert peer.close_code is None
        rig.gateway.sweep(rig.gateway.clock.now_s + rig.limits.control_frames_burst / rig.limits.control_frames_per_s)
    assert "ok" in await peer.ask("ping")


async def test_before_hello_a_peer_has_next_to_nothing() -> None:
    rig = Rig()
    chatty = Peer(rig)
    chatty.raw(PONG * 20)
    await chatty.heard()
    assert chatty.close_code == 4102
    large = Peer(rig)
    large.raw(frame(b"x" * 16_000))
    assert large.wire.reading
    large.raw(frame(b"x" * 16_000))
    assert not large.wire.reading
    rig.gateway.sweep(rig.gateway.clock.now_s + 5.0)
    assert not large.wire.reading  # time brings nothing either
    rig.gateway.sweep(rig.gateway.clock.now_s + 6.0)
    await large.heard()
    assert large.close_code == 4001


async def test_bytes_past_the_bucket_are_not_read_until_it_has_filled() -> None:
    rig = Rig(**AS_SHIPPED)
    peer = Peer(rig)
    await peer.hello()
    part = frame(b'{"id":1,"op":"page","hunt":"none","x":"' + b"x" * 15_000 + b'"}')
    sent = 0
    while peer.wire.reading:
        peer.raw(part)
        await peer.heard()
        sent += len(part)
        assert sent < 400_000
    assert sent <= rig.limits.hello_bytes_max + rig.limits.commands_burst * rig.limits.command_bytes_mean + len(part)
    rig.gateway.sweep(rig.gateway.clock.now_s + 1.0)
    assert peer.wire.reading


async def test_a_stream_of_single_bytes_runs_out_sooner_than_its_bytes_say() -> None:
    rig = Rig(**AS_SHIPPED)
    peer = Peer(rig)
    await peer.hello()
    count = 0
    for byte in frame(b"x" * 16_000):
        if not peer.wire.reading:
            break
        peer.raw(bytes((byte,)))
        count += 1
    assert count < 4_000


async def test_a_large_read_is_taken_in_slices_and_in_order() -> None:
    rig = Rig()
    peer = Peer(rig)
    await peer.hello()
    asked = [frame(peer.payload({"id": i, "op": "ping", "x": "x" * 1000})) for i in range(100, 200)]
    peer.raw(b"".join(asked))
    assert not peer.wire.reading
    first = [m["id"] for m in await peer.heard()]
    heard = list(first)
    for _ in range(20):
        heard += [m["id"] for m in await peer.heard()]
    assert heard == list(range(100, 200))
    assert len(first) <= 6 * SLICE_BYTES // 1000  # six turns
    assert peer.wire.reading


async def test_a_large_read_waits_while_answers_are_due() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    ada.raw(b"".join(frame(ada.payload({"id": i, "op": "page", "hunt": "h1", "x": "x" * 3000})) for i in range(60)))
    await turn(20)
    assert len(ada.connection.session.unanswered) == 16
    assert sum(map(len, ada.connection._held or [])) <= SLICE_BYTES
    heard = []
    for _ in range(20):
        rig.system.release()
        rig.system.held = []
        heard += [m["id"] for m in await ada.heard()]
    assert heard == list(range(60))
    assert ada.wire.reading
