"""The command line against a real server: play and host work, and say in one line what does not."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import FAILED, UNREACHABLE, main
from lab import ROOT
from lab.machines.servers import LocalServer, serving

HUNT = """
title = "Small"
[[clues]]
id = "c1"
title = "First"
answers = ["one"]
hints = [{ id = "h", text = "Less than two." }]
[[clues]]
id = "c2"
title = "Second"
kind = "code"
codes = ["TREE-4711"]
unlock = "c1"
[[clues]]
id = "c3"
title = "Third"
kind = "location"
location = { lat = 48.85837, lon = 2.294481 }
unlock = "c2"
[[treasures]]
id = "coin"
title = "Coin"
unlock = "c1"
"""

pytestmark = pytest.mark.xdist_group("cli")  # one server for all of them


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "small.toml").write_text(HUNT)
    with serving(folder, "--hunt", "small.toml") as server:
        yield server


def run(*arguments: object, lines: str = "") -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=lines)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def play(live: LocalServer, name: str, lines: str, *more: str) -> Result:
    state = live.folder / name
    return run("play", "--url", live.url, "--guest", name, "--hunt", "small", "--state", state, *more, lines=lines)


def host(live: LocalServer, *arguments: str, hunt: str = "small") -> Result:
    token = run("token", "--data", live.folder / "data", "--role", "host", "--sub", "host").stdout.strip()
    command, *rest = arguments
    return run("host", command, *rest, "--url", live.url, "--token", token, *(["--hunt", hunt] if hunt else []))


def test_a_hunt_is_played_line_by_line(live: LocalServer) -> None:
    done = play(
        live, "Ada",
        "/help\nc1 two\n/hint c1 h\nc1 one\n/scan tree-4711\n/go 48.85837 2.294481\n/claim coin\n/board\n/team\n/me\n",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for said in ("wrong", "Less than two.", "correct: 10 points, rank 1", "yours: number 1", "Ada: place 1"):
        assert said in done.stdout
    assert "3 clues, 1 treasures" in done.stdout


def test_lines_that_mean_nothing_are_answered_in_words(live: LocalServer) -> None:
    done = play(live, "Bob", "/fly\nhm\n/scan\n/hint c1\n/claim\n/go here now\nc1 'unfinished\n/quit\nnot read\n")
    assert done.exit_code == FAILED
    assert "/fly is not known; /help lists what is" in done.stdout
    for lacking in ("/scan CODE", "/hint CLUE ID", "/claim TREASURE"):
        assert f"write {lacking}, like " in done.stdout
    assert "write the clue's id and your answer, or /help" in done.stdout
    assert "write latitude and longitude in degrees, like /go 48.85837 2.294481" in done.stdout
    assert "not read" not in done.stdout


def test_a_refusal_is_told_with_its_code_and_counts_as_a_failure(live: LocalServer) -> None:
    done = play(live, "Cleo", "/claim nothing\n/ask c1 Why not?\n/withdraw q1\n")
    assert done.exit_code == FAILED
    assert [
        code for code in ("no_such_treasure", "no_help", "no_such_question") if f"{code}: " not in done.stdout
    ] == []


def test_a_wrong_code_is_told_as_wrong(live: LocalServer) -> None:
    done = play(live, "Clio", "/scan NOPE-1\n")
    assert done.exit_code == 0
    assert "wrong: this code belongs to nothing that you can see" in done.stdout


@pytest.mark.parametrize("name", ["a/b", "../up", "two words", "Zoë", "探す人" * 10])
def test_a_guest_may_have_any_name_that_can_be_shown(live: LocalServer, tmp_path: Path, name: str) -> None:
    for _ in range(2):  # the second time as the same guest
        done = run("play", "--url", live.url, "--guest", name, "--hunt", "small", "--state", tmp_path / "s")
        assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert len(list(tmp_path.glob("s.*.token"))) == 1


def test_a_guest_of_a_server_that_knows_the_token_no_more_comes_as_a_new_one(live: LocalServer) -> None:
    assert play(live, "Gwen", "").exit_code == 0
    (kept,) = live.folder.glob("Gwen.*.token")
    mine = kept.read_text()
    kept.write_text(mine[: mine.rindex(".")] + ".AAAA\n")
    again = play(live, "Gwen", "/team\n")
    assert again.exit_code == 0, again.output
    assert again.stderr == "Gwen is a new guest now: the server does not take the old token (bad_token)\n"
    assert kept.read_text() not in (mine, "")


def test_a_hunt_that_is_none_is_refused(live: LocalServer) -> None:
    done = run("play", "--url", live.url, "--guest", "Dan", "--hunt", "nope", "--state", live.folder / "dan")
    assert done.exit_code == FAILED
    assert done.stderr.startswith("huntserver: no_such_hunt: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("token", "code"), [("forged", "bad_token"), ("expired", "token_expired")])
def test_a_token_that_is_not_valid_is_refused_in_one_line(live: LocalServer, token: str, code: str) -> None:
    if token == "expired":
        token = Tokens(load_key(live.folder / "data" / "token.key", make=False)).mint("player", "eve", ttl_s=-60)
    done = run("play", "--url", live.url, "--token", token, "--hunt", "small")
    assert done.exit_code == FAILED
    assert done.stderr.startswith(f"huntserver: {code}: ")
    assert len(done.stderr.splitlines()) == 1


def test_nobody_there_is_told_with_the_address(live: LocalServer) -> None:
    for who in (["--guest", "Ada"], ["--token", "t"]):
        done = run("play", "--url", "ws://127.0.0.1:1/ws", *who, "--hunt", "x", "--state", live.folder / "none")
        assert done.exit_code == UNREACHABLE
        assert "no server answers at" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_host_makes_runs_and_ends_a_hunt(live: LocalServer) -> None:
    file = live.folder / "other.toml"
    file.write_text(HUNT)
    assert host(live, "create", str(file), hunt="").stdout.startswith("other: published")
    again = host(live, "create", str(file), hunt="")
    assert (again.exit_code, again.stderr.partition(":")[2].strip().partition(":")[0]) == (FAILED, "hunt_exists")
    for command, phase in (("start", "running"), ("pause", "paused"), ("unpause", "running")):
        assert json.loads(host(live, command, hunt="other").stdout) == {"phase": phase}
    assert host(live, "announce", "Hello all", hunt="other").exit_code == 0
    assert host(live, "adjust", "t1", "5", "kind", hunt="other").stderr.startswith("huntserver: no_such_team: ")
    assert host(live, "adjust", "t1", "-5", "unkind", hunt="other").stderr.startswith("huntserver: no_such_team: ")
    assert host(live, "extend", "-60", hunt="other").stderr.startswith("huntserver: wrong_phase: ")
    assert "Small (other): running, 0 players" in host(live, "overview", hunt="other").stdout
    asked = host(live, "end", hunt="other")
    assert asked.exit_code == FAILED
    assert "This ends play for everybody: other. Go on? [y/N]" in asked.stdout
    assert "running" in host(live, "overview", hunt="other").stdout
    assert json.loads(host(live, "end", "--yes", hunt="other").stdout) == {"phase": "ended"}
    assert "h:host ended (undo: reopen)" in host(live, "audit", hunt="other").stdout
    late = host(live, "start", hunt="other")
    assert late.exit_code == FAILED
    assert late.stderr.startswith("huntserver: wrong_phase: ")


def test_a_file_with_faults_is_refused_with_every_path(live: LocalServer) -> None:
    file = live.folder / "circle.toml"
    file.write_text(HUNT + 'unlock2 = "c1"\n')
    done = host(live, "create", str(file), hunt="")
    assert done.exit_code == FAILED
    assert "circle.toml:24: treasures[0].unlock2: unknown key 'unlock2'; did you mean 'unlock'?" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("has faults; nothing was made")
    file.write_text(HUNT)  # mended, the same command goes through
    assert host(live, "create", str(file), "--draft", hunt="").stdout.startswith("circle: a draft")
    file.write_text(HUNT.replace("Small", "Smaller"))
    assert host(live, "create", str(file), hunt="").stdout.rstrip().endswith("/?hunt=circle")
    assert "Smaller (circle): published" in host(live, "overview", hunt="circle").stdout


def test_a_running_hunt_is_amended_after_what_changes_was_shown(live: LocalServer) -> None:
    file = live.folder / "mended.toml"
    file.write_text(HUNT)
    host(live, "create", str(file), hunt="")
    host(live, "start", hunt="mended")
    file.write_text(HUNT.replace('answers = ["one"]', 'answers = ["one", "1"]'))
    again = host(live, "create", str(file), hunt="")
    assert again.stderr.startswith("huntserver: hunt_exists: "), "a published hunt is not amended by accident"
    asked = host(live, "amend", str(file), hunt="mended")
    assert asked.exit_code == FAILED
    assert "c1: answers; 0 teams have solved it, 0 tried in vain" in asked.stdout
    done = host(live, "amend", str(file), "--existing", "rejudge", "--yes", "--reason", "typo", hunt="mended")
    assert json.loads(done.stdout.splitlines()[-1])["changed"] == 1
    assert "h:host amended" in (trail := host(live, "audit", hunt="mended").stdout)
    assert '"typo"' in trail
    file.write_text(HUNT.replace('id = "coin"', 'id = "crown"'))
    refused = host(live, "amend", str(file), "--yes", hunt="mended")
    assert refused.exit_code == FAILED
    assert "'coin' is gone" in refused.stderr


def test_watching_prints_what_happens(live: LocalServer) -> None:
    token = run("token", "--data", live.folder / "data", "--role", "host", "--sub", "host").stdout.strip()
    command = [sys.executable, "-m", "huntserver", "host", "watch", "--url", live.url, "--token", token]
    with subprocess.Popen([*command, "--hunt", "small", "--seconds", "60"], stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        for _ in range(20):
            host(live, "announce", "look up")
            if "announced" in (line := watch.stdout.readline()):
                break
        assert "text=look up" in line
        play(live, "Wanda", "c1 surely not this\n")
        wrong = next(line for line in watch.stdout if "surely not this" in line)
        watch.terminate()  # a shell that starts the tests behind it has them ignore SIGINT: it watched for a minute
    assert wrong.split()[0] == "incorrect"
    assert "clue=c1" in wrong


def test_the_log_can_be_read_beside_the_server(live: LocalServer) -> None:
    play(live, "Eve", "c1 nope\n")
    log = f"sqlite:{live.folder}/hunts.db"
    dump = live.folder / "dump"
    told = run("replay", "--log", log, "--digests", "--dump", dump)
    assert told.exit_code == 0
    assert "hunt/small" in told.stdout
    assert "(0 void)" in told.stdout
    assert dump.stat().st_mode & 0o777 == 0o600
    first = json.loads(dump.read_text().splitlines()[0])
    assert first.keys() == {"shard", "offset", "counts", "record"}
    seen = run("inspect", "hunt/small", "--log", log)
    assert "published by h:host" in seen.stdout
    assert "Eve" not in seen.stdout
    assert "nope" not in seen.stdout
    assert "Eve" in run("inspect", "hunt/small", "--log", log, "--personal").stdout
    assert run("inspect", "hunt/none", "--log", log).exit_code == FAILED


def test_a_port_in_use_and_a_log_in_use_are_named_with_the_cure(live: LocalServer, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    taken = LocalServer(tmp_path, "--log", f"sqlite:{tmp_path}/own.db", *data, port=live.port)
    taken.launch()
    assert taken.wait() == FAILED
    assert taken.stderr.read_text().splitlines()[-1] == (
        f"huntserver: port {live.port} of 127.0.0.1 is in use; stop the other server or give another port with --port"
    )
    second = LocalServer(tmp_path, "--log", f"sqlite:{live.folder}/hunts.db", *data)
    second.launch()
    assert second.wait() in (FAILED, UNREACHABLE)
    last = second.stderr.read_text().splitlines()[-1]
    assert "is in use by process" in last
    live.until_ready()


def test_the_examples_of_the_repository_are_served(live: LocalServer) -> None:
    assert (ROOT / "examples" / "museum.toml").exists()
    status, body = live.http("GET", "/hunts")
    listed = json.loads(body)
    assert (status, listed["hunts"]) == (200, ["small"])
    assert [(card["hunt"], card["phase"]) for card in listed["cards"]] == [("small", "running")]


def test_what_players_wrote_and_the_key_are_their_owners_alone(live: LocalServer) -> None:
    files = [*live.folder.glob("hunts.db*"), *(live.folder / "data").glob("*.db"), live.folder / "data" / "token.key"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files if not path.name.endswith(".lock")}
    assert len(modes) >= 3
    assert set(modes.values()) == {0o600}


def test_a_hosts_token_is_printed_to_a_terminal_only(live: LocalServer) -> None:
    said = live.stdout.read_text()
    assert "huntserver token --role host" in said or "HOST_TOKEN" not in said
    line = next((line for line in said.splitlines() if line.startswith("HOST_TOKEN")), "")
    assert "eyJ" not in line
