"""All links of one node: the port where peers knock, the dialling, heartbeats, and what a lost link means.

Owns the sockets. One link for each pair of nodes: the node that comes first in order dials. When a link is lost both
sides try the other's port, and tell placement whether it is refused (the process is gone) and whether this node has
links to a majority. Never decides about shards.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Mapping
from socket import socket as Socket
from typing import Final, NamedTuple

from websockets.asyncio.connection import Connection as WebSocket
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import InvalidHandshake, WebSocketException

from actors.background import Background, backoff_s
from actors.clock import SuspensionDetector
from actors.cluster.links import dialling, frames
from actors.cluster.links.dialling import host_and_port, silent_logger, upgraded
from actors.cluster.links.frames import BadLinkFrame, LinkBeat, LinkFrame, LinkRefusal
from actors.cluster.links.handshake import SALT_BYTES, Handshake, LinkRefusedByPeer
from actors.cluster.links.link import MESSAGE_BYTES_MAX, STALLED_S, Link, Receiver
from actors.cluster.links.patience import LinkPatience
from actors.cluster.member import Member, Placement
from actors.reporter import Reporter

LOOK_S: Final = 0.1
BEAT_S: Final = 0.5
ANSWER_S: Final = 2.0
"""What the peer is given at first to answer once it is connected, at each of two steps; after one that took longer,
twice as long."""
PATIENT_S: Final = 16.0
"""The most that it is given. Nodes that are short of CPU answer late: with a time that does not grow none of their
dials ever came to an end, and what they had begun cost those that answered the more."""
REDIAL_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0)


class LinksConfig(NamedTuple):
    """`cluster` names the log, the same on all nodes; `host` and `port` are where this node listens."""

    cluster: str
    shards: Mapping[str, int]
    secret: bytes
    host: str
    port: int
    server_tls: ssl.SSLContext | None = None
    client_tls: ssl.SSLContext | None = None
    speaks: tuple[int, int] = (frames.OLDEST, frames.VERSION)


class LinksStatistics(NamedTuple):
    """Figures of all links of a node. `lost` counts links that ended; `waiting_bytes` are not written yet."""

    up: int
    wanted: int
    lost: int
    refused: int
    frames_sent: int
    frames_received: int
    bytes_sent: int
    bytes_received: int
    frames_unknown: int
    waiting_bytes: int


class _Peer:
    """What is known of a member that should have a link."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.trying = False
        self.tries = 0
        self.next_s = 0.0
        self.slow = 0  # dials in succession that were given up because the peer, connected, did not answer in time
        self.broken = False  # had a link, or was tried, and has none: placement was told
        self.is_gone = False  # its port refused: that run has ended, whoever listens there afterwards
        self.told: tuple[bool, bool] | None = None


