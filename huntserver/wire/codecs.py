"""What the server sends, as bytes, in both encodings. Pure.

Answers come as JSON bytes from the log's record and are spliced into JSON frames as they are; for MessagePack they
are transcoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.entity import Push, Rejected

_json: Final = msgspec.json.Encoder().encode
_msgpack: Final = msgspec.msgpack.Encoder().encode
_from_json: Final = msgspec.json.Decoder().decode


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `err` of a reply."""

    code: str
    msg: str
    retry: bool
    after_ms: int | None = None
    why: tuple[str, ...] | None = None


class Event(msgspec.Struct, frozen=True):
    """A push of events: one record's on one channel."""

    t: str
    hunt: str
    ch: str
    seq: int
    prev: int
    ts: int
    events: Sequence[Any]


class Snapshot(msgspec.Struct, frozen=True):
    """A push of everything the session may see, at the entity's `seq`."""

    t: str
    hunt: str
    seq: int
    channels: dict[str, int]
    data: Any


class State(msgspec.Struct, frozen=True):
    """A push of conflated state (`board`), at the entity's `seq`; may skip."""

    t: str
    hunt: str
    ch: str
    seq: int
    data: Any


class Sys(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word of the server about the connection itself: `resumed`, `goaway`."""

    t: str
    op: str
    hunt: str = ""
    recovered: bool | None = None
    seq: int = 0
    code: int = 0
    after_ms: int = 0


def ok_json(request: int, answer: bytes, pos: int) -> bytes:
    """Return an accepted command's reply."""
    return b'{"id":%d,"ok":%b,"pos":%d}' % (request, answer, pos)


def ok_told_json(request: int, answer: bytes, pos: int, told: Push) -> bytes:
    """Return a reply that is also the push on a channel (its seq is `pos`)."""
    return b'{"id":%d,"ok":%b,"pos":%d,"ch":"%b","prev":%d}' % (
        request,
        answer,
        pos,
        told.channel.encode(),
        told.prev,
    )


def ok_msgpack(request: int, answer: bytes, pos: int, told: Push | None) -> bytes:
    """Return an accepted command's reply in MessagePack."""
    reply: dict[str, Any] = {"id": request, "ok": _from_json(answer), "pos": pos}
    if told is not None:
        reply |= {"ch": told.channel, "prev": told.prev}
    return _msgpack(reply)


def err(request: int, rejected: Rejected, pos: int, packed: bool) -> bytes:
    """Return a refusal."""
    refusal = Refusal(rejected.code, rejected.msg, rejected.retry, rejected.after_ms, rejected.why)
    reply = {"id": request, "err": refusal, "pos": pos}
    return _msgpack(reply) if packed else _json(reply)


def view(request: int, data: Any, pos: int, packed: bool) -> bytes:
    """Return the answer to a query."""
    reply = {"id": request, "ok": data, "pos": pos}
    return _msgpack(reply) if packed else _json(reply)


def message(struct: Any, packed: bool) -> bytes:
    """Return a push or system message."""
    return _msgpack(struct) if packed else _json(struct)


def frame(payload: bytes, packed: bool) -> bytes:
    """Return a whole unmasked frame: text for JSON, binary for MessagePack."""
    size = len(payload)
    first = 0x82 if packed else 0x81
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 255)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
