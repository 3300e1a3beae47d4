"""The messages of a link, and how they lie in bytes.

A WebSocket message carries any number of frames, each after its length: what is sent in one turn of the loop goes out
together. Bodies of commands, queries and views are opaque here; the application's codec reads them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, get_args

import msgspec

VERSION: Final = 1
"""Of the link protocol: raised when a frame that peers rely on is added or changes its meaning. What an older node need
not understand is added at the end of a frame, or as a frame that it ignores, and raises nothing."""
OLDEST: Final = 1
"""The oldest version that this node still speaks: the one before its own. Clusters are upgraded node by node."""
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024
"""Above the largest command and the largest view."""
_HEAD: Final = 4


class BadLinkFrame(ValueError):
    """Bytes that are no message of a link. The link is given up: nothing after them can be trusted."""


class LinkFrame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Root of all frames. `n` numbers a request on its link; its answer carries the same."""


class LinkHello(LinkFrame, tag="hi", frozen=True, gc=False):
    """First of each side. `cluster` names the log; `shards` the count of each topic; `salt` is fresh for each link;
    `oldest` is the oldest version that it speaks (0: none but `version`)."""

    version: int
    cluster: str
    node: str
    run: str
    roles: tuple[str, ...]
    shards: dict[str, int]
    salt: bytes
    oldest: int = 0


class LinkProof(LinkFrame, tag="proof", frozen=True, gc=False):
    """Shows that a side knows the cluster's secret, which itself is never sent."""

    mac: bytes


class LinkRefusal(LinkFrame, tag="no", frozen=True, gc=False):
    """The other side may not have a link. `why` is for an operator."""

    code: str
    why: str


class LinkBeat(LinkFrame, tag="beat", frozen=True, gc=False):
    """The node lives. `leaving`: it hands its shards over and goes."""

    leaving: bool = False


class LinkTenures(LinkFrame, tag="held", frozen=True, gc=False):
    """Tenures that this node opened, or saw: topic, index, node, run, nonce, offset, whether it was released."""

    tenures: tuple[tuple[str, int, str, str, str, int, bool], ...]


class LinkRequest(LinkFrame, frozen=True, gc=False):
    """Root of what is asked of an entity of the peer, addressed to one tenure."""

    n: int
    kind: str
    id: str
    nonce: str


class LinkQuery(LinkRequest, tag="q", frozen=True, gc=False):
    """A question of somebody's."""

    body: bytes
    by: str
    role: str
    name: str


class LinkCommand(LinkRequest, tag="c", frozen=True, gc=False):
    """A command of somebody's. `epoch` empty: without a key."""

    body: bytes
    by: str
    role: str
    name: str
    epoch: str = ""
    number: int = 0


class LinkReactions(LinkRequest, tag="r", frozen=True, gc=False):
    """Reactions of one source; an item is (seq, n, command)."""

    source: str
    items: tuple[tuple[int, int, bytes], ...]


class PushFrame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A push; `events` as JSON. `told`: the answer to the command says all of it."""

    channel: str
    prev: int
    events: bytes
    told: bool = False
    state: str | None = None
    parted: str = ""
    can_wait: bool = False


class LinkAccepted(LinkFrame, tag="a", frozen=True, gc=False):
    """The command is durable."""

    n: int
    answer: bytes
    pos: int
    told: PushFrame | None = None


class LinkRefused(LinkFrame, tag="x", frozen=True, gc=False):
    """The request was refused. `nonce`: with `moved`, the tenure under which this node serves the shard (or none)."""

    n: int
    pos: int
    code: str
    msg: str = ""
    retry: bool = False
    after_ms: int | None = None
    why: tuple[str, ...] | None = None
    nonce: str = ""


class LinkView(LinkFrame, tag="v", frozen=True, gc=False):
    """The answer to a question."""

    n: int
    pos: int
    view: bytes


class LinkWatch(LinkFrame, tag="w", frozen=True, gc=False):
    """Send what this entity shows from here on. `since`: the seq up to which it was heard (-1: from now)."""

    kind: str
    id: str
    since: int = -1


class LinkUnwatch(LinkFrame, tag="u", frozen=True, gc=False):
    """Nobody listens any more."""

    kind: str
    id: str


class LinkWatching(LinkFrame, tag="k", frozen=True, gc=False):
    """What follows of an entity is whole from `since` on; `whole` false: what came between is not known here."""

    kind: str
    id: str
    whole: bool


class LinkShown(LinkFrame, tag="p", frozen=True, gc=False):
    """A durable record's pushes. `n`: the request of this link that made it, else 0."""

    kind: str
    id: str
    seq: int
    at_ms: int
    pushes: tuple[PushFrame, ...]
    n: int = 0


class LinkRewound(LinkFrame, tag="b", frozen=True, gc=False):
    """Records that were shown are gone: the entity is at `seq`."""

    kind: str
    id: str
    seq: int


class LinkNotice(LinkFrame, tag="n", frozen=True, gc=False):
    """What the application of this node tells that of the peer. Nobody answers it, and it ends with the link: a peer
    that comes up is told the whole of a topic, then what changes. A topic that a node does not have is passed over."""

    topic: str
    body: bytes


class LinkUnknown(NamedTuple):
    """A frame of a later version that this one does not have: it is counted and ignored."""

    tag: str


AnyFrame = (
    LinkHello
    | LinkProof
    | LinkRefusal
    | LinkBeat
    | LinkTenures
    | LinkCommand
    | LinkQuery
    | LinkReactions
    | LinkAccepted
    | LinkRefused
    | LinkView
    | LinkWatch
    | LinkUnwatch
    | LinkWatching
    | LinkShown
    | LinkRewound
    | LinkNotice
)

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(AnyFrame).decode
_decode_any: Final = msgspec.msgpack.Decoder(list[Any]).decode
_TAGS: Final = frozenset(frame.__struct_config__.tag for frame in get_args(AnyFrame))
TAG_MAX: Final = 16


def encode(frame: LinkFrame) -> bytes:
    """Return a frame with its length before it. Raises `BadLinkFrame` for one over the limit."""
    body = _encode(frame)
    if len(body) > FRAME_BYTES_MAX:
        raise BadLinkFrame(f"a frame of {len(body)} bytes; at most {FRAME_BYTES_MAX} fit a link")
    return len(body).to_bytes(_HEAD, "big") + body


def _unknown(body: memoryview) -> LinkUnknown | None:
    """Return a frame by its tag alone, if it is one of a later version."""
    try:
        tag, *_ = _decode_any(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, ValueError):
        return None
    return LinkUnknown(tag) if isinstance(tag, str) and len(tag) <= TAG_MAX and tag not in _TAGS else None


def decode(message: bytes) -> Iterator[AnyFrame | LinkUnknown]:
    """Yield the frames of a message, without the fields that a later version added. Raises `BadLinkFrame` at the first
    that is none."""
    at, end = 0, len(message)
    while at < end:
        size = int.from_bytes(message[at : at + _HEAD], "big")
        if end - at < _HEAD or size > end - at - _HEAD:
            raise BadLinkFrame(f"a message of a link ends within a frame, at byte {at} of {end}")
        body = memoryview(message)[at + _HEAD : at + _HEAD + size]
        try:
            frame: AnyFrame | LinkUnknown = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            later = _unknown(body)
            if later is None:
                raise BadLinkFrame(f"no frame of a link at byte {at}: {error}") from error
            frame = later
        yield frame
        at += _HEAD + size


def joined(frames: Sequence[bytes]) -> bytes:
    """Return the message that carries encoded frames."""
    return b"".join(frames)
