"""An embedded log whose file is gone, emptied or older than it was: what lies beside it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.faults import LogLostItsEnd
from actors.log.port import ShardId
from actors.log.sqlite.known_ends import WRITE_S, KnownEnds
from actors.log.sqlite.log import SqliteLog

SHARDS = {"hunts": 2}
SHARD = ShardId("hunts", 1)


async def written(path: Path, records: int) -> None:
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    await log.append(SHARD, [b"%d" % n for n in range(records)])
    await log.close()


def taken_away(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def taken_away_with_what_was_known(path: Path) -> None:
    path.unlink()
    path.with_name(path.name + ".known").unlink()
    path.with_name(path.name + "-wal").write_bytes(b"records that were not folded in yet")


@pytest.mark.parametrize("fault", [taken_away, emptied, taken_away_with_what_was_known])
async def test_a_log_that_is_gone_is_not_taken_for_a_new_one_and_is_made_anew_only_when_asked(
    tmp_path: Path, fault: object
) -> None:
    path = tmp_path / "log.db"
    await written(path, 3)
    fault(path)  # type: ignore[operator]
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.name.endswith(".lock")}
    for _ in range(2):
        with pytest.raises(LogLostItsEnd, match=r"log\.db is (not there|empty), and .* accept-loss"):
            await SqliteLog(path, shards=SHARDS).open()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.name.endswith(".lock")} == before
    anew = SqliteLog(path, shards=SHARDS, anew=True)
    await anew.open()
    assert (await anew.bounds(SHARD)).end == 0
    await anew.close()
    if "log.db-wal" in before:
        assert (tmp_path / "log.db-wal.lost").read_bytes() == before["log.db-wal"]


async def test_signs_of_a_server_beside_a_log_that_is_not_there_say_that_it_is_no_new_one(tmp_path: Path) -> None:
    sign = tmp_path / "media"
    sign.mkdir()
    fresh = SqliteLog(tmp_path / "log.db", shards=SHARDS, signs=[sign])
    await fresh.open()  # an empty folder says nothing
    await fresh.close()
    (sign / "picture").write_bytes(b"picture")
    with pytest.raises(LogLostItsEnd, match="media says that a server ran here"):
        await SqliteLog(tmp_path / "other.db", shards=SHARDS, signs=[sign]).open()


async def test_the_end_that_a_log_had_is_remembered_when_an_older_copy_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await written(path, 3)
    older = path.read_bytes()
    await written(path, 4)
    path.write_bytes(older)
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    assert (log.remembered()[SHARD], (await log.bounds(SHARD)).end) == (7, 3)
    log.forget([SHARD])
    await log.close()
    again = KnownEnds(path)
    again.read()
    assert again.ends == {"hunts-1": 3}


def test_known_ends_are_written_now_and_then_and_damaged_ones_say_nothing(tmp_path: Path) -> None:
    now_s = 100.0
    known = KnownEnds(tmp_path / "log.db", lambda: now_s)
    known.read()
    assert known.due_in_s() is None
    known.note({"hunts-0": 5})
    assert known.due_in_s() == 0
    known.write()
    known.note({"hunts-0": 4})
    assert known.due_in_s() is None
    known.note({"hunts-0": 6})
    assert known.due_in_s() == WRITE_S
    again = KnownEnds(tmp_path / "log.db")
    again.read()
    assert again.ends == {"hunts-0": 5}
    for damage in (b"", b'{"hunts-0":', b"[1]", b'{"hunts-0":"many"}'):
        known.path.write_bytes(damage)
        again.read()
        assert not again.ends
