"""The projector over a real log: what counts is folded once, whatever happens to it in between."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.entity import EntityType
from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog
from actors.reporter import Silent
from huntserver.game.event import Author
from huntserver.game.features.joining import Joined
from huntserver.game.hunt import HuntType
from huntserver.game.player.entity import PlayerType
from huntserver.projections import projector as projecting
from huntserver.projections import queries
from huntserver.projections.postgres import PostgresReadStore
from huntserver.projections.projector import Projector
from huntserver.projections.sqlite import SqliteReadStore
from huntserver.projections.store import Moved, ReadStore, StoreError
from tests.projections.played import HOUR_MS, SECRET, SHARDS, START_MS, Writer, contents, opened, play

KINDS: list[tuple[EntityType[Any], int]] = [(HuntType(), SHARDS["hunts"]), (PlayerType(), SHARDS["players"])]


def projector(log: SqliteLog, store: ReadStore) -> Projector:
    return Projector(log, KINDS, store, Silent())


async def test_read_models_say_what_happened(store: ReadStore, tmp_path: Path) -> None:
    log = await opened(tmp_path)
    await play(log)
    await projector(log, store).catch_up()
    hunts = queries.directory(store)
    assert [(h["hunt"], h["title"], h["phase"], h["players"], h["teams"], h["clues"]) for h in hunts] == [
        (f"h{i}", f"The hunt {i}", "ended", 6, 3, 2) for i in sorted((0, 1), key=lambda i: -hunts[0]["at_ms"])
    ] or {h["hunt"] for h in hunts} == {"h0", "h1"}
    assert [(h["guesses"], h["solves"]) for h in hunts] == [(301, 1)] * 2
    assert [h["hunt"] for h in queries.directory(store, search="HUNT 1")] == ["h1"]
    assert queries.directory(store, search="%") == []
    assert queries.directory(store, phase="running") == []
    board = queries.leaderboard(store)
    assert [(r["place"], r["player"], r["points"], r["wins"], r["name"]) for r in board] == [
        (1, "p3", 13, 0, "Player 3"),
        (2, "p2", 12, 0, "Player 2"),
        (3, "p1", 11, 0, "Player 1"),
        (4, "p0", 10, 1, "Player 0"),
    ]
    assert [r["player"] for r in queries.leaderboard(store, season="2026Q3")] == ["p3", "p2", "p1", "p0"]
    assert queries.leaderboard(store, season="1999Q1") == []
    assert [(r["hunt"], r["place"], r["points"]) for r in queries.history(store, "p0")] == [("h0", 1, 10)]
    assert [(r["treasure"], r["rank"]) for r in queries.inventory(store, "p2")] == [("coin", 3)]
    assert [(r["clue"], r["points"], r["rank"]) for r in queries.solves(store, "p2", hunt="h0")] == [("c1", 10, 1)]
    assert [r["hunt"] for r in queries.solves(store, "p2", hunt="h1")] == []
    assert [r["hunt"] for r in queries.solves(store, "p2", owner="h:other")] == []
    await log.close()


async def test_hours_are_those_of_the_events_and_final_when_no_record_can_be_missing(
    store: ReadStore, tmp_path: Path
) -> None:
    log = await opened(tmp_path)
    await play(log)
    await projector(log, store).catch_up()
    hours = queries.statistics(store, "h0")
    assert len({row["hour_ms"] for row in hours}) >= 2
    assert all(row["hour_ms"] % HOUR_MS == 0 for row in hours)
    assert sum(row["guesses"] for row in hours) == 301
    assert sum(row["solves"] for row in hours) == sum(row["hints"] for row in hours) == 1
    assert hours[0]["final"]
    assert not hours[-1]["final"]
    await log.close()


async def test_the_audit_says_who_did_what_and_no_answer_guess_or_name_of_a_player(
    store: ReadStore, tmp_path: Path
) -> None:
    log = await opened(tmp_path)
    await play(log)
    await projector(log, store).catch_up()
    rows = queries.audit(store, "h0")
    told = [row["event"] for row in rows]
    assert told == [
        "ended",
        "extended",
        "unpaused",
        "announced",
        "paused",
        "started",
        "published",
        "defined",
        "created",
    ]
    assert rows[0]["author"] == "timer"
    assert [row["event"] for row in queries.audit(store, "h0", search="rain")] == ["announced"]
    assert SECRET not in repr(contents(store))
    assert "Player" not in repr(rows)
    await log.close()


async def test_a_fold_in_pieces_equals_the_fold_from_zero(store: ReadStore, tmp_path: Path) -> None:
    log = await opened(tmp_path)
    hunt = Writer(log, ShardId("hunts", 0))
    await hunt.open("one")
    pieces = store.rebuilt()
    for n in range(8):
        hunt.write("hunt/h0", Joined(f"t{n}", "T", Author(f"p:p{n}", name=f"N{n}")), by=f"p:p{n}")
        if n % 3 == 0:
            await hunt.open(f"tenure{n}")
        await hunt.flush()
        await projector(log, pieces).catch_up()
        pieces.close()
    pieces.open()
    await projector(log, store).catch_up()
    assert contents(pieces) == contents(store)
    pieces.close()
    await log.close()


async def test_it_follows_the_log_and_waits_out_a_store_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "PAUSE_S", (0.0,))
    monkeypatch.setattr(projecting, "BATCH_S", 0.0)
    log, store = await opened(tmp_path), SqliteReadStore(tmp_path / "read.db")
    failures = [StoreError("the disk is full")] * 3
    real = store.commit

    def failing(*arguments: object) -> None:
        if failures:
            raise failures.pop()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "commit", failing)
    following = projector(log, store)
    running = asyncio.create_task(following.run())
    hunt = Writer(log, ShardId("hunts", 1))
    await hunt.open("one")
    for n in range(30):
        hunt.write("hunt/h1", Joined(f"t{n}", "T", Author(f"p:p{n}")), by=f"p:p{n}")
        await hunt.flush()
    reader = SqliteReadStore(store.path)  # a connection of its own: the projector's is used in a thread
    reader.open()
    async with asyncio.timeout(60):
        while not reader.query("SELECT players FROM hunts WHERE players = 30"):
            await asyncio.sleep(0.01)
    reader.close()
    assert following.statistics().faults == 3
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()
    await log.close()


async def test_two_projectors_of_one_store_fold_every_record_once(
    store: ReadStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "PAUSE_S", (0.0,))
    log = await opened(tmp_path)
    await play(log)
    twin = beside(store)
    await asyncio.gather(_tried(projector(log, store)), _tried(projector(log, twin)))
    twin.close()
    assert [h["guesses"] for h in queries.directory(store)] == [301, 301]
    await log.close()


async def test_a_file_that_another_writes_while_it_is_opened_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "read.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE theirs (x)")
    store = SqliteReadStore(path)
    opening = asyncio.create_task(asyncio.to_thread(store.open))
    await asyncio.sleep(0.1)
    assert not opening.done()
    other.execute("COMMIT")
    other.close()
    assert await opening == {}
    store.close()


def beside(store: ReadStore) -> ReadStore:
    """Return another hold on the same tables."""
    if isinstance(store, SqliteReadStore):
        return SqliteReadStore(store.path)
    assert isinstance(store, PostgresReadStore)
    return PostgresReadStore(store.url, store.schema)


async def _tried(one: Projector) -> None:
    while True:
        try:
            await one.catch_up()
        except Moved:  # the other was quicker: what is left is taken up from there
            continue
        return


KILLS = 5


async def test_killed_again_and_again_while_folding_it_ends_with_the_fold_from_zero(
    store: ReadStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = await opened(tmp_path)
    await play(log, seed=7, guesses=4000)
    await log.close()
    url = f"sqlite:{store.path}" if isinstance(store, SqliteReadStore) else store.url  # type: ignore[attr-defined]
    schema = getattr(store, "schema", "")
    script = "import asyncio, sys, tests.projections.killed as k; asyncio.run(k.fold(*sys.argv[1:]))"
    for _ in range(KILLS):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(tmp_path), url, schema, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.read(1)  # it has committed something
        child.send_signal(signal.SIGKILL)
        await child.wait()
    log = await opened(tmp_path)
    await projector(log, store).catch_up()
    whole = SqliteReadStore(tmp_path / "whole.db")
    await projector(log, whole).catch_up()
    assert contents(store) == contents(whole)
    whole.close()
    await log.close()


def test_a_season_is_a_quarter_in_utc() -> None:
    from huntserver.projections.models import season_of

    assert season_of(START_MS) == "2026Q3"
    assert [season_of(1_767_225_600_000 + n) for n in (-1, 0)] == ["2025Q4", "2026Q1"]
