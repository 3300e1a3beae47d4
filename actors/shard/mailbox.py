"""A bounded mailbox with two lanes: control messages overtake ordinary ones.

Owns its messages and counts, and what a message is; decides nothing. Never drops one: a full lane is the sender's to
refuse.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, NamedTuple, cast

COMMAND: Final = 0
QUERY: Final = 1
REACTION: Final = 2
WAKE: Final = 3

Key = tuple[str, int]
"""A command's idempotency key: (epoch, N)."""

Message = tuple[int, Any, Any, int, Any, Any]
"""(what it is, payload, sink, request, caller, key): a plain tuple, one for each command of the hot path."""


Lane = deque[Any]
_EMPTY: Final = cast(Lane, ())
"""A lane in which nothing was put since it was empty: a deque takes 760 bytes, and nearly all entities are idle."""


class MailboxStatistics(NamedTuple):
    """Depths now, the deepest that a run found, and how many were taken in and refused."""

    ordinary: int
    control: int
    deepest: int
    accepted: int
    refused: int


class Mailbox:
    """Two FIFO lanes. Control is for the runtime itself (reactions, timers) and has a bound of its own."""

    __slots__ = ("_deepest", "_refused", "_taken", "control", "control_max", "ordinary", "ordinary_max")

    def __init__(self, ordinary_max: int, control_max: int) -> None:
        self.ordinary = _EMPTY
        self.control = _EMPTY
        self.ordinary_max = ordinary_max
        self.control_max = control_max
        self._taken = 0
        self._refused = 0
        self._deepest = 0

    def put(self, message: Any) -> bool:
        """Take an ordinary message; False when the lane is full."""
        lane = self.ordinary
        if len(lane) >= self.ordinary_max:
            self._refused += 1
            return False
        if lane is _EMPTY:
            lane = self.ordinary = deque()
        lane.append(message)
        return True

    def put_control(self, message: Any) -> bool:
        """Take a control message; False when that lane is full."""
        lane = self.control
        if len(lane) >= self.control_max:
            self._refused += 1
            return False
        if lane is _EMPTY:
            lane = self.control = deque()
        lane.append(message)
        return True

    def put_back(self, message: Any, *, control: bool) -> None:
        """Put a message that was taken out in front of its lane again."""
        (self.control if control else self.ordinary).appendleft(message)

    def served(self, count: int) -> None:
        """Count `count` messages that a run took out of the lanes: cheaper than one by one as they come. Lanes that it
        emptied are let go."""
        self._taken += count
        depth = len(self.ordinary) + count
        if depth > self._deepest:
            self._deepest = depth
        if not self.ordinary:
            self.ordinary = _EMPTY
        if not self.control:
            self.control = _EMPTY

    def __len__(self) -> int:
        return len(self.ordinary) + len(self.control)

    def statistics(self) -> MailboxStatistics:
        """Return depths and counts."""
        deepest = max(self._deepest, len(self.ordinary))
        accepted = self._taken + len(self)
        return MailboxStatistics(len(self.ordinary), len(self.control), deepest, accepted, self._refused)
