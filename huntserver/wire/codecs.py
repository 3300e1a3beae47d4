"""What the server sends, as bytes, in both encodings. Pure.

Answers come as JSON bytes from the log's record and are spliced into JSON frames as they are; for MessagePack they
are transcoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.entity import Push, Rejected
from huntserver.game.shown import SharedClues

_json: Final = msgspec.json.Encoder().encode
_msgpack: Final = msgspec.msgpack.Encoder().encode
_from_json: Final = msgspec.json.Decoder().decode
_from_msgpack: Final = msgspec.msgpack.Decoder().decode
_TEXT_HEADS: Final = tuple(bytes((0x81, size)) for size in range(126))
_BINARY_HEADS: Final = tuple(bytes((0x82, size)) for size in range(126))


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


class Piece(msgspec.Struct, frozen=True):
    """A part of a large push of a hunt, to who takes `pieces`: the `data` (text; bytes in MessagePack) of all, from `n`
    0 to `of` - 1, put together is the push as it would have been sent.

    Other messages may come in between; those of the hunt are younger than it. A piece with `n` 0, or `resumed`, begins
    anew.
    """

    t: str
    hunt: str
    n: int
    of: int
    data: Any


class State(msgspec.Struct, frozen=True):
    """A push of conflated state (`board`), at the entity's `seq`; may skip."""

    t: str
    hunt: str
    ch: str
    seq: int
    data: Any


class Sys(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word of the server about the connection itself.

    `resumed`: what follows of `hunt` is complete from `seq` on; `recovered` tells whether nothing before it was missed
    (no: a snapshot follows; without `hunt` it is the player's own channel, ask for `profile`). `refused`: the hunt is
    not listened to, `err` says why. `goaway`: the server closes soon with `code`; come back after `after_ms`.
    """

    t: str
    op: str
    hunt: str = ""
    recovered: bool | None = None
    seq: int = 0
    code: int = 0
    after_ms: int = 0
    err: Refusal | None = None


def ok_json(request: int, answer: bytes, pos: int) -> bytes:
    """Return an accepted command's reply."""
    return b'{"id":%d,"ok":%b,"pos":%d}' % (request, answer, pos)


def told_frame(request: int, answer: bytes, pos: int, told: Push) -> bytes:
    """Return the whole text frame of a reply that is also the push on a channel (its seq is `pos`)."""
    channel, prev = told.channel.encode(), told.prev
    payload = b'{"id":%d,"ok":%b,"pos":%d,"ch":"%b","prev":%d}' % (request, answer, pos, channel, prev)
    size = len(payload)
    return _TEXT_HEADS[size] + payload if size < 126 else frame(payload, False)


def ok_msgpack(request: int, answer: bytes, pos: int, told: Push | None) -> bytes:
    """Return an accepted command's reply in MessagePack."""
    reply: dict[str, Any] = {"id": request, "ok": _from_json(answer), "pos": pos}
    if told is not None:
        reply |= {"ch": told.channel, "prev": told.prev}
    return _msgpack(reply)


def refusal(rejected: Rejected) -> Refusal:
    """Return a refusal as it is sent."""
    return Refusal(rejected.code, rejected.msg, rejected.retry, rejected.after_ms, rejected.why)


def err(request: int, rejected: Rejected, pos: int, packed: bool) -> bytes:
    """Return a refusal."""
    reply = {"id": request, "err": refusal(rejected), "pos": pos}
    return _msgpack(reply) if packed else _json(reply)


def view(request: int, data: Any, pos: int, packed: bool) -> bytes:
    """Return the answer to a query."""
    reply = {"id": request, "ok": data, "pos": pos}
    return _msgpack(reply) if packed else _json(reply)


def page_as_sent(page: Any, packed: bool) -> Any:
    """Return a page as the `data` of a snapshot: clues that it shares with other pages are encoded once for all."""
    own = page.own
    if own.__class__ is not SharedClues:
        return page
    raw = own.encoded.get(packed)
    if raw is None:
        raw = own.encoded[packed] = msgspec.Raw(message(own, packed))
    return msgspec.structs.replace(page, own=raw)


def message(struct: Any, packed: bool) -> bytes:
    """Return a push or system message."""
    return _msgpack(struct) if packed else _json(struct)


def frame(payload: bytes, packed: bool) -> bytes:
    """Return a whole unmasked frame: text for JSON, binary for MessagePack."""
    size = len(payload)
    if size < 126:
        return (_BINARY_HEADS if packed else _TEXT_HEADS)[size] + payload
    first = 0x82 if packed else 0x81
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 255)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def check_text(packed: bytes) -> None:
    """Raise UnicodeDecodeError for a MessagePack message with text that is not UTF-8, also where no field reads it."""
    if packed.isascii():
        return
    try:
        _from_msgpack(packed)
    except UnicodeDecodeError:
        raise
    except (msgspec.DecodeError, TypeError, ValueError):  # no text's fault: the typed decoder has taken it
        return


def repacked(json_frame_payload: bytes) -> bytes:
    """Return a message that was encoded as JSON in MessagePack."""
    return _msgpack(_from_json(json_frame_payload))
