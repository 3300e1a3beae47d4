"""A load run's verdict is broken by planted faults: one real run, its log or its histories doctored in many ways."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.log.port import ShardId
from actors.log.sqlite.log import SqliteLog
from actors.log.sqlite.reader import SqliteReader
from huntserver.config import Config, LogChoice
from huntserver.load.history import files
from huntserver.load.own_server import SHARDS
from huntserver.load.verdict import RunJudge, RunVerdict, records
from tests.integration.test_load import load

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("evidence")]  # one run for all of them


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log and the histories of a run that was found whole."""
    folder = tmp_path_factory.mktemp("load")
    kept = folder / "kept"
    code, report, output = load(
        "--scenario", "treasure-race", "--players", "30", "--rate", "60", "--seconds", "3", "--keep", str(kept),
        folder=folder,
    )  # fmt: skip
    assert code == 0, output
    assert report["verdict"]["holds"]
    return kept


async def judged(evidence: Path, log: Path | None = None, history: Path | None = None) -> RunVerdict:
    choice = LogChoice(url=f"sqlite:{log or evidence / 'hunts.db'}", hunt_shards=SHARDS, player_shards=SHARDS)
    return await RunJudge().judge(history or evidence / "history", Config(log=choice))


async def doctored_log(evidence: Path, folder: Path, change: Callable[[ShardId, list[bytes]], list[bytes]]) -> Path:
    """Return a copy of the log in which `change` had its way with the records of each shard."""
    reader = SqliteReader(evidence / "hunts.db")
    await reader.open()
    copy = folder / "doctored.db"
    log = SqliteLog(copy, shards=reader.shards())
    await log.open()
    for topic, count in reader.shards().items():
        for index in range(count):
            shard = ShardId(topic, index)
            end = (await reader.bounds(shard)).end
            bodies = change(shard, [entry.body async for entry in records(reader, shard, end)])
            if bodies:
                await log.append(shard, bodies)
    await log.close()
    await reader.close()
    return copy


def renumbered(body: bytes, by: int) -> bytes:
    """Return a record with its place in the tenure moved, so that readers go on counting what follows."""
    record = msgspec.json.decode(body)
    record["seq"] += by
    return msgspec.json.encode(record)


async def test_an_unchanged_copy_is_found_whole(evidence: Path, tmp_path: Path) -> None:
    verdict = await judged(evidence, await doctored_log(evidence, tmp_path, lambda shard, bodies: bodies))
    assert verdict.holds, verdict.violations
    assert verdict.totals["claims"] > 20


async def test_an_acknowledged_command_that_the_log_has_lost_is_found(evidence: Path, tmp_path: Path) -> None:
    def lose(shard: ShardId, bodies: list[bytes]) -> list[bytes]:
        for i, body in enumerate(bodies):
            if b'"claimed"' in body:
                return bodies[:i] + [renumbered(b, -1) for b in bodies[i + 1 :]]
        return bodies

    verdict = await judged(evidence, await doctored_log(evidence, tmp_path, lose))
    assert not verdict.holds
    assert "BROKEN" in (verdict.invariants["I1"], verdict.invariants["I5"])


async def test_the_lost_end_of_a_log_is_found(evidence: Path, tmp_path: Path) -> None:
    def cut(shard: ShardId, bodies: list[bytes]) -> list[bytes]:
        return bodies[: len(bodies) // 2] if shard.topic == "hunts" and len(bodies) > 20 else bodies

    verdict = await judged(evidence, await doctored_log(evidence, tmp_path, cut))
    assert verdict.invariants["I1"] == "BROKEN"
    assert verdict.invariants["I3"] == "BROKEN"


async def test_an_oversold_treasure_is_found(evidence: Path, tmp_path: Path) -> None:
    def oversell(shard: ShardId, bodies: list[bytes]) -> list[bytes]:
        return [b.replace(b'"quantity":10', b'"quantity":9') for b in bodies] if shard.topic == "hunts" else bodies

    def escaped(shard: ShardId, bodies: list[bytes]) -> list[bytes]:
        return [b.replace(b'\\"quantity\\":10', b'\\"quantity\\":9') for b in oversell(shard, bodies)]

    verdict = await judged(evidence, await doctored_log(evidence, tmp_path, escaped))
    assert any("I8" in text and "claim 10 of 9" in text for text in verdict.violations), verdict.violations


async def test_an_award_that_never_arrived_is_found(evidence: Path, tmp_path: Path) -> None:
    def drop(shard: ShardId, bodies: list[bytes]) -> list[bytes]:
        if shard.topic != "players":
            return bodies
        return next((bodies[:i] for i, b in enumerate(bodies) if b'"by":"entity:' in b and i), bodies)

    verdict = await judged(evidence, await doctored_log(evidence, tmp_path, drop))
    assert verdict.invariants["I11"] == "BROKEN"


def doctored_history(evidence: Path, folder: Path, change: Callable[[list[Any]], list[Any] | None]) -> Path:
    """Return a copy of the histories in which `change` had its way with every line (None: left out)."""
    copy = folder / "history"
    shutil.copytree(evidence / "history", copy)
    for path in files(copy):
        lines = [change(msgspec.json.decode(line)) for line in path.read_bytes().splitlines()]
        path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines if line is not None) + b"\n")
    return copy


