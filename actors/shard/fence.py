"""Who owns a shard, and which of its records count: the tenure protocol, sans I/O.

`TenureFold` is the reader's rule: a record counts if and only if its nonce is that of the latest tenure before it and
its seq is the next expected. A tenure's records bear its nonce with the offset that it landed at (`stamped`), so that
its opening record, should it land twice, does not let the records of the first place count again. `Ownership` is the
writer's side: one batch outstanding, acknowledged at exactly the offset that it must get, or else in doubt. Both are
checked against explicit-state models (`tests/models`). Never does I/O, never reads a clock, never makes a nonce.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


def stamped(nonce: str, offset: int) -> str:
    """Return what the records of a tenure bear that was opened with `nonce` and landed at `offset`."""
    return f"{nonce}@{offset}"


class Verdict(enum.Enum):
    """What the reader's rule says of one record."""

    TENURE = "tenure"
    COUNTS = "counts"
    VOID = "void"


class FoldState(NamedTuple):
    """What the fold keeps per shard; a marker carries it so that replay can start there."""

    nonce: str
    next_seq: int
    holder: str


class TenureFold:
    """The reader's rule over one shard, from its first record or from a marker's state."""

    __slots__ = ("holder", "next_seq", "nonce", "void_count")

    def __init__(self, start: FoldState | None = None) -> None:
        self.nonce, self.next_seq, self.holder = start or FoldState("", 0, "")
        self.void_count = 0

    def tenure(self, offset: int, nonce: str, holder: str) -> Verdict:
        """Take a tenure record: from here on only its nonce at this place counts, from seq 1."""
        self.nonce = stamped(nonce, offset)
        self.next_seq = 1
        self.holder = holder
        return Verdict.TENURE

    def record(self, nonce: str, seq: int) -> Verdict:
        """Judge any other record."""
        if nonce == self.nonce and seq == self.next_seq:
            self.next_seq = seq + 1
            return Verdict.COUNTS
        self.void_count += 1
        return Verdict.VOID

    def state(self) -> FoldState:
        """Return what a marker carries."""
        return FoldState(self.nonce, self.next_seq, self.holder)


class Mode(enum.Enum):
    """Where a node stands towards a shard."""

    IDLE = "idle"  # holds nothing, decides nothing
    OPENING = "opening"  # its tenure record is on the way, or what lies before it is being replayed
    OWNER = "owner"
    RELEASING = "releasing"  # its last record is staged: nothing may follow it
    DOUBT = "doubt"  # a batch had no clear outcome: memory is dropped, only a fresh tenure goes on
    MOVED = "moved"  # a newer tenure of another node was read
    RELEASED = "released"  # gave the shard up itself


class Ownership:
    """The owner's side of one shard.

    Invariants, asserted: a (nonce, seq) pair is stamped once; one batch is outstanding; nothing is stamped unless the
    node is owner; a nonce is never opened twice.
    """

    __slots__ = ("_used", "expected", "held", "held_seq", "last", "mode", "nonce", "outstanding", "seq")

    def __init__(self) -> None:
        self.mode = Mode.IDLE
        self.nonce = ""
        self.seq = 0  # last seq stamped under the nonce
        self.last = -1  # offset of the last record known to be in the log
        self.held = ""  # stamped nonce of the record at `last`; empty where it is not the node's own
        self.held_seq = 0  # and its seq
        self.expected = -1  # offset that the outstanding batch must get
        self.outstanding = 0  # records in the outstanding batch
        self._used: set[str] = set()

    def open(self, nonce: str) -> None:
        """Begin a tenure under a fresh nonce; its record is now on the way."""
        assert nonce not in self._used, "a nonce is used for one tenure only"
        assert self.mode is not Mode.OWNER or self.outstanding == 0
        self._used.add(nonce)
        self.nonce = nonce
        self.seq = 0
        self.outstanding = 0
        self.mode = Mode.OPENING

    def opened(self, offset: int) -> None:
        """The tenure record is durable at `offset` and all before it has been read: the node is owner."""
        assert self.mode is Mode.OPENING
        self.nonce = self.held = stamped(self.nonce, offset)
        self.held_seq = 0
        self.last = offset
        self.mode = Mode.OWNER

    def stamp(self) -> int:
        """Return the seq for the next record."""
        assert self.mode is Mode.OWNER, self.mode
        self.seq += 1
        return self.seq

    def handed(self, count: int) -> None:
        """A batch of `count` records was handed to the log."""
        assert self.outstanding == 0, "one batch outstanding a shard"
        assert self.mode in (Mode.OWNER, Mode.RELEASING), self.mode
        self.outstanding = count
        self.expected = self.last + 1

    def acknowledged(self, base: int) -> bool:
        """The batch is durable from `base` on. True: it counts and its effects may go out.

        False: something came between. It counts if all that lies from `expected` up to `base` is void and no tenure
        (`skipped`); else the node is in doubt (`doubt`).
        """
        assert self.outstanding, "an acknowledgement without a batch"
        if base != self.expected:
            return False
        self.last = base + self.outstanding - 1
        self.held_seq += self.outstanding
        self.outstanding = 0
        return True

    def skipped(self, base: int) -> None:
        """What lies from `expected` up to `base` was read: void records of others, no tenure. The batch counts."""
        assert self.outstanding
        assert base > self.expected
        self.last = base + self.outstanding - 1
        self.held_seq += self.outstanding
        self.outstanding = 0

    def doubt(self) -> None:
        """No clear outcome, or something came between: only a fresh tenure decides what counts."""
        self.mode = Mode.DOUBT
        self.outstanding = 0

    def superseded(self) -> None:
        """A newer tenure of another node was read: it owns the shard, and is not disputed."""
        self.mode = Mode.MOVED
        self.outstanding = 0

    def outlasted(self, offset: int) -> None:
        """The newer tenure is over, its holder gave the shard up or is gone: up to `offset` nothing is disputed."""
        assert self.mode is Mode.MOVED, self.mode
        self.last = max(self.last, offset)
        self.held, self.held_seq = "", 0
        self.mode = Mode.DOUBT

    def forget(self) -> None:
        """The shard is another node's to serve, or nobody's: hold nothing of it but what is known to be in its log."""
        assert self.mode is not Mode.RELEASING or self.outstanding == 0
        self.mode = Mode.IDLE
        self.outstanding = 0

    def lost(self) -> None:
        """An operator accepted that what was known of the log is gone."""
        self.last, self.held, self.held_seq = -1, "", 0

    def releasing(self) -> None:
        """The node's last record of the tenure was stamped: nothing is stamped after it."""
        assert self.mode is Mode.OWNER, self.mode
        self.mode = Mode.RELEASING

    def released(self) -> None:
        """The node's last record of the tenure is durable: it gave the shard up."""
        assert self.mode is Mode.RELEASING, self.mode
        assert self.outstanding == 0
        self.mode = Mode.RELEASED
