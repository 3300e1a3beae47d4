"""What reads from an accepted socket first: when the request's head is whole, it is a WebSocket or plain HTTP.

Owns the bytes until then, and answers every handshake: one that is refused gets its status and a word, and is counted
by its reason. The handshake itself is judged by `websockets`' Sans-I/O protocol, but for one of the usual form
(`handshake`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final, Protocol, cast

from websockets.exceptions import NegotiationError
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from actors.reporter import Reporter
from huntserver.gateway.door import Door, Waiting
from huntserver.gateway.handshake import usual
from huntserver.gateway.http import HttpExchange
from huntserver.gateway.site import Site

JSON: Final = Subprotocol("huntserver.v1.json")
MSGPACK: Final = Subprotocol("huntserver.v1.msgpack")
PROTOCOLS: Final = (JSON, MSGPACK)
PATHS: Final = ("/", "/ws")
VERSION: Final = "13"
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[^\r\n]*websocket", re.IGNORECASE)
_NO_HTTP: Final = "this is no HTTP/1.1; no HTTP/2 is spoken here, nor TLS"
_NO_PROXY: Final = "the PROXY protocol is not spoken here; let the proxy write X-Forwarded-For (server.trusted_proxies)"
_WHY: Final = {
    "draining": "the server restarts",
    "no_gateway": "this node of the cluster takes no players; connect to one with the role gateway",
    "connections": "too many connections",
    "connections_of_address": "too many connections from this address",
    "handshakes": "too many handshakes at once",
    "handshakes_of_address": "too many handshakes at once from this address",
}
_REASONS: Final = {
    400: b"Bad Request", 403: b"Forbidden", 404: b"Not Found", 426: b"Upgrade Required",
    431: b"Request Header Fields Too Large", 500: b"Internal Server Error", 503: b"Service Unavailable",
}  # fmt: skip


class ConnectionFactory(Protocol):
    """Makes the connection of a WebSocket."""

    def __call__(
        self, transport: asyncio.Transport, address: str, packed: bool, peer: str, socket: Waiting
    ) -> asyncio.Protocol:
        """`packed`: it speaks MessagePack; `peer`: whose socket it is, a proxy's or the same as `address`."""
        ...