class Once:
    """Changes the first line that fits and leaves the others alone."""

    def __init__(self, fits: Callable[[list[Any]], bool], change: Callable[[list[Any]], list[Any] | None]) -> None:
        self._fits, self._change, self._done = fits, change, False

    def __call__(self, line: list[Any]) -> list[Any] | None:
        if self._done or not self._fits(line):
            return line
        self._done = True
        return self._change(line)


ACCEPTED, HEARD = "ok", "h"


async def test_a_push_that_a_player_never_got_is_found(evidence: Path, tmp_path: Path) -> None:
    lost = Once(lambda line: line[0] == HEARD and line[4] == "hunt" and line[6] > 0, lambda line: None)
    verdict = await judged(evidence, history=doctored_history(evidence, tmp_path, lost))
    assert verdict.invariants["I4"] == "BROKEN"


async def test_a_push_that_the_log_does_not_hold_is_found(evidence: Path, tmp_path: Path) -> None:
    def invent(line: list[Any]) -> list[Any]:
        return [*line[:5], 9_999_999, line[6]]

    def last(line: list[Any]) -> bool:
        return bool(line[0] == HEARD and line[4] == "hunt" and line[6] > 0)

    verdict = await judged(evidence, history=doctored_history(evidence, tmp_path, Once(last, invent)))
    assert verdict.invariants["I3"] == "BROKEN"


async def test_an_answer_that_differs_from_the_log_is_found(evidence: Path, tmp_path: Path) -> None:
    def accepted(line: list[Any]) -> bool:
        return line[0] == "c" and line[7] == ACCEPTED and "rank" in (line[12] or {})

    def better(line: list[Any]) -> list[Any]:
        return [*line[:12], {**line[12], "rank": 1_000}, *line[13:]]

    verdict = await judged(evidence, history=doctored_history(evidence, tmp_path, Once(accepted, better)))
    assert verdict.invariants["I1"] == "BROKEN"


async def test_a_refusal_that_the_rules_would_not_give_is_found(evidence: Path, tmp_path: Path) -> None:
    refused = Once(lambda line: line[0] == "c" and line[7] == "refused", lambda line: [*line[:8], "locked", *line[9:]])
    verdict = await judged(evidence, history=doctored_history(evidence, tmp_path, refused))
    assert verdict.invariants["I7"] == "BROKEN"


async def test_an_answer_before_an_earlier_one_was_asked_for_is_found_without_a_log(
    evidence: Path, tmp_path: Path
) -> None:
    early = Once(
        lambda line: line[0] == "c" and line[7] == ACCEPTED and line[9] > 60,
        lambda line: [*line[:4], 1, 1, 2, *line[7:]],
    )
    verdict = await RunJudge().judge(doctored_history(evidence, tmp_path, early), None)
    assert any(text.startswith("I7") for text in verdict.violations), verdict.invariants


async def test_two_commands_at_one_pos_are_found_without_a_log(evidence: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def twice(line: list[Any]) -> list[Any]:
        if line[0] == "c" and line[7] == ACCEPTED:
            seen.append(line[9])
            return [*line[:9], seen[0], *line[10:]]
        return line

    verdict = await RunJudge().judge(doctored_history(evidence, tmp_path, twice), None)
    assert verdict.invariants["I1"] == "BROKEN"


async def test_an_answer_of_the_game_in_what_came_breaks_the_verdict(evidence: Path) -> None:
    choice = LogChoice(url=f"sqlite:{evidence / 'hunts.db'}", hunt_shards=SHARDS, player_shards=SHARDS)
    verdict = await RunJudge(leaks=1).judge(evidence / "history", Config(log=choice))
    assert verdict.invariants["I9"] == "BROKEN"
    assert not verdict.holds


FORGETFUL = """
import huntserver.gateway.rooms as rooms
from huntserver.cli.main import main
from huntserver.gateway.giving import Delivered
give, count = rooms.give, [0]
def sometimes(*given):
    count[0] += 1
    return give(*given) if count[0] % 5 else Delivered(0, (), ())
rooms.give = sometimes
main()
"""
"""A server that loses every fifth push."""


def test_a_server_that_loses_pushes_gives_exit_status_one(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    command = [sys.executable, "-c", FORGETFUL, "serve", "--data", str(folder), "--port", "0"]
    race = ("--scenario", "treasure-race", "--players", "20", "--rate", "40", "--seconds", "2")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[1].rstrip(",")
            given = (url, "--key-file", str(folder / "token.key"), "--log", f"sqlite:{folder}/hunts.db")
            code, report, output = load(*given, *race, folder=tmp_path)
        finally:
            server.kill()
    assert code == 1, output
    assert report["verdict"]["invariants"]["I4"] == "BROKEN"
    assert "VIOLATION I4: push" in output
    assert "log and histories are kept in" in output
