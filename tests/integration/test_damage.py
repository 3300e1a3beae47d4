"""A real server whose log has a flipped byte: that shard is closed and named, everything else is served."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path

from click.testing import CliRunner

from actors.log.port import shard_of
from huntserver.cli.main import DAMAGED, FAILED, main
from lab.machines.servers import LocalServer

HUNT = 'title = "One"\n[[clues]]\nid = "c1"\ntitle = "T"\nanswers = ["one"]\n'
SHARDS = 64


def flip(log: Path, shard: str, word: bytes) -> int:
    """Change one byte of the first record of a shard that holds a word; return its offset."""
    with sqlite3.connect(log) as file:
        rows = file.execute("SELECT base, body FROM batches WHERE shard = ? ORDER BY base", (shard,)).fetchall()
        base, body = next((base, bytes(body)) for base, body in rows if word in body)
        at = body.index(word)
        changed = body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :]
        file.execute("UPDATE batches SET body = ? WHERE shard = ? AND base = ?", (changed, shard, base))
    file.close()
    return int(base)


def play(live: LocalServer, hunt: str) -> tuple[int, str]:
    state = live.folder / f"state-{hunt}"
    arguments = ["play", "--url", live.url, "--guest", "Ada", "--hunt", hunt, "--state", str(state)]
    result = CliRunner().invoke(main, arguments, input="c1 one\n")
    return result.exit_code, result.output


def test_a_damaged_shard_is_closed_and_named_and_the_others_are_served(tmp_path: Path) -> None:
    assert shard_of("alpha", SHARDS) != shard_of("beta", SHARDS)
    for hunt in ("alpha", "beta"):
        (tmp_path / f"{hunt}.toml").write_text(HUNT)
    log = tmp_path / "hunts.db"
    live = LocalServer(
        tmp_path,
        "--log",
        f"sqlite:{log}",
        "--data",
        str(tmp_path / "data"),
        "--hunt",
        "alpha.toml",
        "--hunt",
        "beta.toml",
    )
    live.launch()
    try:
        live.until_ready()
        assert play(live, "alpha")[0] == 0
        live.signal(signal.SIGKILL)
        live.wait()
        shard = f"hunts-{shard_of('alpha', SHARDS)}"
        offset = flip(log, shard, b'"type":"solved"')
        live.launch()
        live.until_answering()
        status, body = live.http("GET", "/readyz")
        assert status == 503
        assert shard in json.loads(body)["why"]
        assert f"{shard}, offset {offset}: the checksum of the batch is wrong" in live.stderr.read_text()
        assert any(line["event"] == "hunt_unreachable" and line["hunt"] == "alpha" for line in live.lines())
        code, said = play(live, "beta")
        assert (code, "correct: 10 points" in said) == (0, True), said
        code, said = play(live, "beta")
        assert code == FAILED
        assert "already_solved" in said
    finally:
        live.stop()
    for command in (["replay"], ["inspect", "hunt/alpha"]):
        told = CliRunner().invoke(main, [*command, "--log", f"sqlite:{log}"])
        assert told.exit_code == DAMAGED
        assert f"log_damaged: shard {shard}, offset {offset}: the checksum of the batch is wrong" in told.stderr
