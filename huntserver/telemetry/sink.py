"""Where log lines leave the process: a file descriptor that may be closed, full or not read by anybody.

Owns the lines that could not be written yet. Never raises and never blocks: a server must not stop playing because its
log shipper restarts, its disk is full, or nobody reads its pipe. What does not fit the bound is dropped and counted,
and the next line that gets through says how many were.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections import deque
from typing import Final

PENDING_LINES_MAX: Final = 10_000
PENDING_BYTES_MAX: Final = 4 * 1024 * 1024
CHUNK_BYTES: Final = select.PIPE_BUF
"""A pipe that polls as writable takes this many bytes without blocking (POSIX, `write`)."""


class LineSink:
    """A text stream over a file descriptor, as `structlog` and `logging` write to one.

    `write` takes whole lines or parts of them; each call is kept together. Lines are written at once while the
    descriptor takes them, in the order of the calls; later ones are tried again with the next line and by `flush`.
    `dropped` counts lines lost to the bound, `failing` tells that the last attempt failed or would have blocked.
    """

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self.failing = False
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._untold = 0  # dropped lines that no line in the log speaks of yet

    def write(self, text: str) -> int:
        """Take a line; return its length. Drops the line when too many wait already."""
        line = text.encode(errors="backslashreplace")
        full = len(self._pending) >= PENDING_LINES_MAX or self._pending_bytes + len(line) > PENDING_BYTES_MAX
        if self._pending and full:
            self.flush()
            full = len(self._pending) >= PENDING_LINES_MAX or self._pending_bytes + len(line) > PENDING_BYTES_MAX
        if self._pending and full:
            self.dropped += 1
            self._untold += 1
        else:
            self._keep(line)
        self.flush()
        return len(text)

    def flush(self) -> None:
        """Write what waits, as far as the descriptor takes it now."""
        try:
            self.failing = not self._drain()
            if self._untold and not self._pending:
                self._keep(b'{"event": "log_lines_dropped", "level": "warning", "count": %d}\n' % self._untold)
                self._untold = 0
                self.failing = not self._drain()
        except OSError:  # closed, full, gone: the lines stay; `dropped` and the metrics tell
            self.failing = True

    def isatty(self) -> bool:
        """Tell whether a person reads along."""
        with contextlib.suppress(OSError):
            return os.isatty(self._descriptor)
        return False

    @property
    def pending(self) -> int:
        """Lines that wait to be written."""
        return len(self._pending)

    def _keep(self, line: bytes) -> None:
        self._pending.append(line)
        self._pending_bytes += len(line)

    def _drain(self) -> bool:
        """Write until nothing waits (True) or the next bytes would block. Raises OSError."""
        while self._pending:
            line = self._pending[0]
            ready = self._poll.poll(0)
            if not ready or not ready[0][1] & select.POLLOUT:
                if ready and ready[0][1] & select.POLLNVAL:
                    raise OSError("the log's descriptor is closed")
                return False
            written = os.write(self._descriptor, line[:CHUNK_BYTES])
            self._pending_bytes -= written
            if written == len(line):
                self._pending.popleft()
            else:
                self._pending[0] = line[written:]
        return True
