"""Client frames: decoded in both encodings alike, and refused in words."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.wire import codecs
from huntserver.wire.messages import ROUTE, UNDECODABLE, decode_json, decode_msgpack, explain
from lab.fuzz.seeds import frames


def refused(payload: bytes, *, packed: bool = False) -> tuple[int, str, str]:
    """Decode what must not be a frame; return request, code and text."""
    try:
        (decode_msgpack if packed else decode_json)(payload)
    except UNDECODABLE as error:
        request, rejected = explain(error, payload, packed)
        return request, rejected.code, rejected.msg
    raise AssertionError("that was a frame")


def test_every_operation_means_the_same_in_both_encodings() -> None:
    made = [decode_json(msgspec.json.encode(f)) for f in frames()]
    assert {type(f) for f in made} == set(ROUTE)
    for frame, given_ in zip(made, frames(), strict=True):
        assert decode_msgpack(msgspec.msgpack.encode(given_)) == frame
        assert decode_msgpack(msgspec.msgpack.encode(frame)) == frame
        assert decode_json(msgspec.json.encode(frame)) == frame


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (b"hello", (0, "bad_frame", "not valid JSON")),
        (b"", (0, "bad_frame", "not valid JSON")),
        (b'{"a":' * 5000, (0, "bad_frame", "not valid JSON")),
        (b"[1]", (0, "bad_field", "Expected 'object'")),
        (b'{"id":7}', (7, "bad_field", "missing required field 'op'")),
        (b'{"id":7,"op":"fly"}', (7, "unknown_op", "op 'fly' is not known, allowed are accept, accept_photo, adjust")),
        (b'{"id":7,"op":"gues"}', (7, "unknown_op", "op 'gues' is not known, did you mean 'guess'? allowed are")),
        (b'{"id":7,"op":5}', (7, "bad_field", "op")),
        (b'{"id":"7","op":"ping"}', (0, "bad_field", "id: Expected 'int', got 'str'")),
        (b'{"id":-1,"op":"ping"}', (0, "bad_field", "id: Expected 'int' >= 0")),
        (b'{"id":7,"op":"guess","hunt":"h","clue":"c1"}', (7, "bad_field", "missing required field 'text'")),
        (b'{"id":7,"op":"guess","hunt":"h","clue":1,"text":"x"}', (7, "bad_field", "clue: Expected 'str', got 'int'")),
        (b'{"id":7,"op":"guess","hunt":"","clue":"c","text":"x"}', (7, "bad_field", "hunt: Expected 'str' of length")),
        (
            b'{"id":7,"op":"leave","hunt":"' + b"x" * 65 + b'"}',
            (7, "bad_field", "hunt: Expected 'str' of length <= 64"),
        ),
    ],
)
def test_a_frame_that_is_none_is_refused_by_field(payload: bytes, wanted: tuple[int, str, str]) -> None:
    request, code, text = refused(payload)
    assert (request, code) == wanted[:2]
    assert wanted[2] in text


def test_the_list_of_operations_is_told_whole() -> None:
    listed = refused(b'{"id":7,"op":"fly"}')[2].partition("allowed are ")[2].split(", ")
    assert listed == sorted(cast(Any, frame).__struct_config__.tag for frame in ROUTE)


def test_an_operation_with_a_line_break_in_its_name_is_an_unknown_one() -> None:
    request, code, text = refused(b'{"id":1,"op":"gu\\ness"}')
    assert (request, code) == (1, "unknown_op")
    assert "'gu\\ness'" in text
    assert "\n" not in text


def test_refusals_are_short_whatever_was_sent() -> None:
    _, _, text = refused(msgspec.json.encode({"id": 1, "op": "x" * 10_000}))
    assert len(text) < 2000
    assert "x" * 41 not in text


def test_unknown_fields_are_ignored() -> None:
    assert decode_json(b'{"id":1,"op":"ping","new":{"a":[1,2]}}') == decode_json(b'{"id":1,"op":"ping"}')


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
changed = st.tuples(
    st.sampled_from(frames()),
    st.dictionaries(st.sampled_from(["id", "op", "hunt", "key", "clue", "text", "seq"]), trees),
).map(lambda pair: {**pair[0], **pair[1]})


@given(changed | trees)
def test_any_json_is_a_frame_or_a_refusal_that_can_be_sent(tree: Any) -> None:
    payload = msgspec.json.encode(tree)
    try:
        frame = decode_json(payload)
    except UNDECODABLE as error:
        request, rejected = explain(error, payload, False)
        for packed, decode in ((False, msgspec.json.decode), (True, msgspec.msgpack.decode)):
            sent = decode(codecs.err(request, rejected, -1, packed))
            assert sent["id"] == request
            assert sent["err"]["code"] == rejected.code
        if isinstance(tree, dict) and isinstance(tree.get("id"), int) and 0 <= tree["id"] <= 1 << 53:
            assert request == tree["id"] or isinstance(tree["id"], bool)
    else:
        assert isinstance(tree, dict)
        assert frame.id == tree["id"]


@given(payload=st.binary(max_size=70_000) | st.integers(120, 130).map(bytes) | st.integers(65530, 65540).map(bytes))
def test_a_frame_of_the_server_is_read_back_whole(payload: bytes) -> None:
    for packed in (False, True):
        made = codecs.frame(payload, packed)
        assert made[0] == (0x82 if packed else 0x81)
        size, at = made[1], 2
        if size == 126:
            size, at = int.from_bytes(made[2:4], "big"), 4
            assert size > 125
        elif size == 127:
            size, at = int.from_bytes(made[2:10], "big"), 10
            assert size > 65535
        assert (size, made[at:]) == (len(payload), payload)
