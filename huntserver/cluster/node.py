"""A server's part in a cluster: its member, keeper, links and router, tied together.

Composes what `actors.cluster` has and owns the order of start and stop. One process by itself has none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from actors.background import Background
from actors.cluster.keeper import Keeper
from actors.cluster.links.handshake import SECRET_BYTES_MIN
from actors.cluster.links.network import Links, LinksConfig
from actors.cluster.links.own_address import answered_by_another
from actors.cluster.member import Member
from actors.cluster.membership import GroupMember
from actors.cluster.router import NoticeTopic, Router
from actors.cluster.serving import request_of
from actors.cluster.watches import Audience, Listeners
from actors.reporter import Reporter
from actors.system import ActorSystem
from huntserver.auth import Tokens
from huntserver.cluster.codec import GameCodec
from huntserver.cluster.seen import PATH
from huntserver.cluster.tls import link_tls
from huntserver.cluster.view import ClusterPage
from huntserver.config import Cluster, Config, ConfigError, log_url
from huntserver.gateway.cluster_rooms import ClusterRooms
from huntserver.gateway.ports import Peers
from huntserver.gateway.site import HttpRequest, Reply
from huntserver.limits import Limits
from huntserver.readiness import Check

SECRET_VARIABLE: Final = "HUNTSERVER_CLUSTER_SECRET"


def read_secret(chosen: Cluster) -> bytes:
    """Return the secret that all nodes share. Raises `ConfigError`."""
    given = os.environ.get(SECRET_VARIABLE, "").encode()
    where = SECRET_VARIABLE
    if not given:
        if not chosen.secret_file:
            raise ConfigError(
                f"cluster.secret_file is empty and {SECRET_VARIABLE} is not set: all nodes share a secret of "
                f"{SECRET_BYTES_MIN} bytes or more"
            )
        where = chosen.secret_file
        try:
            given = Path(where).read_bytes().strip()
        except OSError as error:
            raise ConfigError(f"cluster.secret_file: {where} cannot be read ({error.strerror})") from error
    if len(given) < SECRET_BYTES_MIN:
        raise ConfigError(
            f"{where}: the cluster's secret has {len(given)} bytes, at least {SECRET_BYTES_MIN} are needed"
        )
    return given


class Told(NoticeTopic, Protocol):
    """What nodes tell each other of, under one topic."""

    def attach(self, peers: Peers) -> None:
        """Say how other nodes are told."""
        ...


class _Topic(NamedTuple):
    """The other nodes, under one topic."""

    router: Router
    topic: str

    def tell(self, body: bytes, only: Hashable = None) -> None:
        """Tell all that are reached, or only one of them."""
        self.router.tell(self.topic, body, only)

    def out_of_reach(self) -> int:
        """Return how many members are not reached now."""
        return self.router.out_of_reach()


class ClusterNode:
    """Made before the actor system; `join` once that has started, `leave` instead of draining it."""

    def __init__(self, config: Config, run: str, shards: Mapping[str, int], limits: Limits, report: Reporter) -> None:
        chosen = config.cluster
        host, _, port = chosen.listen.rpartition(":")
        self.me = Member(chosen.advertise or chosen.listen, run, tuple(chosen.roles))
        self.keeper = Keeper(
            self.me, shards, report, standby=chosen.standby, reaches=self._reaches, linked=self._linked
        )
        self.rooms = ClusterRooms(limits)
        self.audience = Audience(self.rooms, request_of)
        self._config = config
        self._shards = dict(shards)
        self._report = report
        self._group_name = chosen.group or config.log.topic_prefix
        tls = link_tls(chosen) or (None, None)
        self._links_config = LinksConfig(
            self._group_name, self._shards, read_secret(chosen), host.strip("[]"), int(port), *tls
        )
        self.links: Links | None = None
        self.router: Router | None = None

    def _reaches(self) -> int:
        """Return to how many other members links are up."""
        links = self.links
        return sum(links.link(member) is not None for member in self.keeper.members()) if links is not None else 0

    def _linked(self, node: str, run: str) -> Member | None:
        """Return who is at the other end of a link."""
        link = self.links.up.get((node, run)) if self.links is not None else None
        return link.peer if link is not None else None

    def route(self, system: ActorSystem, listeners: Listeners) -> Router:
        """Return the way in to the actors of the whole cluster. `listeners` are the rooms, or what stands before them:
        who is told what entities of other nodes show."""
        self.audience.listeners = listeners
        router = self.router = Router(system, self.keeper, GameCodec(), listeners, self.audience)
        self.links = Links(self.me, self._links_config, self.keeper, router, self._report)
        router.attach(self.links.link, system.background)
        self.rooms.watch, self.rooms.is_here = router.watch, router.watches.is_here
        return router

    def share(self, topic: str, told: Told) -> None:
        """Let this node and the others tell each other of something."""
        assert self.router is not None
        self.router.topics[topic] = told
        told.attach(_Topic(self.router, topic))

    async def join(self, system: ActorSystem, connect: Mapping[str, Any], background: Background) -> None:
        """Listen for peers and become a member. Raises `ConfigError` when the link port cannot be had."""
        assert self.links is not None
        try:
            await self.links.start(background)
        except OSError as error:
            raise ConfigError(
                f"cluster.listen: cannot listen on {self._config.cluster.listen} ({error.strerror or error})"
            ) from error
        why = await answered_by_another(self.me, self._group_name, self._shards, self._links_config.client_tls)
        if why:
            await self.links.close()
            raise ConfigError(f"cluster.advertise: {why}")
        _, bootstrap = log_url(self._config.log.url)
        group = GroupMember(
            bootstrap,
            self._group_name,
            shards=self._shards,
            report=self.keeper.report,
            changed=self.keeper.generation,
            reporter=self._report,
            connect=connect,
            replication=self._config.log.replication or None,
            session_s=self._config.cluster.session_s,
        )
        background.run("membership", group.run)
        self.keeper.start(system, group)

    def page(
        self, system: ActorSystem, tokens: Tokens, others: Callable[[HttpRequest, Reply], None]
    ) -> Callable[[HttpRequest, Reply], None]:
        """Return what answers below `/api/`: the cluster's page, and what `others` has."""
        assert self.links is not None
        page = ClusterPage(self.keeper, self.links, system, tokens)
        return lambda asked, reply: (page.answer if asked.path == PATH else others)(asked, reply)

    def check(self) -> Check:
        """Return what `/readyz` says: is this node a member, and does it reach half of all, itself counted?"""
        assert self.links is not None
        if not any(member.same(self.me.node, self.me.run) for member in self.keeper.rules.table.members):
            return Check(False, 0.0, "the group has not taken this node in: it has no table with it")
        figures = self.links.statistics()
        if (figures.up + 1) * 2 < figures.wanted + 1:
            return Check(False, 0.0, f"links to {figures.up} of {figures.wanted} other nodes are up")
        return Check(True, 0.0)

    async def leave(self) -> None:
        """Hand all shards over and leave the group; the system is drained on return."""
        if self.links is not None:
            self.links.leave()
        await self.keeper.leave()

    async def close(self) -> None:
        """End the links."""
        if self.links is not None:
            await self.links.close()

    def sources(self) -> Sequence[tuple[str, Any]]:
        """Return the statistics for the metrics page."""
        assert self.links is not None
        assert self.router is not None
        requests = self.router.requests.statistics
        return [("cluster", self.keeper.statistics), ("links", self.links.statistics), ("requests", requests)]


__all__ = ["ClusterNode", "read_secret"]
