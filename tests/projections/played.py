"""Logs to project: hunts and players with everything that read models look at, and records that do not count."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors.log.codec import Done, Probe, Tenure, encode
from actors.log.port import EventLog, ShardId
from actors.log.sqlite.log import SqliteLog
from huntserver.game.event import Author
from huntserver.game.features.announcing import Announced
from huntserver.game.features.authoring import Created, Defined
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.hints import HintTaken
from huntserver.game.features.joining import Joined
from huntserver.game.features.schedule import Ended, Extended, Paused, Published, Started, Unpaused
from huntserver.game.features.solving import Solved
from huntserver.game.player.events import Awarded, Closed, Credited, Entered
from huntserver.projections.models import TABLES
from huntserver.projections.store import ReadStore

SHARDS = {"hunts": 2, "players": 2}
START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
SECRET = "the answer nobody may read"


class Writer:
    """Appends records to one shard as an owner does, in batches; `elsewhere` are of nobody."""

    def __init__(self, log: EventLog, shard: ShardId) -> None:
        self.log, self.shard = log, shard
        self.nonce, self.seq, self.at = "", 0, START_MS
        self.pos: dict[str, int] = {}
        self.batch: list[bytes] = []

    async def open(self, nonce: str) -> None:
        """Open a tenure: what the one before still writes is void."""
        await self.flush()
        record = encode(Tenure(nonce, 0, self.at, "node", "run", 0, SHARDS[self.shard.topic]))
        base = (await self.log.append(self.shard, [record])).base
        self.nonce, self.seq = f"{nonce}@{base}", 0

    def write(self, entity: str, *events: Any, by: str = "h:host", counts: bool = True, after_ms: int = 1000) -> None:
        """Stage one record."""
        self.at += after_ms
        if counts:
            self.seq += 1
            self.pos[entity] = self.pos.get(entity, 0) + 1
        nonce = self.nonce if counts else "nobody's@0"
        done = Done(nonce, self.seq, self.at, entity, self.pos.get(entity, 1), by, "", list(events), msgspec.Raw(b"{}"))
        self.batch.append(encode(done))

    def probe(self) -> None:
        """Stage a record that is folded away."""
        self.seq += 1
        self.batch.append(encode(Probe(self.nonce, self.seq, self.at)))

    async def flush(self) -> None:
        """Append what is staged."""
        for at in range(0, len(self.batch), 500):
            await self.log.append(self.shard, self.batch[at : at + 500])
        self.batch = []


async def play(log: EventLog, seed: int = 1, guesses: int = 300) -> None:
    """Write two hunts and their players, with a change of owner and stragglers of the old one in between."""
    dice = random.Random(seed)
    for index in range(2):
        hunt = Writer(log, ShardId("hunts", index))
        await hunt.open("first")
        _hunt(hunt, f"hunt/h{index}", dice, guesses)
        await hunt.open("second")
        hunt.write(f"hunt/h{index}", Solved("t1", "c1", 99, 1, "guess", [], Author("p:a")), counts=False)
        _end(hunt, f"hunt/h{index}")
        await hunt.flush()
        player = Writer(log, ShardId("players", index))
        await player.open("first")
        _players(player, index)
        await player.flush()


def _hunt(to: Writer, hunt: str, dice: random.Random, guesses: int) -> None:
    definition = msgspec.json.encode(
        {"title": f"The hunt {hunt[-1]}", "clues": [{"id": "c1", "answers": [SECRET]}, {"id": "c2"}]}
    ).decode()
    to.write(hunt, Created("h:host"), Defined("digest", definition))
    to.write(hunt, Published())
    for n in range(6):
        who = Author(f"p:p{n}", name=f"Player {n}", team_name=f"Team {n // 2}" if n % 2 == 0 else "")
        to.write(hunt, Joined(f"t{n // 2 + 1}", "The hunt", who, "CODE" if n % 2 == 0 else ""), by=f"p:p{n}")
        to.write(hunt, Joined("t9", "The hunt", who), counts=False)
    to.write(hunt, Started(START_MS + 10 * HOUR_MS))
    for _ in range(guesses):
        clue, step = dice.choice(("c1", "c2")), dice.choice((1000, 20_000))
        to.write(
            hunt, Guessed("t1", clue, dice.choice(("incorrect", "partial")), 7, Author("p:p0", SECRET)), after_ms=step
        )
        if dice.random() < 0.05:
            to.probe()
    to.write(hunt, Solved("t1", "c1", 10, 1, "guess", ["p:p0", "p:p1"], Author("p:p0", SECRET)), by="p:p0")
    to.write(hunt, HintTaken("t2", "c2", "h1", 3), by="p:p2")
    to.write(hunt, Paused())
    to.write(hunt, Announced("Rain. Wait under the roof."))
    to.write(hunt, Unpaused(60_000))
    to.write(hunt, Extended(START_MS + 11 * HOUR_MS))


def _end(to: Writer, hunt: str) -> None:
    to.write(hunt, Ended(), by="timer")


def _players(to: Writer, index: int) -> None:
    for n in (index, index + 2):
        player = f"player/p{n}"
        to.write(player, Entered("h0", "The hunt 0", "t1"), by="entity:hunt/h0")
        to.write(player, Credited("h0", "c1", 10 + n, first=n == 0), by="entity:hunt/h0")
        to.write(player, Awarded("h0", "coin", "A coin", n + 1), by="entity:hunt/h0")
        to.write(player, Closed("h0", n + 1, 10 + n), by="entity:hunt/h0")


async def opened(folder: Path) -> SqliteLog:
    """Return an empty log that is open."""
    log = SqliteLog(folder / "hunts.db", shards=SHARDS)
    await log.open()
    return log


def contents(store: ReadStore) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every read model, in the order of their keys."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in TABLES:
        keys = ", ".join(name for name, _ in table.key)
        rows: Sequence[Any] = store.query(f"SELECT * FROM {table.name} ORDER BY {keys}")
        found[table.name] = [tuple(row.values()) for row in rows]
    return found
