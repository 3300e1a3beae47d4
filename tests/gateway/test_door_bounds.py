"""Strangers at the door: sockets, handshakes and bodies of an address are bounded, and whatever comes is answered."""

from __future__ import annotations

from typing import Any

import pytest

from huntserver.gateway.door import MAKES_WAY_S, is_same_origin
from huntserver.gateway.proxies import Proxies, network_of, parse_network
from lab.rigs.frames import frame
from lab.rigs.gateway import Peer, Rig, turn
from tests.gateway.test_door import Caller

# ---- sockets and handshakes of an address


def knock(rig: Rig, count: int, address: str = "192.0.2.1") -> list[Caller]:
    return [Caller(rig, address) for _ in range(count)]


async def test_silent_sockets_of_one_address_make_way_for_others_and_for_its_own() -> None:
    rig = Rig(sockets_waiting_per_address=10, sockets_max=16)
    silent = knock(rig, 16)
    assert not any(caller.wire.aborted for caller in silent)
    rig.gateway.sweep(rig.gateway.clock.now_s + MAKES_WAY_S)
    other = Caller(rig, "203.0.113.9")
    assert other.shake() == 101
    assert silent[0].wire.aborted
    silent[0].accepting.connection_lost(None)
    own = Caller(rig)
    assert own.shake() == 101
    assert silent[1].wire.aborted
    assert rig.gateway.statistics().refusals == {"silent": 2}


async def test_a_handshake_without_hello_waits_too_and_one_with_hello_does_not() -> None:
    rig = Rig(sockets_waiting_per_address=2)
    shaken = Caller(rig)
    shaken.shake()
    greeted = await rig.playing("ada")
    rig.gateway.sweep(rig.gateway.clock.now_s + MAKES_WAY_S)
    knock(rig, 3)
    assert shaken.wire.aborted
    assert not greeted.wire.aborted


async def test_sockets_and_handshakes_past_the_rate_of_an_address_are_refused_and_others_are_not() -> None:
    rig = Rig(handshakes_per_s_per_address=5.0, sockets_per_s_per_address=8.0)
    statuses = [caller.shake() for caller in knock(rig, 8)]
    assert statuses == [101] * 5 + [503] * 3
    assert Caller(rig).wire.aborted
    assert Caller(rig, "203.0.113.9").shake() == 101
    assert rig.gateway.statistics().refusals == {"handshakes_of_address": 3, "sockets_of_address": 1}
    rig.gateway.sweep(rig.gateway.clock.now_s + 1.0)
    assert Caller(rig).shake() == 101


async def test_addresses_that_owe_nothing_are_forgotten() -> None:
    rig = Rig()
    for i in range(300):
        caller = Caller(rig, f"10.0.{i // 250}.{i % 250}")
        caller.accepting.connection_lost(None)
    door = rig.gateway.door
    assert len(door._addresses) == 300
    rig.gateway.sweep(rig.gateway.clock.now_s + 60.0)
    door._forget_idle(rig.gateway.clock.now_s)
    assert door._addresses == {}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_as_what_one_customer_has(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("198.51.100.1", "X-Forwarded-For: 10.9.0.1", "10.9.0.1"),
        ("198.51.100.1", "x-forwarded-for: 6.6.6.6, 10.9.0.1, 198.51.100.7", "10.9.0.1"),
        ("198.51.100.1", "Forwarded: for=10.9.0.1;proto=https", "10.9.0.1"),
        ("198.51.100.1", 'Forwarded: for=evil, For="[2001:db8::7]:443"', "2001:db8::7"),
        ("198.51.100.1", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 10.9.0.1:4711", "10.9.0.1"),
        ("198.51.100.1", 'Forwarded: for=10.9.0.1;host="for=6.6.6.6"', "10.9.0.1"),
        ("198.51.100.1", 'Forwarded: for=10.9.0.1;host="a, for=6.6.6.6, b"', "10.9.0.1"),
        ("198.51.100.1", 'Forwarded: for=10.9.0.1;host="a\\", for=6.6.6.6"', "10.9.0.1"),
        ("198.51.100.1", "Forwarded: for=6.6.6.6, for=10.9.0.1; xfor=6.6.6.6", "10.9.0.1"),
        ("198.51.100.1", 'Forwarded: host="x";by=198.51.100.1; For = "[2001:db8::7]"', "2001:db8::7"),
        ("198.51.100.1", "Forwarded: for=6.6.6.6, host=x", "198.51.100.1"),
        ("198.51.100.1", "Forwarded: for=6.6.6.6, for=_hidden", "198.51.100.1"),
        ("198.51.100.1", 'Forwarded: for=6.6.6.6 "x", y', "198.51.100.1"),
        ("198.51.100.1", "X-Forwarded-For: unknown", "198.51.100.1"),
        ("198.51.100.1", "X-Forwarded-For: \xff", "198.51.100.1"),
        ("198.51.100.1", "X-Other: 1", "198.51.100.1"),
        ("192.0.2.1", "X-Forwarded-For: 10.9.0.1", "192.0.2.1"),
    ],
)
def test_who_is_behind_a_proxy_is_believed_to_trusted_proxies_alone(peer: str, headers: str, client: str) -> None:
    proxies = Proxies([parse_network("198.51.100.0/24")])
    assert proxies.client(peer, f"GET / HTTP/1.1\r\n{headers}\r\n\r\n".encode("latin-1")) == client


