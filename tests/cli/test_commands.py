"""The command line without a server: what it prints, its exit codes, and errors of one line with the cure."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

import actors.limits
from huntserver import __version__
from huntserver.auth import Tokens, load_key
from huntserver.cli.main import DAMAGED, FAILED, INTERRUPTED, UNREACHABLE, USAGE, main
from huntserver.limits import Limits
from lab import ROOT

GOOD = 'title = "Small"\n[[clues]]\nid = "c1"\ntitle = "One"\nanswers = ["one"]\n'
CIRCLE = GOOD + "".join(
    f'[[clues]]\nid = "{id}"\ntitle = "T"\nanswers = ["x"]\nunlock = "{needs}"\n' for id, needs in ("ab", "ba")
)
LOST = '[[clues]]\nid = "z"\ntitle = "T"\nanswers = ["x"]\nunlock = "a"\n'
TWICE = '[[clues]]\nid = "c1"\ntitle = "T"\nanswers = ["x"]\n'


@pytest.fixture(autouse=True)
def _own_logging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder; give the process its logging back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUNTSERVER_TOKEN", raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def run(*arguments: object) -> Result:
    """Run a command; nothing but its own exit ends it."""
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(code: int, *arguments: object) -> str:
    """Run a command that must end with a code; return its one line on stderr."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("huntserver: ")
    return line.removeprefix("huntserver: ")


def file(name: str, text: str) -> Path:
    path = Path(name)
    path.write_text(text)
    return path


# ---- help


def test_help_lists_every_command_and_the_exit_codes() -> None:
    text = run("--help").stdout
    for command in ("serve", "check", "token", "play", "host", "replay", "inspect", "limits", "why"):
        assert f"\n  {command} " in text
    assert "0 done, 1 refused or failed, 2 usage or configuration, 3 cannot" in text


@pytest.mark.parametrize("command", ["serve", "check", "token", "play", "host", "replay", "inspect", "limits", "why"])
def test_every_command_and_option_has_a_text(command: str) -> None:
    text = run(command, "--help").stdout
    assert text.startswith("Usage:")
    options = [line.split() for line in text.splitlines() if line.startswith("  --")]
    assert [o[0] for o in options if len(o) < 3] == []


def test_the_version_is_told() -> None:
    assert __version__ in run("--version").stdout


def test_an_unknown_command_is_wrong_usage() -> None:
    result = run("fly")
    assert result.exit_code == USAGE
    assert "No such command 'fly'" in result.stderr


# ---- check


def test_check_says_that_a_good_file_can_be_played() -> None:
    result = run("check", *sorted((ROOT / "examples").glob("*.toml")))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert all("can be played" in line for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CIRCLE, "clues[1].unlock: a circle: a needs b needs a; take one of them out of the circle"),
        (GOOD + TWICE, "clues[1].id: 'c1' stands at clues[0].id already"),
        (GOOD + 'unlock = "c1"\n', "clues[0].unlock: a circle: c1 needs c1"),
        (GOOD + 'unlock = "c7"\n', "clues[0].unlock: names 'c7', which is no clue; clues are c1"),
        (CIRCLE + LOST, "clues[3].unlock: 'z' can never be opened; mend its rule or those it rests on"),
        (GOOD + "ponits = 3\n", "clues[0].ponits: unknown key 'ponits'; did you mean 'points'?"),
        ("title = ", "$: not valid TOML"),
    ],
)
def test_check_names_path_fault_and_cure(text: str, said: str) -> None:
    result = run("check", file("hunt.toml", text))
    assert result.exit_code == FAILED
    assert re.search(rf"(?m)^hunt\.toml:\d+: {re.escape(said)}", result.stdout), result.stdout


def test_check_prints_json_for_tools() -> None:
    result = run("check", "--json", file("good.toml", GOOD), file("bad.json", "{}"))
    assert result.exit_code == FAILED
    good, bad = map(json.loads, result.stdout.splitlines())
    assert good == {"file": "good.toml", "problems": []}
    assert bad["problems"][0].keys() == {"path", "what", "cure", "line"}


