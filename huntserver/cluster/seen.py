"""The cluster as one node sees it, as it is sent: what `GET /api/cluster` answers, for the node and for who asks it.

Imports nothing of the server: the command line reads it, and must start at once.
"""

from __future__ import annotations

from typing import Final

import msgspec

PATH: Final = "/api/cluster"


class MemberRow(msgspec.Struct, frozen=True):
    """A member of the group. `link`: here (this node itself), up, or down; `shards` are those that the table gives."""

    node: str
    run: str
    roles: tuple[str, ...]
    link: str
    shards: int


class ShardRow(msgspec.Struct, frozen=True):
    """A shard. `given` is whom the table names, `owner` whose tenure is the newest that was heard of, at `offset`.

    Of a shard that this node has, `mode` is what it does with it and `waiting` counts messages for its recovery;
    of one that it stands by for, `mode` is "standby".
    """

    shard: str
    given: str
    owner: str
    run: str
    nonce: str
    offset: int
    released: bool
    mode: str = ""
    waiting: int = 0


class ClusterView(msgspec.Struct, frozen=True):
    """What `/api/cluster` answers. `node` is who was asked; `table` the version of its table."""

    node: str
    run: str
    table: int
    members: list[MemberRow]
    shards: list[ShardRow]
