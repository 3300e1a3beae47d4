"""The cluster as one node sees it: members, links, and for each shard whom the table and whom the log name.

Answers `GET /api/cluster`, for operators alone: addresses of nodes are nobody else's. Reads what others own.
"""

from __future__ import annotations

from typing import Final

from actors.cluster.keeper import Keeper
from actors.cluster.links.network import Links
from actors.entity import Rejected
from actors.shard.shard import Shard
from actors.system import ActorSystem
from huntserver.auth import Tokens
from huntserver.auth.tokens import NO_TOKEN
from huntserver.cluster.seen import ClusterView, MemberRow, ShardRow
from huntserver.gateway.site import HttpRequest, Reply, as_json, refused

OPERATORS: Final = Rejected("not_allowed", "only a token of the role admin may see the cluster")


def view(keeper: Keeper, links: Links, system: ActorSystem) -> ClusterView:
    """Return what is known now."""
    table, me = keeper.rules.table, keeper.me
    members = []
    for member in table.members:
        link = "here" if member == me else "up" if links.link(member) is not None else "down"
        members.append(MemberRow(member.node, member.run, member.roles, link, len(table.shards_of(member))))
    rows, standing_by = [], set(system.followed())
    for shard in system.shards():
        given, newest = table.owner(shard.id), keeper.newest(shard.id)
        rows.append(
            ShardRow(
                str(shard.id),
                given.node if given is not None else "",
                newest.node if newest is not None else "",
                newest.run if newest is not None else "",
                newest.nonce if newest is not None else "",
                newest.offset if newest is not None else -1,
                newest.released if newest is not None else False,
                _mode(shard, shard.id in standing_by),
                len(shard.waiting),
            )
        )
    return ClusterView(me.node, me.run, table.version, members, rows)


def _mode(shard: Shard, stands_by: bool) -> str:
    if stands_by:
        return "standby"
    return "" if shard.elsewhere else shard.ownership.mode.value


class ClusterPage:
    """The route."""

    def __init__(self, keeper: Keeper, links: Links, system: ActorSystem, tokens: Tokens) -> None:
        self._parts = keeper, links, system
        self._tokens = tokens

    def answer(self, asked: HttpRequest, reply: Reply) -> None:
        """Answer a request for `PATH`."""
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected):
            reply.reply(refused(OPERATORS if caller is NO_TOKEN else caller))
        elif caller.role != "admin":
            reply.reply(refused(OPERATORS))
        else:
            reply.reply(as_json(200, view(*self._parts)))
