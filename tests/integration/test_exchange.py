"""Teams come in from a sheet and results go out, over a real server and its log."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import groupby
from pathlib import Path

from click.testing import CliRunner, Result

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import DAMAGED, FAILED, USAGE, main
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
        rethought(tmp_path, where)
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
    assert run("export", "page", *log).exit_code == USAGE
    assert "no point in time" in run("export", "standings", *log, "--at", "noon").stderr
    assert run("export", "standings", *log, "--at", "1970-01-02T00:00:00Z").exit_code == FAILED
    assert (
        run("export", "standings", *log, "--at", "2999-01-01T00:00:00Z").stdout
        == run("export", "standings", *log).stdout
    )
    bundle(tmp_path, log)
    seen = [as_it_was(log, pos) for pos in range(1, 15)]
    assert [seen for seen, _ in groupby(seen)] == [None, ("0", [False]), ("10", [True])]


def as_it_was(log: tuple[str, ...], pos: int) -> tuple[str, list[bool]] | None:
    """Return the Owls' points and which clues of their page were solved, as of one of the hunt's records."""
    sheet = run("export", "standings", *log, "--at", pos)
    if sheet.exit_code or "Owls" not in sheet.stdout:
        return None
    page = json.loads(run("export", "page", *log, "--team", "owls", "--at", pos).stdout)
    row = next(row for row in csv.DictReader(io.StringIO(sheet.stdout)) if row["name"] == "Owls")
    return row["score"], [clue.get("solved", False) for clue in page["clues"]]


def rethought(folder: Path, where: tuple[str, ...]) -> None:
    """See what points and an exclusion would change, then another definition; do the first, and take it back."""
    log = ("--log", f"sqlite:{folder}/hunts.db")
    url_and_token = where[:4]
    assert run("what-if", "t", *log).exit_code == USAGE
    assert run("what-if", "none", "--disqualify", "Owls", *log).exit_code == FAILED
    assert "no_such_team" in run("what-if", "t", "--disqualify", "Newts", *log).stderr
    steps = ("--adjust", "Bats", "25", "--disqualify", "Owls")
    told = run("what-if", "t", *steps, *log)
    assert "2 of 2 teams change" in told.stdout, told.output
    assert [line.split() for line in told.stdout.splitlines()[-2:]] == [
        ["2", "->", "1", "0", "->", "25", "(+25)", "0", "t2", "Bats"],
        ["1", "->", "-", "10", "1", "t1", "Owls"],
    ]
    (folder / "dearer.toml").write_text(HUNT + "points = 30\n")
    dearer = run("what-if", "t", "--amend", folder / "dearer.toml", "--existing", "compensate", "--json", *log)
    assert [(m["name"], m["new_points"]) for m in json.loads(dearer.stdout)["teams"]] == [("Owls", 30), ("Bats", 0)]
    assert "faults" in run("what-if", "t", "--amend", folder / "roster.csv", *log).stderr
    done = run("what-if", "t", *steps, *log, "--commit", *url_and_token, lines="n\n")
    assert (done.exit_code, "nothing was done" in done.stderr) == (FAILED, True)
    done = run("what-if", "t", *steps, *log, "--commit", "--yes", "--reason", "lent a phone", *url_and_token)
    assert done.exit_code == 0, done.output
    assert "0 of 2 teams change" in run("what-if", "t", "--adjust", "Bats", "1", "--adjust", "Bats", "-1", *log).stdout
    back = ("--adjust", "Bats", "-25", "--let-back", "Owls")
    assert run("what-if", "t", *back, *log, "--commit", "--yes", *url_and_token).exit_code == 0


def bundle(folder: Path, log: tuple[str, ...]) -> None:
    """Export the hunt as a bundle, and verify that by the command line alone."""
    file = folder / "t.bundle.gz"
    assert run("bundle", "none", *log[2:], "--out", file).exit_code == FAILED
    refused = run("bundle", "t", *log[2:], "--out", file)
    assert (refused.exit_code, file.exists()) == (FAILED, False)
    assert "the hunt is running: a bundle has all answers in it" in refused.stderr
    made = run("bundle", "t", *log[2:], "--out", file, "--unfinished")
    assert made.exit_code == 0, made.output
    head = made.stdout.split("chain ")[1][:64]
    found = run("verify", file, "--head", head, "--json")
    assert json.loads(found.stdout)["holds"], found.stdout
    from_log = run("ghost", "t", "owls", *log[2:]).stdout
    assert re.fullmatch(r'\[\[ghosts\]\]\nname = "Owls"\ncourse = \[\[\d+, 10, 1\]\]\n', from_log), from_log
    assert run("ghost", file, "Owls").stdout == from_log
    assert "no_such_team" in run("ghost", "t", "Newts", *log[2:]).stderr
    assert run("ghost", file, "Newts").exit_code == FAILED
    assert run("verify", file, "--receipt", f"3:{head}").exit_code == DAMAGED
    assert run("verify", file, "--receipt", "3").exit_code == USAGE
    assert "not a bundle" in run("verify", folder / "t.toml").stderr
    assert run("verify", folder / "none").exit_code == USAGE
