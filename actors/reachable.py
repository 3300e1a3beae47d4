"""Whether anybody still listens at the address of a node: asked before a shard is taken from who does not.

Opens a connection and closes it. Never takes silence for an answer: only a refusal means that the process is gone.
"""

from __future__ import annotations

import asyncio
from typing import Final

CONNECT_S: Final = 2.0
AGAIN_S: Final = 1.0
"""A process that has just started does not listen yet: it must be refused twice, so long apart."""


async def nobody_listens(node: str) -> bool:
    """Tell whether connections to HOST:PORT are refused. False when that cannot be told: no answer, no such name."""
    host, _, port = node.rpartition(":")
    if not host or not port.isdigit() or int(port) == 0:
        return False
    if not await _refused(host, int(port)):
        return False
    await asyncio.sleep(AGAIN_S)
    return await _refused(host, int(port))


async def _refused(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):  # silence, no route, no such host: it may live
        return False
    writer.close()
    return False
