"""What an entity remembers of commands it accepted, so that a repeated one gets the first answer again.

Per sender the answers of the 8 devices that were used last, for each those of its 16 highest N (ADR 0008); per source
of reactions the highest (seq, n). Part of an entity's state: replayed and snapshotted with it. Pure.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

ANSWERS_MAX: Final = 16
"""Of one device: it does not send N before N-16 was answered, so what it still waits for is among them."""

EPOCHS_MAX: Final = 8
"""Devices of one sender in use at the same time; as many as may be connected."""

GONE_MAX: Final = 256
ANSWER_BYTES_MAX: Final = 200
SENDERS_PER_PART: Final = 200
PART_BYTES: Final = 200_000
FORMAT: Final = 2

_ENTRY: Final = struct.Struct("<QQB")  # N, pos, length of the answer that follows
_HEAD: Final = _ENTRY.size
_pack = _ENTRY.pack
_unpack = _ENTRY.unpack_from
_join = b"".join  # one copy


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


class DeviceWindow(msgspec.Struct, array_like=True, gc=False):
    """The answers of one epoch: `count` entries in `data`, by N. `top`: the highest N accepted; `floor`: the highest
    forgotten."""

    epoch: str
    top: int = 0
    floor: int = 0
    count: int = 0
    data: bytes = b""

    def entries(self) -> Iterator[tuple[int, int, int]]:
        """Yield where each entry begins, its N, and where it ends."""
        at = 0
        while at < len(self.data):
            n, _, size = _unpack(self.data, at)
            yield at, n, at + _HEAD + size
            at += _HEAD + size

    def fill(self, n: int, entry: bytes) -> None:
        """Add an entry below the highest: a gap in the numbers is filled."""
        if self.count >= ANSWERS_MAX and n < _unpack(self.data, 0)[0]:
            self.floor = max(self.floor, n)
            return
        place = next((at for at, number, _ in self.entries() if number > n), len(self.data))
        self.data = _join((self.data[:place], entry, self.data[place:]))
        self.count += 1
        if self.count > ANSWERS_MAX:
            _, lowest, end = next(self.entries())
            self.floor = max(self.floor, lowest)
            self.data = self.data[end:]
            self.count -= 1


_NOBODY: Final = DeviceWindow("")  # no epoch is empty


class Answers:
    """The table of one sender in one entity."""

    __slots__ = ("devices", "gone", "last")

    def __init__(self) -> None:
        self.devices: list[DeviceWindow] = []  # the one that was used last is the last
        self.last = _NOBODY  # that one
        self.gone = b""  # 8-byte marks of epochs that were pushed out

    def find(self, epoch: str, n: int) -> Known | KeyTooOld | None:
        """Return the first answer, or why the key cannot be judged, or None: the key is new."""
        device = self.last
        if device.epoch != epoch:
            for device in self.devices:
                if device.epoch == epoch:
                    break
            else:
                return self._find_stranger(epoch)
        if n > device.top:
            return None
        data, at, end = device.data, 0, len(device.data)
        while at < end:
            number, pos, size = _unpack(data, at)
            if number == n:
                return Known(pos, data[at + _HEAD : at + _HEAD + size])
            at += _HEAD + size
        return TOO_OLD if n <= device.floor else None

    def _find_stranger(self, epoch: str) -> KeyTooOld | None:
        if self.gone:
            mark = _mark(epoch)
            if any(self.gone[i : i + 8] == mark for i in range(0, len(self.gone), 8)):
                return TOO_OLD
            if len(self.gone) >= 8 * GONE_MAX and len(self.devices) >= EPOCHS_MAX:
                return TOO_MANY
        return None

    def add(self, epoch: str, n: int, pos: int, answer: bytes) -> None:
        """Remember an accepted command; past 16 of its device the one with the lowest N is forgotten."""
        device = self.last
        if device.epoch != epoch:
            device = self._turn_to(epoch)
        if n <= device.top:
            device.fill(n, _pack(n, pos, len(answer)) + answer)
            return
        device.top = n
        data = device.data
        if device.count < ANSWERS_MAX:
            device.count += 1
            device.data = _join((data, _pack(n, pos, len(answer)), answer))
        else:
            lowest, _, size = _unpack(data, 0)
            if lowest > device.floor:
                device.floor = lowest
            device.data = _join((memoryview(data)[_HEAD + size :], _pack(n, pos, len(answer)), answer))

    def _turn_to(self, epoch: str) -> DeviceWindow:
        """Return the epoch's device, now the one used last; past 8 the one that was not used longest is pushed out."""
        devices = self.devices
        for i, device in enumerate(devices):
            if device.epoch == epoch:
                del devices[i]
                break
        else:
            device = DeviceWindow(epoch)
            if len(devices) >= EPOCHS_MAX:
                self.gone += _mark(devices.pop(0).epoch)
        devices.append(device)
        self.last = device
        return device


