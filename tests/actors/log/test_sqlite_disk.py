"""The embedded log on a full, failing or damaged disk: nothing acknowledged is lost, and what is wrong is named."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from actors.faults import LogDamaged, LogFull, LogUnavailable, OutcomeUnknown
from actors.log.sqlite import checkpoint
from actors.log.sqlite.checkpoint import Checkpoints
from actors.log.sqlite.log import SqliteLog
from actors.log.sqlite.writer import WriterThread
from tests.actors.log.contract import (
    OTHER,
    SHARD,
    numbered,
    take,
)

SHARDS = {"hunts": 4, "players": 2}


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS)
    await log.open()
    yield log
    await log.close()


# ---- the disk


async def fill(log: SqliteLog) -> int:
    """Append until the file is full; return how many batches it took."""
    for written in range(1_000):
        try:
            await log.append(SHARD, [b"y" * 100_000])
        except LogFull as fault:
            assert "log.db" in str(fault)  # noqa: PT017
            return written
    raise AssertionError("the file never filled")


async def test_a_full_file_refuses_the_batch_and_takes_the_next_when_there_is_space_again(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS, bytes_max=4_000_000, part_bytes_max=2_000_000)
    await log.open()
    try:
        await log.snapshots.put(SHARD, "ballast", b"x" * 1_500_000)
        written = await fill(log)
        assert written > 5
        assert await log.bounds(SHARD) == (0, written)
        await log.snapshots.put(SHARD, "ballast", None)
        assert (await log.append(SHARD, [b"y" * 100_000])).base == written
        assert len(await take(log, SHARD, 0, written + 1)) == written + 1
    finally:
        await log.close()


async def test_a_snapshot_that_does_not_fit_does_not_take_small_batches_down(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS, bytes_max=1_000_000, part_bytes_max=3_000_000)
    await log.open()
    try:
        large = log.snapshots.put(SHARD, "k", b"x" * 2_000_000)
        small = log.append(SHARD, numbered(3))
        with pytest.raises(LogFull):
            await large
        assert (await small).base == 0
    finally:
        await log.close()


async def test_a_log_that_cannot_be_made_for_want_of_room_says_so(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match=r"no space is left for .*log\.db; make room"):
        await SqliteLog(tmp_path / "log.db", shards=SHARDS, bytes_max=4_096).open()


IO_ERROR = """
import asyncio, resource, signal, sys
from pathlib import Path
from actors.faults import OutcomeUnknown
from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog

async def main(path):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log = SqliteLog(Path(path), shards={"hunts": 1})
    await log.open()
    shard = ShardId("hunts", 0)
    assert (await log.append(shard, [b"kept"])).base == 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))  # writes past it fail with EFBIG
    try:
        await log.append(shard, [b"x" * 200_000])
    except OutcomeUnknown as fault:
        print("unknown:", fault)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    print("base:", (await log.append(shard, [b"after"])).base)
    print("reopened:", log.statistics().reopened)
    await log.close()
    log = SqliteLog(Path(path))
    await log.open()
    found = []
    async for chunk in log.read(shard, 0):
        found += [entry.body for entry in chunk]
        if b"after" in found:
            break
    print("found:", *(body[:5].decode() for body in found))
    await log.close()

asyncio.run(main(sys.argv[1]))
"""


def run(script: str, *arguments: str) -> str:
    """Run a script of this test in an interpreter of its own; return what it printed."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_an_io_error_the_outcome_is_unknown_and_the_log_goes_on(tmp_path: Path) -> None:
    lines = dict(line.split(": ", 1) for line in run(IO_ERROR, str(tmp_path / "log.db")).splitlines())
    assert "SQLITE_IOERR" in lines["unknown"]
    assert lines["reopened"] == "1"
    found = lines["found"].split()
    assert found[0] == "kept"
    assert found[-1] == "after"
    assert len(found) == int(lines["base"]) + 1


