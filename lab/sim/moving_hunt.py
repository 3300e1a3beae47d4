"""A small world of hunts that move while somebody enters them: the product's router, watches, rooms and subscriptions
on three nodes, joined by links on which each way takes its own time.

Owns the log of each hunt, who has the shard, and what every listener heard. Judges I4: a listener that has entered has
heard every push of its hunt, once and in order, when all is quiet, though nothing is shown any more that would show it
what it missed. Nothing is lost here and nobody dies: what whole clusters do is `lab/sim/mesh.py`'s.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final

import msgspec

from actors.checker.history import Violation
from actors.cluster.keeper import News
from actors.cluster.links import frames
from actors.cluster.member import Member
from actors.cluster.router import Router
from actors.cluster.serving import request_of
from actors.cluster.succession import Newest
from actors.cluster.watches import Audience
from actors.entity import Push
from actors.log.port import ShardId
from actors.shard.actor import Caller
from actors.shard.mailbox import QUERY
from huntserver.gateway.cluster_rooms import ClusterRooms
from huntserver.gateway.subscriptions import Subscriptions
from huntserver.wire.codecs import Snapshot
from lab.sim.loop import SimLoop
from lab.sim.session_gateway import LIMITS
from lab.sim.stream import HeardMessage, payloads

HUNTS: Final = 12
"""One after the other, each new to all nodes."""
BUSY_S: Final = 0.3
"""So long something happens to a hunt, then all is quiet."""
QUIET_S: Final = 20.0
"""All that is asked again has been by then."""
LINK_S: Final = 0.15
"""The most that one way of a link takes in a round."""
PROOF_NS: Final = 1_000_000_000
SHARD: Final = ShardId("hunts", 0)
CHANNEL: Final = "hunt"

_decode: Final = msgspec.json.Decoder(HeardMessage).decode


class EnteredPage(msgspec.Struct):
    """What an owner answers: how far each channel has come."""

    channels: dict[str, int]
    own: str = ""
    since: int = 0


class PageCodec:
    """Bodies on the links of this world."""

    def encode(self, struct: Any) -> bytes:
        """Return a question or a view."""
        return msgspec.msgpack.encode(struct)

    def query(self, kind: str, body: bytes) -> bytes:
        """Every question is one for the page."""
        return body

    def view(self, kind: str, query: Any, body: bytes) -> EnteredPage:
        """Read the answer."""
        return msgspec.msgpack.decode(body, type=EnteredPage)

    def events(self, kind: str, body: bytes) -> msgspec.Raw:
        """Pushes go on as they are."""
        return msgspec.Raw(body)


class SlowWay:
    """One end of a link: what is sent arrives at the other node, in order."""

    def __init__(self, world: MovingHunt, to: MovingNode, peer: Member) -> None:
        self.peer = peer
        self.closed = False
        self.back: SlowWay = None  # type: ignore[assignment]  # the other end
        self.delay_s = 0.0
        self._world = world
        self._to = to
        self._free_s = 0.0

    def send(self, frame: frames.LinkFrame) -> None:
        """Send a frame."""
        loop = self._world.loop
        self._free_s = max(self._free_s + 1e-6, loop.time() + self.delay_s)
        loop.call_at(self._free_s, self._arrived, frames.encode(frame))

    def _arrived(self, data: bytes) -> None:
        for frame in frames.decode(data):
            self._to.router.received(self.back, frame)  # type: ignore[arg-type]

    def is_full(self) -> bool:
        """Never."""
        return False

    def abort(self, why: str) -> None:
        """Nothing that comes here is wrong."""
        raise AssertionError(why)


class MovingNode:
    """One node, as its router sees it: the keeper's part (who has the shard) and the actor system's."""

    def __init__(self, world: MovingHunt, name: str) -> None:
        self.me = Member(name, "run", ("gateway", "hunts"))
        self.news: News | None = None
        self.links: dict[str, SlowWay] = {}
        self.shard = SimpleNamespace(id=SHARD, elsewhere=True)
        self.regions = {"hunt": SimpleNamespace(shard=lambda id: self.shard, shards=[self.shard])}
        self.background = SimpleNamespace(guard=lambda name, call: call, every=lambda *_: None)
        self.proof_ns = PROOF_NS
        self.announce: Callable[[News], None] = lambda news: None
        self.moved: Callable[..., None] = lambda *_: None
        self.forward: Any = None
        self._changed: list[Callable[[], None]] = []
        self._world = world
        self.rooms = ClusterRooms(LIMITS)
        self.audience = Audience(self.rooms, request_of)
        self.router = Router(self, self, PageCodec(), self.rooms, self.audience)  # type: ignore[arg-type]
        self.router.attach(lambda member: self.links.get(member.node), self.background)  # type: ignore[arg-type,return-value]
        self.rooms.watch, self.rooms.is_here = self.router.watch, self.router.watches.is_here

    # ---- as a keeper

    def listen(self, changed: Callable[[], None]) -> None:
        """Call when something is known anew."""
        self._changed.append(changed)

    def owner(self, shard: ShardId) -> Member | None:
        """Return who has the shard, as far as is known here."""
        return self.news.owner if self.news is not None and not self.news.released else None

    def newest(self, shard: ShardId) -> Newest | None:
        """Return the newest tenure that is known here."""
        news = self.news
        return news and Newest(news.owner.node, news.owner.run, news.nonce, news.offset, released=news.released)

    def known(self) -> list[News]:
        """Return all that is to be told to a peer."""
        return [self.news] if self.news is not None else []

    def members(self) -> list[Member]:
        """Nobody is out of reach."""
        return []

    def told(self, shard: ShardId, owner: Member, nonce: str, offset: int, released: bool) -> None:
        """A peer tells of a tenure."""
        now = self.news
        if now is None or (offset, released) > (now.offset, now.released):
            self.news = News(shard, owner, nonce, offset, released)
            for call in self._changed:
                call()

    # ---- as an actor system

    def nonce(self, shard: ShardId) -> str:
        """Return the nonce of the tenure here; empty: none."""
        return "" if self.shard.elsewhere or self.news is None else self.news.nonce

    def boot_ns(self) -> int:
        """Return the time since the start."""
        return int(self._world.loop.time() * 1e9)

    def query(self, kind: str, id: str, query: Any, sink: Any, request: int, caller: Caller) -> None:
        """Answer with how far the hunt has come; what came for a shard that has moved goes on."""
        if self.shard.elsewhere:
            self.moved(kind, id, (QUERY, query, sink, request, caller, None))
        else:
            pos = len(self._world.log)
            sink.viewed(request, EnteredPage({CHANNEL: pos}), pos)

    # ---- the shard comes and goes

    def release(self) -> None:
        """Give the shard up."""
        assert self.news is not None
        self.shard.elsewhere = True
        self._tell(self.news._replace(released=True))

    def take(self, offset: int) -> None:
        """Have the shard from now on."""
        self.shard.elsewhere = False
        self._tell(News(SHARD, self.me, f"{self.me.node}@{offset}", offset))
        self.audience.regained("hunt", lambda id: len(self._world.log) if id == self._world.hunt else None)

    def _tell(self, news: News) -> None:
        self.news = news
        for call in self._changed:
            call()
        self.announce(news)

    def write(self) -> None:
        """A record is durable, and is shown."""
        log = self._world.log
        log.append(len(log) + 1)
        push = Push(CHANNEL, log[-1] - 1, ({"n": log[-1]},))
        self.audience.publish("hunt", self._world.hunt, log[-1], 0, [push], None)


class HuntEar:
    """A client's connection that listens to the hunt, and how far it has heard."""

    packed = closing = behind = False
    takes: frozenset[str] = frozenset()

    def __init__(self, world: MovingHunt, place: MovingNode, name: str) -> None:
        self.by = name
        self.stands: int | None = None  # not entered yet
        self.session = SimpleNamespace(
            caller=Caller(name, "player", name), saw=_nothing, lower=_nothing, stale=lambda hunt, pos: False
        )
        self._world = world
        loop, quiet = world.loop, SimpleNamespace(entered=_nothing, left=_nothing)
        clock = SimpleNamespace(later=loop.call_later, soon=loop.call_soon, roll=world.draw.random)
        services = SimpleNamespace(rooms=place.rooms, system=place.router, clock=clock, limits=LIMITS, attendance=quiet)
        self._subscriptions = Subscriptions(services, self)  # type: ignore[arg-type]
        self.restart, self.take_up = self._subscriptions.restart, self._subscriptions.take_up
        self.fell_behind, self.parted = self._subscriptions.fell_behind, self._subscriptions.parted

    def come(self) -> None:
        """Enter the hunt."""
        self._subscriptions.join(self._world.hunt)

    def go(self) -> None:
        """Listen no more."""
        self._subscriptions.end()

    def push(self, data: bytes, *, soon: bool) -> bool:
        """Take pushes."""
        self.write(data)
        return True

    def write(self, data: bytes) -> None:
        """Take pushes that were missed."""
        for payload in payloads(data):
            heard = _decode(payload)
            if heard.prev != self.stands:
                self._world.broken(f"{self.by} hears {heard.seq} after {heard.prev}, and stands at {self.stands}")
            self.stands = heard.seq

    def send(self, struct: Any) -> None:
        """Take a word of the gateway's."""

    def send_large(self, hunt: str, struct: Snapshot) -> None:
        """Take a snapshot: all up to there is told."""
        self.stands = struct.channels[CHANNEL]

    def drop_large(self, hunt: str) -> None:
        """Nothing is sent in pieces."""


