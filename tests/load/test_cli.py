"""The command refuses what it should before it connects to anything, in one line with the cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from huntserver.cli.main import main
from huntserver.load.plan import BOUNDS, SCENARIOS


def asked(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["load", *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ws://192.0.2.1:8080/ws",), "192.0.2.1 is not this machine; a load run can bring a server down: give --yes"),
        (("ws://192.0.2.1:8080/ws", "--yes"), "give --key-file (the server's token.key) or --token"),
        (("ws://127.0.0.1:9/ws",), "give --key-file (the server's token.key) or --token"),
        (("ws://127.0.0.1:9/ws", "--key-file", "no/such.key"), "no/such.key: no token key there"),
        (("http://127.0.0.1:9/",), "give --key-file (the server's token.key) or --token"),  # as a browser shows it
        (("--players", "90000"), "--players is 90000, allowed is 1 to 50000"),
        (("--key-file", "token.key"), "belong to a server that runs; give its URL"),
        (("--html", "no/such/folder/report.html"), "there is no folder no/such/folder; make it first"),
        (("--log", "mysql:x"), "mysql"),
        (("ws://127.0.0.1:9/ws", "--token", "x", "--log", "sqlite:no/such.db"), "there is no such log"),
        (("--tokens", "no/such/tokens", "ws://127.0.0.1:9/ws"), "no/such/tokens: cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_cure(arguments: tuple[str, ...], said: str) -> None:
    code, output = asked(*arguments)
    assert code in (2, 3)
    assert said in output
    assert "Traceback" not in output
    assert len(output.strip().splitlines()) == 1


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    code, output = asked("--keep", str(tmp_path), "--players", "1")
    assert code == 2
    assert "is not empty; give a new folder" in output


def test_the_help_names_every_scenario_and_the_bounds_are_printed_with_their_reasons() -> None:
    code, output = asked("--help")
    assert code == 0
    for name, scenario in SCENARIOS.items():
        assert name in output
        assert scenario.about[:40] in output
    code, output = asked("--bounds")
    assert code == 0
    assert all(f"--{bound.name}" in output and bound.reason in output for bound in BOUNDS)
