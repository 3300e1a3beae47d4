"""Teams come in from a sheet and results go out, over a real server and its log."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from click.testing import CliRunner, Result

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import FAILED, main
from lab.machines.servers import serving

HUNT = """
title = "T"
brackets = ["young", "old"]
[teams]
mode = "teams"
[[clues]]
id = "c1"
title = "T"
answers = ["one"]
"""


def run(*arguments: object, lines: str = "") -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=lines)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_roster_comes_in_and_standings_and_guesses_go_out(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(HUNT)
    roster = tmp_path / "roster.csv"
    roster.write_text("team;bracket\nOwls;old\nBats;\n")
    with serving(tmp_path, "--hunt", "t.toml") as server:
        tokens = Tokens(load_key(tmp_path / "data" / "token.key", make=False))
        where = ("--url", server.url, "--token", tokens.mint("admin", "admin"), "--hunt", "t")
        made = run("host", "roster", roster, *where)
        assert made.exit_code == 0, made.output
        invites = {row["team"]: row["invite"] for row in csv.DictReader(io.StringIO(made.stdout))}
        assert list(invites) == ["Owls", "Bats"]
        roster.write_text("team,bracket\nBats,old\nOwls,old\nNewts,none\n")
        again = run("host", "roster", roster, *where)
        assert again.exit_code == FAILED
        assert "line 4: no_such_bracket" in again.stderr
        player = (
            "--url",
            server.url,
            "--token",
            tokens.mint("player", "ann", "Ann"),
            "--hunt",
            "t",
        )
        played = run(
            "play", *player, "--invite", invites["Owls"], lines="c1 =two\nc1 one\n/approval ask\n/invite\n/leave\n"
        )
        assert "correct" in played.output
        assert "your invite code is" in played.output
        assert run("host", "move", "Ann", "Bats", *where).exit_code == 0, (
            "who left during play is brought back by a host"
        )
    log = ("--hunt", "t", "--log", f"sqlite:{tmp_path}/hunts.db")
    standings = list(csv.DictReader(io.StringIO(run("export", "standings", *log).stdout)))
    assert [(r["place"], r["name"], r["score"], r["bracket"]) for r in standings] == [
        ("1", "Owls", "10", "old"),
        ("2", "Bats", "0", "old"),
    ]
    assert json.loads(run("export", "standings", *log, "--format", "ctftime").stdout)["standings"][0]["team"] == "Owls"
    guesses = json.loads(run("export", "guesses", *log, "--format", "json").stdout)
    assert [(g["name"], g["verdict"], g["text"]) for g in guesses] == [
        ("Owls", "incorrect", "=two"),
        ("Owls", "correct", "one"),
    ]
    assert run("export", "standings", "--hunt", "none", "--log", log[3]).exit_code == FAILED
