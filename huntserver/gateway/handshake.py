"""The usual handshake, judged in few steps; what is not of the usual form is the library's to judge.

When ten thousand players come at once, the library's way, six times as long, is felt (`docs/proof/load.md`, C). Pure.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

HEAD_MAX: Final = 4096
HEADERS_MAX: Final = 64
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST: Final = re.compile(rb"GET (/[\x21-\x7e]*) HTTP/1\.1")
_HEADER: Final = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([\x20-\x7e]*)")
_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==")
_PROTOCOLS: Final = re.compile(rb"[A-Za-z0-9._-]+(?:, ?[A-Za-z0-9._-]+)*")
_CONNECTION: Final = (b"upgrade", b"keep-alive, upgrade")
_ACCEPT: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n"
)


class Usual(NamedTuple):
    """A request that can be accepted as it stands: the answer is `response`, `protocol` the encoding it names."""

    path: str
    host: str
    origin: str | None
    protocol: str | None
    response: bytes


def usual(head: bytes, ours: Sequence[str]) -> Usual | None:
    """Read a whole head, its empty line included; None: let the library judge it. `ours` are our subprotocols."""
    if len(head) > HEAD_MAX:
        return None
    first, *lines = head[:-4].split(b"\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None or len(lines) > HEADERS_MAX:
        return None
    headers: dict[bytes, bytes] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            return None
        headers[header[1].lower()] = header[2].rstrip()
    if len(headers) < len(lines) or b"content-length" in headers or b"transfer-encoding" in headers:
        return None
    get = headers.get
    key = get(b"sec-websocket-key", b"")
    if (
        get(b"upgrade", b"").lower() != b"websocket"
        or get(b"connection", b"").lower() not in _CONNECTION
        or get(b"sec-websocket-version") != b"13"
        or not _KEY.fullmatch(key)
    ):
        return None
    response = _ACCEPT % base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    protocol = None
    offered = get(b"sec-websocket-protocol")
    if offered is not None:
        if not _PROTOCOLS.fullmatch(offered):
            return None
        protocol = next((name for name in offered.decode().replace(" ", "").split(",") if name in ours), None)
        if protocol is None:
            return None
        response += b"Sec-WebSocket-Protocol: %b\r\n" % protocol.encode()
    origin = get(b"origin")
    host = get(b"host", b"").decode()
    return Usual(request[1].decode(), host, None if origin is None else origin.decode(), protocol, response + b"\r\n")
