"""Whether the log's path still names the files that are open: one may be removed, moved or replaced under the server.

SQLite goes on writing to what it has open, which nobody finds again: what is acknowledged from then on is gone with the
process. Owns what the path named when the log was opened. It must never change a file.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from actors.faults import LogUnavailable

LOOK_S: Final = 0.1
"""Between two looks at the most: one costs some us, and the interpreter lock, which a busy loop does not give back at
once."""

SUFFIXES: Final = ("", "-wal", "-shm")
"""Of the database and of what belongs to it while it is open."""

_Identity = tuple[int, int]


def _identity(path: str) -> _Identity | None:
    try:
        seen = os.stat(path)
    except FileNotFoundError:
        return None
    return seen.st_dev, seen.st_ino


class OpenFiles:
    """What a log's path names. Made when the log has its files open; asked by any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = [f"{path}{suffix}" for suffix in SUFFIXES]
        self._were = [_identity(name) for name in self._names]
        self._looked_s = float("-inf")
        self._fault = ""

    def check(self) -> None:
        """Raises `LogUnavailable` if a file is not the one that is open; none that was is missing in silence."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._fault = self._look()
        if self._fault:
            raise LogUnavailable(self._fault)

    def _look(self) -> str:
        for name, was in zip(self._names, self._were, strict=True):
            try:
                now = _identity(name)
            except OSError as why:
                return f"{name}: {why.strerror}; the log's folder must be readable"
            if was is not None and now != was:
                what = "is gone" if now is None else "is another file"
                return (
                    f"{name} {what}; process {os.getpid()} has the right one open, nothing more is written. Put it "
                    'back, or save it before this process ends: docs/operations.md, "The log\'s file is gone"'
                )
        return ""

    def may_fold(self) -> bool:
        """Tell whether the last connection may close. It removes what is called -wal, which may be another log's."""
        try:
            now = _identity(self._names[1])
        except OSError:
            return False
        return now is None or now == self._were[1]
