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
    TAKEN,
    VERSION,
    AnyFrame,
    LinkFrame,
    LinkHello,
    LinkProof,
    LinkRefusal,
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
    """One side of the handshake. Send what `begin` and `take` return; done when `peer` is set."""

    def __init__(self, me: Member, cluster: str, shards: dict[str, int], secret: bytes, salt: bytes) -> None:
        self.peer: Member | None = None
        self.mine = LinkHello(VERSION, cluster, me.node, me.run, me.roles, shards, salt)
        self._secret = secret
        self._theirs: LinkHello | None = None

    def begin(self) -> list[LinkFrame]:
        """Return what is sent first."""
        return [self.mine]

    def take(self, frame: AnyFrame) -> list[LinkFrame]:
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
        if theirs.version not in TAKEN:
            raise LinkRefusedByPeer(
                "version", f"{theirs.node} speaks version {theirs.version} of the link, this node {sorted(TAKEN)}"
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
        """Prove the secret for the one whose hello is `first`, towards the other."""
        said = msgspec.msgpack.encode([first, second])
        return hmac.new(self._secret, said, hashlib.sha256).digest()
