"""The bytes that players send: the handshake, and frames with a zero mask, encoded beforehand.

Owns the numbering of requests: every id and key of a player has seven digits, so that frames of one shape have one
length and replies can be cut by place. Pure.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

import msgspec

FIRST: Final = 1_000_000
"""The id of `hello`; the first command is one more. Seven digits up to 9,999,999: more commands than a run sends."""

LAST: Final = 9_999_999
_KEY: Final = base64.b64encode(b"huntserver-load!").decode()
_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 4.2.2
ACCEPT: Final = base64.b64encode(hashlib.sha1((_KEY + _GUID).encode()).digest())
"""What the server must answer to our handshake's key."""

_encode: Final = msgspec.json.Encoder().encode


def handshake(host: str, path: str) -> bytes:
    """Return the opening request. `host` is the Host header's value."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: huntserver.v1.json\r\n\r\n"
    ).encode()


def accepted(head: bytes) -> bool:
    """Tell whether a response head opens the WebSocket that our handshake asked for."""
    return head.startswith(b"HTTP/1.1 101") and ACCEPT in head


def masked(payload: bytes, opcode: int = 1) -> bytes:
    """Return a client frame. The mask is zero: masking with it is the identity, so nothing is computed."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, 0x80 | size, 0, 0, 0, 0)) + payload
    if size < 65_536:
        return bytes((0x80 | opcode, 0xFE, size >> 8, size & 255, 0, 0, 0, 0)) + payload
    return bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big") + bytes(4) + payload


def command(fields: dict[str, Any]) -> bytes:
    """Return a frame with a JSON message."""
    return masked(_encode(fields))


def guess_shape(hunt: str, clue: str) -> bytes:
    """Return a frame to be filled with one number three times: id, key and text of a wrong guess.

    `shape % (n, n, n)` costs a quarter of a microsecond; encoding a dict costs several times that.
    """
    filled = command(guess(FIRST, hunt, clue, f"wrong {FIRST}"))
    return filled.replace(b"%", b"%%").replace(b"%d" % FIRST, b"%d")


def announce_shape(hunt: str, text_bytes: int) -> bytes:
    """Return the same for a host's announcement, its text padded to about `text_bytes`."""
    text = f"news {FIRST} " + "." * max(0, text_bytes - 13)
    filled = command({"id": FIRST, "op": "announce", "hunt": hunt, "key": FIRST, "text": text})
    return filled.replace(b"%", b"%%").replace(b"%d" % FIRST, b"%d")


def guess(n: int, hunt: str, clue: str, text: str) -> dict[str, Any]:
    """Return a guess as a message."""
    return {"id": n, "op": "guess", "hunt": hunt, "key": n, "clue": clue, "text": text}
