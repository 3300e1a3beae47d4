"""Folding the embedded log's -wal file back into the database, beside the commits instead of within one.

SQLite does it in the commit that passes a size, which then takes ten times as long (measured: p99 15 ms for 5). Here a
thread with a connection of its own copies most of the pages while commits go on; the writing thread copies the few that
came meanwhile, so that the -wal file starts over. Owns that thread. It must never hold a commit up.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue

from actors.faults import Fault

PAGES = 1_000
"""Copy when about so many pages were written since the last time: 4 MB."""


class Checkpoints(threading.Thread):
    """Told of written pages by the writing thread, which also calls `finish`."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect = connect
        self._orders: SimpleQueue[bool] = SimpleQueue()
        self._alone = False  # no thread was to be had: the writing thread copies all of it
        self._copied = False
        self._copying = False
        self._pages = 0
        self.done = 0
        self.faults = 0

    def begin(self) -> None:
        """Start the thread; do without one where the system allows no further thread."""
        try:
            self.start()
        except RuntimeError:
            self._alone = True
            self.faults += 1

    def written(self, pages: int) -> None:
        """Count pages; begin to copy when there are enough."""
        self._pages += pages
        if self._pages >= PAGES and not self._copying:
            self._pages = 0
            self._copying = True
            if self._alone:
                self._copied = True
            else:
                self._orders.put(True)

    def finish(self, connection: sqlite3.Connection) -> None:
        """In the writing thread, between commits: copy the rest, if the bulk was copied."""
        if not self._copied:
            return
        self._copied = False
        self._copy(connection)
        self._copying = False
        self.done += 1

    def stop(self) -> None:
        """End the thread after what it is doing, and wait for that."""
        self._orders.put(False)
        if not self._alone:
            self.join()

    def run(self) -> None:
        """Copy whenever asked to."""
        connection: sqlite3.Connection | None = None
        try:
            while self._orders.get():
                try:
                    if connection is None:
                        connection = self._connect()
                    self._copy(connection)
                except Fault:  # the file cannot be opened now; the writing thread meets, and reports, the same
                    self.faults += 1
                self._copied = True
        finally:
            if connection is not None:
                connection.close()

    def _copy(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error:  # a full disk, mostly: the -wal file keeps everything, the next time may do better
            self.faults += 1
