"""What a socket meets first: handshakes that are refused and why, and plain HTTP on the same port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from huntserver.game.features.authoring import Create
from huntserver.gateway.accept import Accepting
from huntserver.gateway.connection import Connection
from lab.rigs.frames import frame
from lab.rigs.gateway import DEFINITION, HOST, MemoryTransport, Peer, Rig

UPGRADE = {
    "Host": "play.test:8080", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


class Caller:
    """One socket at the door."""

    def __init__(self, rig: Rig, address: str = "192.0.2.1") -> None:
        self.wire = MemoryTransport(address)
        self.accepting: Accepting = rig.gateway.accepting()
        self.accepting.connection_made(self.wire)

    def give(self, data: bytes) -> None:
        """Give bytes to whoever reads from the socket now."""
        (self.wire.protocol or self.accepting).data_received(data)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """Send a request; return status and body, JSON decoded."""
        given = {"Host": "play.test:8080", "Content_Length": str(len(body)), **headers}
        lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in given.items())
        self.give(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        return self.answer()

    def shake(self, path: str = "/ws", **headers: str) -> int:
        """Send a handshake; return the status."""
        given = {**UPGRADE, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.give((f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in given.items()) + "\r\n").encode())
        return self.answer()[0]

    def answer(self) -> tuple[int, Any]:
        """Return status and body of what was written."""
        head, _, body = b"".join(self.wire.written).partition(b"\r\n\r\n")
        status = int(head.split()[1])
        kind = b"application/json" in head
        return status, json.loads(body) if kind and body else body.decode()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.gateway.close()


async def test_a_handshake_opens_a_websocket_on_both_paths(rig: Rig) -> None:
    for path in ("/ws", "/", "/ws?x=1"):
        caller = Caller(rig)
        assert caller.shake(path) == 101
        assert isinstance(caller.wire.protocol, Connection)
    assert rig.gateway.statistics().connections == 3


async def test_a_frame_that_comes_with_the_handshake_is_not_lost(rig: Rig) -> None:
    caller = Caller(rig)
    head = "GET /ws HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in UPGRADE.items()) + "\r\n"
    caller.give(head.encode() + frame(b'{"id":3,"op":"ping"}'))
    await asyncio.sleep(0)
    assert b"hello_first" in b"".join(caller.wire.written)


@pytest.mark.parametrize(
    ("offered", "status", "packed"),
    [
        ("huntserver.v1.json", 101, False),
        ("huntserver.v1.msgpack", 101, True),
        ("other, huntserver.v1.msgpack, huntserver.v1.json", 101, True),
        ("other", 400, False),
    ],
)
async def test_the_subprotocol_is_the_first_that_is_ours(rig: Rig, offered: str, status: int, packed: bool) -> None:
    caller = Caller(rig)
    assert caller.shake(Sec_WebSocket_Protocol=offered) == status
    if status == 101:
        assert caller.wire.protocol.packed is packed
    else:
        assert caller.wire.closed


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://play.example", 101),
        ("http://play.test:8080", 101),
        ("https://evil.example", 403),
        ("https://play.example.evil.example", 403),
        ("http://play.example", 403),
        ("http://play.test:8081", 403),
        ("null", 403),
    ],
)
async def test_a_page_of_another_origin_may_not_connect(rig: Rig, origin: str, status: int) -> None:
    caller = Caller(rig)
    assert caller.shake(Origin=origin) == status
    if status == 403:
        assert caller.answer()[1] == "this Origin may not connect; allow it in server.origins\n"
        assert caller.wire.closed


async def test_another_path_has_no_websocket(rig: Rig) -> None:
    assert Caller(rig).shake("/elsewhere") == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Sec_WebSocket_Version": "8"}, 426), ({"Sec_WebSocket_Key": "short"}, 400), ({"Connection": "close"}, 426)],
)
async def test_a_handshake_that_is_none_is_refused(rig: Rig, headers: dict[str, str], status: int) -> None:
    caller = Caller(rig)
    assert caller.shake(**headers) == status
    assert caller.wire.closed


async def test_too_many_connections_of_an_address_are_turned_away_with_503() -> None:
    rig = Rig(connections_per_address=2)
    assert [Caller(rig).shake() for _ in range(3)] == [101, 101, 503]
    turned = Caller(rig)
    turned.shake()
    assert turned.answer()[1] == "too many connections from this address\n"
    assert b"retry-after: 2" in b"".join(turned.wire.written)
    assert rig.gateway.statistics().refusals == {"connections_of_address": 2}


async def test_too_many_connections_in_all_are_turned_away_with_503() -> None:
    rig = Rig(connections_max=1)
    assert [Caller(rig).shake() for _ in range(2)] == [101, 503]


async def test_too_many_handshakes_at_once_are_spread_with_503() -> None:
    rig = Rig(handshakes_per_s=4.0)
    statuses = [Caller(rig).shake() for _ in range(6)]
    assert statuses.count(101) <= 4
    assert statuses[-1] == 503
    rig.gateway.sweep(rig.gateway.clock.now_s + 1.0)
    assert Caller(rig).shake() == 101


async def test_too_many_connections_of_a_player_are_refused_and_told_to_come_later() -> None:
    rig = Rig(connections_per_player=1)
    ada = await rig.playing("ada", epoch="phone")
    other = Peer(rig)
    (refused,) = await other.hello("ada", epoch="tablet")
    assert refused["err"]["code"] == "busy"
    assert other.close_code == 4101
    same = Peer(rig)
    assert "ok" in (await same.hello("ada", epoch="phone"))[0]  # the same device takes its own place
    await ada.heard()
    assert ada.close_code == 4003


async def test_nobody_is_let_in_while_the_server_drains(rig: Rig) -> None:
    await rig.gateway.drain()
    assert Caller(rig).shake() == 503


async def test_a_head_without_end_is_refused(rig: Rig) -> None:
    caller = Caller(rig)
    caller.give(b"GET /ws HTTP/1.1\r\nX: " + b"x" * rig.limits.request_head_bytes_max)
    assert caller.answer()[0] == 431
    assert caller.wire.closed


async def test_a_socket_that_says_nothing_is_dropped_in_time() -> None:
    rig = Rig(hello_s=0.01)
    caller = Caller(rig)
    while not caller.wire.aborted:
        await asyncio.sleep(0)


# ---- HTTP


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/healthz", 200, {"ok": True}),
        ("GET", "/readyz", 200, {"ready": True, "why": "ok", "checks": {}, "beside": {}}),
        ("GET", "/hunts", 200, {"hunts": [], "cards": []}),
        ("GET", "/protocol", 200, {}),
        ("GET", "/metrics", 200, "# none\n"),
        ("GET", "/none", 404, {"code": "bad_frame", "msg": "there is no such page"}),
        ("GET", "/../config.toml", 404, {"code": "bad_frame", "msg": "there is no such page"}),
        ("GET", "/%2e%2e/config.toml", 404, {"code": "bad_frame", "msg": "there is no such page"}),
        ("POST", "/healthz", 405, {"code": "bad_frame", "msg": "POST is not possible here, GET is"}),
        ("GET", "/guest", 405, {"code": "bad_frame", "msg": "POST a JSON object with a name"}),
        ("DELETE", "/hunts/x/definition", 405, {"code": "bad_frame", "msg": "PUT the definition here, TOML or JSON"}),
    ],
)
async def test_http_answers_on_the_same_port(rig: Rig, method: str, path: str, status: int, said: Any) -> None:
    caller = Caller(rig)
    assert caller.ask(method, path) == (status, said)
    assert caller.wire.closed


@pytest.mark.parametrize(
    ("head", "status", "allowed"),
    [
        (b"GET http://127.0.0.1/healthz HTTP/1.1", 200, None),
        (b"GET HTTPS://hunts.example:8443/healthz?now HTTP/1.1", 200, None),
        (b"OPTIONS /healthz HTTP/1.1", 405, b"GET, HEAD"),
        (b"GET /guest HTTP/1.1", 405, b"POST"),
        (b"DELETE /hunts/x/definition HTTP/1.1", 405, b"PUT"),
        (b"POST /guest HTTP/1.1\r\nContent-Encoding: br\r\nContent-Length: 9", 415, None),
    ],
)
async def test_absolute_targets_other_methods_and_encoded_bodies_are_answered_as_http_wants_it(
    rig: Rig, head: bytes, status: int, allowed: bytes | None
) -> None:
    caller = Caller(rig)
    caller.give(head + b"\r\nHost: 127.0.0.1\r\n\r\n")
    answer = b"".join(caller.wire.written)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert (allowed is None) == (b"\r\nallow: " not in answer)
    assert allowed is None or b"\r\nallow: " + allowed + b"\r\n" in answer


async def test_what_is_no_http_is_refused(rig: Rig) -> None:
    caller = Caller(rig)
    caller.give(b"\x16\x03\x01 hello\r\n\r\n")
    status, body = caller.answer()
    assert status == 400
    assert body.startswith("this is no HTTP/1.1")


async def test_a_guest_gets_a_token_that_lets_in(rig: Rig) -> None:
    status, made = Caller(rig).ask("POST", "/guest", b'{"name":"Ada"}')
    assert status == 200
    assert rig.tokens.verify(made["token"]).by == "p:" + made["player"]


async def test_while_the_servers_clock_is_in_doubt_a_guest_is_asked_to_come_back(rig: Rig) -> None:
    rig.tokens.in_doubt = lambda: True
    status, said = Caller(rig).ask("POST", "/guest", b'{"name":"Ada"}')
    assert (status, said["code"], said["after_ms"]) == (503, "busy", 1_000)
    rig.tokens.in_doubt = lambda: False
    assert Caller(rig).ask("POST", "/guest", b'{"name":"Ada"}')[0] == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_frame"),
        (b"name=Ada", 400, "bad_frame"),
        (b'{"name":5}', 400, "bad_frame"),
        (b'{"name":"\xff"}', 400, "bad_frame"),
        (b'{"name":' * 100, 400, "bad_frame"),
        (b'{"name":' * 2000, 413, "too_large"),
        (b"{}", 400, "bad_text"),
        (b'{"name":"a\\u0007"}', 400, "bad_text"),
        (json.dumps({"name": "x" * 41}).encode(), 400, "bad_text"),
    ],
)
async def test_a_guest_without_a_proper_name_is_refused(rig: Rig, body: bytes, status: int, code: str) -> None:
    got, said = Caller(rig).ask("POST", "/guest", body)
    assert (got, said["code"]) == (status, code)


async def test_too_many_guests_of_an_address_wait() -> None:
    rig = Rig(guests_per_minute=2)
    asked = [Caller(rig).ask("POST", "/guest", b'{"name":"Ada"}') for _ in range(3)]
    assert [status for status, _ in asked] == [200, 200, 429]
    assert asked[2][1]["code"] == "rate_limited"
    assert asked[2][1]["after_ms"] > 0


def put(rig: Rig, body: bytes, role: str = "host", kind: str = "application/toml") -> tuple[int, Any]:
    token = rig.tokens.mint(role, "host", "Host")
    headers = {"Authorization": f"Bearer {token}", "Content_Type": kind}
    return Caller(rig).ask("PUT", "/hunts/h2/definition", body, **headers)


async def test_a_definition_goes_up_by_put_and_its_faults_come_back_with_paths() -> None:
    rig = Rig()
    rig.system.play(Create(), HOST, "h2")
    circle = DEFINITION.replace('id = "c1"', 'id = "c1"\nunlock = "c1"')
    status, said = put(rig, circle.encode())
    assert (status, said["code"]) == (422, "bad_definition")
    assert said["problems"][0] == {
        "path": "clues[0].unlock", "what": "a circle: c1 needs c1", "cure": "take one of them out of the circle",
    }  # fmt: skip
    assert put(rig, b"\xff")[0] == 422
    assert put(rig, DEFINITION.encode(), kind="application/json")[0] == 422
    assert put(rig, DEFINITION.encode(), role="player")[0] == 403
    assert put(rig, DEFINITION.encode())[0] == 200


async def test_a_definition_without_a_good_token_is_refused(rig: Rig) -> None:
    for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer"}):
        status, said = Caller(rig).ask("PUT", "/hunts/h2/definition", b"", **headers)
        assert (status, said["code"]) == (401, "bad_token")


async def test_a_body_over_the_limit_is_refused_by_its_size_and_read_away() -> None:
    rig = Rig(definition_bytes_max=1000)
    headers = {"Authorization": f"Bearer {rig.tokens.mint('host', 'host', 'Host')}"}
    caller = Caller(rig)
    body = b"#" * 200_000
    path = "/hunts/h2/definition"
    status, said = caller.ask("PUT", path, body[:100_000], Content_Length=str(len(body)), **headers)
    assert (status, said["code"]) == (413, "too_large")
    assert "allowed are 1000 bytes" in said["msg"]
    caller.give(body[100_000:])
    assert caller.wire.ended
    assert not caller.wire.closed
    chunked = Caller(rig)
    chunked.give(f"PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n".encode())
    chunked.give(f"Authorization: {headers['Authorization']}\r\n\r\n".encode())
    chunked.give(b"400\r\n" + b"#" * 1024 + b"\r\n")
    assert chunked.answer()[0] == 413


async def gone(caller: Caller) -> None:
    """Wait until the server has let go of a socket."""
    while not caller.wire.aborted:
        await asyncio.sleep(0.01)


async def test_a_browsers_idle_socket_is_let_go_without_a_refusal_and_a_slow_second_request_is_one() -> None:
    rig = Rig(http_s=0.05)
    idle, slow = Caller(rig), Caller(rig)
    assert idle.ask("GET", "/")[0] == slow.ask("GET", "/")[0] == 200
    slow.give(b"GET / HTTP/1.1\r\n")
    async with asyncio.timeout(60):
        await asyncio.gather(gone(idle), gone(slow))
    assert rig.gateway.statistics().refusals == {"slow_request": 1}
    await rig.gateway.close()
