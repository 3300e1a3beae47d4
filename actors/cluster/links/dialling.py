"""A connection to a node's link port: the socket, then the WebSocket on it, each within a time.

Owns nothing and knows no handshake; who dials when is `network`'s.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from socket import SOCK_STREAM
from socket import socket as Socket
from typing import Final

from websockets.asyncio.client import connect

from actors.cluster.links.link import MESSAGE_BYTES_MAX

CONNECT_S: Final = 2.0
"""What a connection is given, before the kernel's SYN retransmission backs off far; it needs no CPU time of the peer's
process. A new attempt finds a network that has healed sooner than an old one."""


def host_and_port(node: str) -> tuple[str, int]:
    """Return the two parts of HOST:PORT; an IPv6 host without its brackets."""
    host, _, port = node.rpartition(":")
    return host.strip("[]"), int(port)


async def connected(host: str, port: int) -> Socket:
    """Return a connected socket. Raises OSError, TimeoutError after `CONNECT_S`."""
    loop = asyncio.get_running_loop()
    failed: OSError = OSError(f"no address of {host!r}")
    async with asyncio.timeout(CONNECT_S):
        for family, type, protocol, _, address in await loop.getaddrinfo(host, port, type=SOCK_STREAM):
            made = Socket(family, type, protocol)
            made.setblocking(False)
            try:
                await loop.sock_connect(made, address)
            except OSError as error:
                made.close()
                failed = error
            except BaseException:
                made.close()
                raise
            else:
                return made
    raise failed


def upgraded(on: Socket, host: str, port: int, tls: ssl.SSLContext | None, within_s: float) -> connect:
    """Return the WebSocket on a connected socket, to be entered. Entering raises TimeoutError after `within_s`."""
    shown = f"[{host}]" if ":" in host else host
    return connect(
        f"{'wss' if tls is not None else 'ws'}://{shown}:{port}/link",
        sock=on,
        ssl=tls,
        max_size=MESSAGE_BYTES_MAX,
        compression=None,
        ping_interval=None,
        open_timeout=within_s,
        close_timeout=1.0,
        user_agent_header=None,
        proxy=None,
        logger=silent_logger(),
    )


def silent_logger() -> logging.Logger:
    """The library's own lines about a connection are ours to say."""
    logger = logging.getLogger("actors.cluster.links.websockets")
    logger.disabled = True
    return logger