def test_check_of_a_file_that_is_not_there_is_wrong_usage() -> None:
    assert refused(USAGE, "check", "none.toml") == "none.toml: cannot be read (No such file or directory)"
    Path("empty").mkdir()
    said = "empty: holds no hunt file; put one there, hunt.toml, hunt.yaml or hunt.json"
    assert refused(USAGE, "check", "empty") == said
    both = run("check", "empty", file("good.toml", GOOD))
    assert both.exit_code == USAGE
    assert "good.toml: Small" in both.stdout  # the others are looked at all the same


# ---- token


def test_a_token_is_minted_with_the_servers_key() -> None:
    key = load_key(Path("data/token.key"), make=True)
    token = run("token", "--role", "host", "--sub", "hanna", "--name", "Hanna", "--ttl", "90s").stdout.strip()
    caller = Tokens(key).verify(token)
    assert (caller.by, caller.role, caller.name) == ("h:hanna", "host", "Hanna")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sub", "x", "--data", "none"], "none/token.key: no token key there; make one with: openssl rand -hex 32"),
        (["--sub", "a/b"], "subject 'a/b' must be 1 to 64 characters that can be shown, without /"),
        (["--sub", ""], "subject '' must be"),
        (["--sub", "x", "--name", "n" * 41], "a name has at most 40 characters"),
        (["--sub", "x", "--ttl", "5y"], "--ttl '5y' is not a number with s, m, h or d"),
        (["--sub", "x", "--ttl", ""], "--ttl '' is not"),
        (["--sub", "x", "--key-file", "short"], "short: holds 5 bytes, a token key needs 32 or more"),
    ],
)
def test_a_token_that_cannot_be_minted_says_why(arguments: list[str], said: str) -> None:
    load_key(Path("data/token.key"), make=True)
    file("short", "12345")
    assert refused(USAGE, "token", *arguments).startswith(said)


def test_a_role_that_is_none_is_wrong_usage() -> None:
    result = run("token", "--sub", "x", "--role", "king")
    assert result.exit_code == USAGE
    assert "'king' is not one of 'player', 'host', 'admin'" in result.stderr


# ---- serve


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--config", "none.toml"], "none.toml: cannot be read (No such file or directory); give a file that exists"),
        (["--config", "bad.toml"], "bad.toml: unknown key 'server.prot', allowed here are host, port, origins"),
        (["--port", "99999"], "command line: server.port is 99999, allowed is 0 to 65535"),
        (["--log", "redis:x"], "--log: log 'redis:x' is not known, allowed are sqlite:PATH and kafka:HOST:PORT"),
        (["--log", "kafka:nowhere"], "--log: Kafka address 'nowhere' is not HOST:PORT"),
        (["--limit", "foo"], "--limit 'foo' is not NAME=NUMBER"),
        (["--limit", "foo=1"], "limits: unknown limit 'foo', `huntserver limits` prints the table"),
        (["--limit", "connection_max=1"], "limits: unknown limit 'connection_max', did you mean 'connections_max'?"),
        (["--limit", "commands_per_s=-1"], "limits.commands_per_s is -1.0, allowed are positive numbers"),
        (["--limit", "commands_per_s=nan"], "limits.commands_per_s is nan, allowed are positive numbers"),
        (["--limit", "frame_bytes_max=1.5"], "limits.frame_bytes_max is 1.5, allowed are whole numbers"),
        (["--hunt", "none.toml"], "none.toml: cannot be read (No such file or directory)"),
        (["--hunt", "circle.toml"], "circle.toml: clues[1].unlock: a circle: a needs b needs a; take one of them out"),
        (["--data", "bad.toml/x"], "bad.toml/x: cannot be made (Not a directory); it is the data folder"),
        (["--log", "sqlite:bad.toml/x/y.db"], "bad.toml/x: cannot be made (Not a directory); it is the log's folder"),
    ],
)
def test_serve_refuses_what_it_cannot_start_with(arguments: list[str], said: str) -> None:
    file("bad.toml", "[server]\nprot = 1\n")
    file("circle.toml", CIRCLE)
    assert refused(USAGE, "serve", *arguments).startswith(said)


def test_serve_refuses_a_short_key() -> None:
    Path("data").mkdir()
    file("data/token.key", "short")
    assert refused(USAGE, "serve") == "data/token.key: holds 5 bytes, a token key needs 32 or more"


def test_serve_refuses_a_file_that_is_no_log() -> None:
    file("junk.db", "this is no database, and long enough to be looked at" * 20)
    assert refused(DAMAGED, "serve", "--log", "sqlite:junk.db").startswith("log_damaged: junk.db is damaged")


