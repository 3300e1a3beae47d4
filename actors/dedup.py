"""What an entity remembers of commands it accepted, so that a repeated one gets the first answer again.

Per player the 32 youngest answers over at most 4 epochs, in one bytes object (`docs/adr/0003`); per source of
reactions the highest (seq, n). Part of an entity's state: replayed and snapshotted with it. Pure.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

ANSWERS_MAX: Final = 32
EPOCHS_MAX: Final = 4
DEVICES_MAX: Final = 256
ANSWER_BYTES_MAX: Final = 200
PLAYERS_PER_PART: Final = 200

_ENTRY: Final = struct.Struct("<BQQB")  # epoch slot, N, pos, length of the answer that follows
_HEAD: Final = _ENTRY.size
_pack = _ENTRY.pack
_unpack = _ENTRY.unpack_from
_join = b"".join  # one copy: the bytes are some 1,400


class Known(NamedTuple):
    """The first answer to a command that was accepted before."""

    pos: int
    answer: bytes


class KeyTooOld(NamedTuple):
    """The key lies below what is remembered: it may have been executed, so it is not executed now."""

    code: str


TOO_OLD: Final = KeyTooOld("key_too_old")
TOO_MANY: Final = KeyTooOld("too_many_devices")


def _mark(epoch: str) -> bytes:
    return hashlib.blake2b(epoch.encode(), digest_size=8).digest()


class Answers:
    """The table of one player in one entity."""

    __slots__ = ("count", "data", "epochs", "floors", "gone", "last_epoch", "last_slot", "tops")

    def __init__(self) -> None:
        self.epochs: list[str] = []  # slots 0-3; the place in the list is the slot
        self.tops: list[int] = []  # highest N accepted, per slot
        self.floors: list[int] = []  # highest N forgotten, per slot
        self.data = b""
        self.count = 0
        self.last_epoch = ""  # the epoch added to last, and its slot: the usual case is found at once
        self.last_slot = 0
        self.gone = b""  # 8-byte marks of epochs that were pushed out

    def find(self, epoch: str, n: int) -> Known | KeyTooOld | None:
        """Return the first answer, or why the key cannot be judged, or None: the key is new."""
        if epoch == self.last_epoch:
            slot = self.last_slot
        else:
            try:
                slot = self.epochs.index(epoch)
            except ValueError:
                return self._find_stranger(epoch)
        if n > self.tops[slot]:
            return None
        data, at, end = self.data, 0, len(self.data)
        while at < end:
            s, number, pos, size = _unpack(data, at)
            if s == slot and number == n:
                return Known(pos, data[at + _HEAD : at + _HEAD + size])
            at += _HEAD + size
        return TOO_OLD if n <= self.floors[slot] else None

    def _find_stranger(self, epoch: str) -> KeyTooOld | None:
        if self.gone:
            mark = _mark(epoch)
            if any(self.gone[i : i + 8] == mark for i in range(0, len(self.gone), 8)):
                return TOO_OLD
            if len(self.gone) >= 8 * DEVICES_MAX and len(self.epochs) >= EPOCHS_MAX:
                return TOO_MANY
        return None

    def add(self, epoch: str, n: int, pos: int, answer: bytes) -> None:
        """Remember an accepted command; the oldest answer past 32 is forgotten."""
        if epoch == self.last_epoch:
            slot = self.last_slot
        else:
            try:
                slot = self.epochs.index(epoch)
            except ValueError:
                slot = self._slot_for(epoch)
            self.last_epoch = epoch
            self.last_slot = slot
        data = self.data
        if self.count >= ANSWERS_MAX:
            s, number, _, size = _unpack(data, 0)
            if number > self.floors[s]:
                self.floors[s] = number
            self.data = _join((memoryview(data)[_HEAD + size :], _pack(slot, n, pos, len(answer)), answer))
        else:
            self.count += 1
            self.data = _join((data, _pack(slot, n, pos, len(answer)), answer))
        if n > self.tops[slot]:
            self.tops[slot] = n

    def _slot_for(self, epoch: str) -> int:
        if len(self.epochs) < EPOCHS_MAX:
            self.epochs.append(epoch)
            self.tops.append(0)
            self.floors.append(0)
            return len(self.epochs) - 1
        youngest = [-1] * EPOCHS_MAX
        for i, (s, _, _, _) in enumerate(self._entries()):
            youngest[s] = i
        slot = youngest.index(min(youngest))
        self.gone += _mark(self.epochs[slot])
        kept = [(n, pos, s, a) for s, n, pos, a in self._entries() if s != slot]
        self.data = b"".join(_pack(s, n, pos, len(a)) + a for n, pos, s, a in kept)
        self.count = len(kept)
        self.epochs[slot] = epoch
        self.tops[slot] = self.floors[slot] = 0
        return slot

    def _entries(self) -> Iterator[tuple[int, int, int, bytes]]:
        at = 0
        while at < len(self.data):
            s, n, pos, size = _unpack(self.data, at)
            yield s, n, pos, self.data[at + _HEAD : at + _HEAD + size]
            at += _HEAD + size


class _Row(msgspec.Struct, array_like=True):
    by: str
    epochs: list[str]
    tops: list[int]
    floors: list[int]
    count: int
    data: bytes
    gone: bytes


class _Part(msgspec.Struct, array_like=True):
    rows: list[_Row]
    marks: list[tuple[str, int, int]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Part).decode


class Dedup:
    """All that one entity remembers: answers by sender, marks by source of reactions."""

    __slots__ = ("answers", "marks")

    def __init__(self) -> None:
        self.answers: dict[str, Answers] = {}
        self.marks: dict[str, tuple[int, int]] = {}

    def find(self, by: str, epoch: str, n: int) -> Known | KeyTooOld | None:
        """Look a client's key up; see `Answers.find`."""
        table = self.answers.get(by)
        return None if table is None else table.find(epoch, n)

    def add(self, by: str, epoch: str, n: int, pos: int, answer: bytes) -> None:
        """Remember a client's accepted command."""
        table = self.answers.get(by)
        if table is None:
            table = self.answers[by] = Answers()
        table.add(epoch, n, pos, answer)

    def encode(self) -> Iterator[bytes]:
        """Yield the tables in parts of some 200 senders, each under 1 ms; at least one part."""
        rows: list[_Row] = []
        marks = [(source, seq, n) for source, (seq, n) in self.marks.items()]
        for by, t in self.answers.items():
            rows.append(_Row(by, t.epochs, t.tops, t.floors, t.count, t.data, t.gone))
            if len(rows) == PLAYERS_PER_PART:
                yield _encode(_Part(rows, marks))
                rows, marks = [], []
        yield _encode(_Part(rows, marks))

    @classmethod
    def decode(cls, parts: list[bytes]) -> Dedup:
        """Rebuild from parts. Raises msgspec.DecodeError (a ValueError) for bad bytes."""
        table = cls()
        for part in map(_decode, parts):
            for row in part.rows:
                a = table.answers[row.by] = Answers()
                a.epochs, a.tops, a.floors = row.epochs, row.tops, row.floors
                a.count, a.data, a.gone = row.count, row.data, row.gone
            for source, seq, n in part.marks:
                table.marks[source] = (seq, n)
        return table

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes."""
        return 1100 * len(self.answers) + 200 * len(self.marks)


def split_key(key: str) -> tuple[str, int] | None:
    """Return (epoch, N) of `EPOCH:N`, or None if it is not one. N is 1 to 2**53, an epoch 1 to 32 characters."""
    epoch, _, number = key.rpartition(":")
    if not epoch or len(epoch) > 32 or not number.isascii() or not number.isdigit() or len(number) > 16:
        return None
    n = int(number)
    return (epoch, n) if 1 <= n <= 1 << 53 else None
