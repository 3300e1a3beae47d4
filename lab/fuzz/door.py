"""The door under fuzz: any bytes on a socket get an answer, and never a traceback or silence."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Final

from huntserver.gateway.connection import Connection
from lab.rigs.gateway import MemoryTransport, Rig

BYTES_MAX: Final = 12_000
ANSWER: Final = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [^\r\n]*\r\n")
STATUSES: Final = frozenset({100, 101, 200, 304, 400, 401, 403, 404, 405, 413, 422, 426, 429, 431, 500, 501, 503})


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def statuses(data: bytes, step: int) -> list[int]:
    """Give bytes to a fresh socket in chunks of `step` (0: at once); return the statuses that were answered."""
    return _loop().run_until_complete(_statuses(data[:BYTES_MAX], step or len(data) or 1))


async def _statuses(data: bytes, step: int) -> list[int]:
    rig = Rig(hunt=False, definition_bytes_max=4000, hello_s=1e6, http_s=1e6, goodbye_s=1e6)
    wire = MemoryTransport()
    first = rig.gateway.accepting()
    first.connection_made(wire)
    for at in range(0, len(data), step):
        if wire.closed or wire.aborted:
            break
        (wire.protocol or first).data_received(data[at : at + step])
    for _ in range(4):
        await asyncio.sleep(0)
    written = b"".join(wire.written)
    found = [int(status) for status in ANSWER.findall(written)]
    assert rig.faults == [], rig.faults
    assert set(found) <= STATUSES, found
    became = isinstance(wire.protocol, Connection)
    if b"\r\n\r\n" in data and not became:
        waits = first._http is not None and first._http._upload is not None
        assert found or waits or wire.closed or wire.aborted, f"a whole head was met with silence: {data[:200]!r}"
    if found and not became:
        assert written.startswith(b"HTTP/1.1 ")
    (wire.protocol or first).connection_lost(None)
    assert rig.gateway.door._sockets == 0
    assert rig.gateway.door._body_bytes == 0
    return found
