"""The short way through a handshake against the library's: it takes nothing that the library refuses."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from huntserver.gateway.accept import PROTOCOLS, _choose
from huntserver.gateway.handshake import usual

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
PLAIN = (
    b"Host: 127.0.0.1:8080",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: " + KEY,
    b"Sec-WebSocket-Version: 13",
)
ODD = (
    b"Origin: http://127.0.0.1:8080",
    b"Sec-WebSocket-Protocol: huntserver.v1.json",
    b"sec-websocket-protocol: other, huntserver.v1.msgpack",
    b"Sec-WebSocket-Protocol: other",
    b"Sec-WebSocket-Protocol: ",
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    b"Connection: keep-alive, Upgrade",
    b"Connection: close",
    b"Upgrade: h2c",
    b"UPGRADE:WebSocket \t",
    b"Sec-WebSocket-Version: 8",
    b"Sec-WebSocket-Key: c2hvcnQ=",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"User-Agent: Mozilla/5.0 (X11; Linux)",
    b"X-Odd: caf\xc3\xa9",
    b"X-Odd: a\tb",
    b" folded",
    b"no colon",
    b"Na me: x",
    b": x",
    b"X: a\nb",
    b"X: a\rb",
)
REQUESTS = (
    b"GET / HTTP/1.1",
    b"GET /ws?a=b HTTP/1.1",
    b"POST / HTTP/1.1",
    b"GET / HTTP/1.0",
    b"GET  / HTTP/1.1",
    b"GET",
)


def by_the_library(head: bytes) -> tuple[Request | None, Response | None]:
    protocol = ServerProtocol(subprotocols=PROTOCOLS, select_subprotocol=_choose)
    protocol.receive_data(head)
    request = next((event for event in protocol.events_received() if isinstance(event, Request)), None)
    if request is None:
        return None, None
    response = protocol.accept(request)
    protocol.send_response(response)
    return request, response if protocol.state is State.OPEN else None


def fields(response: bytes) -> dict[str, str]:
    status, *lines = response.decode().rstrip("\r\n").split("\r\n")
    assert status == "HTTP/1.1 101 Switching Protocols"
    return dict(line.split(": ", 1) for line in lines)


@settings(max_examples=600)
@given(
    st.sampled_from(REQUESTS),
    st.sets(st.sampled_from(PLAIN)),
    st.lists(st.sampled_from(ODD), max_size=3),
    st.randoms(use_true_random=False),
)
@example(REQUESTS[0], set(), [], None)
def test_what_the_short_way_takes_the_library_answers_alike(request, without, odd, order):  # type: ignore[no-untyped-def]
    lines = [line for line in PLAIN if line not in without or len(without) > 2] + odd
    if order is not None:
        order.shuffle(lines)
    head = b"\r\n".join([request, *lines]) + b"\r\n\r\n"
    short = usual(head, PROTOCOLS)
    asked, response = by_the_library(head)
    if short is None:
        return
    assert asked is not None
    assert response is not None
    assert (short.path, short.origin) == (asked.path, asked.headers.get("Origin"))
    assert short.host == asked.headers.get("Host", "")
    theirs = dict(response.headers.raw_items())
    theirs.pop("Date")
    assert fields(short.response) == theirs
    assert short.protocol == theirs.get("Sec-WebSocket-Protocol")


def test_browsers_and_plain_clients_go_the_short_way() -> None:
    for more in ((), ODD[:1], ODD[1:2], (*ODD[:3:2], *ODD[5:6], ODD[16])):
        assert usual(b"\r\n".join([REQUESTS[0], *PLAIN, *more]) + b"\r\n\r\n", PROTOCOLS) is not None
