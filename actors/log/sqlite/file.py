"""The file of the embedded log: its lock, its tables, its settings, and what its errors mean.

Owns the lock file beside the database (one process at a time) and the schema. Every connection of the embedded log is
made here. It must never write a record, and never open a file whose format it does not know.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from actors.faults import (
    Fault,
    LogDamaged,
    LogFull,
    LogLocked,
    LogMisconfigured,
    LogUnavailable,
    NotWritten,
    OutcomeUnknown,
)

FORMAT = 1
"""Version of the tables. A file with another one is refused: it is never guessed at."""

APPLICATION = 0x48554E54
"""SQLite's application id, so that another program's database is not taken for a log."""

BUSY_S = 5.0
"""How long to wait for a person who holds the file in a sqlite3 shell."""

TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE shards (topic TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    shard TEXT NOT NULL,
    base INTEGER NOT NULL,
    count INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    cuts TEXT,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX batches_by_place ON batches (shard, base);
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY, shard TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (shard, key)
);
CREATE VIEW readable AS
    SELECT shard, base, count, datetime(at_ms / 1000, 'unixepoch') AS at, CAST(body AS TEXT) AS records FROM batches;
"""

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class LockFile:
    """The right to use a log's file, held by at most one object on the machine at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        self._fd = -1

    def take(self) -> None:
        """Raises `LogLocked` (with the holder's pid) or `LogUnavailable`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as why:
            raise LogUnavailable(f"{self.path}: {why.strerror}; the folder of the log must be writable") from why
        try:
            # flock, not lockf: it also keeps apart two logs of one process, and no other close lets it go
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as why:
            holder = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise LogLocked(
                f"{self.path.with_suffix('')} is in use by process {holder}: stop that server, or give this one "
                "another file"
            ) from why
        with contextlib.suppress(OSError):  # a full disk must not keep the log from being read; the pid is a courtesy
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go; the file stays, for removing it would race with another process that opens it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def new_file(path: Path) -> None:
    """Make the file, its owner's alone, if it is not there. What hinders is told of by whoever opens it then.

    One that is there is not opened: closing it would let go of all locks that this process has on it (POSIX), and
    SQLite's of other connections are among them. A sqlite3 shell that ends would then take itself for the last one
    that had the file open, and remove the -wal file under the server.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def connect(path: Path, *, reading: bool, bytes_max: int | None = None) -> sqlite3.Connection:
    """Open one connection with the settings that durability rests on. Raises a `Fault`.

    A new file is its owner's alone: it holds what people wrote. SQLite gives its other files the same mode.
    """
    try:
        new_file(path)
        connection = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise LogMisconfigured(
                    f"{path}: journal mode is {mode}, needed is wal; its file system (a network share?) cannot do it"
                )
            # each commit reaches the disk before it is told (NORMAL may lose the last ones at a power cut)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA fullfsync=1")  # macOS: past the drive's own cache; nothing elsewhere
            connection.execute("PRAGMA wal_autocheckpoint=0")  # `sqlite_checkpoint` does it, beside the commits
            if reading:
                connection.execute("PRAGMA query_only=1")
            elif bytes_max is not None:
                page = connection.execute("PRAGMA page_size").fetchone()[0]
                connection.execute(f"PRAGMA max_page_count={max(bytes_max // page, 1)}")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as why:
        raise opening_fault(path, why) from why
    return connection


def prepare(connection: sqlite3.Connection, path: Path, shards: Mapping[str, int] | None) -> dict[str, int]:
    """Make the tables of a new file, check those of an old one; return the shard counts that the file is for.

    Raises `LogMisconfigured` for another program's file, another format, another number of shards.
    """
    try:
        return _prepare(connection, path, shards)
    except sqlite3.Error as why:
        raise opening_fault(path, why) from why


def _prepare(connection: sqlite3.Connection, path: Path, shards: Mapping[str, int] | None) -> dict[str, int]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    objects = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application == 0 and objects == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id={APPLICATION}; {TABLES}"
            f"INSERT INTO about VALUES ('format', {FORMAT}); COMMIT;"
        )
    elif application != APPLICATION:
        raise LogMisconfigured(f"{path} is another program's database (application id {application}); use another file")
    seen = connection.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
    if seen is None or seen[0] != FORMAT:
        raise LogMisconfigured(
            f"{path} has format {seen[0] if seen else 'none'}, this program reads format {FORMAT}; "
            "use the version of the program that wrote it, or export it there and import it here"
        )
    stored: dict[str, int] = dict(connection.execute("SELECT topic, count FROM shards"))
    for topic, count in (shards or {}).items():
        if topic not in stored:
            connection.execute("INSERT INTO shards VALUES (?, ?)", (topic, count))
            stored[topic] = count
        elif stored[topic] != count:
            raise LogMisconfigured(
                f"{path} was made with {stored[topic]} shards of {topic}, asked for are {count}; the number is for "
                f"life: set it to {stored[topic]}, or export the log and import it into a new file"
            )
    return stored


def opening_fault(path: Path, why: sqlite3.Error) -> Fault:
    """Return what an error means while the file is opened or read."""
    code = _primary(why)
    if code in _CORRUPT:
        return LogDamaged(
            f"{path} is damaged ({why}); put back a backup of the file and its -wal, or salvage what is left with "
            f"`sqlite3 {path} .recover`"
        )
    if code in _HELD:
        return LogUnavailable(f"{path} is held by another program ({why}), perhaps a sqlite3 shell; close that")
    if code == sqlite3.SQLITE_FULL:
        return LogUnavailable(f"no space is left for {path}; make room on its disk")
    return LogUnavailable(f"{path}: {why} ({_name(why)}); the file and its folder must be readable and writable")


def writing_fault(path: str, why: sqlite3.Error) -> Fault:
    """Return what an error of a commit means for the batches in it.

    A full disk is known to have written nothing: it shows before the commit frame, the one that makes the rest count,
    is in the file; a failure to bring that frame to the disk is an I/O error, after which anything may be there.
    """
    code = _primary(why)
    if code == sqlite3.SQLITE_FULL:
        return LogFull(f"no space is left for {path}; nothing was written")
    if code in _HELD:
        return NotWritten(f"{path} is held by another program ({why}), perhaps a sqlite3 shell; nothing was written")
    if code in _CORRUPT or code == sqlite3.SQLITE_CONSTRAINT:
        return LogDamaged(f"{path} is damaged ({why}); nothing more is written to it")
    return OutcomeUnknown(f"{path}: {why} ({_name(why)})")


def _primary(why: sqlite3.Error) -> int:
    return int(getattr(why, "sqlite_errorcode", 0)) & 0xFF


def _name(why: sqlite3.Error) -> str:
    return str(getattr(why, "sqlite_errorname", type(why).__name__))
