"""A body on its way to a socket, piece by piece: no more is read than the socket takes.

Owns one stream from its first byte to its last. Writes nothing by itself and knows no HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from huntserver.gateway.site import BodyStream

PIECE_BYTES: Final = 128 * 1024


class Pouring:
    """Reads a stream and hands it on. `write` tells whether more is taken now; else `resume` says when. `done` hears
    whether all went out; `within` is called before each piece: it may take its time anew."""

    def __init__(
        self,
        stream: BodyStream,
        write: Callable[[bytes], bool],
        done: Callable[[bool], None],
        within: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._write = write
        self._done = done
        self._within = within
        self._may_write = asyncio.Event()
        self._stopped = False

    async def run(self) -> None:
        """Send all of it, or what can be; then tell."""
        at, size = 0, self._stream.size
        try:
            while at < size and not self._stopped:
                stop = min(at + PIECE_BYTES, size)
                piece = await self._stream.read(at, stop)
                if self._stopped:
                    break
                at = stop
                self._within()
                self._may_write.clear()
                if not self._write(piece):
                    await self._may_write.wait()
        except OSError:  # the store is gone in the middle: the socket is closed, and the browser asks for the rest
            pass
        finally:
            self._stream.done()
            self._done(at >= size and not self._stopped)

    def resume(self) -> None:
        """The socket takes more."""
        self._may_write.set()

    def stop(self) -> None:
        """The socket is gone."""
        self._stopped = True
        self._may_write.set()