@pytest.mark.parametrize("long", [" " * 500_000, "a" * 500_000, '="' + "\\a" * 250_000 + '"', "=" + " " * 500_000])
def test_what_a_stranger_writes_in_a_long_header_is_read_at_once(long: str) -> None:
    head = f'GET / HTTP/1.1\r\nX-Forwarded-For: 10.9.0.1\r\nForwarded: a;{long}"b\r\n\r\n'  # backtracking: an hour
    assert Proxies([parse_network("198.51.100.0/24")]).client("198.51.100.1", head.encode()) == "10.9.0.1"


@pytest.mark.parametrize(
    ("header", "client"), [("auto", "10.9.0.1"), ("x-forwarded-for", "10.9.0.1"), ("forwarded", "10.9.0.2")]
)
def test_of_two_headers_the_one_that_the_proxy_writes_is_believed(header: str, client: str) -> None:
    proxies = Proxies([parse_network("198.51.100.0/24")], header)
    head = b"GET / HTTP/1.1\r\nForwarded: for=10.9.0.2\r\nX-Forwarded-For: 10.9.0.1\r\n\r\n"
    assert proxies.client("198.51.100.1", head) == client


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (b"GET /hunt/ws HTTP/1.1", b"GET /ws HTTP/1.1"),
        (b"GET /hunt/?hunt=a HTTP/1.1", b"GET /?hunt=a HTTP/1.1"),
        (b"GET /hunts HTTP/1.1", b"GET /hunts HTTP/1.1"),
        (b"GET /ws HTTP/1.1", b"GET /ws HTTP/1.1"),
        (b"GET /hunt HTTP/1.1", b"GET /hunt HTTP/1.1"),
        (b"GET", b"GET"),
        (b"", b""),
    ],
)
def test_the_path_below_which_a_proxy_puts_the_site_is_taken_off(asked: bytes, seen: bytes) -> None:
    assert Proxies([], prefix="/hunt/").unprefixed(asked) == seen
    assert Proxies([]).unprefixed(asked) == asked


async def test_guests_behind_a_trusted_proxy_count_for_themselves() -> None:
    rig = Rig(guests_per_minute=2)
    body = b'{"name":"Ada"}'
    for i in range(9):
        caller = Caller(rig, "198.51.100.1")
        assert caller.ask("POST", "/guest", body, X_Forwarded_For=f"10.9.0.{i}")[0] == 200
    statuses = [Caller(rig, "198.51.100.1").ask("POST", "/guest", body)[0] for _ in range(3)]
    assert statuses == [200, 200, 429]


# ---- whatever comes is answered, and counted


