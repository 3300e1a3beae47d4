"""A projector in a process of its own that writes a byte for every batch that it has committed, until it is killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from actors.reporter import Silent
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.projections import projector as projecting
from huntserver.projections.postgres import PostgresReadStore
from huntserver.projections.projector import Projector
from huntserver.projections.sqlite import SqliteReadStore
from tests.projections.played import SHARDS, opened


async def fold(folder: str, url: str, schema: str) -> None:
    """Fold a log in very small batches."""
    projecting.BATCH_RECORDS, projecting.BATCH_S = 1, 0.0  # type: ignore[misc]
    log = await opened(Path(folder))
    store: Any = SqliteReadStore(Path(url.partition(":")[2])) if not schema else PostgresReadStore(url, schema)
    real = store.commit

    def commit(*arguments: Any) -> None:
        real(*arguments)
        os.write(1, b".")

    store.commit = commit
    await Projector(log, [(HuntType(), SHARDS["hunts"]), (PlayerType(), SHARDS["players"])], store, Silent()).catch_up()
