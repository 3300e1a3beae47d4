"""A person is erased by one command, on a real server and its log, and it is shown that nothing is left."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import FAILED, main
from huntserver.client import Refused, Unreachable, connect
from lab.machines.servers import serving

HUNT = """
title = "T"
[teams]
mode = "teams"
[help]
[[clues]]
id = "c1"
title = "T"
answers = ["right"]
"""
NAME, OTHER, GUESS, QUESTION = "Annelise Mustermann", "Bobby Beispiel", "a blue whale of mine", "My phone is 0171 55501"
HUNTS = ("--config", "c.toml", "--hunt", "one.toml", "--hunt", "two.toml")
SEALS = "[privacy]\nseal = true\n"
WORDS = (NAME, "Mustermann", GUESS, QUESTION)


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output + result.stderr
    return result


async def play(url: str, tokens: Tokens) -> None:
    """Play a little in both hunts, as two people in one team."""
    ann, bob = tokens.mint("player", "gann", NAME), tokens.mint("player", "gbob", OTHER)
    async with connect(url, ann) as a, connect(url, bob) as b:
        for hunt in ("one", "two"):
            made = await a.command("join", hunt=hunt, fields={"team": "Owls"})
            await b.command("join", hunt=hunt, fields={"invite": made["invite"]})
            await a.command("guess", hunt=hunt, fields={"clue": "c1", "text": GUESS})
            await a.command("ask", hunt=hunt, fields={"clue": "c1", "text": QUESTION})
            await a.command("guess", hunt=hunt, fields={"clue": "c1", "text": "right"})


async def comes_in_again(url: str, token: str) -> None:
    async with connect(url, token) as client:
        await client.command("join", hunt="one", fields={"team": "Newts"})


def stored(folder: Path) -> bytes:
    """Return all bytes of the server's files."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_one_command_erases_a_person_from_every_file_and_what_was_played_stays(tmp_path: Path) -> None:
    for hunt in ("one", "two"):
        (tmp_path / f"{hunt}.toml").write_text(HUNT)
    store = f"sqlite:{tmp_path}/data/models.db"
    log = ("--log", f"sqlite:{tmp_path}/hunts.db", "--data", tmp_path / "data")
    config = tmp_path / "c.toml"
    config.write_text(f'[projections]\nstore = "{store}"\n{SEALS}')
    with serving(
        tmp_path, "--config", "c.toml", "--hunt", "one.toml", "--hunt", "two.toml", "--projections", store
    ) as server:
        tokens = Tokens(load_key(tmp_path / "data" / "token.key", make=False))
        asyncio.run(play(server.url, tokens))
        assert not any(word.encode() in (tmp_path / "hunts.db").read_bytes() for word in (*WORDS, OTHER, "Owls"))
        where = (*log, "--config", config, "--url", server.url)
        seen = run("erase", "gann", *where, "--dry-run").output
        assert "p:gann is in 2 hunts" in seen
        assert "readable until the key goes" in seen
        run("erase", "gann", *where, "--check", code=FAILED)
        held = shutil.copytree(tmp_path / "data", tmp_path / "backup") / "persons.key"
        done = run("erase", "p:gann", *where, "--yes").output
        assert done.endswith("p:gann is erased\n"), done
        assert "p:gann is erased" in run("erase", "gann", *where, "--yes").output, "erasing twice is no fault"
        assert "holds nothing of p:nobody" in run("erase", "nobody", *where, "--yes", code=FAILED).output
        with pytest.raises((Refused, Unreachable)):
            asyncio.run(comes_in_again(server.url, tokens.mint("player", "gann", NAME)))
        asyncio.run(comes_in_again(server.url, tokens.mint("player", "gnew", "Annelise")))
        held.unlink()
        shutil.rmtree(tmp_path / "backup")
    bytes_left = stored(tmp_path)
    assert not any(word.encode() in bytes_left for word in WORDS)
    rows = json.loads(run("export", "guesses", "--hunt", "one", *log, "--format", "json").stdout)
    assert [(row["name"], row["verdict"], row["text"], row["points"]) for row in rows] == [
        ("Owls", "incorrect", "", 0),
        ("Owls", "correct", "", 10),
    ]
    with serving(tmp_path, "--config", "c.toml", "--projections", store) as server:  # from its snapshots
        again = run("erase", "gann", *log, "--config", config, "--url", server.url, "--check", "--text", NAME).output
        assert again.endswith("p:gann is erased\n"), again
        assert "files" not in again


def test_with_no_server_running_the_command_runs_one_for_as_long_as_it_takes(tmp_path: Path) -> None:
    for hunt in ("one", "two"):
        (tmp_path / f"{hunt}.toml").write_text(HUNT)
    log = ("--log", f"sqlite:{tmp_path}/hunts.db", "--data", tmp_path / "data", "--config", tmp_path / "c.toml")
    (tmp_path / "c.toml").write_text(f'[projections]\nstore = ""\n{SEALS}')
    with serving(
        tmp_path, "--config", "c.toml", "--hunt", "one.toml", "--hunt", "two.toml", "--projections", "off"
    ) as server:
        asyncio.run(play(server.url, Tokens(load_key(tmp_path / "data" / "token.key", make=False))))
    done = run("erase", "gbob", *log, "--url", "ws://127.0.0.1:9/ws", "--yes").output
    assert done.endswith("p:gbob is erased\n"), done
    assert OTHER.encode() not in stored(tmp_path)
