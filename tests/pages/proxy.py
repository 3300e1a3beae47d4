"""A TCP proxy between a browser and a server that can be told to fail as networks fail.

Owns a thread with a loop, a listening port and every socket through it. Thread-safe: each method has taken effect when
it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any


class Proxy:
    """Forwards `port` to `target`. `refusing`: new connections are reset at once, as when a server is gone."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.refusing = False
        self.swallowing = False
        self.delay_s = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *exception: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    @property
    def url(self) -> str:
        """The address of the page through the proxy."""
        return f"http://127.0.0.1:{self.port}/"

    # ---- what networks do

    def cut(self) -> None:
        """Reset every connection there is."""
        self._do(self._reset)

    def gone(self) -> None:
        """No network: what is open is reset, what is new is refused."""
        self.refusing = True
        self.cut()

    def back(self) -> None:
        """The network is there again: for new connections, and for nothing that was swallowed."""
        self.refusing = self.swallowing = False
        self.delay_s = 0.0

    def swallow(self) -> None:
        """From now on bytes vanish both ways and nobody is told: a dead socket that looks alive."""
        self.swallowing = True

    # ---- the thread

    def _do(self, call: Callable[[], Any]) -> None:
        done = threading.Event()

        def both() -> None:
            call()
            done.set()

        self._loop.call_soon_threadsafe(both)
        assert done.wait(60)

    def _reset(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, there_writer}
        self._writers |= pair
        try:
            await asyncio.gather(self._pipe(reader, there_writer), self._pipe(there_reader, writer))
        finally:
            self._writers -= pair
            for one in pair:
                one.transport.abort()

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        swallowed = False
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                swallowed = swallowed or self.swallowing  # this connection is dead for good
                if not swallowed:
                    sink.write(data)
                    await sink.drain()
            if not swallowed and sink.can_write_eof():
                sink.write_eof()
