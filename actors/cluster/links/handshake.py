"""How two nodes come to trust each other: the same log, the same shard counts, a version both speak, the same secret.

Pure. Each side sends `LinkHello`, then `LinkProof` over both hellos; the secret is never sent, and a proof is of no use
on another link or in the other direction. A refusal names the thing, both values and the cure.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import msgspec

from actors.cluster.links.frames import (
    OLDEST,
    VERSION,
    AnyFrame,
    LinkFrame,
    LinkHello,
    LinkProof,
    LinkRefusal,
    LinkUnknown,
)
from actors.cluster.member import Member

SECRET_BYTES_MIN: Final = 16
SALT_BYTES: Final = 16


class LinkRefusedByPeer(Exception):
    """The other side refuses the link, or this side refuses the other; `code` tells why, the text the cure."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Handshake:
    """One side of the handshake. Send what `begin` and `take` return; done when `peer` is set. `version` is then the
    one that both speak: what is younger is not sent. `speaks`: the oldest and the youngest that this side speaks."""

    def __init__(
        self,
        me: Member,
        cluster: str,
        shards: dict[str, int],
        secret: bytes,
        salt: bytes,
        *,
        speaks: tuple[int, int] = (OLDEST, VERSION),
    ) -> None:
        self.peer: Member | None = None
        self.version = 0
        self.mine = LinkHello(speaks[1], cluster, me.node, me.run, me.roles, shards, salt, speaks[0])
        self._secret = secret
        self._theirs: LinkHello | None = None

    def begin(self) -> list[LinkFrame]:
        """Return what is sent first."""
        return [self.mine]

    def take(self, frame: AnyFrame | LinkUnknown) -> list[LinkFrame]:
        """Take a frame of the other side; return what is sent to it. Raises `LinkRefusedByPeer`."""
        if isinstance(frame, LinkRefusal):
            raise LinkRefusedByPeer(frame.code, f"the peer refuses the link: {frame.why}")
        if isinstance(frame, LinkHello) and self._theirs is None:
            self._judge(frame)
            self._theirs = frame
            return [LinkProof(self._mac(self.mine, frame))]
        if isinstance(frame, LinkProof) and self._theirs is not None and self.peer is None:
            if not hmac.compare_digest(frame.mac, self._mac(self._theirs, self.mine)):
                raise LinkRefusedByPeer(
                    "wrong_secret",
                    f"{self._theirs.node} has another cluster secret; give all nodes the same cluster.secret_file",
                )
            self.peer = Member(self._theirs.node, self._theirs.run, self._theirs.roles)
            return []
        raise LinkRefusedByPeer("protocol", f"a {type(frame).__name__} before the handshake was done")

    def _judge(self, theirs: LinkHello) -> None:
        mine = self.mine
        self.version = min(mine.version, theirs.version)
        if self.version < max(mine.oldest, theirs.oldest or theirs.version):
            raise LinkRefusedByPeer(
                "version",
                f"{theirs.node} speaks {_versions(theirs)} of the link, this node {_versions(mine)}: upgrade through a "
                "version of the server that speaks one of each",
            )
        if theirs.cluster != mine.cluster:
            raise LinkRefusedByPeer(
                "other_cluster",
                f"{theirs.node} is a node of the cluster {theirs.cluster!r}, this one of {mine.cluster!r}",
            )
        if theirs.shards != mine.shards:
            raise LinkRefusedByPeer(
                "other_shards",
                f"{theirs.node} has the shard counts {theirs.shards}, this node {mine.shards}; they are for life",
            )
        if (theirs.node, theirs.run) == (mine.node, mine.run):
            raise LinkRefusedByPeer("self", f"{theirs.node} is this node: cluster.advertise leads back here")
        if len(theirs.salt) != SALT_BYTES:
            raise LinkRefusedByPeer("protocol", f"a salt of {len(theirs.salt)} bytes; {SALT_BYTES} are sent")

    def _mac(self, first: LinkHello, second: LinkHello) -> bytes:
        """Prove the secret for the one whose hello is `first`, towards the other. Over what every version has in it:
        what was added since, the other side may not have read."""
        said = msgspec.msgpack.encode([_first_version(first), _first_version(second)])
        return hmac.new(self._secret, said, hashlib.sha256).digest()


def _first_version(hello: LinkHello) -> list[object]:
    return ["hi", hello.version, hello.cluster, hello.node, hello.run, hello.roles, hello.shards, hello.salt]


def _versions(hello: LinkHello) -> str:
    oldest = hello.oldest or hello.version
    return f"version {hello.version}" if oldest == hello.version else f"versions {oldest} to {hello.version}"
