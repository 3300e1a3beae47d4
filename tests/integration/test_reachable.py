"""A node's address: somebody listens, nobody does, or that cannot be told."""

from __future__ import annotations

import asyncio
import socket

import pytest

from actors import reachable
from actors.reachable import nobody_listens


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachable, "AGAIN_S", 0.0)


async def test_only_a_refusal_means_that_nobody_listens() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert not await nobody_listens(f"127.0.0.1:{port}")
    server.close()
    await server.wait_closed()
    with socket.socket() as held:  # bound and not listening: refused, and nobody else gets the port
        held.bind(("127.0.0.1", 0))
        assert await nobody_listens(f"127.0.0.1:{held.getsockname()[1]}")


@pytest.mark.parametrize("node", ["", "host", "host:0", "host:port", "no-such-host.invalid:80"])
async def test_what_cannot_be_asked_is_not_gone(node: str) -> None:
    assert not await nobody_listens(node)
