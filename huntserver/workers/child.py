"""One worker: `python -m huntserver.workers.child`, started by `huntserver serve --workers N`.

Reads its order from stdin and serves until SIGTERM, or until stdin closes: it never outlives who started it. Says on
stdout whether it is ready, each time that changes.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import msgspec

from huntserver import telemetry
from huntserver.app import RunningServer, start, stop
from huntserver.cli.main import run
from huntserver.listening import Shared
from huntserver.workers.plan import WorkerOrder, WorkerState

LOOK_S: Final = 0.2


async def work() -> None:
    """Serve as the order says. Raises as `app.start` does."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # of a terminal's group; the supervisor's to answer
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    order = msgspec.json.decode(await reader.readline(), type=WorkerOrder)
    shared = Shared(socket.socket(fileno=order.fd), Path(order.links))
    orphaned = asyncio.ensure_future(reader.read())
    orphaned.add_done_callback(lambda _: asked.set())
    name = secrets.token_hex(4)
    sink = telemetry.configure(order.config.telemetry.format, order.config.telemetry.level, name)
    hunts = [Path(path) for path in order.hunts]
    starting = asyncio.ensure_future(start(order.config, hunts, run=name, sink=sink, shared=shared))
    ending = asyncio.ensure_future(asked.wait())
    await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        return
    server = starting.result()
    telling = asyncio.ensure_future(_tell(server))
    await ending
    telling.cancel()
    await stop(server)
    orphaned.cancel()


async def _tell(server: RunningServer) -> None:
    told = None
    while True:
        ready = server.readiness.state()
        state = WorkerState(ready.ready, ready.why)
        if state != told:
            told = state
            sys.stdout.buffer.write(msgspec.json.encode(state) + b"\n")
            sys.stdout.buffer.flush()
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    run(work)
