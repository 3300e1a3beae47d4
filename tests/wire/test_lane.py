"""The fast lane against the Sans-I/O protocol alone: any bytes, any chunking, the same messages and closes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from huntserver.wire.lane import Lane

SIZE_MAX = 300
MASK = b"\x11\x22\x33\x44"


def frame(
    payload: bytes,
    first: int = 0x81,
    *,
    masked: bool = True,
    long: int = 0,
    mask: bytes = MASK,
) -> bytes:
    """Return a client's frame; `long` 2 or 8 writes the size longer than it need be."""
    size = len(payload)
    bit = 0x80 if masked else 0
    if long == 8 or size >= 65536:
        head = bytes((first, bit | 127)) + size.to_bytes(8, "big")
    elif long == 2 or size >= 126:
        head = bytes((first, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, bit | size))
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if masked else payload
    return head + (mask if masked else b"") + body


def close_code(writes: list[bytes]) -> int | None:
    """Return the code of the close frame among unmasked frames, 1005 for an empty one, None without one."""
    data = b"".join(writes)
    while data:
        opcode, size = data[0] & 15, data[1]
        assert size < 126
        if opcode == Opcode.CLOSE:
            return Close.parse(data[2 : 2 + size]).code
        data = data[2 + size :]
    return None


def pongs(writes: list[bytes]) -> list[bytes]:
    """Return the payloads of the pongs."""
    data, found = b"".join(writes), []
    while data:
        if data[0] & 15 == Opcode.PONG:
            found.append(data[2 : 2 + data[1]])
        data = data[2 + data[1] :]
    return found


def by_protocol(stream: bytes) -> tuple[list[bytes], int | None, list[bytes]]:
    """Return messages, close code and pongs, as the Sans-I/O protocol alone and RFC 6455's UTF-8 rule have them."""
    protocol = ServerProtocol(state=State.OPEN, max_size=SIZE_MAX)
    messages: list[bytes] = []
    writes: list[bytes] = []
    pieces: list[bytes] = []
    text = False
    for i in range(len(stream)):
        protocol.receive_data(stream[i : i + 1])
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
                continue
            if event.opcode is not Opcode.CONT:
                pieces, text = [], event.opcode is Opcode.TEXT
            pieces.append(bytes(event.data))
            if event.fin:
                message = b"".join(pieces)
                if text:
                    try:
                        message.decode()
                    except UnicodeDecodeError:
                        return messages, 1007, pongs(writes)
                messages.append(message)
        writes += protocol.data_to_send()
        if protocol.state is not State.OPEN:
            break
    return messages, close_code([w for w in writes if w]), pongs([w for w in writes if w])


def by_lane(stream: bytes, cuts: list[int]) -> tuple[list[bytes], int | None, list[bytes]]:
    """Return the same of the lane, fed in chunks."""
    lane = Lane(SIZE_MAX)
    messages: list[bytes] = []
    for start, stop in pairwise(sorted({0, len(stream), *(c % (len(stream) + 1) for c in cuts)})):
        messages += lane.feed(stream[start:stop])
    out = lane.out or []
    code = close_code(out)
    assert lane.closed == (code is not None)
    return messages, code, pongs(out)


def agree(stream: bytes, cuts: list[int]) -> None:
    """Hold the lane against the protocol."""
    expected, got = by_protocol(stream), by_lane(stream, cuts)
    assert got[:2] == expected[:2]
    if got[1] != 1007:  # what is said besides on a connection that fails may differ
        assert got[2] == expected[2]


payloads = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=40).map(str.encode),
    st.binary(min_size=SIZE_MAX - 2, max_size=SIZE_MAX + 2),
    st.text(alphabet="aé€😀", min_size=100, max_size=110).map(str.encode),
)
firsts = st.one_of(
    st.sampled_from((0x81, 0x81, 0x81, 0x82, 0x01, 0x80, 0x00, 0x88, 0x89, 0x8A)),
    st.integers(min_value=0, max_value=255),
)
frames = st.builds(
    frame,
    payloads,
    firsts,
    masked=st.sampled_from((True,) * 12 + (False,)),
    long=st.sampled_from((0,) * 8 + (2, 8)),
    mask=st.binary(min_size=4, max_size=4),
)
fragmented = st.lists(payloads, min_size=2, max_size=3).map(
    lambda parts: frame(parts[0], 0x01) + b"".join(frame(p, 0x00) for p in parts[1:-1]) + frame(parts[-1], 0x80)
)
closes = st.sampled_from(
    [frame(b"", 0x88), frame(b"\x03\xe8bye", 0x88), frame(b"\x03", 0x88), frame(b"\x0f\xff", 0x88)]
)
pings = st.binary(max_size=125).map(lambda p: frame(p, 0x89))
good = st.text(max_size=60).map(lambda t: frame(t.encode()))
sized = st.builds(  # well made, at the borders of the three ways to write a size, or written longer than need be
    frame,
    st.sampled_from((0, 1, 123, 124, 125, 126, 127, 128, SIZE_MAX)).map(lambda size: b"a" * size),
    st.sampled_from((0x81, 0x82)),
    long=st.sampled_from((0, 2, 8)),
)
streams = st.lists(st.one_of(good, sized, pings, frames, fragmented, closes), max_size=6).map(b"".join)
cuts = st.lists(st.integers(min_value=0, max_value=2000), max_size=12)


