"""The router sends a message to whoever serves its entity, stamped for the tenure it knows; its sink hears once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from actors.cluster.links import frames as f
from actors.cluster.member import Member
from actors.cluster.router import Router
from actors.cluster.succession import Newest
from actors.cluster.watches import Audience
from actors.entity import Rejected
from actors.log.port import ShardId
from actors.shard.actor import Caller
from tests.actors.cluster.test_watches import Room

SHARD = ShardId("things", 0)
ME, ONE, TWO = (Member(name, "run", ("things",)) for name in ("me", "one", "two"))
ADA = Caller("p:ada", "player", "Ada")


class Peer:
    """A link that keeps what is sent."""

    def __init__(self, peer: Member) -> None:
        self.peer = peer
        self.sent: list[Any] = []
        self.full = False

    def is_full(self) -> bool:
        return self.full

    def send(self, frame: Any) -> None:
        self.sent.append(frame)


class Ear:
    """A sink, and all it was told."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.closing = False  # its client has gone

    def accepted(self, request: int, answer: bytes, pos: int, told: Any) -> None:
        self.said.append(("ok", answer, pos, told and (told.channel, told.prev)))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        self.said.append((rejected.code, pos))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        self.said.append(("viewed", pos))


class Node:
    """A router over a system with one shard, which lives elsewhere, and a room with listeners."""

    def __init__(self) -> None:
        self.owner: Member | None = ONE
        self.nonce = "n1"
        self.links = {ONE.node: Peer(ONE), TWO.node: Peer(TWO)}
        self.shard = SimpleNamespace(id=SHARD, elsewhere=True)
        self.given: list[Any] = []
        self.now_ns = 0
        self.room = Room()
        system = SimpleNamespace(
            regions={"thing": SimpleNamespace(shard=lambda id: self.shard)},
            background=SimpleNamespace(guard=lambda name, call: call, every=lambda *_: None),
            submit=lambda kind, id, command, *_: self.given.append(command),
            nonce=lambda shard: "n1",
            boot_ns=lambda: self.now_ns,
            proof_ns=10**9,
        )
        keeper = SimpleNamespace(
            me=ME,
            owner=lambda shard: self.owner,
            newest=lambda shard: self.owner and Newest(self.owner.node, self.owner.run, self.nonce, 4),
            listen=lambda changed: None,
        )
        codec = SimpleNamespace(encode=lambda payload: payload, view=lambda kind, query, body: body)
        self.router = Router(system, keeper, codec, self.room, Audience(self.room, codec))  # type: ignore[arg-type]
        self.router.attach(lambda member: self.links.get(member.node), system.background)  # type: ignore[arg-type,return-value]

    def command(self, ear: Ear, body: bytes = b"c") -> None:
        self.router.submit("thing", "t", body, ear, 5, ADA, ("e", 1))

    def commands(self, member: Member) -> list[Any]:
        return [frame for frame in self.links[member.node].sent if isinstance(frame, f.LinkCommand)]

    async def question_at(self, member: Member, n: int) -> Any:
        async with asyncio.timeout(60):
            while len(found := [one for one in self.links[member.node].sent if isinstance(one, f.LinkQuery)]) < n:
                await asyncio.sleep(0.001)
        return found[-1]

    async def command_at(self, member: Member) -> Any:
        async with asyncio.timeout(60):
            while not self.commands(member):
                await asyncio.sleep(0.001)
        return self.commands(member)[-1]

    def received(self, member: Member, frame: Any) -> None:
        self.router.received(self.links[member.node], frame)  # type: ignore[arg-type]


async def test_what_lives_here_is_given_to_the_system_and_what_lives_elsewhere_goes_there_stamped() -> None:
    node = Node()
    node.command(Ear())
    (sent,) = node.commands(ONE)
    assert (sent.nonce, sent.body, sent.by, sent.epoch, sent.number) == ("n1", b"c", "p:ada", "e", 1)
    node.shard.elsewhere = False
    node.command(Ear(), b"here")
    assert (node.given, len(node.commands(ONE))) == ([b"here"], 1)


async def test_moved_goes_again_with_the_nonce_that_was_said_and_the_sink_hears_once() -> None:
    node, ear = Node(), Ear()
    node.command(ear)
    first = node.commands(ONE)[0]
    node.received(ONE, f.LinkRefused(first.n, -1, "moved", "it is elsewhere", True, None, None, "n2"))
    async with asyncio.timeout(60):
        while len(node.commands(ONE)) < 2:
            await asyncio.sleep(0.001)
    again = node.commands(ONE)[1]
    assert (again.nonce, again.epoch, again.number) == ("n2", "e", 1)
    node.received(ONE, f.LinkAccepted(again.n, b"{}", 7))
    node.received(ONE, f.LinkAccepted(first.n, b"{}", 7))  # a second answer of the first copy is nobody's
    assert ear.said == [("ok", b"{}", 7, None)]


