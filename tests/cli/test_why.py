"""`huntserver why` on real logs: what came of a command, where it came from, and what stood in the way."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from actors.log.codec import Done, Tenure, encode
from actors.log.kafka.log import KafkaLog
from actors.log.port import EventLog, ShardId, shard_of
from actors.log.sqlite.log import SqliteLog
from huntserver.cli.main import FAILED, USAGE, main
from huntserver.game.event import Author
from huntserver.game.features.joining import Joined
from huntserver.game.features.schedule import Ended
from huntserver.game.features.solving import Solved
from huntserver.game.hunt import HuntType
from huntserver.game.player.events import Credited
from lab.machines.brokers import remove_topics

SHARDS = {"hunts": 2, "players": 2}
START_MS = 1_790_000_000_000
HUNT, ADA, BOB = "hunt/small", "player/ada", "player/bob"
SECRET = "what ada wrote"


def shard(entity: str) -> ShardId:
    kind, _, id = entity.partition("/")
    return ShardId(f"{kind}s", shard_of(id, 2))


class Owner:
    """Writes to one shard under a tenure."""

    def __init__(self, log: EventLog, shard: ShardId, node: str) -> None:
        self.log, self.shard, self.node = log, shard, node
        self.nonce, self.seq = "", 0

    async def open(self, at: int) -> Owner:
        record = Tenure(f"n{self.node}", 0, START_MS + at, self.node, "run", 0, 2)
        self.nonce = f"n{self.node}@{(await self.log.append(self.shard, [encode(record)])).base}"
        self.seq = 0
        return self

    async def write(self, entity: str, pos: int, at: int, by: str, key: str, *events: object) -> None:
        self.seq += 1
        record = Done(self.nonce, self.seq, START_MS + at, entity, pos, by, key, list(events), b"{}")  # type: ignore[arg-type]
        await self.log.append(self.shard, [encode(record)])


async def play(log: EventLog) -> None:
    """Ada joins; her solve is written by a superseded owner, and again by the next; it reaches her, not Bob."""
    first = await Owner(log, shard(HUNT), "first:1").open(0)
    ada = Author("p:ada", SECRET, name="Ada")
    solved = Solved("t1", "c1", 10, 1, "guess", ["p:ada", "p:bob"], ada)
    await first.write(HUNT, 1, 1_000, "p:ada", "phone:1", Joined("t1", "Small", ada))
    second = await Owner(log, shard(HUNT), "second:2").open(5_000)
    await first.write(HUNT, 2, 5_200, "p:ada", "phone:2", solved)
    await second.write(HUNT, 2, 5_600, "p:ada", "phone:2", solved)
    await second.write(HUNT, 3, 900_000, "timer", "end@900000", Ended())
    reactions = HuntType().reactions([solved], "small")
    at = [f"{r.kind}/{r.id}" for r in reactions].index(ADA)
    player = await Owner(log, shard(ADA), "third:3").open(0)
    await player.write(ADA, 1, 5_650, f"entity:{HUNT}", f"2.{at}", Credited("small", "c1", 10, first=True))


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
async def config(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Path]:
    """A configuration whose log was played; on SQLite the log stays open, as a server's is."""
    prefix = f"test-{secrets.token_hex(6)}"
    if request.param == "sqlite":
        url = f"sqlite:{tmp_path}/hunts.db"
        log: SqliteLog | KafkaLog = SqliteLog(tmp_path / "hunts.db", shards=SHARDS)
    else:
        broker = os.environ.get("HUNTSERVER_TEST_KAFKA", "")
        assert broker, "HUNTSERVER_TEST_KAFKA is not set: run `make kafka`, then set it to the address it prints"
        url = f"kafka:{broker}"
        log = KafkaLog(broker, shards=SHARDS, prefix=prefix)
    await log.open()
    await play(log)
    path = tmp_path / "config.toml"
    path.write_text(f'[log]\nurl = "{url}"\ntopic_prefix = "{prefix}"\nhunt_shards = 2\nplayer_shards = 2\n')
    yield path
    await log.close()
    if request.param == "kafka":
        await remove_topics(broker, prefix)


