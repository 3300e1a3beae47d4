"""Is the address that a node advertises its own? Asked once, when it has begun to listen.

With an address that leads to another node, or that two nodes have, each link of the one ends the link of the other.
Knows a node by its first frame alone, and proves nothing: the answer ends a start, no more.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from typing import Final

from websockets.exceptions import InvalidHandshake, WebSocketException

from actors.cluster.links import frames
from actors.cluster.links.dialling import connected, host_and_port, upgraded
from actors.cluster.links.frames import BadLinkFrame, LinkHello
from actors.cluster.links.handshake import SALT_BYTES
from actors.cluster.member import Member

WITHIN_S: Final = 2.0
SALT: Final = SALT_BYTES


async def answered_by_another(me: Member, cluster: str, shards: dict[str, int], tls: ssl.SSLContext | None) -> str:
    """Return in words which other node answers at the address of `me`; empty: none. It is `me` that answers, or nobody
    does who can be understood: others may reach it all the same. Takes a few seconds at most."""
    host, port = host_and_port(me.node)
    hello = LinkHello(
        frames.VERSION, cluster, me.node, me.run, me.roles, shards, secrets.token_bytes(SALT), frames.OLDEST
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            on = await connected(host, port)
            try:
                async with upgraded(on, host, port, tls, WITHIN_S) as socket:
                    await socket.send(frames.encode(hello))
                    message = await socket.recv(decode=False)
                    assert isinstance(message, bytes)
                    theirs = next((frame for frame in frames.decode(message) if isinstance(frame, LinkHello)), None)
            finally:
                on.close()
    except (OSError, TimeoutError, InvalidHandshake, WebSocketException, BadLinkFrame):
        return ""
    if theirs is None or theirs.run == me.run:
        return ""
    whose = "another node" if theirs.node == me.node else theirs.node
    return f"{me.node} is answered by {whose} (run {theirs.run}); each node needs an address of its own"
