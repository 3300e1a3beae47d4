"""A person is erased where much is kept: the log on a real Kafka broker, the feed, read models in a real PostgreSQL.

The server is killed then, and starts from the log alone: nothing that was ever written brings the name back.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from huntserver.auth import Tokens, load_key
from huntserver.client import connect
from lab.machines.brokers import remove_topics
from lab.machines.servers import LocalServer
from tests.integration.test_erasing import GUESS, HUNT, NAME, OTHER, SEALS, WORDS, play, run
from tests.integration.test_read_models import ask, until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600), pytest.mark.xdist_group("feed")]


class Kept:
    """A server, and everything that keeps what was played in it."""

    def __init__(self, folder: Path, broker: str, prefix: str, database: str) -> None:
        self.broker, self.prefix, self.database, self.folder = broker, prefix, database, folder
        for hunt in ("one", "two"):
            (folder / f"{hunt}.toml").write_text(HUNT)
        self.config = folder / "c.toml"
        self.config.write_text(
            f'[log]\nurl = "kafka:{broker}"\ntopic_prefix = "{prefix}"\nhunt_shards = 2\nplayer_shards = 2\n'
            f'[data]\ndir = "{folder}/data"\n[projections]\nstore = "{database}"\nfeed = true\n{SEALS}'
        )
        hunts = ("--hunt", "one.toml", "--hunt", "two.toml")
        self.server = LocalServer(folder, "--config", "c.toml", *hunts, "--projections", database)

    def topic(self, name: str) -> bytes:
        """Return keys and values of all that lies in a topic now."""
        read = ["kcat", "-C", "-q", "-e", "-b", self.broker, "-t", f"{self.prefix}.{name}", "-o", "beginning"]
        return subprocess.run([*read, "-f", "%k %s\n"], capture_output=True, check=False, timeout=60).stdout

    def rows(self) -> str:
        """Return every row of the read models."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'huntserver'").fetchall()
            tables = [f"SELECT to_jsonb(t)::text FROM huntserver.{name} t" for (name,) in found]
            return "\n".join(row for table in tables for (row,) in connection.execute(table).fetchall())  # type: ignore[arg-type]

    def said(self, tokens: Tokens) -> str:
        """Return what the API says to a host and to a player, and what is exported."""
        host, bob = tokens.mint("admin", "root", "Root"), tokens.mint("player", "gbob", OTHER)
        paths = [
            "/api/hunts",
            "/api/leaderboard",
            "/api/hunts/one/audit",
            "/api/players/gann",
            "/api/players/gann/solves",
        ]
        said = [str(ask(self.server, path, held)) for path in paths for held in (host, bob)]
        told = ("--hunt", "one", "--config", self.config, "--format", "json")
        said += [run("export", what, *told).stdout for what in ("standings", "guesses")]
        said.append(run("export", "page", "--team", "t1", *told).stdout)
        return "\n".join([*said, str(asyncio.run(self._seen(bob))), str(asyncio.run(self._seen(host)))])

    async def _seen(self, token: str) -> list[object]:
        async with connect(self.server.url, token) as client:
            found = [await client.question(op, hunt="one") for op in ("page", "board")] if "gbob" in token else []
            return [*found, await client.question("board", hunt="one")]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    broker, postgres = os.environ["HUNTSERVER_TEST_KAFKA"], os.environ["HUNTSERVER_TEST_POSTGRES"]
    name = f"erasing_{secrets.token_hex(4)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    made = Kept(tmp_path, broker, f"test-{secrets.token_hex(6)}", f"{postgres.rpartition('/')[0]}/{name}")
    try:
        made.server.start()
        yield made
    finally:
        made.server.stop()
        asyncio.run(remove_topics(broker, made.prefix))
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def test_a_person_is_gone_from_a_log_in_kafka_from_postgresql_and_from_what_a_replay_gives(kept: Kept) -> None:
    server = kept.server
    tokens = Tokens(load_key(kept.folder / "data" / "token.key", make=False))
    asyncio.run(play(server.url, tokens))
    until(lambda: NAME in kept.rows() and OTHER in kept.rows())
    until(lambda: b'"guessed"' in kept.topic("feed"))
    assert NAME in kept.said(tokens)
    log = kept.topic("hunts")
    assert b'"joined"' in log
    where = ("--config", kept.config, "--url", server.url)
    assert "readable until the key goes" in run("erase", "gann", *where, "--dry-run").output
    done = run("erase", "p:gann", *where, "--yes").output
    assert done.endswith("p:gann is erased\n"), done

    assert set(log.splitlines()) < set(kept.topic("hunts").splitlines()), "no byte of the log was changed"
    server.kill()
    assert kept.topic("hunts.snapshots") + kept.topic("players.snapshots") == b"", (
        "there is the log alone to start from"
    )
    server.start()
    again = run("erase", "gann", *where, "--check", "--text", NAME, "--text", GUESS).output
    assert again.endswith("p:gann is erased\n"), again
    dump = kept.folder / "dump.jsonl"
    run("replay", "--config", kept.config, "--dump", dump)
    topics = ("hunts", "players", "feed", "hunts.snapshots", "players.snapshots")
    places = {name: kept.topic(name).decode() for name in topics}
    places |= {"replay": dump.read_text(), "rows": kept.rows(), "said": kept.said(tokens)}
    places["log lines"] = server.stderr.read_text()
    assert [(place, word) for place, text in places.items() for word in WORDS if word in text] == []
    assert OTHER in places["rows"]
    assert OTHER in places["said"], "the others are there as they were"
    server.stop()  # with snapshots
    assert kept.topic("hunts.snapshots")
    assert not any(word.encode() in kept.topic("hunts.snapshots") for word in WORDS)
    server.start()
