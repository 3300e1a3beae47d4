"""The protocol document: AsyncAPI 3, made from the very structs that frames are decoded into. Pure.

A test compares it with the one in `docs/`, so that the protocol does not change unnoticed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from huntserver import errors
from huntserver.game.hunt import ANSWERS
from huntserver.game.shown import Shown
from huntserver.wire import codecs
from huntserver.wire.messages import COMMAND_FRAMES, PLAIN, QUERY_FRAMES


class OkReply(msgspec.Struct):
    """`ok` means durable. With `ch` and `prev` the reply is also that channel's push; its seq is `pos`."""

    id: int
    ok: dict[str, Any]
    pos: int
    ch: str | None = None
    prev: int | None = None


class ErrReply(msgspec.Struct):
    """Nothing happened, or (`unknown`) it is not known: send again with the same key."""

    id: int
    err: codecs.Refusal
    pos: int


PUSHES = (codecs.Event, codecs.Snapshot, codecs.Piece, codecs.State, codecs.Sys, OkReply, ErrReply)
VIEWS = (*(row.view for row in ANSWERS if row.wire), Shown)


def document(version: str) -> dict[str, Any]:
    """Return the document as a tree."""
    sent = (*PLAIN, *COMMAND_FRAMES, *QUERY_FRAMES)
    _, schemas = msgspec.json.schema_components((*sent, *PUSHES, *VIEWS), ref_template="#/components/schemas/{name}")
    messages = {
        t.__name__: {
            "name": t.__name__,
            "summary": (t.__doc__ or "").strip(),
            "payload": {"$ref": f"#/components/schemas/{t.__name__}"},
        }
        for t in (*sent, *PUSHES)
    }
    refs = {t.__name__: {"$ref": f"#/components/messages/{t.__name__}"} for t in (*sent, *PUSHES)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "huntserver client protocol",
            "version": version,
            "description": "WebSocket subprotocols huntserver.v1.json (default) and huntserver.v1.msgpack. "
            "Unknown fields are ignored; changes are additive.",
        },
        "channels": {"socket": {"address": "/ws", "messages": refs}},
        "operations": {
            "send": {
                "action": "receive",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": f"#/channels/socket/messages/{t.__name__}"} for t in sent],
            },
            "hear": {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": f"#/channels/socket/messages/{t.__name__}"} for t in PUSHES],
            },
        },
        "components": {"messages": messages, "schemas": schemas},
        "x-error-codes": {name: {**c._asdict(), "retry": c.retry} for name, c in errors.REFUSALS.items()},
        "x-close-codes": {str(c.number): {"name": c.name, "text": c.text} for c in errors.CLOSES.values()},
    }


def encoded(version: str) -> bytes:
    """Return the document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document(version)), indent=2) + b"\n"
