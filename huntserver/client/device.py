"""A device: its epoch and key counter, kept in a file so that no key is used twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import secrets
from pathlib import Path
from typing import IO


class Device:
    """An epoch and its counter; without a path they live as long as the object.

    The file holds an N that no command has reached yet; a new run goes on from there, also after a crash. A second run
    beside the first is another device: it has an epoch of its own, which nobody keeps. Raises OSError for a file that
    cannot be used. `close` it when its client is closed.
    """

    ahead = 100

    def __init__(self, path: Path | None = None) -> None:
        self._held = None if path is None else _hold(path)
        self._path = path = path if self._held else None
        self.epoch = secrets.token_hex(6)
        self.n = 0
        if path is not None:
            with contextlib.suppress(ValueError, KeyError):
                kept = json.loads(path.read_text())
                self.epoch, self.n = str(kept["epoch"]), int(kept["n"])
        self._kept = self.n

    def close(self) -> None:
        """Let another run be this device."""
        if self._held is not None:
            self._held.close()

    def used(self, n: int) -> None:
        """Note that N is used. Called before its command is sent: no later run begins below it."""
        self.n = max(self.n, n)
        if self._path is not None and self.n > self._kept:
            self._kept = self.n + self.ahead
            self._path.write_text(json.dumps({"epoch": self.epoch, "n": self._kept}))


def _hold(path: Path) -> IO[bytes] | None:
    """Return the file, locked for as long as it is open; None when another run has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
