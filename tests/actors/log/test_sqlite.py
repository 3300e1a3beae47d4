"""The embedded log passes the contract, and keeps the file to itself."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from actors.faults import Fault, LogLocked, LogMisconfigured, LogUnavailable, NotWritten, OutcomeUnknown
from actors.log.port import ShardId
from actors.log.sqlite import open_files
from actors.log.sqlite.log import SqliteLog
from actors.log.sqlite.reader import SqliteReader
from actors.log.sqlite.writer import Write
from tests.actors.log.contract import (
    OTHER,
    SHARD,
    WAIT_S,
    LogContract,
    SnapshotContract,
    numbered,
    prefix_is_read,
    take,
    values,
)

SHARDS = {"hunts": 4, "players": 2}


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS)
    await log.open()
    yield log
    await log.close()


class TestSqliteLog(LogContract, SnapshotContract):
    """Every clause, over a file of its own."""


async def reopened(log: SqliteLog) -> SqliteLog:
    await log.close()
    again = SqliteLog(log.path, shards=SHARDS)
    await again.open()
    return again


async def test_everything_is_there_after_closing_and_opening_again(log: SqliteLog) -> None:
    for at in range(0, 60, 20):
        await log.append(SHARD, numbered(20, at))
    await log.snapshots.put(SHARD, "k", b"v")
    again = await reopened(log)
    try:
        assert await again.bounds(SHARD) == (0, 60)
        assert [e.body for e in await take(again, SHARD, 7, 53)] == numbered(53, 7)
        assert await values(again.snapshots, SHARD) == {"k": b"v"}
        assert (await again.append(SHARD, numbered(1, 60))).base == 60
    finally:
        await again.close()


@pytest.mark.parametrize("turn", range(10))
async def test_closing_leaves_one_file_its_lock_and_how_far_it_came(log: SqliteLog, turn: int) -> None:
    await log.append(SHARD, numbered(20))
    await take(log, SHARD, 0, 20)
    await log.close()
    assert sorted(path.name for path in log.path.parent.iterdir()) == ["log.db", "log.db.known", "log.db.lock"]


async def test_an_answer_carries_the_time_at_which_the_log_took_the_batch(log: SqliteLog) -> None:
    before = time.time_ns() // 1_000_000
    at_ms = (await log.append(SHARD, numbered(1))).at_ms
    assert before <= at_ms <= time.time_ns() // 1_000_000


async def test_batches_of_many_shards_that_wait_together_are_one_commit(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append(SHARD, numbered(1))
    before = log.statistics()
    writer = log._writer
    assert writer is not None
    commit, all_given = writer._commit, threading.Event()

    def late(group: Sequence[Write]) -> Fault | None:
        assert all_given.wait(WAIT_S)
        return commit(group)

    monkeypatch.setattr(writer, "_commit", late)
    answers = [log.append(ShardId("hunts", n % 4), numbered(1)) for n in range(400)]
    all_given.set()
    await asyncio.gather(*answers)
    after = log.statistics()
    assert after.batches - before.batches == 400
    assert after.commits - before.commits <= 2  # those that came before the thread looked, and the others
    assert after.queued == after.in_flight == 0


async def test_the_file_can_be_read_in_a_shell(log: SqliteLog) -> None:
    await log.append(SHARD, [b'{"n":1}', b'{"n":2}'])
    with sqlite3.connect(log.path) as shell:
        row = shell.execute("SELECT shard, base, count, records FROM readable").fetchone()
    shell.close()
    assert row == ("hunts-1", 0, 2, '{"n":1}\n{"n":2}')


LOOK = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); print(d.execute(sys.argv[2]).fetchone()[0]); d.close()"
"""A shell of its own: SQLite's locks keep processes apart, and within one it keeps count of its own connections."""


def look(path: Path, statement: str) -> str:
    """Return what another process, which opens the file and closes it again, is told."""
    return subprocess.run(
        [sys.executable, "-c", LOOK, path, statement], capture_output=True, text=True, check=True
    ).stdout


