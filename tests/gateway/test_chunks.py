"""However a stream of bytes is cut: the same commands reach the hunts, and the same frames leave."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.rigs.frames import frame
from lab.rigs.gateway import Peer, Rig, frames_in, turn

requests = st.one_of(
    st.just({"op": "join", "hunt": "h1", "team": "Owls"}),
    st.just({"op": "ping"}),
    st.just({"op": "board", "hunt": "h1"}),
    st.just({"op": "end", "hunt": "h1"}),
    st.just({"op": "fly"}),
    st.builds(
        lambda clue, text, key: {"op": "guess", "hunt": "h1", "clue": clue, "text": text, "key": key},
        st.sampled_from(["c1", "c2", "c9"]),
        st.text(max_size=30),
        st.none() | st.integers(1, 30),
    ),
)
shapes = st.lists(
    st.tuples(requests, st.sampled_from(["whole", "whole", "whole", "pieces", "ping", "long"])), max_size=8
)
ends = st.sampled_from(["", "", "", "noise", "huge", "close", "unmasked", "text"])


def stream(asked: list[tuple[dict[str, Any], str]], end: str, packed: bool) -> bytes:
    """Return a client's bytes: its requests as frames of several shapes, and an end."""
    encode = msgspec.msgpack.encode if packed else msgspec.json.encode
    opcode = 2 if packed else 1
    out = b""
    for number, (fields, shape) in enumerate(asked, 10):
        payload = encode({"id": number, **{k: v for k, v in fields.items() if v is not None}})
        if shape == "pieces":
            half = len(payload) // 2
            out += frame(payload[:half], opcode) + frame(b"now", 0x89) + frame(payload[half:], 0x80)
        else:
            out += (frame(b"?", 0x89) if shape == "ping" else b"") + frame(
                payload, 0x80 | opcode, long=8 if shape == "long" else 0
            )
    return (
        out
        + {
            "": b"",
            "noise": frame(b"{", 0x80 | opcode) + b"\x81",
            "huge": frame(b"x" * 20_000, 0x82),
            "close": frame(b"\x03\xe8", 0x88) + frame(b"late", 0x81),
            "unmasked": frame(b"x", 0x81, masked=False),
            "text": frame(b"\xff\xfe", 0x81),
        }[end]
    )


async def fed(data: bytes, cuts: list[int], packed: bool) -> tuple[list[Any], list[tuple[int, bytes]], bool]:
    """Feed a fresh connection in chunks; return the commands that went on, the frames that came back, and its end."""
    rig = Rig()
    rig.gateway.clock.wall_ms = lambda: 7  # type: ignore[method-assign]
    peer = Peer(rig, packed)
    await peer.hello("ada", epoch="phone")
    before = len(rig.system.submitted)
    for start, stop in pairwise(sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})):
        if not peer.wire.aborted:
            peer.raw(data[start:stop])
    await turn()
    commands = [(type(command).__name__, command, key) for command, key in rig.system.submitted[before:]]
    return commands, frames_in(b"".join(peer.wire.written)), peer.wire.ended


def said(frames: list[tuple[int, bytes]], end: str) -> list[tuple[int, bytes]]:
    """Return frames in an order of their own: pongs may overtake answers of the same turn, and a text that is no UTF-8
    fails the connection at once, whatever pong was due."""
    return sorted(f for f in frames if end != "text" or f[0] != 10)


@settings(max_examples=60, deadline=None)
@given(
    asked=shapes,
    end=ends,
    packed=st.booleans(),
    cuts=st.lists(st.integers(0, 30_000), max_size=12),
)
def test_any_chunks_give_the_same_commands_and_answers(
    asked: list[tuple[dict[str, Any], str]], end: str, packed: bool, cuts: list[int]
) -> None:
    data = stream(asked, end, packed)
    whole = asyncio.run(fed(data, [], packed))
    cut = asyncio.run(fed(data, cuts, packed))
    byte_by_byte = asyncio.run(fed(data, list(range(len(data))), packed)) if len(data) < 2000 else whole
    for got in (cut, byte_by_byte):
        assert got[0] == whole[0]
        assert said(got[1], end) == said(whole[1], end)
        assert got[2] == whole[2]
