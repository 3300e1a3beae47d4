"""The way in to the actors of a cluster: messages go to the local system, or over a link to the node that owns a shard.

Implements what the application asks of an actor system (`submit`, `query`), the delivery of reactions to other nodes,
and the receiving side of the links: commands of peers for shards that are owned here. A command is addressed to one
tenure, and an owner under another one does not decide it (docs/adr/0018-links.md). Knows no sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol

from actors.background import Background
from actors.cluster.keeper import Keeper, News
from actors.cluster.links import frames as f
from actors.cluster.links.link import Link
from actors.cluster.member import Member
from actors.cluster.requests import UNREACHABLE, RemoteRequest, RemoteRequests
from actors.cluster.serving import UNSENDABLE, EntityCodec, PeerSink, Serving
from actors.cluster.watches import Audience, Listeners, Watches
from actors.entity import Push, Rejected
from actors.log.port import ShardId
from actors.shard.actor import Caller, Sink, has_gone
from actors.shard.mailbox import COMMAND, QUERY, Key, Message
from actors.shard.reactions import ReactionBatch
from actors.shard.refusals import BUSY, MOVED
from actors.system import ActorSystem
from actors.way_in import WayIn

SWEEP_S: Final = 5.0


class NoticeTopic(Protocol):
    """What the applications of two nodes tell each other under one name, beside entities. `peer` stands for one link.

    A node of a version without the topic passes over it. What is told ends with the link: a peer that comes up is told
    the whole, then what changes, in that order.
    """

    def peer_up(self, peer: Hashable) -> None:
        """A node is reached: tell it all that it is to know (`Router.tell` with `only`)."""
        ...

    def peer_said(self, peer: Hashable, body: bytes) -> None:
        """It told something. Raises ValueError for what cannot be read."""
        ...

    def peer_down(self, peer: Hashable) -> None:
        """It is not reached any more."""
        ...


class Router(WayIn):
    """One node's messages. Made after the system and the keeper; `attach` gives it the links. `audience` is what the
    system publishes to."""

    def __init__(
        self,
        system: ActorSystem,
        keeper: Keeper,
        codec: EntityCodec,
        listeners: Listeners,
        audience: Audience,
    ) -> None:
        self.audience = audience
        self.serving = Serving(system, codec)
        self.watches = Watches(listeners, self._owner_link)
        audience.regains = self.watches.regained
        self.requests = RemoteRequests(self, system.background.guard)
        self._system = system
        self._keeper = keeper
        self._codec = codec
        self._link: Callable[[Member], Link | None] = lambda member: None
        self._stamps: dict[ShardId, tuple[Link, str]] = {}
        self._aiming = False
        self._served: dict[str, set[ShardId]] = {}
        self._listeners = listeners
        self.topics: dict[str, NoticeTopic] = {}
        system.forward = self.deliver
        system.moved = self._moved
        keeper.announce = self._announce
        keeper.listen(self._changed)
        self._up: dict[Link, None] = {}

    def attach(self, link: Callable[[Member], Link | None], background: Background) -> None:
        """Begin to use links."""
        self._link = link
        background.every("watches", SWEEP_S, self.watches.sweep)
        background.every("requests", SWEEP_S, self.requests.sweep)

    # ---- the application's way in

    def submit(
        self, kind: str, id: str, command: Any, sink: Sink, request: int, caller: Caller, key: Key | None
    ) -> None:
        """Send a command to wherever the entity lives; the sink hears once. Never suspends."""
        if self._system.regions[kind].shard(id).elsewhere:
            self._elsewhere(RemoteRequest(COMMAND, kind, id, command, sink, request, caller, key))
        else:
            self._system.submit(kind, id, command, sink, request, caller, key)

    def query(self, kind: str, id: str, query: Any, sink: Sink, request: int, caller: Caller) -> None:
        """Ask for a view; the sink hears once."""
        if self._system.regions[kind].shard(id).elsewhere:
            self._elsewhere(RemoteRequest(QUERY, kind, id, query, sink, request, caller, None))
        else:
            self._system.query(kind, id, query, sink, request, caller)

    def watch(self, kind: str, id: str) -> None:
        """Hear what an entity shows, wherever it lives."""
        self.watches.watch(kind, id)

    # ---- out

    def _elsewhere(self, request: RemoteRequest) -> None:
        if self.requests.full():
            request.sink.refused(request.request, BUSY, -1)
        else:
            self.route(request)

    def route(self, request: RemoteRequest) -> None:
        """Send a request to whoever serves its entity now. One whose client is gone ends here: sent again elsewhere it
        may have been refused by now, and would be executed after that (docs/adr/0018-links.md)."""
        if has_gone(request.sink):
            request.sink.refused(request.request, UNREACHABLE, -1)
            return
        kind, id = request.kind, request.id
        shard = self._system.regions[kind].shard(id)
        if not shard.elsewhere:
            self._here(request)
            return
        link = self._link_of(shard.id)
        if link is None:
            self.requests.later(request)
            return
        if not self.requests.takes(link):
            request.sink.refused(request.request, BUSY, -1)
            return
        self.watches.aim(kind, id)  # what follows the view is heard by the same link
        body, caller = self._codec.encode(request.payload), request.caller
        nonce = request.stamp = self._stamp(shard.id, link)
        n, request.sent_ns = self.requests.sending(request, link), self._system.boot_ns()
        if request.what == QUERY:
            frame: f.LinkFrame = f.LinkQuery(n, kind, id, nonce, body, caller.by, caller.role, caller.name)
        else:
            epoch, number = request.key or ("", 0)
            frame = f.LinkCommand(n, kind, id, nonce, body, caller.by, caller.role, caller.name, epoch, number)
        self._send(link, frame, request)

    def _send(self, link: Link, frame: f.LinkFrame, request: RemoteRequest) -> None:
        try:
            link.send(frame)
        except f.BadLinkFrame:
            self.requests.answered(link, frame.n)  # type: ignore[attr-defined]
            request.sink.refused(request.request, UNSENDABLE, -1)

    def target(self, request: RemoteRequest) -> object:
        """Return where a request would go now: here, or over which link to which tenure."""
        shard = self._system.regions[request.kind].shard(request.id)
        if not shard.elsewhere:
            return "here"
        link = self._link_of(shard.id)
        return link and (link, self._stamp(shard.id, link))

    def _here(self, request: RemoteRequest) -> None:
        kind, id, sink, caller = request.kind, request.id, request.sink, request.caller
        if request.what == QUERY:
            self._system.query(kind, id, request.payload, sink, request.request, caller)
        else:
            self._system.submit(kind, id, request.payload, sink, request.request, caller, request.key)

    def _link_of(self, shard: ShardId) -> Link | None:
        owner = self._keeper.owner(shard)
        return None if owner is None or owner == self._keeper.me else self._link(owner)

    def _owner_link(self, kind: str, id: str) -> Link | None:
        shard = self._system.regions[kind].shard(id)
        if not shard.elsewhere and self._system.nonce(shard.id):
            return None
        link = self._link_of(shard.id) if shard.elsewhere else None
        if link is None:
            raise LookupError(f"nobody is known to serve {shard.id}")
        return link

    def _stamp(self, shard: ShardId, link: Link) -> str:
        """Return the nonce of the tenure that a message is addressed to."""
        said = self._stamps.get(shard)
        if said is not None and said[0] is link:
            return said[1]
        newest = self._keeper.newest(shard)
        return newest.nonce if newest is not None and link.peer.same(newest.node, newest.run) else ""

    def _moved(self, kind: str, id: str, message: Message) -> None:
        """Take what came for a shard that is not here any more."""
        what, payload, sink, request, caller, key = message
        if isinstance(sink, PeerSink) or what not in (COMMAND, QUERY):
            sink.refused(request, MOVED, -1)  # who asked routes it
        else:
            self._elsewhere(RemoteRequest(what, kind, id, payload, sink, request, caller, key))

    # ---- reactions

    def deliver(self, kind: str, id: str, batch: ReactionBatch, sink: Any) -> None:
        """Send reactions to another node. A refusal is tried again by the source, so nothing is retried here."""
        shard = self._system.regions[kind].shard(id)
        link = self._link_of(shard.id)
        if link is None or self.requests.full() or not self.requests.takes(link):
            sink.refused(0, UNREACHABLE, -1)
            return
        request = RemoteRequest(COMMAND, kind, id, None, sink, 0, _NOBODY, None)
        n = self.requests.sending(request, link)
        items = tuple((item.seq, item.n, self._codec.encode(item.command)) for item in batch.items)
        self._send(link, f.LinkReactions(n, kind, id, self._stamp(shard.id, link), batch.source, items), request)

    # ---- what the application tells its peers

    def tell(self, topic: str, body: bytes, only: Hashable = None) -> None:
        """Tell the application on all nodes that are reached, or on one of them."""
        for link in self._up:
            if only is None or link is only:
                link.send(f.LinkNotice(topic, body))

    def out_of_reach(self) -> int:
        """Return how many members have no link with this node now."""
        return sum(self._link(member) is None for member in self._keeper.members())

    def _noticed(self, link: Link, frame: f.LinkNotice) -> None:
        topic = self.topics.get(frame.topic)
        if topic is not None:
            topic.peer_said(link, frame.body)

    # ---- placement

    def _announce(self, news: News) -> None:
        told = f.LinkTenures((_told(news),))
        for link in self._up:
            link.send(told)

    def _changed(self) -> None:
        if not self._aiming:
            self._aiming = True
            asyncio.get_running_loop().call_soon(self._aim)

    def _aim(self) -> None:
        self._aiming = False
        for kind, region in self._system.regions.items():
            here = {shard.id for shard in region.shards if not shard.elsewhere}
            gone = self._served.get(kind, set()) - here
            self._served[kind] = here
            if gone:
                self._listeners.forget(kind, lambda id, region=region, gone=gone: region.shard(id).id in gone)  # type: ignore[misc]
        self.watches.aim_all()
        self.requests.look()

    # ---- the receiving side of links

    def up(self, link: Link) -> None:
        """A link is established: the peer learns which tenures are known here."""
        self._up[link] = None
        link.send(f.LinkTenures(tuple(_told(news) for news in self._keeper.known())))
        for topic in self.topics.values():
            topic.peer_up(link)
        self._changed()

    def down(self, link: Link) -> None:
        """A link is gone."""
        self._up.pop(link, None)
        for topic in self.topics.values():
            topic.peer_down(link)
        for shard in [shard for shard, said in self._stamps.items() if said[0] is link]:
            del self._stamps[shard]
        self.audience.lost(link)
        self.watches.lost(link)
        self.requests.lost(link)
        self._changed()

    def received(self, link: Link, frame: f.AnyFrame) -> None:
        """Take a frame. One that the protocol does not have here ends the link."""
        take = _TAKES.get(frame.__class__)
        if take is None:
            link.abort(f"a {type(frame).__name__} after the handshake")
            return
        try:
            take(self, link, frame)
        except (KeyError, ValueError) as error:  # a kind of entity or a body that this version does not have
            link.abort(f"{type(frame).__name__} cannot be used: {type(error).__name__}: {error}")

    def _tenures(self, link: Link, frame: f.LinkTenures) -> None:
        for topic, index, node, run, nonce, offset, released in frame.tenures:
            self._keeper.told(ShardId(topic, index), Member(node, run), nonce, offset, released)

    def _accepted(self, link: Link, frame: f.LinkAccepted) -> None:
        request = self.requests.answered(link, frame.n)
        if request is None:
            return
        told = None
        if (said := frame.told) is not None and self._listeners.tell(
            request.kind, request.id, frame.pos, request.sink, said.channel, said.prev
        ):
            told = Push(said.channel, said.prev, (), True, said.state)
        request.sink.accepted(request.request, frame.answer, frame.pos, told)

    def _refused(self, link: Link, frame: f.LinkRefused) -> None:
        request = self.requests.answered(link, frame.n)
        if request is None:
            return
        if frame.code == MOVED.code:
            shard = self._system.regions[request.kind].shard(request.id).id
            if frame.nonce:
                self._stamps[shard] = (link, frame.nonce)
            else:
                self._stamps.pop(shard, None)
            if request.payload is not None:  # of reactions, the source itself tries again
                self.requests.later(request)
                return
        if request.what == QUERY and frame.pos >= 0 and not self._is_fresh(request):
            self.requests.later(request)
            return
        rejected = Rejected(frame.code, frame.msg, frame.retry, frame.after_ms, frame.why)
        request.sink.refused(request.request, rejected, frame.pos)

    def _is_fresh(self, request: RemoteRequest) -> bool:
        """Tell whether the answer to a question has come in time. What lay about on the way, or here while this process
        stood still, may miss what another owner has acknowledged since: it is asked for again."""
        return self._system.boot_ns() - request.sent_ns <= self._system.proof_ns

    def _viewed(self, link: Link, frame: f.LinkView) -> None:
        request = self.requests.answered(link, frame.n)
        if request is None:
            return
        if self.watches.viewed(link, request.kind, request.id, frame.pos) and self._is_fresh(request):
            view = self._codec.view(request.kind, request.payload, frame.view)
            request.sink.viewed(request.request, view, frame.pos)
        else:
            self.requests.later(request)

    def _shown(self, link: Link, frame: f.LinkShown) -> None:
        pushes = [
            Push(p.channel, p.prev, self._codec.events(frame.kind, p.events), p.told, p.state, p.parted, p.can_wait)
            for p in frame.pushes
        ]
        self.watches.shown(link, frame, pushes)


def _told(news: News) -> tuple[str, int, str, str, str, int, bool]:
    shard, owner = news.shard, news.owner
    return shard.topic, shard.index, owner.node, owner.run, news.nonce, news.offset, news.released


_NOBODY: Final = Caller("system", "system")
_TAKES: Final[dict[type, Callable[[Router, Link, Any], None]]] = {
    f.LinkTenures: Router._tenures,
    f.LinkCommand: lambda router, link, frame: router.serving.command(link, frame),
    f.LinkQuery: lambda router, link, frame: router.serving.query(link, frame),
    f.LinkReactions: lambda router, link, frame: router.serving.reactions(link, frame),
    f.LinkAccepted: Router._accepted,
    f.LinkRefused: Router._refused,
    f.LinkView: Router._viewed,
    f.LinkShown: Router._shown,
    f.LinkWatch: lambda router, link, frame: router.audience.watch(link, frame),
    f.LinkUnwatch: lambda router, link, frame: router.audience.unwatch(link, frame),
    f.LinkWatching: lambda router, link, frame: router.watches.watching(link, frame),
    f.LinkNotice: Router._noticed,
    f.LinkRewound: lambda router, link, frame: router.watches.rewound(link, frame),
}
