"""`huntserver accept-loss` on a real file: it lists what is gone, and with --yes lets the shard be served again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from click.testing import CliRunner

from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog
from actors.snapshots.losses import KnownPlace, claim_key, encode_claim, losses, rows_of
from huntserver.cli.main import DAMAGED, main

SHARD = ShardId("hunts", 3)
SHARDS = {"hunts": 64, "players": 64}


async def lose(path: Path) -> None:
    """Write records, claim the last of them, and cut off two."""
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    for n in range(5):
        await log.append(SHARD, [b"%d" % n])
    await log.snapshots.put(SHARD, claim_key(KnownPlace(4, "n@0")), encode_claim(3))
    await log.close()
    with sqlite3.connect(path) as file:
        file.execute("DELETE FROM batches WHERE shard = ? AND base >= 3", (str(SHARD),))
    file.close()


async def rows(path: Path) -> dict[str, bytes]:
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    found = await rows_of(log.snapshots, SHARD)
    await log.close()
    return found


def test_a_loss_is_listed_then_accepted_and_then_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "hunts.db"
    asyncio.run(lose(path))
    command = ["accept-loss", "--log", f"sqlite:{path}"]
    listed = CliRunner().invoke(main, command)
    assert listed.exit_code == DAMAGED
    assert "hunts-3: the log had 5 records, it ends at 3: 2 acknowledged records are gone" in listed.stdout
    assert "with --yes" in listed.stderr
    assert list(asyncio.run(rows(path))) == ["e|4|0|n@0"]
    accepted = CliRunner().invoke(main, [*command, "--yes"])
    assert accepted.exit_code == 0
    [loss] = losses(asyncio.run(rows(path)))
    assert (loss.place, loss.end) == (KnownPlace(4, "n@0"), 3)
    again = CliRunner().invoke(main, command)
    assert (again.exit_code, again.stdout) == (0, "no shard's log lost its end\n")


async def grow(path: Path, records: int) -> None:
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    await log.append(SHARD, [b"{}"] * records)
    await log.close()


def test_an_older_copy_that_is_put_back_is_short_until_the_loss_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "hunts.db"
    asyncio.run(grow(path, 3))
    older = path.read_bytes()
    asyncio.run(grow(path, 4))
    path.write_bytes(older)
    command = ["accept-loss", "--log", f"sqlite:{path}"]
    for _ in range(2):
        listed = CliRunner().invoke(main, command)
        assert (listed.exit_code, listed.stdout) == (
            DAMAGED, "hunts-3: the log had 7 records, it ends at 3: 4 acknowledged records are gone\n"
        )  # fmt: skip
    assert CliRunner().invoke(main, [*command, "--yes"]).exit_code == 0
    asyncio.run(grow(path, 1))
    assert CliRunner().invoke(main, command).stdout == "no shard's log lost its end\n"


def test_a_server_whose_log_is_gone_does_not_start_until_that_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "hunts.db"
    asyncio.run(grow(path, 3))
    path.unlink()
    started = CliRunner().invoke(main, ["serve", "--data", str(tmp_path), "--port", "1", "--projections", "off"])
    assert started.exit_code == DAMAGED
    assert f"log_lost_its_end: {path} is not there, and held 3 records" in started.stderr
    command = ["accept-loss", "--data", str(tmp_path)]
    assert CliRunner().invoke(main, command).exit_code == DAMAGED
    assert not path.exists()
    accepted = CliRunner().invoke(main, [*command, "--yes"])
    assert "hunts-3: the log had 3 records, it ends at 0: 3 acknowledged records are gone" in accepted.stdout
    assert CliRunner().invoke(main, command).stdout == "no shard's log lost its end\n"
