"""Refusals that one entity gave by key: a straggling copy of a refused command is not executed after all.

Remembered for the life of a tenure, in memory alone, and bounded: of senders that were refused longest ago only the
highest number of each epoch is kept, and a copy at or below it is answered without being executed. Pure.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from actors.entity import Rejected
from actors.shard.dedup import EPOCHS_MAX, GONE_MAX

REFUSALS_MAX: Final = 32
BUSY: Final = Rejected("busy", "too many commands wait here; send again later", retry=True, after_ms=200)
MOVED: Final = Rejected("moved", "another node serves this; send it there with the same key", retry=True)
"""For a router alone, which sends the message on: a client never hears it."""
FORGOTTEN: Final = Rejected("key_too_old", "the key is below the window; the command is not executed now")
REFUSAL_BYTES: Final = 250
SENDER_BYTES: Final = 400


class EpochRefusals:
    """The refusals that one epoch of keys was given under this tenure: those of its 32 highest N.

    Its client does not send N before N-16 is answered. So an N that is 32 below another was answered long ago, and a
    straggling copy of it is not executed, whatever was remembered of it.
    """

    __slots__ = ("floor", "given")

    def __init__(self) -> None:
        self.given: dict[int, tuple[Rejected, int]] = {}
        self.floor = 0  # highest N forgotten

    def add(self, n: int, rejected: Rejected, seq: int) -> None:
        """Remember a refusal, and forget the one with the lowest N past 32."""
        self.given[n] = (rejected, seq)
        if len(self.given) > REFUSALS_MAX:
            self.floor = max(self.floor, min(self.given))
            del self.given[min(self.given)]

    def shrink(self) -> None:
        """Forget what was said, and keep that it was."""
        self.floor = max(self.floor, max(self.given, default=0))
        self.given = {}


class Refusals:
    """All that one entity refused by key, by sender and epoch. `count` refusals are held in full."""

    __slots__ = ("_count_max", "_senders_max", "_shrunk", "count", "senders")

    def __init__(self, count_max: int, senders_max: int) -> None:
        self.senders: dict[str, dict[str, EpochRefusals]] = {}  # who was refused last is the last
        self.count = 0
        self._shrunk: dict[str, dict[str, EpochRefusals]] = {}  # of these only the floors are kept
        self._count_max = count_max
        self._senders_max = senders_max

    def add(self, by: str, key: tuple[str, int], rejected: Rejected, seq: int) -> None:
        """Remember a refusal given at the entity's `seq`."""
        mine = self.senders.pop(by, None)
        if mine is None:
            mine = self._shrunk.pop(by, None) or {}
        self.senders[by] = mine
        epoch = mine[key[0]] = mine.pop(key[0]) if key[0] in mine else EpochRefusals()
        before = len(epoch.given)
        epoch.add(key[1], rejected, seq)
        self.count += len(epoch.given) - before
        if len(mine) > EPOCHS_MAX:  # those that were refused nothing for longest
            self._shrink(next(islice(reversed(mine.values()), EPOCHS_MAX, None)))
            if len(mine) > GONE_MAX:
                del mine[next(iter(mine))]
        while self.count > self._count_max:
            self._shrink_oldest()
        while len(self.senders) + len(self._shrunk) > self._senders_max:
            if not self._shrunk:
                self._shrink_oldest()
            del self._shrunk[next(iter(self._shrunk))]

    def find(self, by: str, key: tuple[str, int], seq: int) -> tuple[Rejected, int] | None:
        """Return the refusal given to this key under this tenure, with the seq it rested on; `seq` is the present."""
        mine = self.senders.get(by) or self._shrunk.get(by)
        epoch = None if mine is None else mine.get(key[0])
        if epoch is None:
            return None
        return epoch.given.get(key[1]) or ((FORGOTTEN, seq) if key[1] <= epoch.floor else None)

    def shrink(self) -> None:
        """Forget what was said to all, and keep that it was."""
        while self.senders:
            self._shrink_oldest()

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes; O(1)."""
        return REFUSAL_BYTES * self.count + SENDER_BYTES * (len(self.senders) + len(self._shrunk))

    def _shrink_oldest(self) -> None:
        by = next(iter(self.senders))
        mine = self.senders.pop(by)
        for epoch in mine.values():
            self._shrink(epoch)
        self._shrunk[by] = mine

    def _shrink(self, epoch: EpochRefusals) -> None:
        self.count -= len(epoch.given)
        epoch.shrink()