@pytest.mark.parametrize("leaves", ["while it is asked", "while it waits to be sent again"])
async def test_a_command_whose_client_has_gone_is_sent_to_no_further_owner(leaves: str) -> None:
    node, gone, stays = Node(), Ear(), Ear()
    node.command(gone, b"of a client that goes")
    node.command(stays, b"of one that stays")
    first, second = node.commands(ONE)
    gone.closing = leaves == "while it is asked"
    for sent in (first, second):
        node.received(ONE, f.LinkRefused(sent.n, -1, "moved", "it is elsewhere", True, None, None, "n2"))
    gone.closing = True
    async with asyncio.timeout(60):
        while node.router.requests.waiting != 1 or len(node.commands(ONE)) < 3:
            await asyncio.sleep(0.001)
    assert [(sent.body, sent.nonce) for sent in node.commands(ONE)[2:]] == [(b"of one that stays", "n2")]
    assert ([code for code, _ in gone.said], stays.said) == (["unavailable"], [])


async def test_a_peer_that_is_behind_takes_no_more_and_the_sender_is_told() -> None:
    node, ear = Node(), Ear()
    node.links[ONE.node].full = True
    node.command(ear)
    assert ([code for code, _ in ear.said], node.commands(ONE)) == (["busy"], [])


async def test_where_nobody_is_known_to_serve_a_message_waits_for_who_will() -> None:
    node, ear = Node(), Ear()
    node.owner = None
    node.command(ear)
    node.owner = TWO
    sent = await node.command_at(TWO)
    node.received(TWO, f.LinkRefused(sent.n, 3, "wrong", "no"))
    assert ear.said == [("wrong", 3)]


async def test_a_record_that_the_next_owner_has_shown_is_not_told_again_by_a_late_answer_of_the_one_before() -> None:
    """An owner that stood still may answer when the next one has shown its record."""
    told = f.PushFrame("team:a", 3, b"[]", True)
    node, first, second = Node(), Ear(), Ear()
    node.command(first)
    node.received(ONE, f.LinkAccepted(node.commands(ONE)[0].n, b"{}", 4, told))
    node.command(second)
    late = node.commands(ONE)[1]
    node.room.publish("thing", "t", 4, 0, [], None)
    node.room.publish("thing", "t", 5, 0, [], None)
    node.received(ONE, f.LinkAccepted(late.n, b"{}", 5, told))
    assert [first.said, second.said] == [[("ok", b"{}", 4, ("team:a", 3))], [("ok", b"{}", 5, None)]]


async def test_an_answer_to_a_question_that_lay_about_too_long_is_asked_for_again() -> None:
    """Another owner may have acknowledged something since: whoever stood still does not show an old view as fresh."""
    node, ear = Node(), Ear()
    node.router.query("thing", "t", b"q", ear, 5, ADA)
    first = await node.question_at(ONE, 1)
    node.now_ns = 10**9 + 1
    node.received(ONE, f.LinkView(first.n, 4, b"old"))
    second = await node.question_at(ONE, 2)
    node.now_ns += 10**9 + 1
    node.received(ONE, f.LinkRefused(second.n, 4, "not_joined", "join first"))
    third = await node.question_at(ONE, 3)
    node.received(ONE, f.LinkView(third.n, 5, b"fresh"))
    assert ear.said == [("viewed", 5)]


async def test_a_view_of_the_owner_before_is_asked_for_again_at_the_next_one() -> None:
    """What is shown after it is heard from the next one, from another place on."""
    node, ear = Node(), Ear()
    node.router.watch("thing", "t")
    node.router.query("thing", "t", b"q", ear, 5, ADA)
    first = await node.question_at(ONE, 1)
    node.owner = TWO
    node.router.watches.aim_all()
    node.received(ONE, f.LinkView(first.n, 4, b"old"))
    second = await node.question_at(TWO, 1)
    node.received(TWO, f.LinkView(second.n, 5, b"new"))
    assert ear.said == [("viewed", 5)]


async def test_what_the_application_tells_goes_to_the_peers_that_are_reached_by_topic() -> None:
    node, heard = Node(), list[tuple[str, Any]]()
    one, two = node.links[ONE.node], node.links[TWO.node]

    def peer_up(peer: Any) -> None:
        heard.append(("up", peer.peer))
        node.router.tell("codes", b"whole", peer)

    node.router.topics["codes"] = SimpleNamespace(
        peer_up=peer_up,
        peer_said=lambda peer, body: heard.append(("said", body)),
        peer_down=lambda peer: heard.append(("down", peer.peer)),
    )
    node.router._keeper.known = list  # type: ignore[method-assign]
    node.router.up(one)  # type: ignore[arg-type]
    node.router.tell("codes", b"all")
    node.router.up(two)  # type: ignore[arg-type]
    node.router.tell("codes", b"one", one)

    def told(link: Peer) -> list[tuple[str, bytes]]:
        return [(x.topic, x.body) for x in link.sent if isinstance(x, f.LinkNotice)]

    assert told(one) == [("codes", b"whole"), ("codes", b"all"), ("codes", b"one")]
    assert told(two) == [("codes", b"whole")]
    node.received(ONE, f.LinkNotice("codes", b"hello"))
    node.received(ONE, f.LinkNotice("later", b"z"))
    node.router.down(one)  # type: ignore[arg-type]
    node.router.tell("codes", b"two")
    assert heard == [("up", ONE), ("up", TWO), ("said", b"hello"), ("down", ONE)]
    assert told(two)[1:] == [("codes", b"two")]
    assert len(told(one)) == 3