class MovingHunt:
    """One seed: hunts that are entered, played and moved, one after the other."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(f"{seed}/moving hunt")
        self.loop = SimLoop()  # type: ignore[abstract]
        self.hunt = ""
        self.log: list[int] = []
        self.violations: list[Violation] = []
        self._tenures = 0
        self._places = [MovingNode(self, name) for name in ("a", "b", "c")]
        self._ways = list(self._linked())

    def _linked(self) -> Iterator[SlowWay]:
        for one, other in ((0, 1), (0, 2), (1, 2)):
            near, far = self._places[one], self._places[other]
            there, back = SlowWay(self, far, far.me), SlowWay(self, near, near.me)
            there.back, back.back = back, there
            near.links[far.me.node], far.links[near.me.node] = there, back
            yield from (there, back)

    def broken(self, text: str) -> None:
        """Note a broken promise."""
        self.violations.append(Violation("I4", text, self.hunt))

    def run(self) -> list[Violation]:
        """Play the seed and return what it breaks."""
        self.loop.call_soon(self._begin)
        self.loop.run(lambda: False, 1.0)
        for number in range(HUNTS):
            self.hunt, self.log = f"h{number}", list(range(1, self.draw.randrange(2, 5)))
            self._play()
        assert not self.loop.errors, self.loop.errors
        return self.violations

    def _begin(self) -> None:
        for place in self._places:
            for link in place.links.values():
                place.router.up(link)  # type: ignore[arg-type]
        self._take(self._places[1])

    def _play(self) -> None:
        draw, call_later = self.draw, self.loop.call_later
        for way in self._ways:
            way.delay_s = draw.uniform(0.0005, LINK_S) * draw.random() ** 2
        ears = [HuntEar(self, draw.choice(self._places), f"ear{number}") for number in range(draw.randrange(1, 4))]
        for ear in ears:
            call_later(draw.uniform(0, BUSY_S), ear.come)
        for _ in range(draw.randrange(3)):
            call_later(draw.uniform(0, BUSY_S), self._move)
        for _ in range(draw.randrange(4)):
            call_later(draw.uniform(0, BUSY_S), self._write)
        self.loop.run(lambda: False, QUIET_S)
        for ear in ears:
            if ear.stands != len(self.log):
                self.broken(f"{ear.by} stands at {ear.stands} when all is quiet, the hunt at {len(self.log)}")
            self.loop.call_soon(ear.go)
        self.loop.run(lambda: False, 1.0)

    def _owner(self) -> MovingNode | None:
        return next((place for place in self._places if not place.shard.elsewhere), None)

    def _move(self) -> None:
        before = self._owner()
        if before is not None:
            before.release()
            after = self.draw.choice([place for place in self._places if place is not before])
            self.loop.call_later(self.draw.uniform(0.001, 0.02), self._take, after)

    def _take(self, place: MovingNode) -> None:
        self._tenures += 1
        place.take(self._tenures)

    def _write(self) -> None:
        owner = self._owner()
        if owner is None:
            self.loop.call_later(0.005, self._write)
        else:
            owner.write()


def _nothing(*_: Any) -> None:
    pass


def play(seed: int) -> list[Violation]:
    """Play a seed and return what it breaks."""
    return MovingHunt(seed).run()
