"""Links over real sockets: who gets one, what a cut at any byte does to it, and what is told of a peer that is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest

from actors.background import Background
from actors.cluster.links import frames as f
from actors.cluster.links import network, patience
from actors.cluster.links.link import Link
from actors.cluster.links.network import Links, LinksConfig
from actors.cluster.member import Member
from lab.machines.servers import free_port
from tests.actors.rig import Told

SECRET = b"a secret of the cluster"
WAIT_S = 60


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not met():
            await asyncio.sleep(0.005)


class FixedPlacement:
    """Members that a test sets, and what it was told of their links."""

    def __init__(self, me: Member) -> None:
        self.me = me
        self.others: list[Member] = []
        self.resets: list[tuple[str, bool, bool]] = []
        self.ups: list[str] = []

    def members(self) -> list[Member]:
        return self.others

    def link_reset(self, member: Member, *, refused: bool, majority: bool) -> None:
        self.resets.append((member.run, refused, majority))

    def link_up(self, member: Member) -> None:
        self.ups.append(member.run)

    def owner(self, shard: Any) -> None: ...
    def listen(self, changed: Any) -> None: ...
    def told(self, *news: Any) -> None: ...


class Frames:
    """A receiver that writes down what came over each link."""

    def __init__(self) -> None:
        self.came: dict[Link, list[int]] = {}
        self.ended: list[Link] = []

    def up(self, link: Link) -> None:
        self.came[link] = []

    def received(self, link: Link, frame: f.AnyFrame) -> None:
        assert isinstance(frame, f.LinkView)
        assert len(frame.view) == frame.pos
        self.came[link].append(frame.n)

    def down(self, link: Link) -> None:
        self.ended.append(link)

    def numbers(self) -> list[list[int]]:
        return list(self.came.values())


class LinkNode:
    """The links of one node. `port` is where it listens, `door` what others are told."""

    def __init__(self, run: str, port: int, *, door: int = 0, **other: Any) -> None:
        self.me = Member(f"127.0.0.1:{door or port}", run)
        self.placement = FixedPlacement(self.me)
        self.frames = Frames()
        self.told = Told()
        given: dict[str, Any] = {"cluster": "log", "shards": {"t": 4}, "secret": SECRET, "tls": (None, None)} | other
        server, client = given.pop("tls")
        config = LinksConfig(host="127.0.0.1", port=port, server_tls=server, client_tls=client, **given)
        self.links = Links(self.me, config, self.placement, self.frames, self.told)
        self.background = Background(self.told, random.Random(1))

    def knows(self, *others: LinkNode) -> None:
        self.placement.others = [other.me for other in others]

    async def start(self) -> None:
        await self.links.start(self.background)

    async def end(self) -> None:
        await self.links.close()
        await self.background.close()

    def reasons(self, event: str) -> set[str]:
        return {fields["code"] for name, fields in self.told.events if name == event}


@asynccontextmanager
async def pair(first: Any = None, **two: Any) -> AsyncIterator[tuple[LinkNode, LinkNode]]:
    """Run two nodes that know each other; the first dials."""
    ports = sorted((free_port(), free_port()), key=str)
    one, other = LinkNode("r1", ports[0], **(first or {})), LinkNode("r2", ports[1], **two)
    one.knows(other)
    other.knows(one)
    await one.start()
    await other.start()
    try:
        yield one, other
    finally:
        await one.end()
        await other.end()


async def test_a_node_and_one_of_the_next_version_have_a_link_in_the_older_ones_words() -> None:
    async with pair({"speaks": (1, 1)}, speaks=(1, 2)) as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        link = two.links.link(one.me)
        assert link is not None
        later = msgspec.msgpack.encode(["later", {"any": "thing"}])  # it should not be sent; it is passed over
        link._out.append(len(later).to_bytes(4, "big") + later)
        link.send(f.LinkView(7, 0, b""))
        await until(lambda: one.frames.numbers() == [[7]])
        assert one.links.statistics().frames_unknown == 1
        assert not one.reasons("link_refused")


async def test_two_nodes_have_one_link_and_frames_come_in_order_both_ways() -> None:
    async with pair() as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        for node, to in ((one, two), (two, one)):
            link = node.links.link(to.me)
            assert link is not None
            for n in range(3_000):
                link.send(f.LinkView(n, n % 50, bytes(n % 50)))
        await until(lambda: [len(n) for n in one.frames.numbers() + two.frames.numbers()] == [3_000, 3_000])
        assert one.frames.numbers() == two.frames.numbers() == [list(range(3_000))]
        assert one.placement.ups == ["r2"]
        assert two.placement.ups == ["r1"]
        assert one.links.statistics().up == two.links.statistics().up == 1


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"secret": b"another secret of 16"}, "wrong_secret"),
        ({"cluster": "other"}, "other_cluster"),
        ({"shards": {"t": 8}}, "other_shards"),
    ],
)
async def test_a_node_that_does_not_belong_gets_no_link_and_both_sides_say_why(
    other: dict[str, Any], code: str
) -> None:
    async with pair(**other) as (one, two):
        await until(
            lambda: (
                code in one.reasons("link_failed") | one.reasons("link_refused")
                and code in two.reasons("link_failed") | two.reasons("link_refused")
            )
        )
        assert not one.links.up
        assert not two.links.up
        assert one.frames.came == {}
        await until(lambda: bool(one.placement.resets) and not one.placement.resets[-1][1])  # somebody is there


async def test_noise_on_the_port_disturbs_no_link() -> None:
    async with pair() as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        for noise in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(200), b"\xff" * 70_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", two.links.port)
            writer.write(noise)
            if noise:
                async with asyncio.timeout(WAIT_S):
                    with_end = reader.read()
                    writer.write_eof()
                    with suppress(ConnectionError):
                        await with_end
            writer.close()
        link = one.links.link(two.me)
        assert link is not None
        link.send(f.LinkView(1, 0, b""))
        await until(lambda: two.frames.numbers() == [[1]])
        assert two.frames.ended == []


class Cutter:
    """A proxy before a node. Cuts a connection once it has carried so many bytes in a direction; `holds` holds all,
    `delay_s` delays each piece."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.cuts: list[tuple[str, int]] = []  # of the connections to come: direction, bytes
        self.made = 0
        self.holds = False
        self.delay_s = 0.0
        self._to = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        way, most = self.cuts.pop(0) if self.cuts else ("", 0)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self.made += 1

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, left: int | None) -> None:
            while data := await source.read(1_000):
                while self.holds:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(self.delay_s)
                if left is not None and len(data) >= left:
                    sink.write(data[:left])
                    await sink.drain()
                    return
                left = None if left is None else left - len(data)
                sink.write(data)

        ways = [
            asyncio.ensure_future(carry(reader, far_writer, most if way == "there" else None)),
            asyncio.ensure_future(carry(far_reader, writer, most if way == "back" else None)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in ways:
                one.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, far_writer):
                end.close()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def pair_with_cutter() -> AsyncIterator[tuple[LinkNode, LinkNode, Cutter]]:
    """Run two nodes; the first dials the second through a cutter."""
    port = free_port()
    cutter = Cutter(port)
    two = LinkNode("r2", port, door=cutter.port)
    one = LinkNode("r1", free_port())
    while one.me.node > two.me.node:  # it is the first in order who dials
        one = LinkNode("r1", free_port())
        cutter.port = free_port()
        two = LinkNode("r2", port, door=cutter.port)
    one.knows(two)
    two.knows(one)
    await cutter.start()
    try:
        yield one, two, cutter
    finally:
        await one.end()
        await two.end()
        await cutter.close()


async def test_a_link_that_is_cut_at_any_byte_comes_back_and_what_came_is_a_beginning_of_what_was_sent() -> None:
    async with pair_with_cutter() as (one, two, cutter):
        draw = random.Random(7)
        cutter.cuts = [(way, most) for most in (1, 40, 150, 200, 260, 300, 333, 400) for way in ("there", "back")]
        cutter.cuts += [(draw.choice(("there", "back")), draw.randrange(400, 20_000)) for _ in range(16)]
        count = len(cutter.cuts)
        await one.start()
        await two.start()
        sent: set[Link] = set()

        def play() -> bool:
            for node in (one, two):
                for link in list(node.links.up.values()):
                    if link not in sent:
                        sent.add(link)
                        for n in range(400):
                            link.send(f.LinkView(n, n % 97, bytes(n % 97)))
            return cutter.made > count and bool(one.links.up and two.links.up)

        await until(play)
        last = [next(iter(node.links.up.values())) for node in (one, two)]
        await until(
            lambda: play() and all(len(n.frames.came.get(k, ())) == 400 for n, k in zip((one, two), last, strict=True))
        )
        for node in (one, two):
            for link, numbers in node.frames.came.items():
                assert numbers == list(range(len(numbers)))
                assert node.frames.ended.count(link) == (link not in last)
        assert {name for name in one.told.names() if "contained" in name or "background" in name} == set()
        assert one.placement.ups
        assert all(refused is False for _, refused, _ in one.placement.resets)


async def test_a_peer_whose_port_refuses_is_told_to_be_gone_and_one_that_comes_back_is_up_again() -> None:
    async with pair() as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        await two.end()
        await until(lambda: ("r2", True, False) in one.placement.resets)
        assert not one.links.up
        again = LinkNode("r3", two.links.port)
        again.knows(one)
        one.knows(again)
        await again.start()
        await until(lambda: "r3" in one.placement.ups and bool(again.links.up))
        await again.end()


async def test_a_peer_that_says_nothing_is_given_up_and_the_one_who_stood_still_learns_it() -> None:
    async with pair_with_cutter() as (one, two, cutter):
        await one.start()
        await two.start()
        await until(lambda: bool(one.links.up and two.links.up))
        cutter.holds = True
        await until(lambda: bool(one.frames.ended and two.frames.ended))
        assert any("nothing was heard" in fields["why"] for name, fields in one.told.events if name == "link_down")
        await until(lambda: bool(one.placement.resets))
        assert not one.placement.resets[0][1]  # nobody refused: it may live
        cutter.holds = False
        await until(lambda: bool(one.links.up and two.links.up))


async def test_a_peer_that_answers_later_than_a_dial_waits_at_first_has_a_link_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nodes without CPU time: each dial was given up before its answer came; the cluster had no link for minutes."""
    monkeypatch.setattr(network, "ANSWER_S", 0.02)
    async with pair_with_cutter() as (one, two, cutter):
        cutter.delay_s = 0.1
        await one.start()
        await two.start()
        await until(lambda: bool(one.links.up and two.links.up))
        assert any("no answer within" in fields["why"] for name, fields in one.told.events if name == "link_failed")


@pytest.mark.parametrize(("fills", "why"), [(True, "reads too slowly"), (False, "has read nothing for")])
async def test_whoever_does_not_read_is_given_up_by_what_waits_for_it_and_by_how_long(
    monkeypatch: pytest.MonkeyPatch, fills: bool, why: str
) -> None:
    if not fills:
        monkeypatch.setattr(network, "STALLED_S", 0.2)
        monkeypatch.setattr(patience.LinkPatience, "silent_s", lambda self, now_s: 1e9)  # it lives, and says so
    async with pair_with_cutter() as (one, two, cutter):
        await one.start()
        await two.start()
        await until(lambda: bool(one.links.up and two.links.up))
        cutter.holds = True
        link = one.links.link(two.me)
        assert link is not None
        page = f.LinkView(1, 1_000_000, bytes(1_000_000))
        while not link.is_full():  # new requests are refused before it is given up
            link.send(page)
        while fills and not link.closed:
            link.send(page)
        await until(lambda: link.closed)
        assert why in link.why
        cutter.holds = False
        await until(lambda: bool(one.links.up) and one.links.link(two.me) is not link)