class _Row(msgspec.Struct, array_like=True):
    by: str
    devices: list[DeviceWindow]
    gone: bytes


class _Part(msgspec.Struct, array_like=True):
    rows: msgspec.Raw
    marks: list[tuple[str, int, int]]
    format: int = 1


_encode = msgspec.msgpack.Encoder().encode
_decode_part = msgspec.msgpack.Decoder(_Part).decode
_decode_rows = msgspec.msgpack.Decoder(list[_Row]).decode


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
        """Yield the tables in parts of some 200 senders and 200 KB, each under 1 ms; at least one part."""
        rows: list[_Row] = []
        size = 0
        marks = [(source, seq, n) for source, (seq, n) in self.marks.items()]
        for by, t in self.answers.items():
            rows.append(_Row(by, t.devices, t.gone))
            size += sum([len(device.data) for device in t.devices]) + len(t.gone)
            if len(rows) == SENDERS_PER_PART or size > PART_BYTES:
                yield _encode(_Part(msgspec.Raw(_encode(rows)), marks, FORMAT))
                rows, marks, size = [], [], 0
        yield _encode(_Part(msgspec.Raw(_encode(rows)), marks, FORMAT))

    @classmethod
    def decode(cls, parts: list[bytes]) -> Dedup:
        """Rebuild from parts, also those that a server before ADR 0008 wrote. Raises ValueError for bad bytes."""
        table = cls()
        for part in parts:
            table.load(part)
        return table

    def load(self, data: bytes) -> None:
        """Add what one part holds. Raises ValueError for bad bytes."""
        part = _decode_part(data)
        if part.format not in (1, FORMAT):
            raise ValueError(f"a memory of commands in format {part.format}; this server reads 1 and {FORMAT}")
        for row in _decode_rows(part.rows) if part.format == FORMAT else _decode_rows_1(part.rows):
            answers = self.answers[row.by] = Answers()
            answers.devices, answers.gone = row.devices, row.gone
            if row.devices:
                answers.last = row.devices[-1]
        for source, seq, n in part.marks:
            self.marks[source] = (seq, n)

    def weight(self) -> int:
        """Return an estimate of the memory held, in bytes."""
        return 1100 * len(self.answers) + 200 * len(self.marks)


# ---- format 1: the 32 youngest answers of four epochs together, in the order in which they were accepted


class _Row1(msgspec.Struct, array_like=True):
    by: str
    epochs: list[str]
    tops: list[int]
    floors: list[int]
    count: int
    data: bytes
    gone: bytes


_ENTRY_1: Final = struct.Struct("<BQQB")  # slot of the epoch, N, pos, length of the answer that follows
_decode_1 = msgspec.msgpack.Decoder(list[_Row1]).decode


def _decode_rows_1(data: msgspec.Raw) -> Iterator[_Row]:
    """Yield rows as they are now. What was forgotten stays so: an epoch's numbers below its floor are refused."""
    for row in _decode_1(data):
        answers = Answers()
        for epoch in row.epochs:
            answers._turn_to(epoch)
        at = 0
        while at < len(row.data):
            try:
                slot, n, pos, size = _ENTRY_1.unpack_from(row.data, at)
                epoch = row.epochs[slot]
            except (struct.error, IndexError) as error:
                raise ValueError(f"answers that contradict themselves: {error}") from error
            at += _ENTRY_1.size + size
            answers.add(epoch, n, pos, row.data[at - size : at])
        for device in answers.devices:
            slot = row.epochs.index(device.epoch)
            device.top = max(device.top, *row.tops[slot : slot + 1])
            device.floor = max(device.floor, *row.floors[slot : slot + 1])
        yield _Row(row.by, answers.devices, row.gone)


def split_key(key: str) -> tuple[str, int] | None:
    """Return (epoch, N) of `EPOCH:N`, or None if it is not one. N is 1 to 2**53, an epoch 1 to 32 characters."""
    epoch, _, number = key.rpartition(":")
    if not epoch or len(epoch) > 32 or not number.isascii() or not number.isdigit() or len(number) > 16:
        return None
    n = int(number)
    return (epoch, n) if 1 <= n <= 1 << 53 else None
