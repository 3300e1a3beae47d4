"""The words of a cluster: a member, and what a router may ask of the placement of shards.

Pure values and one port; owns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from actors.log.port import ShardId


class Member(msgspec.Struct, frozen=True):
    """One process of the cluster.

    `node` is HOST:PORT of its link port, as others reach it; `run` the id of this start of the process, as in the
    tenures it opens. A role that is the name of a topic makes it a candidate for that topic's shards.
    """

    node: str
    run: str
    roles: tuple[str, ...] = ()

    def same(self, node: str, run: str) -> bool:
        """Tell whether a tenure of this node and run is this member's."""
        return self.node == node and self.run == run


class Placement(Protocol):
    """Where shards are, as far as this node knows. Every call answers at once and never suspends."""

    me: Member

    def owner(self, shard: ShardId) -> Member | None:
        """Return where a command goes now; `me`: the local system. None: nobody is known to serve it."""
        ...

    def members(self) -> Sequence[Member]:
        """Return all others that should have a link."""
        ...

    def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever owners or members may have changed."""
        ...

    def told(self, shard: ShardId, owner: Member, nonce: str, offset: int, released: bool = False) -> None:
        """Note what a peer said: `owner` opened a tenure that landed at `offset` and is stamped with `nonce`, and
        (`released`) gave it up.

        Advice: it may be old (a lower offset is ignored), and only the log decides.
        """
        ...

    def link_reset(self, member: Member, *, refused: bool, majority: bool) -> None:
        """The link to a member broke. `refused`: nobody listens there any more (a redial was refused); `majority`:
        this node has links to more than half of the members, itself counted. May be told again as that changes."""
        ...

    def link_up(self, member: Member) -> None:
        """The link to a member is up: what an earlier reset entitled to is forgotten."""
        ...