# ---- play, host


def test_play_wants_to_know_who_plays() -> None:
    assert refused(USAGE, "play", "--hunt", "museum") == "give --guest NAME or --token TOKEN"


@pytest.mark.parametrize("who", [["--guest", "Ada"], ["--token", "t"]])
def test_play_refuses_an_address_that_is_none(who: list[str]) -> None:
    result = run("play", "--hunt", "museum", "--url", "ftp://nowhere", "--state", "s", *who)
    assert result.exit_code == USAGE
    assert "'ftp://nowhere' is no address of a server; write ws://HOST:PORT/ws" in result.stderr


def test_host_commands_want_a_token() -> None:
    result = run("host", "start", "--hunt", "museum")
    assert result.exit_code == USAGE
    assert "give --token TOKEN or set HUNTSERVER_TOKEN" in result.stderr


def test_host_create_names_a_file_that_is_not_there() -> None:
    line = refused(USAGE, "host", "create", "none.toml", "--token", "t")
    assert line == "none.toml: cannot be read (No such file or directory)"


def test_host_create_makes_nothing_of_a_file_with_faults(tmp_path: Path) -> None:
    """A draft without a text would stay, and nobody can take it away: the server is not even asked."""
    file = tmp_path / "bad.toml"
    file.write_text('title = "T"\n[[clues]]\nid = "a"\n')
    result = run("host", "create", str(file), "--token", "t", "--url", "http://127.0.0.1:9")
    assert result.exit_code == FAILED
    assert "bad.toml: has faults; nothing was made" in result.stderr
    assert "clues[0]" in result.stderr


# ---- replay, inspect, limits


@pytest.mark.parametrize("command", [["replay"], ["inspect", "hunt/museum"]])
def test_a_log_that_is_not_there_cannot_be_read(command: list[str]) -> None:
    line = refused(UNREACHABLE, *command, "--log", "sqlite:none.db")
    assert line == "log_unavailable: none.db: there is no such log; give the one of the server with --log"


@pytest.mark.parametrize("command", [["replay"], ["inspect", "hunt/museum"]])
def test_a_file_that_is_no_log_is_damaged(command: list[str]) -> None:
    file("junk.db", "this is no database, and long enough to be looked at" * 20)
    assert refused(DAMAGED, *command, "--log", "sqlite:junk.db").startswith("log_damaged: junk.db is damaged")


@pytest.mark.parametrize("entity", ["museum", "hunt/", "team/x", "/"])
def test_inspect_wants_an_entity(entity: str) -> None:
    assert refused(USAGE, "inspect", entity) == f"{entity!r} is no entity, write hunt/ID or player/ID"


def test_replay_names_a_dump_that_cannot_be_written() -> None:
    line = refused(USAGE, "replay", "--log", "sqlite:none.db", "--dump", "none/dump")
    assert line == "--dump none/dump: cannot be written (No such file or directory)"


def test_limits_prints_every_bound_with_its_reason() -> None:
    text = run("limits").stdout
    assert "of the runtime:" in text
    for name in (*Limits.__struct_fields__, *actors.limits.Limits.__struct_fields__):
        assert re.search(rf"^{name} +[\d.]+  \w", text, re.MULTILINE), name


def test_an_unknown_command_is_told_with_the_nearest() -> None:
    result = run("chek", "hunt.toml")
    assert result.exit_code == USAGE
    assert "no such command 'chek', did you mean 'check'?" in result.stderr


def test_an_interrupt_ends_with_130_and_a_question_that_nobody_answers_says_how_to_do_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("huntserver.cli.check.read_source", interrupted)
    assert run("check", "x").exit_code == INTERRUPTED
    monkeypatch.setenv("HUNTSERVER_TOKEN", "x")
    asked = run("host", "end", "--hunt", "x")
    assert asked.exit_code == FAILED
    assert "nobody answered the question; nothing was done; --yes does it without one" in asked.stderr


def test_a_file_that_is_not_there_is_of_usage_for_every_command_that_reads_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUNTSERVER_TOKEN", "x")
    for command in (["check"], ["import"], ["verify"], ["host", "create"], ["host", "roster", "--hunt", "x"]):
        done = run(*command, "nowhere.toml")
        assert done.exit_code == USAGE, command
        assert "nowhere.toml: cannot be read (No such file or directory)" in done.stderr
