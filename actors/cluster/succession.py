"""The question that stands before every tenure in a cluster: may this node open one on this shard now?

Words and a port; the answer is given by `placement`, which knows the group, and asked by a shard's supervisor, which
has read the shard's log up to its end. Owns nothing, does no I/O.
"""

from __future__ import annotations

import enum
from typing import NamedTuple, Protocol

from actors.log.port import ShardId


class Newest(NamedTuple):
    """The newest tenure of a shard's log: whose, its stamped nonce, the offset it landed at.

    `table`: the version of the placement table that it was opened under. `released`: its owner gave the shard up.
    """

    node: str
    run: str
    nonce: str
    offset: int
    table: int = 0
    released: bool = False


class Say(enum.Enum):
    """What the rules say of a tenure."""

    OPEN = "open"  # now
    WAIT = "wait"  # not yet: read on, and ask again
    STAND_BACK = "stand_back"  # the shard is another's


class Ruling(NamedTuple):
    """An answer. `again_s`: for WAIT, ask again after so long at the latest (infinite: only when something changes).

    `table`: the version of the placement table that it rests on; the tenure's record names it.
    """

    say: Say
    again_s: float
    why: str
    table: int = 0


class Succession(Protocol):
    """Who may open a tenure when. Every call answers at once."""

    def saw(self, shard: ShardId, newest: Newest | None) -> None:
        """Take the newest tenure as the shard's log has it up to its end (None: it holds none)."""
        ...

    def ruling(self, shard: ShardId) -> Ruling:
        """Say whether a tenure may be opened now on what was seen last."""
        ...

    def following(self, shard: ShardId) -> None:
        """The shard's log was read up to its end and is read on: nothing is left to replay when it may be taken."""
        ...

    def opened(self, shard: ShardId, newest: Newest) -> None:
        """A tenure of this node is durable and all before it has been read: it serves the shard."""
        ...

    def dropped(self, shard: ShardId, why: str, *, released: bool) -> None:
        """This node serves the shard no more and holds nothing of it; `released`: its log says that it was given up."""
        ...

    async def changed(self) -> None:
        """Return when a ruling may have changed."""
        ...
