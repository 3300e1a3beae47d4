"""A table's history as a log on disk, as a server would have written it: for tools that read logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from actors.log.codec import Done, Tenure, encode
from actors.log.port import ShardId, shard_of
from actors.log.sqlite.log import SqliteLog
from huntserver.game.features.hints import HintTaken
from lab.rigs.game import OWNER, Table

SHARDS = {"hunts": 16, "players": 16}


def author(table: Table, events: tuple[Any, ...]) -> str:
    """Return who sent the command that a record came of; of a hint, a member of the team."""
    for event in events:
        if isinstance(event, HintTaken):
            return table.state.teams[event.team].members[-1]
        who = getattr(event, "personal", None)
        if who is not None and who.by:
            return str(who.by)
    return OWNER if type(events[0]).__name__ in ("Created", "Defined") else "timer"


def records(table: Table, hunt: str = "h1", nonce: str = "first@0") -> list[Done]:
    """Return a table's history as records of a log."""
    return [
        Done(nonce, n, at_ms, f"hunt/{hunt}", seq, author(table, events), "", list(events), msgspec.Raw(b"{}"))
        for n, (seq, at_ms, events) in enumerate(table.log, 1)
    ]


async def write_log(path: Path, table: Table, hunt: str = "h1") -> None:
    """Write a table's history to a new SQLite log."""
    log = SqliteLog(path, shards=SHARDS)
    await log.open()
    shard = ShardId("hunts", shard_of(hunt, SHARDS["hunts"]))
    await log.append(shard, [encode(Tenure("first", 0, table.log[0].at_ms, "n", "run", 0, SHARDS["hunts"]))])
    for record in records(table, hunt):
        await log.append(shard, [encode(record)])
    await log.close()
