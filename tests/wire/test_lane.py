"""The fast lane against the Sans-I/O protocol alone: any bytes, any chunking, the same messages and closes."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from huntserver.wire.lane import Lane
from lab.rigs.frames import SIZE_MAX, agree, by_lane, frame, pongs

PLENTY = 10_000

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
    lane = Lane(SIZE_MAX, PLENTY)
    lane.feed(frame(b"\x03\xe8", 0x88))
    assert lane.closed
    assert list(lane.feed(frame(b"late"))) == []
    assert list(lane.feed(frame(b"later", 0x89))) == []


def test_the_lane_comes_back_after_control_frames_and_fragments() -> None:
    lane = Lane(SIZE_MAX, PLENTY)
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
    lane = Lane(100_000, PLENTY)
    payload = b"a" * size
    assert list(lane.feed(frame(payload, 0x01) + frame(b"", 0x80))) == [payload]
    assert lane._protocol is None
    assert list(lane.feed(frame(payload))) == [payload]


def test_a_header_that_ends_where_a_chunk_ends_is_no_frame_boundary() -> None:
    lane = Lane(SIZE_MAX, PLENTY)
    ping = frame(b"0123", 0x89)
    assert list(lane.feed(ping[:2])) == []
    assert list(lane.feed(ping[2:6])) == []
    assert list(lane.feed(ping[6:])) == []
    assert pongs(lane.out or []) == [b"0123"]
