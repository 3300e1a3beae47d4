"""What lies in the store of media and no record names."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from click.testing import CliRunner, Result

from huntserver.cli.main import main
from huntserver.config import Config, Data, LogChoice, MediaChoice
from huntserver.media.folder import FolderStore
from huntserver.sweeping import MediaSweeper
from lab.machines.servers import serving
from tests.actors.rig import Told

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
HUNT = 'title = "Gate"\n[[clues]]\nid = "a"\ntitle = "A"\ntext = "![A gate](gate.png)"\nanswers = ["b"]\n'
DAYS_S = 86_400


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def test_what_no_record_names_is_found_and_removed_once_it_is_old(tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "hunt.toml").write_text(HUNT)
    (tmp_path / "gate" / "gate.png").write_bytes(PICTURE)
    with serving(tmp_path, "--hunt", "gate"):
        pass
    data = tmp_path / "data"
    store = FolderStore(data / "media", spare_bytes=0)
    (used,) = store.held()
    old = time.time() - 40 * DAYS_S
    for digest, at in (("a" * 64, old), ("b" * 64, time.time())):
        store.write(digest, b"lost")
        os.utime(data / "media" / digest[:2] / digest, (at, at))
    os.utime(data / "media" / used.digest[:2] / used.digest, (old, old))
    log = f"sqlite:{tmp_path / 'hunts.db'}"
    where = ("--log", log, "--data", str(data))
    assert "3 files" in run("media", "orphans", *where).stdout
    assert "2 named by no record, 1 of them (4 bytes) older than 30 days" in run("media", "orphans", *where).stdout
    told = Told()
    config = Config(log=LogChoice(url=log), data=Data(dir=str(data)), media=MediaChoice(orphans_days=30))
    sweeper = MediaSweeper(config, told)
    asyncio.run(sweeper.sweep())
    assert sweeper.statistics()[2:] == (2, 1, 0), told
    assert sorted(held.digest for held in store.held()) == sorted([used.digest, "b" * 64])
    assert "; 1 removed" in run("media", "orphans", *where, "--older", "0", "--remove").stdout
    assert [held.digest for held in store.held()] == [used.digest]
    for n in range(100):
        store.write(f"{n:064x}", b"?")
        os.utime(data / "media" / f"{n:064x}"[:2] / f"{n:064x}", (old, old))
    asyncio.run(sweeper.sweep())
    assert len(list(store.held())) == 101, "over half of it is named by no record: it may be another log's"
