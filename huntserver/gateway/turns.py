"""Who has something to write, and in which order: replies first, broadcasts in slices, one write a socket a turn.

Owns the two queues of connections that wait to be written to; what is written is theirs. A socket's frames leave in
the order in which they were given, whichever queue it stands in. Several frames in one write cost a sixth of as many
writes: each is a system call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Outbox(Protocol):
    """A connection with frames that are not written yet."""

    def flush(self) -> None:
        """Write all of them at once; nothing, if none are left."""
        ...


class Turns:
    """The two queues. `run` is called by the loop, once a turn for as long as somebody waits."""

    def __init__(self, slice_sockets: int, contain: Callable[[Exception], None]) -> None:
        self._slice = slice_sockets
        self._contain = contain
        self._replies: list[Outbox] = []
        self._broadcasts: deque[Outbox] = deque()
        self._scheduled = False

    def reply(self, outbox: Outbox) -> None:
        """Write to a socket in the next turn of the loop."""
        self._replies.append(outbox)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.run)

    def broadcast(self, outbox: Outbox) -> None:
        """Write to a socket when those before it were written to."""
        self._broadcasts.append(outbox)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.run)

    def run(self) -> None:
        """Take one turn: all replies, then a slice of the broadcasts."""
        replies, self._replies = self._replies, []
        broadcasts = self._broadcasts
        if broadcasts:
            replies += [broadcasts.popleft() for _ in range(min(self._slice, len(broadcasts)))]
        for outbox in replies:
            try:
                outbox.flush()
            except Exception as error:  # one socket's fault: all others wait for this turn, and for the next one
                self._contain(error)
        if broadcasts or self._replies:
            asyncio.get_running_loop().call_soon(self.run)
        else:
            self._scheduled = False

    def waiting(self) -> int:
        """Return how many sockets stand in line."""
        return len(self._replies) + len(self._broadcasts)
