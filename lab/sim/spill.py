"""The spill file of a simulated node: the product's own, in memory, on a disk that refuses, damages and dawdles.

Owns what goes wrong with it. What is damaged does not heal by itself when the faults end: a file that nobody makes anew
stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from actors.passivation.spill_sqlite import SqliteSpill
from lab.sim.faults import SeedFaults

Wrong = tuple[str, int]
FULL: Final[Wrong] = ("database or disk is full", sqlite3.SQLITE_FULL)
UNREAD: Final[Wrong] = ("disk I/O error", sqlite3.SQLITE_IOERR)
TORN: Final[Wrong] = ("database disk image is malformed", sqlite3.SQLITE_CORRUPT)


def _wrong(wrong: Wrong) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(wrong[0])
    error.sqlite_errorcode = wrong[1]
    return error


class _Disk:
    """One file of the spill store, as the product sees its connection."""

    def __init__(self, db: sqlite3.Connection, plan: SeedFaults, pause: Callable[[], None], *, first: bool) -> None:
        self._db = db
        self._first = first  # the one that the process started with: without it there is no process
        self._plan = plan
        self._pause = pause
        self._torn = False

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Carry a statement out, or fail as a disk does."""
        plan, writes = self._plan, not sql.startswith("SELECT")
        if sql.startswith("PRAGMA") or (self._first and sql.startswith("CREATE")):
            return self._db.execute(sql)
        if not self._torn and writes and plan.hits("spill_torn"):
            self._torn = True
        if self._torn:
            raise _wrong(TORN)
        if writes and plan.hits("spill_full"):
            raise _wrong(FULL)
        if not writes and plan.hits("spill_unread"):
            raise _wrong(UNREAD)
        if sql.startswith("INSERT") and plan.hits("spill_bad"):
            values = (*values[:-1], _flipped(values[-1], plan))
        if plan.hits("spill_slow"):
            self._pause()
        return self._db.execute(sql, values)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _flipped(blob: bytes, plan: SeedFaults) -> bytes:
    """Change one byte: any, or a digit to another one, so that the rest still reads well."""
    digits = [i for i, byte in enumerate(blob) if 0x30 <= byte <= 0x39]
    any_place = plan.random.random() < 0.5 or not digits
    at, turn = (plan.random.randrange(len(blob)), 0x15) if any_place else (plan.random.choice(digits), 1)
    return blob[:at] + bytes((blob[at] ^ turn,)) + blob[at + 1 :]


class SimSpill(SqliteSpill):
    """The spill store of one node. `pause` stops its process for a while: a slow disk holds all of it up."""

    def __init__(self, plan: SeedFaults, pause: Callable[[], None]) -> None:
        self._plan = plan
        self._pause = pause
        super().__init__(Path("in-memory"))

    def _connect(self) -> Any:
        db = sqlite3.connect(":memory:", isolation_level=None)
        return _Disk(db, self._plan, self._pause, first=not self._files)
