"""The frames of a link: what is encoded is read back, and what is no frame is refused whatever the bytes are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.cluster.links import frames as f

PUSH = f.PushFrame("c", 3, b'[{"type":"x"}]', True, "board")
EXAMPLES: list[f.AnyFrame] = [
    f.LinkHello(1, "log", "h:1", "r1", ("gateway",), {"t": 4}, b"s" * 16),
    f.LinkProof(b"\x00\xff" * 16),
    f.LinkRefusal("version", "why"),
    f.LinkBeat(True),
    f.LinkTenures((("t", 3, "h:1", "r1", "n@0", 12, False), ("t", 4, "h:2", "r2", "n@5", 9, True))),
    f.LinkCommand(7, "k", "id", "n@0", b"\x00body", "p:1", "player", "Ada", "e1", 3),
    f.LinkQuery(8, "k", "id", "n@0", b"q", "p:1", "player", "Ada"),
    f.LinkReactions(9, "k", "id", "n@0", "source", ((1, 0, b"a"), (1, 1, b"b"))),
    f.LinkAccepted(7, b"\x01answer", 12, PUSH),
    f.LinkAccepted(7, b"", 12),
    f.LinkRefused(7, -1, "moved", "elsewhere", True, 500, ("a", "b"), "n@1"),
    f.LinkView(8, 4, b"view"),
    f.LinkWatch("k", "id", 5),
    f.LinkUnwatch("k", "id"),
    f.LinkWatching("k", "id", False),
    f.LinkShown("k", "id", 6, 1_790_000_000_000, (PUSH,), 7),
    f.LinkRewound("k", "id", 2),
    f.LinkNotice("topic", b"body"),
]


def test_there_is_an_example_of_every_frame() -> None:
    assert {type(example) for example in EXAMPLES} == set(get_args(f.AnyFrame))


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: type(frame).__name__)
def test_a_frame_is_read_back_as_it_was(frame: f.AnyFrame) -> None:
    assert list(f.decode(f.encode(frame))) == [frame]


def test_a_message_carries_any_number_of_frames_in_order() -> None:
    assert list(f.decode(f.joined([f.encode(frame) for frame in EXAMPLES]))) == EXAMPLES
    assert list(f.decode(b"")) == []


def whole(data: bytes) -> list[Any]:
    """Return the frames before the fault, and the fault if there was one."""
    found: list[Any] = []
    try:
        found.extend(f.decode(data))
    except f.BadLinkFrame as error:
        found.append(error)
    return found


def test_a_message_that_is_cut_anywhere_is_given_up_there() -> None:
    data = f.joined([f.encode(frame) for frame in EXAMPLES])
    ends = [0]
    for frame in EXAMPLES:
        ends.append(ends[-1] + len(f.encode(frame)))
    for at in range(len(data)):
        found = whole(data[:at])
        complete = sum(1 for end in ends[1:] if end <= at)
        if at in ends:
            assert found == EXAMPLES[:complete]
        else:  # frames before the cut were read, unless decoding is lazy: then they come first and the fault last
            assert found[:-1] == EXAMPLES[:complete]
            assert isinstance(found[-1], f.BadLinkFrame)


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    for frame in whole(data):
        assert isinstance(frame, (*get_args(f.AnyFrame), f.LinkUnknown, f.BadLinkFrame))


@given(st.integers(0, len(EXAMPLES) - 1), st.integers(0, 400), st.integers(0, 255))
def test_a_byte_that_is_changed_is_another_frame_or_refused(example: int, at: int, byte: int) -> None:
    data = bytearray(f.encode(EXAMPLES[example]))
    data[at % len(data)] = byte
    for frame in whole(bytes(data)):
        assert isinstance(frame, (*get_args(f.AnyFrame), f.LinkUnknown, f.BadLinkFrame))


def test_a_frame_that_is_too_large_is_refused_by_its_sender() -> None:
    with pytest.raises(f.BadLinkFrame, match="at most"):
        f.encode(f.LinkView(1, 1, bytes(f.FRAME_BYTES_MAX)))


def test_fields_of_a_later_version_are_passed_over() -> None:
    body = msgspec.msgpack.encode(["beat", True, "later", 3])
    assert list(f.decode(len(body).to_bytes(4, "big") + body)) == [f.LinkBeat(True)]


def test_a_frame_of_a_later_version_is_passed_over_by_its_tag_and_what_follows_is_read() -> None:
    body = msgspec.msgpack.encode(["later", {"any": [1, "thing"]}])
    data = len(body).to_bytes(4, "big") + body
    assert list(f.decode(data + f.encode(f.LinkBeat()))) == [f.LinkUnknown("later"), f.LinkBeat()]
    for bad in (["beat", "no"], ["a tag that is far too long"], [3], [], {"t": 1}, "text"):
        (found,) = whole(len(msgspec.msgpack.encode(bad)).to_bytes(4, "big") + msgspec.msgpack.encode(bad))
        assert isinstance(found, f.BadLinkFrame)


VECTORS = [json.loads(line) for line in (Path(__file__).parent / "vectors.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['frame']}-{row['hex'][-6:]}")
def test_what_was_recorded_from_earlier_nodes_is_read_and_written_as_it_was(row: dict[str, Any]) -> None:
    """A frame that has grown is recorded anew, beside the row that nodes from before still send."""
    frames = list(f.decode(bytes.fromhex(row["hex"])))
    assert [type(frame).__name__ for frame in frames] == [row["frame"]]
    assert frames[0] in EXAMPLES
    written = {f.encode(example).hex() for example in EXAMPLES}
    assert (row["hex"] in written) is not row.get("before", False)


def test_every_frame_is_recorded_as_it_is_written_now() -> None:
    recorded = {row["hex"] for row in VECTORS if not row.get("before", False)}
    assert recorded == {f.encode(example).hex() for example in EXAMPLES}