ODD: list[tuple[bytes, int, str]] = [
    (b"GET /ws HTTP/1.1\r\nHost: a\r\nHost: b\r\nUpgrade: websocket\r\n\r\n", 400, "bad_handshake"),
    (b"GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: x\r\nOrigin: y\r\nUpgrade: websocket\r\n\r\n", 400, "bad_handshake"),
    (b"GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: \xff\xfe\r\nUpgrade: websocket\r\n\r\n", 403, "origin"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_http"),
    (b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", 426, "no_upgrade"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), 400, "no_http"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "no_http"),
    (b"PRI * HTTP/2.0\r\n", 400, "no_http"),
    (b"SSH-2.0-OpenSSH_9.2\r\n\xff\xff", 400, "no_http"),
    (b"\r\n\r\n", 400, "no_http"),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\nGET / HTTP/1.1\r\n", 400, "no_http"),
    (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12), 400, "no_http"),
    (b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_http"),
]


@pytest.mark.parametrize(("sent", "status", "reason"), ODD, ids=range(len(ODD)))
async def test_what_is_odd_gets_an_answer_and_a_count(sent: bytes, status: int, reason: str) -> None:
    rig = Rig()
    caller = Caller(rig)
    caller.give(sent)
    assert rig.faults == []
    assert caller.answer()[0] == status
    assert rig.gateway.statistics().refusals == {reason: 1}


@pytest.mark.parametrize("name", ["x" * 256, "x" * 7000, "%00", "con", "a/" * 200], ids=len)
async def test_a_path_of_any_name_is_no_page(name: str) -> None:
    rig = Rig()
    assert Caller(rig).ask("GET", f"/{name}")[0] == 404
    assert rig.faults == []


async def test_a_version_that_is_not_spoken_is_told_the_one_that_is() -> None:
    rig = Rig()
    for given, said in (("8", "8"), ("x", "x")):
        caller = Caller(rig)
        assert caller.shake(Sec_WebSocket_Version=given) == 426
        head = b"".join(caller.wire.written).lower()
        assert b"\r\nsec-websocket-version: 13\r\n" in head
        assert f"the websocket version is {said}, spoken here is 13".encode() in head
    assert rig.gateway.statistics().refusals == {"handshake_version": 2}


async def test_a_bug_behind_the_door_is_a_500_and_a_line() -> None:
    rig = Rig()

    def broken(*_: Any) -> None:
        raise KeyError("a bug")

    rig.gateway.site.judge = broken  # type: ignore[method-assign, assignment]
    assert Caller(rig).ask("GET", "/healthz")[0] == 500
    rig.gateway.door.is_ours = broken  # type: ignore[method-assign, assignment]
    assert Caller(rig).shake() == 500
    assert rig.faults == ["request_failed", "request_failed"]


@pytest.mark.parametrize(
    ("packed", "payload"),
    [
        (False, b'{"id":7,"op":"ping","x":"\xff"}'),
        (False, b'{"id":7,"op":"ping","\xff":1}'),
        (False, b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":"\xff"}'),
        (True, b"\x83\xa2id\x07\xa2op\xa4ping\xa1x\xa2\xff\xff"),
        (True, b"\x83\xa2id\x07\xa2op\xa4ping\xa2\xff\xff\x01"),
        (True, b"\x82\xa2id\x07\xa2op\xa2\xff\xff"),
    ],
)
async def test_text_that_is_not_utf_8_is_refused_in_every_encoding_and_field(packed: bool, payload: bytes) -> None:
    peer = Peer(Rig(), packed)
    await peer.hello()
    peer.raw(frame(payload, 0x82))
    (reply,) = await peer.heard()
    assert reply["err"]["code"] == "bad_frame"
    assert "utf-8" in reply["err"]["msg"]


async def test_bodies_are_not_taken_before_method_path_and_token_are_looked_at() -> None:
    rig = Rig()
    for method, path, status in (
        ("POST", "/anything", 405),
        ("PUT", "/hunts/h1/definition", 401),
        ("GET", "/healthz", 200),
    ):
        caller = Caller(rig)
        caller.give(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 588001\r\n\r\n".encode() + b"x" * 100_000)
        assert caller.answer()[0] == status
        assert len(caller.accepting._http._body) == 0  # type: ignore[union-attr]
        assert caller.wire.ended
        for _ in range(11):
            caller.give(b"x" * 100_000)
        assert caller.wire.aborted  # read away, but not for ever


async def test_bodies_that_wait_share_a_bound_and_give_it_back() -> None:
    rig = Rig(bodies_bytes_per_address=1500, definition_bytes_max=1000)
    headers = f"Authorization: Bearer {rig.tokens.mint('host', 'host', 'Host')}\r\nContent-Length: 1000\r\n\r\n"
    begun = f"PUT /hunts/h2/definition HTTP/1.1\r\nHost: x\r\n{headers}"
    first, second = Caller(rig), Caller(rig)
    first.give(begun.encode() + b"#")
    assert first.wire.written == []
    second.give(begun.encode() + b"#")
    assert second.answer()[0] == 503
    first.accepting.connection_lost(None)
    third = Caller(rig)
    third.give(begun.encode() + b"#")
    assert third.wire.written == []
    assert rig.gateway.statistics().refusals == {"bodies": 1}


async def test_files_are_not_sent_faster_than_they_are_read() -> None:
    rig = Rig()
    caller = Caller(rig)
    caller.give(b"GET / HTTP/1.1\r\nHost: play.test\r\n\r\n" * 100)
    caller.accepting.pause_writing()
    for _ in range(10):
        await turn()
    assert len(caller.wire.written) <= 2
    caller.accepting.resume_writing()
    for _ in range(30):
        await turn()
    assert b"".join(caller.wire.written).count(b"HTTP/1.1 200") == 100


async def test_a_reason_is_told_at_once_and_then_now_and_then_with_how_often_it_came() -> None:
    rig = Rig(sockets_max=1)
    knock(rig, 5)
    rig.gateway.sweep(rig.gateway.clock.now_s + 0.5)
    assert [(line["reason"], line["times"]) for line in rig.warnings] == [("sockets", 1)]
    rig.gateway.sweep(rig.gateway.clock.now_s + 9.9)
    knock(rig, 2)
    assert [line["times"] for line in rig.warnings if line["reason"] == "sockets"] == [1, 4]


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://Play.Example", "play.example", True),
        ("https://play.example", "play.example:443", True),
        ("http://play.example:80", "play.example", True),
        ("http://play.example:8080", "play.example", True),
        ("http://play.example:8080", "play.example:9090", False),
        ("http://play.example:8080", "other.example", False),
        ("https://play.example", "play.example:80", False),
        ("null", "play.example", False),
        ("file://", "", False),
        ("http://[::1]:8080", "[::1]:8080", True),
    ],
)
def test_origins_are_compared_as_browsers_write_them(origin: str, host: str, same: bool) -> None:
    assert is_same_origin(origin, host) is same