def _choose(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return the encoding: the first offered one that is ours; none offered means JSON."""
    if not offered:
        return None
    for one in offered:
        if one in PROTOCOLS:
            return one
    raise NegotiationError(f"subprotocols are {JSON} and {MSGPACK}")


class Accepting(asyncio.Protocol):
    """The first protocol of an accepted socket; gives way to what `connect` makes, or answers one HTTP request."""

    __slots__ = ("_buffer", "_connect", "_done", "_door", "_http", "_peer", "_report", "_site", "_timer", "_transport")

    def __init__(self, door: Door, site: Site, connect: ConnectionFactory, report: Reporter) -> None:
        self._door = door
        self._site = site
        self._connect = connect
        self._report = report
        self._buffer = b""
        self._done = False  # answered or dropped: what else comes is read away
        self._http: HttpExchange | None = None
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head, not for ever."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not subclasses
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if peer else ""
        if self._door.knock(self, self._peer):
            self._within(self._site.limits.hello_s, "no_request")
        else:
            self.abort()

    def abort(self) -> None:
        """Drop the socket without a word."""
        self._done = True
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket went before it was a WebSocket, or after its HTTP answer."""
        self._door.gone(self, self._peer)
        self._stop_timer()
        if self._http is not None:
            self._http.lost()

    def pause_writing(self) -> None:
        """The peer does not read its answer."""
        if self._http is not None:
            self._http.pause_writing()

    def resume_writing(self) -> None:
        """The peer reads again."""
        if self._http is not None:
            self._http.resume_writing()

    def _within(self, seconds: float, reason: str) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._overdue, reason)

    def _overdue(self, reason: str) -> None:
        if reason and (self._http is None or not self._http.answered):  # none: it was answered, and asks nothing more
            self._door.refuse(reason, self._peer)
        self.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def data_received(self, data: bytes) -> None:
        """Collect the head, then sort. A bug is contained here: the socket gets a 500, the operator a line."""
        try:
            if self._http is not None:
                self._http.data_received(data)
            elif not self._done:
                self._collect(data)
        except Exception as error:
            self._report.fault("request_failed", error, address=self._peer)
            if self._http is None:
                self._turn_away(500, "a fault in the server; it was recorded", "internal", self._peer)
            else:
                self._http.fail()

    def _collect(self, data: bytes) -> None:
        self._buffer += data
        head_max = self._site.limits.request_head_bytes_max
        if not looks_like_http(self._buffer):
            self._turn_away(400, _NO_PROXY if speaks_proxy(self._buffer) else _NO_HTTP, "no_http", self._peer)
            return
        end = self._buffer.find(b"\r\n\r\n", 0, head_max + 4)
        if end < 0:
            if len(self._buffer) > head_max:
                self._turn_away(431, "the request's head is too large", "head_too_large", self._peer)
            return
        address = self._door.proxies.client(self._peer, self._buffer[: end + 4])
        head, rest = self._door.proxies.unprefixed(self._buffer[: end + 4]), self._buffer[end + 4 :]
        if _UPGRADE.search(self._buffer, 0, end + 4):
            self._handshake(head, rest, address)
            return
        self._within(self._site.limits.http_s, "slow_request")
        self._http = HttpExchange(self._site, self._transport, address, self._within)
        self._buffer = b""
        self._http.data_received(head)
        if rest:
            self._http.data_received(rest)

    # ---- the handshake

    def _handshake(self, head: bytes, rest: bytes, address: str) -> None:
        why = self._door.admit(address)
        if why:
            self._answer(503, _WHY[why])
            return
        asked = usual(head, PROTOCOLS)
        if asked is not None and _is_ours(asked.path) and self._door.is_ours(asked.origin, asked.host):
            self._transport.write(asked.response)
            self._become(asked.protocol == MSGPACK, rest, address)
        else:
            self._judge(head, rest, address)

    def _judge(self, head: bytes, rest: bytes, address: str) -> None:
        """Leave an unusual handshake to the library, which answers in its words."""
        protocol = ServerProtocol(subprotocols=PROTOCOLS, select_subprotocol=_choose)
        protocol.receive_data(head)
        request = next((e for e in protocol.events_received() if isinstance(e, Request)), None)
        if request is None:
            self._turn_away(400, "the handshake is not valid HTTP", "bad_handshake", address)
            return
        origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
        versions = request.headers.get_all("Sec-WebSocket-Version")
        if len(origins) > 1 or len(hosts) > 1:
            name = "Origin" if len(origins) > 1 else "Host"
            self._turn_away(400, f"the request has {name} more than once", "bad_handshake", address)
        elif not self._door.is_ours(origins[0] if origins else None, hosts[0] if hosts else ""):
            self._door.refusals.count("origin", address=address, origin=origins[0][:100], host="".join(hosts)[:100])
            self._answer(403, "this Origin may not connect; allow it in server.origins")
        elif not _is_ours(request.path):
            self._turn_away(404, "the WebSocket is at /ws", "handshake_path", address)
        elif versions != [VERSION] and request.headers.get_all("Sec-WebSocket-Key"):
            said = ", ".join(versions)[:40] or "none"
            words = f"the WebSocket version is {said}, spoken here is {VERSION}"
            self._turn_away(426, words, "handshake_version", address)
        else:
            self._accept(protocol, request, rest, address)

    def _accept(self, protocol: ServerProtocol, request: Request, rest: bytes, address: str) -> None:
        protocol.send_response(protocol.accept(request))
        for data in protocol.data_to_send():
            if data:
                self._transport.write(data)
        if protocol.state is State.OPEN:
            self._become(protocol.subprotocol == MSGPACK, rest, address)
        else:
            self._door.refuse("bad_handshake", address)
            self._end()

    def _become(self, packed: bool, rest: bytes, address: str) -> None:
        self._stop_timer()
        self._done = True
        self._transport.set_write_buffer_limits(high=self._site.limits.outbox_soft_bytes)
        connection = self._connect(self._transport, address, packed, self._peer, self)
        self._transport.set_protocol(connection)
        if rest:
            connection.data_received(rest)

    # ---- the answer to what is turned away

    def _turn_away(self, status: int, why: str, reason: str, address: str) -> None:
        self._door.refuse(reason, address)
        self._answer(status, why)

    def _answer(self, status: int, why: str) -> None:
        body = why.encode() + b"\n"
        more = {503: b"retry-after: 2\r\n", 426: b"upgrade: websocket\r\nsec-websocket-version: 13\r\n"}.get(
            status, b""
        )
        self._transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n%b"
            b"connection: close\r\n\r\n%b" % (status, _REASONS[status], len(body), more, body)
        )
        self._end()

    def _end(self) -> None:
        self._done = True
        self._buffer = b""
        self._stop_timer()
        self._within(self._site.limits.goodbye_s, "")
        self._transport.close()


def _is_ours(path: str) -> bool:
    return path.partition("?")[0] in PATHS


_FIRST: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?: .*)?", re.DOTALL)


def speaks_proxy(begun: bytes) -> bool:
    """Tell whether bytes begin with HAProxy's PROXY protocol, of either version."""
    return begun.startswith((b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"))


def looks_like_http(begun: bytes) -> bool:
    """Tell whether bytes may be the beginning of an HTTP/1 request: a TLS hello and HTTP/2's preface are not."""
    return not begun or (
        _FIRST.fullmatch(begun[:64]) is not None and not begun.startswith((b"PRI * HTTP/2", b"PROXY "))
    )
