"""What a client has seen of a hunt: the last seq of each channel, by which it knows that nothing is missing. Pure.

Protocol, rules 3 and 4: a push names the seq of its channel's push before it (`prev`); where that is higher than what
was seen, something was missed, and the client resumes.
"""

from __future__ import annotations

import enum
from typing import Any

from huntserver.client.incoming import Envelope


class Place(enum.Enum):
    """Where a push stands in its channel. `EARLY`: no snapshot has come yet that it could follow."""

    NEXT = "next"
    OLD = "old"
    GAP = "gap"
    EARLY = "early"


class PagePieces:
    """A large push that comes in pieces, and what was heard of its hunt meanwhile: it is younger than the push."""

    __slots__ = ("_texts", "held", "of")

    def __init__(self, of: int) -> None:
        self.of = of
        self._texts: list[str] = []
        self.held: list[tuple[Envelope, dict[str, Any] | None]] = []

    def add(self, n: int, of: int, text: str) -> str | None:
        """Take a piece; return the whole once it is there. Raises ValueError for one that is not the next."""
        if n != len(self._texts) or of != self.of or n >= of:
            raise ValueError(f"piece {n} of {of} is not the next one")
        self._texts.append(text)
        return "".join(self._texts) if len(self._texts) == of else None


class Following:
    """One hunt that a client listens to.

    `channels`: channel -> last seq seen; None while a snapshot must come. `pos`: the highest of any answer about the
    hunt. `known`: a snapshot was given, or all pushes from the first on. `asked`: a `resume` is under way.
    `whole`: no gap was seen since something last came in order behind a resume. `pieces`: of a snapshot on its
    way.
    """

    __slots__ = ("asked", "channels", "known", "pieces", "pos", "whole")

    def __init__(self) -> None:
        self.channels: dict[str, int] | None = None
        self.pos = 0
        self.known = False
        self.asked = False
        self.whole = True
        self.pieces: PagePieces | None = None

    def take(self, channel: str, seq: int, prev: int) -> Place:
        """Place a push; one that is next is noted as seen."""
        channels = self.channels
        if channels is None:
            return Place.EARLY
        seen = channels.get(channel, 0)
        if seq <= seen:
            return Place.OLD
        if prev > seen:
            return Place.GAP
        channels[channel] = seq
        if not self.asked:
            self.whole = True
        return Place.NEXT

    def seen(self, channel: str) -> int:
        """Return the last seq seen of a channel; 0: none."""
        return (self.channels or {}).get(channel, 0)

    def snapshot(self, channels: dict[str, int], seq: int) -> None:
        """Begin from a snapshot. What stood above it is not: the server knows another log by now."""
        self.channels = dict(channels)
        self.pos = seq
        self.known = self.whole = True

    def resumed(self, recovered: bool) -> bool:
        """Take the server's word on a resume: what follows is exactly what was missed, or a snapshot comes.

        Return whether anything is known that it is added to, or that is now out of date.
        """
        self.asked = False
        self.pieces = None
        known = self.known
        if not recovered:
            self.channels = None
        elif self.channels is None:
            # All there is follows, from the first push on; also where a snapshot was lost with its connection.
            self.channels, self.known, known = {}, True, False
        return known

    def point(self, hunt: str) -> dict[str, Any]:
        """Return where the client stands, as `hello` and `resume` say it.

        A channel that is not named stands at `seq`, so 0 is said: of a channel that was never heard nothing was seen.
        """
        point: dict[str, Any] = {"hunt": hunt, "seq": 0, "pos": self.pos}
        if self.channels:
            point["channels"] = dict(self.channels)
        return point
