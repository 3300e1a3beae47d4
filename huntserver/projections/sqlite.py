"""Read models in one SQLite file: for a server by itself."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from huntserver.projections import sql
from huntserver.projections.models import TABLES
from huntserver.projections.store import Moved, Position, ReadStore, StoreError
from huntserver.projections.tables import Changes

T = TypeVar("T")
BUSY_S = 10.0
PAUSE_S = 0.01


class _SqliteStatements(sql.Statements):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        return self._connection.execute(statement, parameters)

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(statement, rows)


class SqliteReadStore:
    """A `ReadStore` in a file of its own, its owner's alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: sqlite3.Connection | None = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            raise StoreError(f"{self.path} is closed")
        return self._open

    def open(self) -> dict[str, Position]:
        """See the port."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # only a new one: closing one that is open elsewhere in this process would let go of SQLite's locks
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

        def prepared() -> dict[str, Position]:
            self._open = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            _write_ahead(self._open)
            self._open.execute("PRAGMA secure_delete=ON")  # a name that is overwritten is gone
            self._open.execute("PRAGMA synchronous=NORMAL")  # what a power cut takes is folded again from the log
            return self._whole(lambda cursor: sql.prepare(cursor, "", "TEXT", str(self.path)))

        return self._do(prepared)

    def look(self) -> None:
        """See the port."""
        self.close()
        if not self.path.is_file():
            sql.fitting(None, str(self.path))

        def looked() -> None:
            address = f"{self.path.resolve().as_uri()}?mode=ro"
            self._open = sqlite3.connect(
                address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            made = self._open.execute("SELECT 1 FROM sqlite_master WHERE name = 'state'").fetchone()
            row = self._open.execute("SELECT value FROM state WHERE name = 'version'").fetchone() if made else None
            sql.fitting(row[0] if row else None, str(self.path))

        self._do(looked)

    def commit(
        self, changes: Changes, before: Mapping[str, Position], after: Mapping[str, Position], caught_up_ms: int
    ) -> None:
        """See the port."""
        self._do(lambda: self._whole(lambda cursor: sql.write(cursor, "", changes, before, after, caught_up_ms)))

    def query(self, statement: str, *parameters: Any) -> Sequence[Mapping[str, Any]]:
        """See the port."""

        def asked() -> list[dict[str, Any]]:
            found = self._connection.execute(statement, parameters)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

        return self._do(asked)

    def tidy(self) -> None:
        """See the port: the file is overwritten as it goes (`secure_delete`); what is left is its write-ahead file."""

        def emptied() -> None:
            until = time.monotonic() + BUSY_S
            while (
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] and time.monotonic() < until
            ):
                time.sleep(PAUSE_S)

        self._do(emptied)

    def rebuilt(self) -> ReadStore:
        """See the port."""
        path = self.path.with_name(self.path.name + ".rebuild")
        for old in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            old.unlink(missing_ok=True)
        return SqliteReadStore(path)

    def replace(self, by: ReadStore) -> None:
        """See the port: one transaction, which readers see whole or not at all."""
        assert isinstance(by, SqliteReadStore)
        by.close()
        names = [*(table.name for table in TABLES), "positions", "state"]

        def swap(cursor: sql.Statements) -> None:
            for name in names:
                cursor.run(f"DROP TABLE IF EXISTS main.{name}")
            sql.prepare(cursor, "", "TEXT", str(self.path))
            for name in names:
                cursor.run(f"DELETE FROM main.{name}")
                cursor.run(f"INSERT INTO main.{name} SELECT * FROM rebuilt.{name}")

        def swapped() -> None:
            self._connection.execute("ATTACH ? AS rebuilt", (str(by.path),))
            try:
                self._whole(swap)
            finally:
                self._connection.execute("DETACH rebuilt")

        self._do(swapped)
        by.path.unlink()

    def close(self) -> None:
        """See the port."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _whole(self, work: Callable[[sql.Statements], T]) -> T:
        """Run work as one transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = work(_SqliteStatements(connection))
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return done

    def _do(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: the read models cannot be used ({error})") from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a write-ahead file. SQLite refuses at once while another connection writes, whatever its time-out."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_S)


__all__ = ["Moved", "SqliteReadStore"]
