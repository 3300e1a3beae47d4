"""What came for a shard while it recovers: taken up in order once it serves, refused when that takes too long.

Owns the messages and how long they may wait; who holds it decides what becomes of them. A sender that waits knows less
than one that was refused: so nobody waits past an attempt that failed, or past the time of a late batch.
"""

from __future__ import annotations

from collections import deque

from actors.clock import Clock
from actors.shard.mailbox import Message


class RecoveryQueue:
    """Messages in the order they came, bounded in number and age, and only while a recovery is believed to end soon."""

    def __init__(self, clock: Clock, most: int, wait_s: float) -> None:
        self._clock = clock
        self._most = most
        self._wait_ns = int(wait_s * 1e9)
        self._messages: deque[tuple[str, Message]] = deque()
        self._since_ns = 0
        self.refuses = False  # an attempt failed or takes too long, and none has succeeded since

    def put(self, id: str, message: Message) -> bool:
        """Take a message in; False: it is to be refused."""
        if self.refuses or len(self._messages) >= self._most:
            return False
        if not self._messages:
            self._since_ns = self._clock.boot_ns()
        self._messages.append((id, message))
        return True

    def overdue(self) -> bool:
        """Tell whether the oldest message has waited for longer than it may."""
        return bool(self._messages) and self.waited_s() * 1e9 > self._wait_ns

    def waited_s(self) -> float:
        """Return for how long the oldest message has waited, in seconds; 0: there is none."""
        return (self._clock.boot_ns() - self._since_ns) / 1e9 if self._messages else 0.0

    def take(self) -> deque[tuple[str, Message]]:
        """Return all messages in order, and hold none of them."""
        taken, self._messages = self._messages, deque()
        return taken

    def __len__(self) -> int:
        return len(self._messages)
