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
EPOCH_BYTES: Final = 300
EPOCHS_A_SENDER: Final = 4
"""On average, of those that are remembered: a few senders may have `GONE_MAX` epochs each."""


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
    """All that one entity refused by key, by sender and epoch. `count` refusals are held in full, of `epochs`."""

    __slots__ = ("_count_max", "_senders_max", "_shrunk", "count", "epochs", "senders")

    def __init__(self, count_max: int, senders_max: int) -> None:
        self.senders: dict[str, dict[str, EpochRefusals]] = {}  # who was refused last is the last
        self.count = 0
        self._shrunk: dict[str, dict[str, EpochRefusals]] = {}  # of these only the floors are kept
        self.epochs = 0
        self._count_max = count_max
        self._senders_max = senders_max

    def add(self, by: str, key: tuple[str, int], rejected: Rejected, seq: int) -> None:
        """Remember a refusal given at the entity's `seq`."""
        mine = self.senders.pop(by, None)
        if mine is None:
            mine = self._shrunk.pop(by, None) or {}
        self.senders[by] = mine
        epoch = mine.pop(key[0], None)
        if epoch is None:
            epoch = EpochRefusals()
            self.epochs += 1
        mine[key[0]] = epoch
        before = len(epoch.given)
        epoch.add(key[1], rejected, seq)
        self.count += len(epoch.given) - before
        if len(mine) > EPOCHS_MAX:  # those that were refused nothing for longest
            self._shrink(next(islice(reversed(mine.values()), EPOCHS_MAX, None)))
            if len(mine) > GONE_MAX:
                del mine[next(iter(mine))]
                self.epochs -= 1
        while self.count > self._count_max:
            self._shrink_oldest()
        while self._too_many():
            if not self._shrunk:
                self._shrink_oldest()
            self.epochs -= len(self._shrunk.pop(next(iter(self._shrunk))))

    def _too_many(self) -> bool:
        senders = len(self.senders) + len(self._shrunk)
        most = self._senders_max
        return senders > most or (self.epochs > EPOCHS_A_SENDER * most and senders > 1)

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

    def clear(self) -> None:
        """Forget all: the tenure is over."""
        self.senders.clear()
        self._shrunk.clear()
        self.count = self.epochs = 0

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes; O(1)."""
        senders = len(self.senders) + len(self._shrunk)
        return REFUSAL_BYTES * self.count + SENDER_BYTES * senders + EPOCH_BYTES * self.epochs

    def _shrink_oldest(self) -> None:
        by = next(iter(self.senders))
        mine = self.senders.pop(by)
        for epoch in mine.values():
            self._shrink(epoch)
        self._shrunk[by] = mine

    def _shrink(self, epoch: EpochRefusals) -> None:
        self.count -= len(epoch.given)
        epoch.shrink()


class Ghosts(Refusals):
    """What a shard refused by key in the name of entities that do not exist, all of them together.

    Any id can be tried. By entity, one stranger's tries would push out what others were refused; so a sender
    pushes out his own. A key names one command (rule 2 of the protocol), and with it one entity.
    """

    __slots__ = ()

    def __init__(self, most: int) -> None:
        super().__init__(most, most)

    def remember(self, by: str, key: tuple[str, int], rejected: Rejected) -> None:
        """Take a refusal given in the name of one of them."""
        self.add(by, key, rejected, 0)
