"""What a socket meets first: the request head is read, then it is a WebSocket or plain HTTP.

Owns the bytes until the head is whole. The handshake itself is judged by `websockets`' Sans-I/O protocol, but for one
of the usual form (`handshake`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Final, cast

from websockets.exceptions import NegotiationError
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from huntserver.gateway.door import Door
from huntserver.gateway.handshake import usual
from huntserver.gateway.http import HttpExchange, Site

JSON: Final = Subprotocol("huntserver.v1.json")
MSGPACK: Final = Subprotocol("huntserver.v1.msgpack")
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[^\r\n]*websocket", re.IGNORECASE)
PROTOCOLS: Final = (JSON, MSGPACK)
PATHS: Final = ("/", "/ws")


def _is_ours(path: str) -> bool:
    return path.partition("?")[0] in PATHS


def _choose(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return the encoding: the first offered one that is ours; none offered means JSON."""
    if not offered:
        return None
    for one in offered:
        if one in PROTOCOLS:
            return one
    raise NegotiationError(f"subprotocols are {JSON} and {MSGPACK}")


Connect = Callable[[asyncio.Transport, str, bool], asyncio.Protocol]
"""Makes the connection of a WebSocket: its transport, its address, whether it speaks MessagePack."""


class Accepting(asyncio.Protocol):
    """The first protocol of an accepted socket; gives way to what `connect` makes, or answers one HTTP request."""

    __slots__ = ("_buffer", "_connect", "_door", "_http", "_site", "_timer", "_transport", "address")

    def __init__(self, door: Door, site: Site, connect: Connect) -> None:
        self._door = door
        self._site = site
        self._connect = connect
        self._buffer = b""
        self._http: HttpExchange | None = None
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head, not for ever."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not subclasses
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else ""
        if self._door.knock():
            hello_s = self._site.limits.hello_s
            self._timer = asyncio.get_running_loop().call_later(hello_s, self._transport.abort)
        else:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket went before it was a WebSocket, or after its HTTP answer."""
        self._door.gone()
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def data_received(self, data: bytes) -> None:
        """Collect the head, then sort."""
        if self._http is not None:
            self._http.data_received(data)
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > self._site.limits.request_head_bytes_max:
                self._turn_away(431, "the request's head is too large")
            return
        if _UPGRADE.search(self._buffer, 0, end + 4):
            self._handshake(end + 4)
        else:
            self._stop_timer()
            http_s = self._site.limits.http_s
            self._timer = asyncio.get_running_loop().call_later(http_s, self._transport.abort)
            self._http = HttpExchange(self._site, self._transport, self.address)
            self._http.data_received(self._buffer)
            self._buffer = b""

    def _handshake(self, end: int) -> None:
        why = self._door.admit(self.address)
        if why:
            self._turn_away(503, why)
            return
        head, rest = self._buffer[:end], self._buffer[end:]
        asked = usual(head, PROTOCOLS)
        if asked is not None and _is_ours(asked.path) and self._door.is_ours(asked.origin, asked.host):
            self._transport.write(asked.response)
            self._stop_timer()
            self._become(asked.protocol == MSGPACK, rest)
        else:
            self._judge(head, rest)

    def _judge(self, head: bytes, rest: bytes) -> None:
        """Leave an unusual handshake to the library, which answers in its words."""
        protocol = ServerProtocol(subprotocols=PROTOCOLS, select_subprotocol=_choose)
        protocol.receive_data(head)
        request = next((e for e in protocol.events_received() if isinstance(e, Request)), None)
        if request is None:
            self._turn_away(400, "the handshake is not valid HTTP")
            return
        if not self._door.is_ours(request.headers.get("Origin"), request.headers.get("Host", "")):
            response = protocol.reject(403, "this Origin may not connect; allow it in server.origins\n")
        elif not _is_ours(request.path):
            response = protocol.reject(404, "the WebSocket is at /ws\n")
        else:
            response = protocol.accept(request)
        protocol.send_response(response)
        for data in protocol.data_to_send():
            if data:
                self._transport.write(data)
        if protocol.state is not State.OPEN:
            self._transport.close()
            return
        self._stop_timer()
        self._become(protocol.subprotocol == MSGPACK, rest)

    def _become(self, packed: bool, rest: bytes) -> None:
        self._transport.set_write_buffer_limits(high=self._site.limits.outbox_soft_bytes)
        connection = self._connect(self._transport, self.address, packed)
        self._transport.set_protocol(connection)
        if rest:
            connection.data_received(rest)

    def _turn_away(self, status: int, why: str) -> None:
        body = why.encode() + b"\n"
        retry = b"retry-after: 2\r\n" if status == 503 else b""
        self._transport.write(
            b"HTTP/1.1 %d Refused\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n%b"
            % (status, len(body), retry, body)
        )
        self._transport.close()