@settings(max_examples=400, deadline=None)
@given(stream=streams, cuts=cuts, tail=st.binary(max_size=8))
@example(stream=frame(b"a") + frame(b"x", 0x89) + frame(b"b"), cuts=[1, 3, 9, 11, 12, 13, 15], tail=b"")
@example(stream=frame(b"\xff") + frame(b"\x03\xe8", 0x88), cuts=[], tail=b"")
@example(stream=frame(b"a" * 124, long=2), cuts=[], tail=b"")
@example(stream=frame(b"a" * 3, long=8), cuts=[], tail=b"")
@example(stream=frame(b"", 0x89) + frame(b"\xff") + frame(b"\x03\xe8", 0x88), cuts=[], tail=b"")
@example(stream=frame("é".encode()[:1], 0x01) + frame(b"p", 0x89) + frame("é".encode()[1:], 0x80), cuts=[3], tail=b"")
def test_any_bytes_in_any_chunks_give_the_messages_and_closes_of_the_protocol(
    stream: bytes, cuts: list[int], tail: bytes
) -> None:
    agree(stream + tail, cuts)


@settings(max_examples=200, deadline=None)
@given(stream=st.binary(max_size=60), cuts=cuts)
def test_noise_gives_what_the_protocol_makes_of_it(stream: bytes, cuts: list[int]) -> None:
    agree(stream, cuts)


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param(frame(b"x", masked=False), 1002, id="unmasked"),
        pytest.param(frame(b"x", 0xC1), 1002, id="reserved bit"),
        pytest.param(frame(b"x", 0x83), 1002, id="unknown opcode"),
        pytest.param(frame(b"x" * (SIZE_MAX + 1)), 1009, id="too large"),
        pytest.param(frame(b"x" * 200, 0x01) + frame(b"x" * 200, 0x80), 1009, id="too large in fragments"),
        pytest.param(frame(b"x", 0x80), 1002, id="continuation of nothing"),
        pytest.param(frame(b"x", 0x01) + frame(b"y"), 1002, id="message within fragments"),
        pytest.param(frame(b"\xc3"), 1007, id="not UTF-8"),
        pytest.param(frame(b'{"id":1,"op":"ping","unknown":"\xff"}'), 1007, id="not UTF-8 where nobody looks"),
        pytest.param(frame(b"x" * 126, 0x89), 1002, id="long ping"),
        pytest.param(frame(b"\x03\xe8", 0x88), 1000, id="close"),
    ],
)
def test_a_frame_against_the_protocol_closes_with_its_code(stream: bytes, code: int) -> None:
    messages, got, _ = by_lane(frame(b"before") + stream + frame(b"after"), [])
    assert (messages, got) == ([b"before"], code)


def test_nothing_is_read_after_the_end() -> None:
    lane = Lane(SIZE_MAX)
    lane.feed(frame(b"\x03\xe8", 0x88))
    assert lane.closed
    assert list(lane.feed(frame(b"late"))) == []
    assert list(lane.feed(frame(b"later", 0x89))) == []


def test_the_lane_comes_back_after_control_frames_and_fragments() -> None:
    lane = Lane(SIZE_MAX)
    assert list(lane.feed(frame(b"p", 0x89))) == []
    assert lane._protocol is None
    lane.feed(frame(b"a", 0x01)[:4])
    assert lane._protocol is not None  # in the middle of a frame
    assert list(lane.feed(frame(b"a", 0x01)[4:])) == []
    assert lane._protocol is not None  # in the middle of a message
    assert list(lane.feed(frame(b"b", 0x80))) == [b"ab"]
    assert lane._protocol is None
    assert list(lane.feed(frame(b"c"))) == [b"c"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_the_lane_comes_back_after_a_message_of_any_size(size: int) -> None:
    lane = Lane(100_000)
    payload = b"a" * size
    assert list(lane.feed(frame(payload, 0x01) + frame(b"", 0x80))) == [payload]
    assert lane._protocol is None
    assert list(lane.feed(frame(payload))) == [payload]


def test_a_header_that_ends_where_a_chunk_ends_is_no_frame_boundary() -> None:
    lane = Lane(SIZE_MAX)
    ping = frame(b"0123", 0x89)
    assert list(lane.feed(ping[:2])) == []
    assert list(lane.feed(ping[2:6])) == []
    assert list(lane.feed(ping[6:])) == []
    assert pongs(lane.out or []) == [b"0123"]
