"""The spill file: keeps bytes by shard and id, and starts empty."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.draining import drain
from actors.entity import Rejected
from actors.faults import OutcomeUnknown, SpillFailed
from actors.log.port import ShardId
from actors.passivation.spill_sqlite import SqliteSpill
from actors.shard.fence import Mode
from tests.actors.rig import Node, running
from tests.actors.toy import Add

A, B = ShardId("hunts", 0), ShardId("hunts", 1)


def test_what_is_put_is_taken_once(tmp_path: Path) -> None:
    spill = SqliteSpill(tmp_path / "spill.db")
    spill.put(A, "x", b"1")
    spill.put(A, "x", b"2")
    spill.put(B, "x", b"3")
    assert spill.get(A, "x") == b"2"
    assert spill.take(A, "x") == b"2"
    assert spill.take(A, "x") is None
    assert list(spill.ids(B)) == ["x"]
    spill.clear(B)
    assert list(spill.ids(B)) == []
    spill.close()


def test_a_start_forgets_what_an_earlier_run_left(tmp_path: Path) -> None:
    first = SqliteSpill(tmp_path / "spill.db")
    first.put(A, "x", b"1")
    first.close()
    second = SqliteSpill(tmp_path / "spill.db")
    assert second.get(A, "x") is None
    second.close()


def test_a_disk_that_fails_does_not_keep_a_shard_from_being_forgotten(tmp_path: Path) -> None:
    """Found by a fault campaign: the error left a shard's recovery before it began, and the shard was never served."""
    spill = SqliteSpill(tmp_path / "spill.db")
    spill.put(A, "x", b"stale")
    spill.put(B, "y", b"other")
    spill._db.execute("PRAGMA query_only=1")  # every write fails now
    spill.clear(A)
    assert (list(spill.ids(A)), spill.get(A, "x"), spill.take(A, "x")) == ([], None, None)
    assert spill.get(B, "y") == b"other"
    spill._db.execute("PRAGMA query_only=0")
    spill.put(A, "x", b"fresh")
    assert spill.take(A, "x") == b"fresh"
    spill.close()


async def test_an_entity_that_cannot_be_passivate_stays_awake(tmp_path: Path) -> None:
    async with running() as node:
        spill = node.shard.passive._spill = SqliteSpill(tmp_path / "spill.db")
        await node.ask(Add(1), key=("e", 1))
        spill._db.execute("PRAGMA query_only=1")
        node.shard.sweep(9)
        with pytest.raises(SpillFailed, match="the spill file of passivated entities"):
            node.shard.sweep(9)
        node.system._spared(node.shard, lambda: node.shard.sweep(9) or node.shard.sweep(9))
        assert "spill_failed" in node.told.names()
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)
        spill.close()


async def test_an_entity_that_cannot_be_woken_is_taken_from_the_log_again(tmp_path: Path) -> None:
    async with running() as node:
        spill = node.shard.passive._spill = SqliteSpill(tmp_path / "spill.db")
        await node.ask(Add(1), key=("e", 1))
        node.shard.sweep(9)
        assert node.shard.sweep(9) == 1
        spill._db.execute("PRAGMA query_only=1")
        assert await node.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)
        assert node.shard.recoveries == 2
        spill.close()


@asynccontextmanager
async def asleep(tmp_path: Path, *, snapshot: bool = False) -> AsyncIterator[tuple[Node, SqliteSpill]]:
    """Yield a node whose one entity sleeps in a spill file, or lies in a snapshot and is awake."""
    async with running() as node:
        spill = node.shard.passive._spill = SqliteSpill(tmp_path / "spill.db")
        await node.ask(Add(1), key=("e", 1))
        if snapshot:
            node.shard.snapshot("t")
            async with asyncio.timeout(60):
                while not any(key.startswith("s|") for kept in node.store.kept.values() for key in kept):
                    await node.turns(5)
        else:
            assert [node.shard.sweep(9), node.shard.sweep(9)] == [0, 1]
        yield node, spill
        spill.close()


async def test_a_recovery_does_not_wait_for_a_spill_file_that_takes_nothing(tmp_path: Path) -> None:
    """A full disk under the data folder of a node on Kafka: no shard was served until there was room."""
    async with asleep(tmp_path, snapshot=True) as (node, spill):
        spill._db.execute("PRAGMA query_only=1")
        node.shard.commit.fail(OutcomeUnknown("a batch was lost"))
        assert await asyncio.wait_for(node.ask(Add(10), key=("e", 2)), 60) == (b'{"total":11}', 2)
        assert node.shard.recoveries == 2
        why = [fields["why"] for name, fields in node.told.events if name == "spill_failed"]
        assert len(why) == 1
        assert why[0].endswith("kept in memory")


async def test_a_spill_file_that_cannot_be_read_is_done_without(tmp_path: Path) -> None:
    async with asleep(tmp_path, snapshot=True) as (node, spill):
        spill.get = _unreadable  # type: ignore[method-assign]
        node.shard.commit.fail(OutcomeUnknown("a batch was lost"))
        async with asyncio.timeout(60):
            while isinstance(answer := await node.ask(Add(10), key=("e", 2)), Rejected):
                assert answer.code == "unavailable", "the first attempt fails, and who waits hears so"
                await node.turns(1)
        assert answer == (b'{"total":11}', 2)
        assert node.shard.passive.weight() == 0, "it is awake now"


