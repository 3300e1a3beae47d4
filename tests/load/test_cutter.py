"""The splitter gives the same messages however the bytes are chunked, and never loses its place in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.load.frame_splitter import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, BadFrame, FrameSplitter
from huntserver.load.frames import masked


def served(opcode: int, payload: bytes, *, last: bool = True) -> bytes:
    """Return a frame as a server sends it."""
    head = bytes((opcode | (0x80 if last else 0),))
    size = len(payload)
    if size < 126:
        return head + bytes((size,)) + payload
    if size < 65_536:
        return head + bytes((126,)) + size.to_bytes(2, "big") + payload
    return head + bytes((127,)) + size.to_bytes(8, "big") + payload


PAYLOADS = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([125, 126, 127, 65_535, 65_536]).map(lambda size: b"x" * size),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[bytes], list[tuple[int, bytes]]]:
    """Return bytes of a server, the messages in them, and the control frames in them."""
    out, messages, control = b"", [], []
    for _ in range(draw(st.integers(0, 6))):
        parts = draw(st.lists(PAYLOADS, min_size=1, max_size=3))
        opcode = draw(st.sampled_from([TEXT, BINARY]))
        for i, part in enumerate(parts):
            out += served(opcode if i == 0 else CONTINUATION, part, last=i == len(parts) - 1)
            if draw(st.booleans()):
                pinged = draw(st.binary(max_size=125))
                kind = draw(st.sampled_from([PING, PONG, CLOSE]))
                out += served(kind, pinged)
                control.append((kind, pinged))
        messages.append(b"".join(parts))
    return out, messages, control


@given(conversations(), st.data())
def test_any_chunking_gives_the_same_messages(
    conversation: tuple[bytes, list[bytes], list[tuple[int, bytes]]], data: st.DataObject
) -> None:
    out, messages, control = conversation
    cuts = sorted(data.draw(st.lists(st.integers(0, len(out)), max_size=12)))
    splitter, found, seen = FrameSplitter(), [], []
    for start, end in zip([0, *cuts], [*cuts, len(out)], strict=True):
        found += splitter.feed(out[start:end])
        seen += splitter.control or []
        splitter.control = None
    assert found == messages
    assert seen == control


@given(st.lists(st.tuples(st.sampled_from([b"e", b"s"]), st.sampled_from([3, 40, 200])), max_size=12), st.data())
def test_skimming_counts_what_cutting_finds(kinds: list[tuple[bytes, int]], data: st.DataObject) -> None:
    wanted = [b'{"t":"' + kind + b"x" * size for kind, size in kinds]
    out = b"".join(served(TEXT, payload) for payload in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(out)), max_size=5)))
    splitter, found = FrameSplitter(), 0
    for start, end in zip([0, *cuts], [*cuts, len(out)], strict=True):
        count, first, rest = splitter.skim(out[start:end], 6, ord("e"))
        assert not count or first in wanted
        found += count + sum(payload[6:7] == b"e" for payload in splitter.feed(rest))
    assert found == sum(kind == b"e" for kind, _ in kinds)


def test_one_byte_at_a_time_gives_the_same_messages() -> None:
    out = served(TEXT, b"a" * 200) + served(PING, b"p") + served(TEXT, b"b", last=False) + served(CONTINUATION, b"c")
    splitter = FrameSplitter()
    assert [m for i in range(len(out)) for m in splitter.feed(out[i : i + 1])] == [b"a" * 200, b"bc"]
    assert splitter.control == [(PING, b"p")]


@pytest.mark.parametrize(
    "wrong",
    [
        masked(b"a server does not mask"),
        served(CONTINUATION, b"of nothing"),
        served(TEXT, b"one", last=False) + served(TEXT, b"other"),
        bytes((0xC1, 1)) + b"x",
        served(11, b"no such opcode"),
        served(PING, b"in parts", last=False),
        served(3, b"reserved"),
    ],
)
def test_broken_framing_is_an_error(wrong: bytes) -> None:
    with pytest.raises(BadFrame):
        FrameSplitter().feed(wrong)