async def test_a_shell_that_looks_at_the_file_and_ends_leaves_the_wal_file_in_its_place(log: SqliteLog) -> None:
    wal = log.path.with_name(log.path.name + "-wal")
    await log.append(SHARD, numbered(20))
    before = wal.stat().st_ino
    assert look(log.path, "SELECT sum(count) FROM batches").strip() == "20"
    assert wal.stat().st_ino == before  # else what is acknowledged from now on would be in a file that nobody finds
    await log.append(SHARD, numbered(1, 20))
    assert look(log.path, "SELECT sum(count) FROM batches").strip() == "21"


def away(path: Path, suffix: str) -> None:
    named = path.with_name(path.name + suffix)
    named.replace(named.with_name(named.name + ".away"))


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("another", [False, True])
async def test_a_file_that_is_removed_or_replaced_under_the_log_takes_nothing_until_it_is_back(
    log: SqliteLog, suffix: str, another: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "LOOK_S", 0.0)  # at every commit
    await log.append(SHARD, numbered(20))
    away(log.path, suffix)
    if another:
        log.path.with_name(log.path.name + suffix).write_bytes(b"")
    with pytest.raises(NotWritten, match=f"log.db{suffix} is"):
        await log.append(SHARD, numbered(1, 20))
    with pytest.raises(LogUnavailable, match=f"log.db{suffix} is"):
        await log.bounds(SHARD)
    path = log.path.with_name(log.path.name + suffix)
    path.with_name(path.name + ".away").replace(path)
    assert (await log.append(SHARD, numbered(1, 20))).base == 20
    assert await log.bounds(SHARD) == (0, 21)


async def test_closing_leaves_another_logs_wal_file_alone(log: SqliteLog) -> None:
    await log.append(SHARD, numbered(20))
    for suffix in ("", "-wal", "-shm"):
        away(log.path, suffix)
    wal = log.path.with_name(log.path.name + "-wal")
    wal.write_bytes(b"the last records of a backup that was put here")
    await log.close()
    assert wal.read_bytes().startswith(b"the last records")


async def test_S1_a_tool_beside_the_server_reads_snapshots_as_of_one_moment(log: SqliteLog) -> None:
    reader = SqliteReader(log.path)
    await reader.open()
    try:
        await prefix_is_read(log.snapshots, reader.snapshots)
    finally:
        await reader.close()


async def test_a_commit_is_on_disk_before_it_is_told(log: SqliteLog) -> None:
    with sqlite3.connect(log.path) as shell:
        assert shell.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    shell.close()
    writer = log._writer
    assert writer is not None
    assert writer._connection is not None
    assert writer._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


async def test_checkpoints_keep_the_wal_file_short(log: SqliteLog) -> None:
    record = b"x" * 20_000
    writer = log._writer
    assert writer is not None
    for _ in range(30):
        await asyncio.gather(*(log.append(ShardId("hunts", n), [record] * 10) for n in range(4)))
        while writer.checkpoints._copying:  # how far it is by now is the disk's affair, and the next commit ends it
            await log.append(SHARD, numbered(1))
            await asyncio.sleep(0.05)
    assert log.statistics().checkpoints > 0
    wal = log.path.with_name(log.path.name + "-wal")
    assert log.path.stat().st_size > 10_000_000
    assert wal.stat().st_size < 20_000_000


async def test_a_busy_event_loop_does_not_starve_the_writing_thread(log: SqliteLog) -> None:
    writer = log._writer
    assert writer is not None
    assert writer._connection is not None
    writer._connection.execute("PRAGMA synchronous=OFF")  # what the disk takes is no matter of who has the lock
    busy = True

    async def burn() -> None:
        while busy:
            until = time.perf_counter() + 0.001
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0)

    burning = asyncio.create_task(burn())
    try:
        began = time.thread_time()  # of the CPU: that the machine does other work is nobody's fault here
        commits = 0  # by luck the thread has the lock in time, commit after commit: on until it once has not
        while commits < 20 or (not log.statistics().rests and commits < 2_000):
            await log.append(SHARD, numbered(1, commits))
            commits += 1
        took_s = time.thread_time() - began
    finally:
        busy = False
        await burning
    assert log.statistics().rests > 0
    assert took_s < 0.1 * commits  # without the rests: 0.07 s a commit, now and then seconds


