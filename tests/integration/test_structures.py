"""The hunts of `tests/game/test_structures.py` on the logs that servers run on: the same answers, standings and state.

The script of each, played in memory to standings that are known beforehand, is sent to a node of the real runtime over
a real log; then another node reads that log from its beginning.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.entity import EntityType, Rejected
from actors.limits import Limits
from actors.log.kafka.log import KafkaLog
from actors.log.port import EventLog
from actors.log.sqlite.log import SqliteLog
from actors.passivation.passivation import MemorySpill
from actors.shard.actor import Caller
from actors.snapshots.recovery import NodeRun
from actors.system import ActorSystem, Outside
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from lab.machines.brokers import remove_topics
from lab.rigs.game import OWNER
from tests.actors.rig import Clock, Shown, Told
from tests.game.test_structures import STRUCTURES, Race, Sent

SHARDS = {"hunts": 2, "players": 2}
AGES_MS = 10**12
"""The script's times are its own, far from the broker's."""

Making = Callable[[], Awaitable[EventLog]]


@asynccontextmanager
async def node(make: Making, clock: Clock, run: int) -> AsyncIterator[ActorSystem]:
    """Run a node over a log; at the end it stops in order."""
    log = await make()
    outside = Outside(log, log.snapshots, MemorySpill(), clock, random.Random(run), Shown(), Told(), None)  # type: ignore[attr-defined]
    kinds: list[tuple[EntityType[Any], int]] = [(HuntType(), SHARDS["hunts"]), (PlayerType(), SHARDS["players"])]
    system = ActorSystem(kinds, outside, NodeRun("node-a", f"run{run}"), Limits(clock_skew_ms=AGES_MS))
    await system.start()
    try:
        yield system
        await system.drain()
    finally:
        await system.close()
        await log.close()


async def board(system: ActorSystem) -> list[tuple[str, int]]:
    view, _ = await system.view("hunt", "h1", BoardQuery(top=500), Caller(OWNER, "host", "Owner"))
    return [(row.name, row.score) for row in view.rows]


async def replayed(make: Making, script: Sequence[Sent], wanted: list[tuple[str, int]]) -> None:
    """Send a script and compare every answer; then read the log anew."""
    clock = Clock()
    clock.ms = script[0].at_ms
    async with node(make, clock, 1) as system:
        for n, sent in enumerate(script):
            clock.pass_s((sent.at_ms - clock.ms) / 1000)
            caller = Caller(sent.by, sent.role, sent.by[2:].title())
            answer = await system.ask("hunt", "h1", sent.command, caller)
            assert told(answer) == sent.said, (n, sent, answer)
        assert await board(system) == wanted
    async with node(make, clock, 2) as system:
        assert await board(system) == wanted


def told(answer: Any) -> str:
    """Return an answer in short, as the script has it."""
    if isinstance(answer, Rejected):
        return answer.code
    fields = msgspec.json.decode(answer[0])
    return f"{fields.get('verdict', 'ok')} {fields.get('points', 0)} {fields.get('rank', 0)}"


def wanted(race: Race) -> list[tuple[str, int]]:
    return race.oracle.standings()[:500]


@pytest.mark.parametrize("name", STRUCTURES)
async def test_a_structure_is_played_to_its_right_standings_on_sqlite(name: str, tmp_path: Path) -> None:
    race = STRUCTURES[name](0)

    async def make() -> EventLog:
        log = SqliteLog(tmp_path / "log.db", shards=SHARDS)
        await log.open()
        return log

    await replayed(make, race.table.script, wanted(race))


@pytest.mark.kafka
@pytest.mark.parametrize("name", STRUCTURES)
async def test_a_structure_is_played_to_its_right_standings_on_kafka(name: str) -> None:
    kafka = os.environ.get("HUNTSERVER_TEST_KAFKA", "")
    assert kafka, "no broker: `make kafka` starts one; give its address in HUNTSERVER_TEST_KAFKA"
    race, prefix = STRUCTURES[name](0), f"test-{secrets.token_hex(6)}"

    async def make() -> EventLog:
        log = KafkaLog(kafka, shards=SHARDS, prefix=prefix)
        await log.open()
        return log

    try:
        await replayed(make, race.table.script, wanted(race))
    finally:
        await remove_topics(kafka, prefix)
