"""`huntserver projections` on the log of a server that runs."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from huntserver.cli.main import main
from tests.projections.played import opened, play


async def filled(folder: Path) -> None:
    log = await opened(folder)
    await play(log)
    await log.close()


def run(folder: Path, *arguments: str) -> str:
    config = folder / "config.toml"
    config.write_text("[log]\nhunt_shards = 2\nplayer_shards = 2\n")
    done = CliRunner().invoke(main, ["projections", *arguments, "--config", str(config), "--data", str(folder)])
    assert done.exit_code == 0, done.output
    return done.stdout


async def test_a_log_is_folded_and_every_read_model_is_shown(tmp_path: Path) -> None:
    await filled(tmp_path)
    import asyncio

    assert "the read models in sqlite:" in await asyncio.to_thread(run, tmp_path, "rebuild")
    hunts = [json.loads(line) for line in run(tmp_path, "hunts", "--json").splitlines()]
    assert {hunt["hunt"]: hunt["phase"] for hunt in hunts} == {"h0": "ended", "h1": "ended"}
    assert "Player 3" in run(tmp_path, "leaderboard")
    assert "A coin" in run(tmp_path, "player", "p0", "--inventory")
    assert "The hunt 0" in run(tmp_path, "player", "p0")
    assert "announced" in run(tmp_path, "audit", "h0", "--search", "rain")
    assert "c2" in run(tmp_path, "statistics", "h1")
    assert "nothing there (yet)" in run(tmp_path, "leaderboard", "--season", "1999Q1")


def test_a_store_that_is_none_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[projections]\nstore = "mysql://root:pw@x/y"\n')
    done = CliRunner().invoke(main, ["projections", "hunts", "--config", str(config)])
    assert done.exit_code == 2
    assert "allowed are sqlite:PATH, postgresql://USER@HOST:PORT/DATABASE, and nothing" in done.output
    assert "pw" not in done.output
