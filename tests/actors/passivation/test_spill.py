"""The spill file: keeps bytes by shard and id, and starts empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.faults import SpillFailed
from actors.log.port import ShardId
from actors.passivation.spill_sqlite import SqliteSpill
from tests.actors.rig import running
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