async def why(config: Path, *arguments: str) -> Result:
    def run() -> Result:
        return CliRunner().invoke(main, ["why", *arguments, "--config", str(config), "--data", str(config.parent)])

    return await asyncio.to_thread(run)


async def test_a_command_is_followed_from_its_key_to_where_it_arrived(config: Path) -> None:
    done = await why(config, "small", "phone:2", "--json")
    assert done.exit_code == 0, done.output
    chain = json.loads(done.stdout)
    assert (chain["record"]["pos"], chain["record"]["owner"]["node"]) == (2, "second:2#run")
    assert [copy["owner"]["node"] for copy in chain["void"]] == ["second:2#run"]  # it landed after the change
    assert [change["node"] for change in chain["record"]["changes"]] == ["first:1#run"]
    arrived = {f["target"]: f["arrived"] and f["arrived"]["events"][0]["type"] for f in chain["followed"]}
    assert arrived == {ADA: "credited", BOB: None}
    assert SECRET not in done.stdout


async def test_in_words_it_says_what_stood_in_the_way(config: Path) -> None:
    said = (await why(config, "small", "phone:2")).stdout
    assert f"{HUNT}, record 2: 2026-09-21 " in said
    assert "under the tenure of second:2#run, opened 600 ms before" in said
    assert "is void: second:2#run owned the shard when it landed" in said
    assert "arrived 50 ms later as" in said
    assert "to player/bob has not arrived" in said
    assert SECRET not in said
    assert SECRET in (await why(config, "small", "phone:2", "--personal")).stdout


async def test_a_tenure_whose_time_the_log_does_not_say_is_told_without_one(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "hunts.db", shards=SHARDS)
    await log.open()
    owner = await Owner(log, shard(HUNT), "old:1").open(-START_MS)
    ada = Author("p:ada", SECRET, name="Ada")
    await owner.write(HUNT, 1, 1_000, "p:ada", "phone:1", Joined("t1", "Small", ada))
    (tmp_path / "config.toml").write_text(f'[log]\nurl = "sqlite:{tmp_path}/hunts.db"\n')
    said = (await why(tmp_path / "config.toml", "small", "1")).stdout
    await log.close()
    assert "under the tenure of old:1#run\n" in said


async def test_a_reaction_leads_back_to_its_cause(config: Path) -> None:
    said = (await why(config, ADA, "1")).stdout
    assert "it follows from" in said
    assert "solved (team t1, clue c1" in said


async def test_a_refusal_is_explained_by_the_records_that_make_it_so(config: Path) -> None:
    said = (await why(config, "small", "already_solved", "--team", "t1", "--clue", "c1")).stdout
    assert said.startswith("already_solved: your team has solved this clue\n  hunt/small, record 2")
    assert (
        "no record of hunt/small that counts" in (await why(config, "small", "treasure_taken", "--clue", "c1")).stdout
    )
    assert "ended by timer" in (await why(config, "small", "too_late")).stdout
    assert "it rests on the request" in (await why(config, "small", "bad_token")).stdout


async def test_what_is_not_there_is_said_and_what_is_no_question_is_refused(config: Path) -> None:
    none = await why(config, "small", "phone:9")
    assert none.exit_code == FAILED
    assert "the log holds no record phone:9 of hunt/small: nothing of it was ever durable" in none.stderr
    for arguments in (("smal", "3"), ("smal", "already_solved")):
        unknown = await why(config, *arguments)
        assert unknown.exit_code == FAILED
        assert unknown.stderr == "the log holds nothing of hunt/smal; did you mean 'hunt/small'?\n"
    stranger = await why(config, "small", "already_solved", "--team", "t1", "--clue", "c9")
    assert (stranger.exit_code, stranger.stderr) == (FAILED, "nothing in the log of hunt/small names 'c9'\n")
    for arguments in (("small", "what?"), ("teams/t1", "1"), ("player/", "1")):
        assert (await why(config, *arguments)).exit_code == USAGE
