"""A bounded mailbox with two lanes: control messages overtake ordinary ones.

Owns its messages and counts; knows nothing of what they mean. Never drops one: a full lane is the sender's to refuse.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple


class MailboxStatistics(NamedTuple):
    """Depths now, the deepest ever, and how many were taken in and refused."""

    ordinary: int
    control: int
    deepest: int
    accepted: int
    refused: int


class Mailbox:
    """Two FIFO lanes. Control is for the runtime itself (reactions, timers) and has a bound of its own."""

    __slots__ = ("_accepted", "_deepest", "_refused", "control", "control_max", "ordinary", "ordinary_max")

    def __init__(self, ordinary_max: int, control_max: int) -> None:
        self.ordinary: deque[Any] = deque()
        self.control: deque[Any] = deque()
        self.ordinary_max = ordinary_max
        self.control_max = control_max
        self._accepted = 0
        self._refused = 0
        self._deepest = 0

    def put(self, message: Any) -> bool:
        """Take an ordinary message; False when the lane is full."""
        lane = self.ordinary
        depth = len(lane)
        if depth >= self.ordinary_max:
            self._refused += 1
            return False
        lane.append(message)
        self._accepted += 1
        if depth >= self._deepest:
            self._deepest = depth + 1
        return True

    def put_control(self, message: Any) -> bool:
        """Take a control message; False when that lane is full."""
        if len(self.control) >= self.control_max:
            self._refused += 1
            return False
        self.control.append(message)
        self._accepted += 1
        return True

    def take(self) -> Any:
        """Return the next message, control first. Raises IndexError when both lanes are empty."""
        return self.control.popleft() if self.control else self.ordinary.popleft()

    def __len__(self) -> int:
        return len(self.ordinary) + len(self.control)

    def statistics(self) -> MailboxStatistics:
        """Return depths and counts."""
        return MailboxStatistics(len(self.ordinary), len(self.control), self._deepest, self._accepted, self._refused)
