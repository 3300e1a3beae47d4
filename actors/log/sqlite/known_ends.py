"""How far the embedded log is known to have come, in a small file beside it: its name and `.known`.

An emptied or missing database looks like a new one, and an older copy of it like the log: only what lies apart from it
knows better. Owns that file. It names no end that is not durable, lags by some seconds at most, and is never what the
log rests on: without it, or when it cannot be read, nothing is known.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

WRITE_S: Final = 5.0
"""Between two writes: records cut off right behind the last one are not missed."""

_decode: Final = msgspec.json.Decoder(dict[str, int]).decode


class KnownEnds:
    """The ends of a log's shards, by their names in the file. `read` first; then one thread notes and writes."""

    def __init__(self, log: Path, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.path = log.with_name(log.name + ".known")
        self.ends: dict[str, int] = {}
        self._clock_s = clock_s
        self._changed = False
        self._written_s = float("-inf")

    def read(self) -> None:
        """Take what the file says; nothing when it is not there or says nothing that can be understood."""
        self.ends, self._changed = {}, False
        with contextlib.suppress(OSError, ValueError):  # a courtesy of an earlier run: damaged, it vouches for nothing
            self.ends = {name: end for name, end in _decode(self.path.read_bytes()).items() if end > 0}

    def note(self, ends: Mapping[str, int]) -> None:
        """Note durable ends. One that is lower than what is known changes nothing: `set` does."""
        for name, end in ends.items():
            if end > self.ends.get(name, 0):
                self.ends[name], self._changed = end, True

    def set(self, ends: Mapping[str, int]) -> None:
        """Know these ends, lower ones too, and write that: what was past them was accepted as lost."""
        self.ends.update(ends)
        self.write()

    def due_in_s(self) -> float | None:
        """Return when to write, in seconds from now; None: there is nothing new."""
        return max(self._written_s + WRITE_S - self._clock_s(), 0.0) if self._changed else None

    def write(self) -> None:
        """Write what is known, whole or not at all. A disk that does not take it is met by the log itself."""
        self._written_s, self._changed = self._clock_s(), False
        fresh, body = self.path.with_name(self.path.name + ".new"), msgspec.json.encode(dict(sorted(self.ends.items())))
        with contextlib.suppress(OSError):
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                whole = os.write(fd, body) == len(body)
            finally:
                os.close(fd)
            if whole:
                os.replace(fresh, self.path)


def gone(log: Path, known: KnownEnds, signs: Sequence[Path]) -> str:
    """Return in words why a log that is missing or empty is no new one; empty: it is one, or it is there.

    `signs`: files or folders that only a server with records in this log leaves, where it is not known by itself.
    """
    if size(log):
        return ""
    what = "is empty" if log.exists() else "is not there"
    cure = (
        f'put the file back, with its -wal if there is one (docs/operations.md, "The log\'s file is gone"); or begin '
        f"anew with `huntserver accept-loss --log sqlite:{log} --yes`"
    )
    if records := sum(known.ends.values()):
        return f"{log} {what}, and held {records} records ({known.path.name}): {cure}"
    wal = log.with_name(log.name + "-wal")
    if size(wal):
        return f"{log} {what}, and {wal.name} beside it holds records: {cure}"
    sign = next((sign for sign in signs if size(sign)), None)
    return f"{log} {what}, and {sign} says that a server ran here: {cure}" if sign is not None else ""


def set_aside(log: Path) -> None:
    """Give way to a new log: what lies beside the one that is gone keeps its bytes under another name."""
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{log}{suffix}", f"{log}{suffix}.lost")


def size(path: Path) -> int:
    """Return a file's size, or how many names a folder has; 0: it is not there."""
    try:
        return len(os.listdir(path)) if path.is_dir() else path.stat().st_size
    except OSError:
        return 0