class Links:
    """The links of one node. `start` listens and begins to dial; `close` ends all."""

    def __init__(
        self, me: Member, config: LinksConfig, placement: Placement, receiver: Receiver, report: Reporter
    ) -> None:
        self.me = me
        self.up: dict[tuple[str, str], Link] = {}
        self.port = config.port
        self._config = config
        self._placement = placement
        self._receiver = receiver
        self._report = report
        self._peers: dict[tuple[str, str], _Peer] = {}
        self._server: Server | None = None
        self._background: Background | None = None
        self._leaving = False
        self._suspension = SuspensionDetector()
        self._patience = LinkPatience(LOOK_S)
        self._beat_s = 0.0
        self._lost = self._refused = self._failed_knocks = 0
        self._gone_sent = [0, 0, 0, 0, 0]

    # ---- life

    async def start(self, background: Background) -> None:
        """Listen for peers, and keep a link to each member. Raises OSError when the port cannot be had."""
        self._background = background
        config = self._config
        self._server = await serve(
            self._knocked,
            config.host,
            config.port,
            ssl=config.server_tls,
            max_size=MESSAGE_BYTES_MAX,
            compression=None,
            ping_interval=None,
            open_timeout=PATIENT_S,
            close_timeout=1.0,
            server_header=None,
            logger=silent_logger(),
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        background.run("links", self._run)

    def leave(self) -> None:
        """Tell all peers that this node goes."""
        self._leaving = True
        for link in self.up.values():
            link.send(LinkBeat(True))

    async def close(self) -> None:
        """End all links and listen no more."""
        for link in list(self.up.values()):
            link.abort("this node stops")
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def link(self, member: Member) -> Link | None:
        """Return the link to a member, if there is one."""
        return self.up.get((member.node, member.run))

    # ---- looking after links

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._look(loop.time())
            await asyncio.sleep(LOOK_S)

    def _look(self, now_s: float) -> None:
        members = {(m.node, m.run): m for m in self._placement.members()}
        reached = {key[0]: key[1] for key in self.up}  # node -> run
        for key in [key for key in self._peers if key not in members]:
            del self._peers[key]
        for key, member in members.items():
            peer = self._peers.setdefault(key, _Peer(member))
            if reached.get(member.node, member.run) != member.run:  # another run has its address: this one has ended
                peer.broken = peer.is_gone = True
            elif key not in self.up and not peer.trying and now_s >= peer.next_s:
                peer.trying = True
                assert self._background is not None
                self._background.once(f"dial {member.node}", self._dial(peer))
        may_judge, silent_s = self._suspension.may_judge(now_s), self._patience.silent_s(now_s)
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            for link in self.up.values():
                link.send(LinkBeat(self._leaving))
        for key, link in list(self.up.items()):
            if may_judge and now_s - link.heard_s > silent_s:  # heartbeats included: it stands still
                link.abort(f"nothing was heard for {now_s - link.heard_s:.1f} s")
            elif may_judge and (stalled_s := link.stalled_s()) > STALLED_S:
                link.abort(f"it has read nothing for {stalled_s:.1f} s")
            elif key not in members and link.leaving and not self._leaving:
                link.abort("it has left the cluster")
        self._tell_resets()

    def _tell_resets(self) -> None:
        """Tell placement of links that are broken, and again when what that entitles to has changed."""
        majority = (len(self.up) + 1) * 2 > len(self._peers) + 1
        for key, peer in self._peers.items():
            if peer.broken and key not in self.up and peer.told != (peer.is_gone, majority):
                peer.told = (peer.is_gone, majority)
                self._placement.link_reset(peer.member, refused=peer.is_gone, majority=majority)

    async def _dial(self, peer: _Peer) -> None:
        member = peer.member
        host, port = host_and_port(member.node)
        first = (self.me.node, self.me.run) < (member.node, member.run)
        try:
            if first:
                await self._linked(peer, host, port)
            else:  # it dials us; here only whether anybody listens there is of interest
                (await dialling.connected(host, port)).close()
        except ConnectionRefusedError:
            peer.is_gone = peer.broken = True
        except ssl.SSLError as error:
            peer.broken = True
            why = (
                f"{error.verify_message or error.reason}"
                if isinstance(error, ssl.SSLCertVerificationError)
                else str(error)
            )
            self._refused += 1
            self._tried(
                peer, f"TLS: {why}; is its certificate of the cluster's authority, for this host?", "certificate"
            )
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException, BadLinkFrame) as error:
            peer.broken = True
            self._tried(peer, f"{type(error).__name__}: {error}")
        except LinkRefusedByPeer as error:
            peer.broken = True
            self._refused += 1
            self._tried(peer, str(error), code=error.code)
        finally:
            peer.trying = False
            peer.tries = 0 if (member.node, member.run) in self.up else peer.tries + 1
            peer.next_s = asyncio.get_running_loop().time() + backoff_s(max(1, peer.tries), _half, REDIAL_S)

    def _tried(self, peer: _Peer, why: str, code: str = "unreachable") -> None:
        if peer.tries & (peer.tries - 1) == 0:
            self._report.warn("link_failed", node=peer.member.node, peer=peer.member.run, code=code, why=why)

    async def _linked(self, peer: _Peer, host: str, port: int) -> None:
        """Dial, shake hands, each within a time, and serve the link until it ends."""
        connected = await dialling.connected(host, port)
        try:
            await self._greeted(peer, host, port, connected)
        finally:
            connected.close()

    async def _greeted(self, peer: _Peer, host: str, port: int, connected: Socket) -> None:
        within_s = min(ANSWER_S * 2**peer.slow, PATIENT_S)
        async with contextlib.AsyncExitStack() as stack:
            try:
                socket = await stack.enter_async_context(
                    upgraded(connected, host, port, self._config.client_tls, within_s)
                )
                found = await self._shake(socket, within_s)
            except TimeoutError:
                peer.slow += 1
                raise TimeoutError(f"connected, and no answer within {within_s:g} s") from None
            if found.run != peer.member.run:  # the one that was dialled has ended; this link is its successor's
                peer.broken = peer.is_gone = True
            await self._serve(found, socket)

    async def _knocked(self, socket: ServerConnection) -> None:
        """Serve a link that a peer dialled."""
        try:
            found = await self._shake(socket, PATIENT_S)  # who dialled gives up first
        except LinkRefusedByPeer as error:
            if error.code == "self":  # who dialled says it, or asked whether its address is its own
                return
            self._refused += 1
            self._report.warn("link_refused", peer=str(socket.remote_address), code=error.code, why=str(error))
        except (OSError, TimeoutError, WebSocketException, BadLinkFrame) as error:
            why = str(error) or f"no answer within {PATIENT_S:g} s"
            self._failed_knocks += 1
            if self._failed_knocks & (self._failed_knocks - 1) == 0:
                self._report.warn("link_failed", node=str(socket.remote_address), code="handshake", why=why)
        else:
            await self._serve(found, socket)

    async def _shake(self, socket: WebSocket, within_s: float) -> Member:
        config = self._config
        shaking = Handshake(
            self.me,
            config.cluster,
            dict(config.shards),
            config.secret,
            secrets.token_bytes(SALT_BYTES),
            speaks=config.speaks,
        )
        try:
            async with asyncio.timeout(within_s):
                await self._say(socket, shaking.begin())
                while shaking.peer is None:
                    message = await socket.recv(decode=False)
                    assert isinstance(message, bytes)
                    for frame in frames.decode(message):
                        await self._say(socket, shaking.take(frame))
        except LinkRefusedByPeer as error:
            with contextlib.suppress(WebSocketException, OSError):
                await self._say(socket, [LinkRefusal(error.code, str(error)[:500])])
            raise
        return shaking.peer

    @staticmethod
    async def _say(socket: WebSocket, said: list[LinkFrame]) -> None:
        for frame in said:
            await socket.send(frames.encode(frame))

    async def _serve(self, member: Member, socket: WebSocket) -> None:
        key = (member.node, member.run)
        before = self.up.get(key)
        if before is not None:  # it dialled anew, so its end of the old one is gone
            before.abort("the peer has dialled anew")
        for (node, _), older in list(self.up.items()):
            if node == member.node and older is not before:
                older.abort("another run of this node has come")
        link = Link(member, socket, self._receiver)
        self.up[key] = link
        self._failed_knocks = 0
        peer = self._peers.get(key)
        if peer is not None:
            peer.broken = peer.is_gone = False
            peer.told, peer.tries, peer.slow = None, 0, 0
        self._report.note("link_up", node=member.node, peer=member.run)
        self._placement.link_up(member)
        try:
            await link.run()
        finally:
            self._ended(key, link)

    def _ended(self, key: tuple[str, str], link: Link) -> None:
        self._lost += 1
        for at, figure in enumerate(link.statistics()[:5]):
            self._gone_sent[at] += figure
        if self.up.get(key) is not link:
            return
        del self.up[key]
        peer = self._peers.get(key)
        if peer is not None:
            peer.broken, peer.next_s = True, 0.0
        self._report.note("link_down", node=link.peer.node, peer=link.peer.run, why=link.why)

    def statistics(self) -> LinksStatistics:
        """Return the figures of all links, those that ended included."""
        now = [link.statistics() for link in self.up.values()]
        sums = [gone + sum(one[at] for one in now) for at, gone in enumerate(self._gone_sent)]
        sent, received, bytes_sent, bytes_received, unknown = sums
        return LinksStatistics(
            len(now),
            len(self._peers),
            self._lost,
            self._refused,
            sent,
            received,
            bytes_sent,
            bytes_received,
            unknown,
            sum(one.waiting_bytes for one in now),
        )


def _half() -> float:
    return 0.5
