"""Large pages: their texts by HTTP, kept for ever; in pieces to who takes them, with news in between."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from huntserver.client.session import Session
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.announcing import Announce
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.page import TextsQuery
from huntserver.game.features.schedule import Publish, Start
from huntserver.gateway.pieces import PIECE_BYTES, WAITING_BYTES_MAX
from huntserver.gateway.text_blocks import TextBlocks
from lab.hunts import large_hunt
from lab.rigs.gateway import HOST, Peer, Rig, turn
from tests.gateway.test_pages import asked


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig(hunt=False)
    definition = check_definition(large_hunt(60).encode(), "toml")
    assert isinstance(definition, Definition)
    for step in (Create(), Define(source(definition)), Publish(), Start()):
        made.system.play(step, HOST)
    yield made
    await made.gateway.close()


async def entered(rig: Rig, *takes: str, packed: bool = False) -> tuple[Peer, list[dict[str, Any]]]:
    """Let a player join; return the peer and what it was sent of the hunt."""
    peer = Peer(rig, packed)
    await peer.hello(takes=list(takes))
    peer.send("join", hunt="h1", team="Owls")
    return peer, [m for m in await heard_all(peer) if "t" in m]


async def heard_all(peer: Peer) -> list[dict[str, Any]]:
    """Return what is heard until nothing more comes; the socket takes everything."""
    found: list[dict[str, Any]] = []
    while more := await peer.heard():
        found += more
    return found


async def test_texts_are_served_by_digest_compressed_and_kept_for_ever(rig: Rig) -> None:
    _, (_, snapshot) = await entered(rig, "texts")
    digests = snapshot["data"]["texts"]
    assert len(digests) == 2
    status, headers, body = asked(rig, f"/hunts/h1/texts/{digests[0]}", accept_encoding="gzip, br")
    assert (status, headers["content-encoding"], headers["content-type"]) == (200, "gzip", "application/json")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(json.loads(gzip.decompress(body))["clues"]) == 32
    assert len(body) * 4 < len(gzip.decompress(body))
    assert asked(rig, f"/hunts/h1/texts/{digests[0]}", if_none_match=headers["etag"])[0] == 304
    plain = asked(rig, f"/hunts/h1/texts/{digests[0]}")[2]
    assert plain == gzip.decompress(body)


@pytest.mark.parametrize(
    ("path", "status"),
    [("h1/texts/" + "0" * 32, 404), ("h1/texts/XYZ", 404), ("h1/texts/", 404), ("none/texts/" + "0" * 32, 404)],
)
async def test_texts_that_no_page_names_are_not_there(rig: Rig, path: str, status: int) -> None:
    got, headers, _ = asked(rig, "/hunts/" + path)
    assert got == status
    assert "immutable" not in headers.get("cache-control", "")


async def test_a_block_is_asked_of_its_hunt_once_and_the_oldest_makes_way(rig: Rig) -> None:
    _, (_, snapshot) = await entered(rig, "texts")
    first, second = snapshot["data"]["texts"]
    asked_for: list[str] = []

    class Counting:
        def submit(self, *given: Any) -> None:
            raise AssertionError

        def query(self, kind: str, id: str, query: Any, *more: Any) -> None:
            assert isinstance(query, TextsQuery)
            asked_for.append(query.digest)
            rig.system.query(kind, id, query, *more)

    blocks = TextBlocks(Counting(), bytes_max=40_000)
    for digest in (first, first, second, second, first):
        blocks.find("h1", digest, lambda found: None)
    assert asked_for == [first, second, first]


async def test_who_takes_no_more_gets_the_page_as_ever(rig: Rig) -> None:
    _, told = await entered(rig)
    assert [m["t"] for m in told] == ["sys", "snapshot"]
    assert "texts" not in told[1]["data"]
    assert len(told[1]["data"]["clues"]) == 60


@pytest.mark.parametrize("packed", [False, True])
async def test_pieces_put_together_are_the_page(rig: Rig, packed: bool) -> None:
    _, (_, snapshot) = await entered(rig, packed=packed)
    again = Peer(rig, packed)
    await again.hello("bob", takes=["pieces", "what comes later"])
    again.send("join", hunt="h1", team="Owls of Bob")
    pieces = [m for m in await heard_all(again) if m.get("t") == "piece"]
    assert [m["n"] for m in pieces] == list(range(pieces[0]["of"]))
    assert len(pieces) > 3
    assert all(len(m["data"]) <= PIECE_BYTES + 3 for m in pieces)
    if not packed:
        page = json.loads("".join(m["data"] for m in pieces))
        assert [c["id"] for c in page["data"]["clues"]] == [c["id"] for c in snapshot["data"]["clues"]]


async def test_a_socket_that_does_not_read_is_given_no_more_than_it_takes_and_news_go_between(rig: Rig) -> None:
    peer = Peer(rig)
    await peer.hello(takes=["pieces"])
    session = Session("T", "e1", takes=["pieces"])
    session.start(0)
    session.connected(0)
    session.received(json.dumps({"id": 0, "ok": {"now_ms": 1}, "pos": 0}), 0, 0.5)
    session.follow("h1", 0)
    peer.wire.buffered = WAITING_BYTES_MAX + 1
    peer.send("join", hunt="h1", team="Owls")
    await turn(50)
    first = [m for m in await peer.heard() if "t" in m]
    assert [m["t"] for m in first] == ["sys", "piece"]
    rig.system.play(Announce("Mind the steps."), HOST)
    peer.send("ping")
    between = await peer.heard()
    assert {m.get("t", "reply") for m in between} == {"event", "reply"}
    peer.wire.buffered = 0
    rest: list[dict[str, Any]] = []
    while not any(m.get("n") == m.get("of", 0) - 1 for m in rest):
        rest += await peer.heard()
    done = [action for m in (*first, *between, *rest) if "t" in m for action in session.received(json.dumps(m), 0, 0.5)]
    assert [type(action).__name__ for action in done] == ["Resumed", "Snapshot", "Event"]
    assert len(done[1].message["data"]["clues"]) == 60


async def test_a_page_in_pieces_makes_way_for_the_next_one_and_ends_with_leave(rig: Rig) -> None:
    peer = Peer(rig)
    await peer.hello(takes=["pieces"])
    peer.wire.buffered = WAITING_BYTES_MAX + 1
    peer.send("join", hunt="h1", team="Owls")
    await peer.heard()
    peer.send("resume", hunt="h1", seq=0, pos=0, channels={"hunt": 0})
    told = [m for m in await peer.heard() if m.get("t") == "piece"]
    assert [m["n"] for m in told] in ([], [0])
    peer.send("leave", hunt="h1")
    peer.wire.buffered = 0
    assert [m for m in await heard_all(peer) if m.get("t") == "piece"] == []


async def test_fifty_members_that_do_not_read_hold_less_than_their_pages(rig: Rig) -> None:
    waiting = 0
    for number in range(50):
        peer = Peer(rig)
        await peer.hello(f"p{number}", takes=["pieces", "texts"])
        peer.wire.buffered = WAITING_BYTES_MAX + 1
        peer.send("join", hunt="h1", team=f"team {number}")
        await turn(20)
        waiting += sum(map(len, peer.wire.written))
    print(f"50 members that do not read: {waiting} bytes given to their sockets")
    assert waiting < 50 * 64 * 1024