# ---- who may use the file, and for what


async def test_a_second_log_on_the_file_is_refused_and_told_which_process_holds_it(log: SqliteLog) -> None:
    with pytest.raises(LogLocked, match=rf"\b{os.getpid()}\b"):
        await SqliteLog(log.path, shards=SHARDS).open()
    await log.append(SHARD, numbered(1))


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[int]:
    """Another process that holds the file; its pid."""
    script = (
        "import fcntl, os, sys\n"
        "fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "os.write(fd, str(os.getpid()).encode())\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log.db.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    yield holder.pid
    holder.communicate()


async def test_another_process_on_the_file_is_refused(holder: int, tmp_path: Path) -> None:
    with pytest.raises(LogLocked, match=rf"\b{holder}\b"):
        await SqliteLog(tmp_path / "log.db", shards=SHARDS).open()


async def test_a_refused_open_lets_the_lock_go(log: SqliteLog) -> None:
    await log.close()
    with pytest.raises(LogMisconfigured):
        await SqliteLog(log.path, shards={"hunts": 5}).open()
    fd = os.open(f"{log.path}.lock", os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)


async def test_the_number_of_shards_is_for_life(log: SqliteLog) -> None:
    await log.close()
    with pytest.raises(LogMisconfigured, match=r"4 shards of hunts, asked for are 8"):
        await SqliteLog(log.path, shards={"hunts": 8, "players": 2}).open()
    again = SqliteLog(log.path)
    await again.open()
    assert again.shards == SHARDS
    await again.close()


async def test_an_unknown_format_is_refused(log: SqliteLog) -> None:
    await log.close()
    with sqlite3.connect(log.path) as hand:
        hand.execute("UPDATE about SET value = 99 WHERE name = 'format'")
    hand.close()
    with pytest.raises(LogMisconfigured, match="format 99"):
        await SqliteLog(log.path, shards=SHARDS).open()


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as hand:
        hand.execute("CREATE TABLE cookies (name TEXT)")
    hand.close()
    with pytest.raises(LogMisconfigured, match="another program"):
        await SqliteLog(path, shards=SHARDS).open()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="file"):
        await SqliteLog(tmp_path / "file" / "log.db", shards=SHARDS).open()


async def test_a_shard_that_the_file_does_not_have_is_refused(log: SqliteLog) -> None:
    with pytest.raises(LogMisconfigured, match="hunts-4"):
        await log.append(ShardId("hunts", 4), numbered(1))
    with pytest.raises(LogMisconfigured, match="teams-0"):
        await log.bounds(ShardId("teams", 0))


async def test_a_batch_given_up_by_a_renewal_is_an_unknown_outcome(log: SqliteLog) -> None:
    future = log.append(SHARD, numbered(3))
    other = log.append(OTHER, numbered(3))
    await log.renew(SHARD)
    with pytest.raises(OutcomeUnknown, match="hunts-1"):
        await future
    assert (await other).base == 0
    assert log.statistics().renewals == 1


async def test_a_cancelled_read_ends_also_when_its_answer_comes_at_that_moment(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", shards=SHARDS)
    await log.open()
    for _ in range(300):

        async def follow() -> None:
            async for _ in log.read(SHARD, 0):
                pass

        await log.append(SHARD, [b"x"])
        reading = asyncio.create_task(follow())
        for _ in range(3):
            await asyncio.sleep(0)
        reading.cancel()
        async with asyncio.timeout(60):
            with pytest.raises(asyncio.CancelledError):
                await reading
    await log.close()
