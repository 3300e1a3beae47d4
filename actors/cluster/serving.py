"""What a node does for its peers: their commands, questions and reactions go to the shards that it owns.

A message is addressed to one tenure: it is decided under that one or answered with `moved`, so a copy that went astray
is not decided by a later owner. Answers leave in release order. Owns nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from actors.cluster.links import frames as f
from actors.cluster.links.link import Link
from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from actors.shard.reactions import ReactionBatch, ReactionItem
from actors.shard.refusals import MOVED
from actors.system import ActorSystem

BAD_BODY: Final = Rejected("bad_field", "the node that serves this does not know the message: their versions differ")
UNSENDABLE: Final = Rejected("too_large", "the message is larger than a link between nodes carries")


class EntityCodec(Protocol):
    """How messages to entities lie in bytes: the application's. Every method raises ValueError for what it cannot."""

    def encode(self, struct: Any) -> bytes:
        """Return a command, a question, or a view."""
        ...

    def command(self, kind: str, body: bytes) -> Any:
        """Read a command of a kind of entity."""
        ...

    def query(self, kind: str, body: bytes) -> Any:
        """Read a question."""
        ...

    def view(self, kind: str, query: Any, body: bytes) -> Any:
        """Read the answer to a question."""
        ...

    def events(self, kind: str, body: bytes) -> Any:
        """Read a push's events (JSON) into what can be shown."""
        ...


class Serving:
    """The peers' way to the local system."""

    def __init__(self, system: ActorSystem, codec: EntityCodec) -> None:
        self._system = system
        self._codec = codec

    def _is_served(self, link: Link, frame: f.LinkRequest) -> bool:
        """Tell whether a message is addressed to the tenure that is served here now; answer it with `moved` if not."""
        shard = self._system.regions[frame.kind].shard(frame.id)
        nonce = "" if shard.elsewhere else self._system.nonce(shard.id)
        if nonce and nonce == frame.nonce:
            return True
        link.send(refusal_frame(frame.n, MOVED, -1, nonce))
        return False

    def command(self, link: Link, frame: f.LinkCommand) -> None:
        """Decide a command."""
        command = self._read(link, frame, self._codec.command)
        if command is not None:
            key = (frame.epoch, frame.number) if frame.epoch else None
            sink, caller = PeerSink(self._codec, link, frame.n), Caller(frame.by, frame.role, frame.name)
            self._system.submit(frame.kind, frame.id, command, sink, 0, caller, key)

    def query(self, link: Link, frame: f.LinkQuery) -> None:
        """Answer a question."""
        query = self._read(link, frame, self._codec.query)
        if query is not None:
            sink, caller = PeerSink(self._codec, link, frame.n), Caller(frame.by, frame.role, frame.name)
            self._system.query(frame.kind, frame.id, query, sink, 0, caller)

    def _read(self, link: Link, frame: f.LinkCommand | f.LinkQuery, read: Callable[[str, bytes], Any]) -> Any:
        """Return what a message asks; None: it was answered, for it is another tenure's or cannot be read."""
        if not self._is_served(link, frame):
            return None
        try:
            return read(frame.kind, frame.body)
        except ValueError:
            link.send(refusal_frame(frame.n, BAD_BODY, -1))
            return None

    def reactions(self, link: Link, frame: f.LinkReactions) -> None:
        """Pass reactions on."""
        if self._is_served(link, frame):
            items = [ReactionItem(seq, n, self._codec.command(frame.kind, body)) for seq, n, body in frame.items]
            sink = PeerSink(self._codec, link, frame.n)
            self._system.deliver(frame.kind, frame.id, ReactionBatch(frame.source, items), sink)


class PeerSink:
    """The sink of a peer's request: answers go back over its link, in release order."""

    __slots__ = ("_codec", "_link", "_n")

    def __init__(self, codec: EntityCodec, link: Link, n: int) -> None:
        self._codec = codec
        self._link = link
        self._n = n

    def number_on(self, link: Link) -> int:
        """Return the request's number on a link; 0: it came by another."""
        return self._n if link is self._link else 0

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Send it."""
        said = None if told is None else f.PushFrame(told.channel, told.prev, b"[]", True, told.state)
        self._link.send(f.LinkAccepted(self._n, answer, pos, said))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """Send it."""
        self._link.send(refusal_frame(self._n, rejected, pos))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """Send it."""
        try:
            self._link.send(f.LinkView(self._n, pos, self._codec.encode(view)))
        except f.BadLinkFrame:
            self._link.send(refusal_frame(self._n, UNSENDABLE, pos))


def refusal_frame(n: int, rejected: Rejected, pos: int, nonce: str = "") -> f.LinkRefused:
    """Return a refusal as it is sent."""
    r = rejected
    return f.LinkRefused(n, pos, r.code, r.msg, r.retry, r.after_ms, r.why, nonce)


def request_of(origin: Any, link: Link) -> int:
    """Return the number on a link of the request that a sink answers; 0: it came by another way."""
    return origin.number_on(link) if isinstance(origin, PeerSink) else 0
