"""A recorded hunt is played again on real servers, and the standings that come of it are held to those of then."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
from click.testing import CliRunner, Result

from huntserver.cli.main import FAILED, USAGE, main
from huntserver.cli.rehearse import lines
from huntserver.game.event import Author
from huntserver.game.features.amending import Accept
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.hints import TakeHint
from huntserver.game.features.leaving import LeaveTeam
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End, Start
from huntserver.game.features.solving import Solved
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.features.treasures import Claim
from huntserver.load.rehearsing import Rehearsed
from lab.machines.servers import serving
from lab.rigs.game import TEAMS, Table
from lab.rigs.logged import write_log


def played() -> Table:
    """An hour of three teams, in which everything happens that a rehearsal does again."""
    table = Table(TEAMS).published()
    owls = table.join("ann", team="Owls").invite
    table.join("bob", invite=owls)
    bats = table.join("cid", team="Bats").invite
    table.join("dot", team="Newts")
    table.join("eve", invite=bats)
    table.host(Start())
    table.guess("nought", "bob")
    table.tick(20)
    table.guess("one", "cid")
    table.tick(1)
    table.guess("uno", "ann")
    table.guess("on", "ann")
    table.tick(60)
    table.send(TakeHint("c2", "late"), "p:eve")
    table.send(Scan("tree 4711"), "p:eve")
    table.send(Claim("coin"), "p:cid")
    table.tick(700)
    table.send(CheckIn(48.85837, 2.294481), "p:cid")
    table.host(Accept("c1", "uno"))
    table.tick(10)
    table.send(Claim("coin"), "p:ann")
    table.host(Adjust("Newts", 25, "they helped"))
    table.host(Disqualify("Newts", "two phones"))
    table.host(Disqualify("Newts", "one phone, it was", back=True))
    table.send(LeaveTeam(), "p:bob")
    table.host(End())
    table.tick(60)
    return table


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_hunt_of_an_hour_is_rehearsed_in_seconds_by_many_at_once(tmp_path: Path) -> None:
    table = played()
    asyncio.run(write_log(tmp_path / "then.db", table))
    log = ("--log", f"sqlite:{tmp_path}/then.db", "--data", tmp_path)
    assert run("rehearse", "h1", "--url", "ws://127.0.0.1:1/ws", *log).exit_code == USAGE
    assert run("rehearse", "none", *log).exit_code == FAILED
    done = run("rehearse", "h1", "--speed", "2000", "--times", "2", "--json", *log)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["copies"], report["refused"], report["differ"], report["left_out"]) == (2, {}, [], {})
    assert report["acts"] == 2 * 21
    assert report["p50_ms"] > 0
    assert lines(msgspec.convert(report, Rehearsed))[-1] == "the standings of all are the recorded ones"


def test_a_rehearsal_on_a_given_server_says_where_its_standings_differ(tmp_path: Path) -> None:
    table = played()
    solved = Solved("t3", "c1", 10, 4, "rejudged", ["p:dot"], Author())  # and no definition that makes it so
    table.record((solved,))
    asyncio.run(write_log(tmp_path / "then.db", table))
    with serving(tmp_path) as server:
        there = ("--url", server.url, "--key-file", tmp_path / "data" / "token.key", "--speed", "2000")
        done = run("rehearse", "h1", *there, "--log", f"sqlite:{tmp_path}/then.db")
    assert done.exit_code == FAILED, done.output
    assert "place 2 was Newts with 35 points, 1 solved; here it is Newts with 25, 0" in done.stdout