FULL_DISK = """
import asyncio, os, sys
from pathlib import Path
from actors.faults import LogFull
from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog

async def main(folder):
    log = SqliteLog(Path(folder) / "log.db", shards={"hunts": 1})
    await log.open()
    filler = Path(folder) / "filler"
    filler.write_bytes(b"x" * 10_000_000)  # more than the -wal file can come to: folding it in may take as much again
    shard = ShardId("hunts", 0)
    written = 0
    try:
        while True:
            await log.append(shard, [b"y" * 50_000])
            written += 1
    except LogFull:
        pass
    filler.unlink()
    again = (await log.append(shard, [b"after"])).base
    await log.close()
    log = SqliteLog(Path(folder) / "log.db")
    await log.open()
    print(written, again, (await log.bounds(shard)).end)
    await log.close()

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB where this user may mount one; else the test has nothing that the bounded file does not show."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root; the test with a bounded file shows the same path")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_refuses_the_batch_and_takes_the_next_when_there_is_space_again(small_disk: Path) -> None:
    written, again, end = map(int, run(FULL_DISK, str(small_disk)).split())
    assert written > 5
    assert (again, end) == (written, written + 1)


# ---- damage


async def damaged(log: SqliteLog, statement: str) -> SqliteLog:
    await log.close()
    with sqlite3.connect(log.path) as hand:
        hand.execute(statement)
    hand.close()
    again = SqliteLog(log.path, shards=SHARDS)
    await again.open()
    return again


@pytest.mark.parametrize(
    ("statement", "offset"),
    [
        ("UPDATE batches SET body = replace(body, 'n', 'm') WHERE shard = 'hunts-1' AND base = 20", 20),
        ("UPDATE batches SET body = substr(body, 1, length(body) - 1) WHERE shard = 'hunts-1' AND base = 20", 20),
        ("UPDATE batches SET count = count - 1 WHERE shard = 'hunts-1' AND base = 20", 20),
        ("UPDATE batches SET at_ms = at_ms + 1 WHERE shard = 'hunts-1' AND base = 20", 20),
        ("UPDATE batches SET shard = 'hunts-1' WHERE shard = 'hunts-2' AND base = 60", 60),
        ("DELETE FROM batches WHERE shard = 'hunts-1' AND base = 20", 20),
    ],
)
async def test_a_damaged_batch_is_found_with_shard_and_offset(log: SqliteLog, statement: str, offset: int) -> None:
    for at in range(0, 60, 20):
        await log.append(SHARD, numbered(20, at))
    for at in range(0, 80, 20):
        await log.append(OTHER, numbered(20, at))
    again = await damaged(log, statement)
    try:
        with pytest.raises(LogDamaged, match=rf"hunts-1, offset {offset}\b"):
            await take(again, SHARD, 0, 1_000)
        assert len(await take(again, OTHER, 0, 60)) == 60
    finally:
        await again.close()


async def test_a_truncated_file_is_damage_in_words(log: SqliteLog) -> None:
    for _ in range(20):
        await log.append(SHARD, [b"x" * 50_000])
    await log.close()
    os.truncate(log.path, log.path.stat().st_size // 2)
    again = SqliteLog(log.path, shards=SHARDS)

    async def read_it() -> None:
        try:
            await again.open()
            await take(again, SHARD, 0, 20)
        finally:
            await again.close()

    with pytest.raises(LogDamaged, match="backup"):
        await read_it()
    again._lock.take()  # was let go of, so that a restored file can be opened
    again._lock.release()


async def test_a_file_of_garbage_is_damage_in_words(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(LogDamaged, match="backup"):
        await SqliteLog(path, shards=SHARDS).open()


async def test_torn_frames_at_the_end_of_the_wal_file_lose_nothing_acknowledged(log: SqliteLog, tmp_path: Path) -> None:
    await log.append(SHARD, numbered(5))
    await log.append(SHARD, numbered(5, 5))
    copy = tmp_path / "copy.db"
    copy.write_bytes(log.path.read_bytes())
    wal = log.path.with_name(log.path.name + "-wal").read_bytes()
    copy.with_name("copy.db-wal").write_bytes(wal + wal[-2000:])
    again = SqliteLog(copy, shards=SHARDS)
    await again.open()
    try:
        assert await again.bounds(SHARD) == (0, 10)
        assert len(await take(again, SHARD, 0, 10)) == 10
    finally:
        await again.close()


async def test_what_is_no_error_of_the_file_ends_no_thread_and_leaves_nobody_waiting(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(connection: object, batches: object) -> None:
        raise MemoryError("no room")

    await log.append(SHARD, numbered(2))
    with monkeypatch.context() as patched:
        patched.setattr(WriterThread, "_insert", staticmethod(no_room))
        with pytest.raises(OutcomeUnknown, match="MemoryError: no room"):
            await asyncio.wait_for(log.append(SHARD, numbered(1, 2)), 60)
    assert (await asyncio.wait_for(log.append(SHARD, numbered(1, 2)), 60)).base == 2


async def test_a_log_that_gets_no_thread_for_checkpoints_makes_them_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Checkpoints, "start", none_left)
    monkeypatch.setattr(checkpoint, "PAGES", 20)
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS)
    await asyncio.wait_for(log.open(), 60)
    for at in range(0, 100, 10):
        await asyncio.wait_for(log.append(SHARD, numbered(10, at)), 60)
    assert log.statistics().checkpoints > 0
    await log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.db", "log.db.known", "log.db.lock"]
