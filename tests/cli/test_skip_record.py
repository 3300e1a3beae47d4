"""`huntserver skip-record` on a real file: what it prints lets the shard be read again, and nothing else is skipped."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner

from actors.log.codec import Probe, Tenure, encode
from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog
from huntserver.cli.main import DAMAGED, main

SHARD = ShardId("hunts", 3)
SHARDS = {"hunts": 64, "players": 64}


async def write(path: Path) -> None:
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    await log.append(SHARD, [encode(Tenure("n", 0, 1, "node", "run", 0, 64)), b"from another program"])
    await log.append(SHARD, [encode(Probe("n@0", 1, 2))])
    await log.close()


def test_a_strangers_record_closes_its_shard_until_the_order_that_is_printed_is_in_the_configuration(
    tmp_path: Path,
) -> None:
    asyncio.run(write(tmp_path / "hunts.db"))
    config = tmp_path / "config.toml"
    config.write_text(f'[log]\nurl = "sqlite:{tmp_path}/hunts.db"\n')
    there = ["--config", str(config), "--data", str(tmp_path)]
    run = CliRunner().invoke
    replayed = run(main, ["replay", *there])
    assert replayed.exit_code == DAMAGED
    assert "shard hunts-3, offset 1: not a record" in replayed.stderr
    for offset, why in ((0, "a valid record"), (2, "offset 1: not a record"), (3, "and none at 3")):
        refused = run(main, ["skip-record", "hunts-3", str(offset), *there])
        assert (refused.exit_code != 0, why in refused.stderr) == (True, True), refused.output
    assert "'hunts-64' is no shard" in run(main, ["skip-record", "hunts-64", "1", *there]).stderr
    printed = run(main, ["skip-record", "hunts-3", "1", *there])
    assert printed.exit_code == 0
    config.write_text(config.read_text() + printed.stdout.removeprefix("[log]\n"))
    again = run(main, ["replay", *there])
    assert again.exit_code == 0, again.output
    assert again.stdout.startswith("3 records (1 void)")
