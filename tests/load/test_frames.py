"""What players send is what the server decodes, and has the length that cutting by place needs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.streams import StreamReader

from huntserver.load import frames
from huntserver.wire.messages import decode_json

NUMBERS = st.integers(frames.FIRST, frames.LAST)


def unmasked(data: bytes) -> bytes:
    """Return the payload as `websockets` reads it."""
    reader = StreamReader()
    reader.feed_data(data)
    parser = Frame.parse(reader.read_exact, mask=True)
    try:
        next(parser)
    except StopIteration as done:
        payload: bytes = done.value.data
        return bytes(payload)
    raise AssertionError("the frame is not whole")


@given(st.integers(0, 70_000))
def test_a_frame_of_any_size_is_read_by_the_websockets_library(size: int) -> None:
    assert unmasked(frames.masked(b"x" * size)) == b"x" * size


@given(NUMBERS)
def test_a_filled_shape_is_the_guess_that_it_stands_for(n: int) -> None:
    frame = frames.guess_shape("load-1%-0", "w1") % (n, n, n)
    decoded: Any = decode_json(unmasked(frame))
    assert (decoded.id, decoded.key, decoded.hunt, decoded.clue) == (n, n, "load-1%-0", "w1")
    assert decoded.text == f"wrong {n}"


@given(NUMBERS, st.integers(0, 500))
def test_a_filled_announcement_is_one_of_about_the_size_asked_for(n: int, size: int) -> None:
    decoded: Any = decode_json(unmasked(frames.announce_shape("h", size) % (n, n, n)))
    assert decoded.id == decoded.key == n
    assert len(decoded.text) == max(size, 13)


def test_the_handshake_is_one_that_the_websockets_library_accepts() -> None:
    reader = StreamReader()
    reader.feed_data(frames.handshake("127.0.0.1:1", "/ws"))
    parser = Request.parse(reader.read_line)
    try:
        next(parser)
    except StopIteration as done:
        request = done.value
    assert request.path == "/ws"
    from websockets.server import ServerProtocol

    answer = ServerProtocol(subprotocols=["huntserver.v1.json"]).accept(request)  # type: ignore[list-item]
    assert answer.status_code == 101
    assert frames.accepted(answer.serialize())
    assert not frames.accepted(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