async def test_a_shard_is_given_up_in_order_though_what_of_it_sleeps_cannot_be_read(tmp_path: Path) -> None:
    """A node that stopped, or gave a shard to another, held it until that one took it by force."""
    async with asleep(tmp_path) as (node, spill):
        spill.get = _unreadable  # type: ignore[method-assign]
        await asyncio.wait_for(drain(node.shard, node.told, shared=False), 60)
        assert node.shard.ownership.mode is Mode.RELEASED
        assert node.told.names().count("spill_failed") == 1
    async with running(node.store) as after:
        assert await after.ask(Add(10), key=("e", 2)) == (b'{"total":11}', 2)


def _unreadable(shard: ShardId, id: str) -> bytes | None:
    raise SpillFailed("the spill file of passivated entities: disk I/O error")


async def test_other_bytes_than_were_put_are_not_served_and_close_nothing(tmp_path: Path) -> None:
    async with asleep(tmp_path) as (node, spill):
        ((blob,),) = spill._db.execute("SELECT blob FROM passivated").fetchall()
        assert blob.count(b'"total":1') == 1 or b"1" in blob
        at = blob.rindex(b"1")
        spill._db.execute("UPDATE passivated SET blob = ?", (blob[:at] + b"7" + blob[at + 1 :],))
        assert await asyncio.wait_for(node.ask(Add(10), key=("e", 2)), 60) == (b'{"total":11}', 2)
        assert "entity_damaged" not in node.told.names()
        assert node.shard.recoveries == 2


def test_a_damaged_file_is_made_anew_and_who_had_rows_in_it_is_told(tmp_path: Path) -> None:
    """Found by a fault campaign of 25 minutes: a full disk damaged the file, and no shard was ever served again."""
    path = tmp_path / "spill.db"
    spill = SqliteSpill(path)
    for n in range(200):
        spill.put(A, f"a{n}", bytes(500))
        spill.put(B, f"b{n}", bytes(500))
    spill._db.execute("PRAGMA cache_size=0")
    with path.open("r+b") as file:  # what a write that broke off leaves
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(SpillFailed, match="malformed"):
        any(spill.get(A, f"a{n}") is None for n in range(200))
    for read in (lambda: spill.get(A, "a0"), lambda: spill.take(B, "b0"), lambda: list(spill.ids(B))):
        with pytest.raises(SpillFailed, match="was damaged and is made anew"):
            read()
    spill.clear(A)
    spill.put(A, "a0", b"fresh")
    assert (spill.take(A, "a0"), spill.get(A, "a1"), list(spill.ids(A))) == (b"fresh", None, [])
    spill.put(B, "b7", b"new")  # goes on putting to sleep, and finds what it put since
    assert spill.get(B, "b7") == b"new"
    with pytest.raises(SpillFailed, match="was damaged and is made anew"):
        spill.get(B, "b8")
    spill.clear(B)
    assert spill.get(B, "b8") is None
    spill.close()


def test_a_file_that_cannot_be_made_anew_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "spill.db"
    spill = SqliteSpill(path)
    spill.put(A, "x", b"1")
    path.write_bytes(b"this is no database at all" * 400)
    spill._db.execute("PRAGMA cache_size=0")

    def full(*_: object, **__: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteSpill, "_fresh", full)
        for _ in range(3):
            with pytest.raises(SpillFailed):
                spill.put(A, "y", b"2")
        spill.clear(A)
    with pytest.raises(SpillFailed):  # this one makes it anew
        spill.put(A, "y", b"2")
    spill.clear(A)
    spill.put(A, "y", b"2")
    assert spill.take(A, "y") == b"2"
    spill.close()


def test_a_start_on_a_full_disk_does_without_a_file_until_there_is_room(tmp_path: Path) -> None:
    """It ended in a traceback: the log may lie on another disk, or in Kafka."""

    class OnSmallDisk(SqliteSpill):
        pages = 1

        def _connect(self) -> sqlite3.Connection:
            db = super()._connect()
            db.execute(f"PRAGMA max_page_count={self.pages}")
            return db

    spill = OnSmallDisk(tmp_path / "spill.db")
    for _ in range(2):
        with pytest.raises(SpillFailed):
            spill.put(A, "x", b"1")
    OnSmallDisk.pages = 64
    with pytest.raises(SpillFailed):  # this one makes it
        spill.put(A, "x", b"1")
    spill.put(A, "x", b"1")
    assert (spill.take(A, "x"), spill.get(B, "y")) == (b"1", None)
    spill.close()


def test_what_a_full_disk_refuses_leaves_the_file_whole(tmp_path: Path) -> None:
    spill = SqliteSpill(tmp_path / "spill.db")
    spill.put(A, "small", b"1")
    spill._db.execute("PRAGMA max_page_count=64")
    with pytest.raises(SpillFailed, match="full"):
        any(spill.put(A, f"a{n}", bytes(3000)) for n in range(1000))  # type: ignore[func-returns-value]
    kept = list(spill.ids(A))
    assert len(kept) > 10
    assert all(spill.get(A, id) is not None for id in kept)
    assert spill._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    spill.close()
