"""Records of every kind, with every event, to bytes and back; and bytes that are none."""

from __future__ import annotations

import typing
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.faults import LogDamaged
from actors.log.codec import Cursor, Done, Probe, RecordDecoder, ShardReleased, Tenure, encode
from actors.log.port import ShardId
from huntserver.game.hunt import HuntEvent
from huntserver.game.player.events import AnyPlayerEvent

SHARD = ShardId("hunts", 3)
UNIONS = {"hunts": HuntEvent, "players": AnyPlayerEvent}
NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: NUMBERS,
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of a field's type."""
    if kind in VALUES:
        return VALUES[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = typing.get_type_hints(kind)
        return st.builds(kind, **{f: values(fields[f]) for f in kind.__struct_fields__})
    parts = typing.get_args(kind)
    if typing.get_origin(kind) is list:
        return st.lists(values(parts[0]), max_size=3)
    if typing.get_origin(kind) is dict:
        return st.dictionaries(values(parts[0]), values(parts[1]), max_size=3)
    if typing.get_origin(kind) is tuple and parts[-1] is Ellipsis:
        return st.lists(values(parts[0]), max_size=3).map(tuple)
    if typing.get_origin(kind) is tuple:
        return st.tuples(*map(values, parts))
    assert parts, f"no values of {kind} are made here"
    return st.one_of(*map(values, parts))


def events(union: Any) -> st.SearchStrategy[Any]:
    return st.one_of(*(values(kind) for kind in typing.get_args(union)))


stamps = {"nonce": st.text(max_size=8), "seq": st.integers(0, 1 << 60), "at": st.integers(0, 1 << 45)}
answers = st.dictionaries(st.text(max_size=5), NUMBERS | st.text(max_size=5), max_size=3).map(
    lambda tree: msgspec.Raw(msgspec.json.encode(tree))
)


@cache
def records(topic: str) -> st.SearchStrategy[Any]:
    """Return any record of a topic; made once, as it has a part for each field of each event."""
    union = UNIONS[topic]
    text, number = st.text(max_size=12), st.integers(0, 1 << 60)
    return st.one_of(
        st.builds(Tenure, **stamps, node=text, start=text, table=number, shards=number),
        st.builds(Probe, **stamps),
        st.builds(ShardReleased, **stamps),
        st.builds(Cursor, **stamps, before=number),
        st.builds(
            Done, **stamps, entity=text, pos=number, by=text, key=text,
            events=st.lists(events(union), min_size=1, max_size=3), answer=answers,
        ),
    )  # fmt: skip


def fields(record: Any) -> dict[str, Any]:
    """Return what a record holds; the decoder's class of a command is its own."""
    held = {f: getattr(record, f) for f in record.__struct_fields__}
    if "answer" in held:
        held["answer"] = bytes(held["answer"])
    return held


@pytest.mark.parametrize("topic", UNIONS)
@given(made=st.data())
def test_a_record_comes_back_as_it_was(topic: str, made: st.DataObject) -> None:
    record = made.draw(records(topic))
    body = encode(record)
    again = RecordDecoder(UNIONS[topic]).decode(SHARD, 5, body)
    assert fields(again) == fields(record)
    assert isinstance(again, type(record))
    assert encode(again) == body
    assert b"\n" not in body


@pytest.mark.parametrize("topic", UNIONS)
def test_every_event_has_a_tag_of_its_own_that_is_written(topic: str) -> None:
    kinds = typing.get_args(UNIONS[topic])
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(set(tags)) == len(tags)
    assert all(isinstance(tag, str) and tag.islower() for tag in tags)


@given(st.data())
def test_a_record_with_a_byte_changed_is_another_record_or_damage_that_is_named(made: st.DataObject) -> None:
    body = bytearray(encode(made.draw(records("hunts"))))
    at = made.draw(st.integers(0, len(body) - 1))
    body[at] ^= made.draw(st.integers(1, 255))
    try:
        RecordDecoder(HuntEvent).decode(SHARD, 41, bytes(body))
    except LogDamaged as damaged:
        text = str(damaged)
    else:
        return
    assert "hunts-3, offset 41" in text or "hunts/3, offset 41" in text, text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"{}", b'{"type":"later"}', b'{"type":"probe","nonce":"n","seq":"1","at":2}',
        b'{"type":"cmd","nonce":"n","seq":1,"at":2,"entity":"hunt/x","pos":1,"by":"p:a","key":"","answer":{},'
        b'"events":[{"type":"invented"}]}',
        b'\xff{"type":"probe"}', b'{"a":' * 3000,
    ],
)  # fmt: skip
def test_bytes_that_are_no_record_name_shard_and_offset(body: bytes) -> None:
    with pytest.raises(LogDamaged, match=r"hunts.3, offset 41: not a record that this version knows"):
        RecordDecoder(HuntEvent).decode(SHARD, 41, body)
