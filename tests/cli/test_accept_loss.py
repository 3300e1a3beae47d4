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
