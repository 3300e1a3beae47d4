"""`huntserver check` over files: warnings, explanations, and what generated teams show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from huntserver.cli.main import FAILED, UNREACHABLE, main
from lab import ROOT

ODD = 'title = "Odd"\n[[clues]]\nid = "q"\ntitle = "q"\nkind = "code"\ncodes = ["7319"]\n'


def check(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_a_warning_does_not_fail_a_check_and_stands_in_its_json(tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(ODD)
    code, out = check(file)
    assert code == 0
    assert f"{file}:6: warning: clues[0].codes[0]: has 4 digits" in out
    assert "can be played" in out
    told = json.loads(check("--json", "--explain", "--simulate", "--teams", 3, file)[1])
    assert [(w["path"], w["line"]) for w in told["warnings"]] == [("clues[0].codes[0]", 6)]
    assert told["answers"][0][0] == "q"
    assert told["play"]["clues"][0]["opened"] == 3


@pytest.mark.parametrize("name", ["museum", "city", "race"])
def test_the_examples_are_explained_and_played_through(name: str) -> None:
    code, out = check("--explain", "--simulate", "--teams", 5, ROOT / "examples" / f"{name}.toml")
    assert code == 0
    assert "5 generated teams" in out
    assert "half took" in out


def test_what_cannot_be_played_is_neither_explained_nor_simulated(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(ODD.replace('codes = ["7319"]', ""))
    code, out = check("--explain", "--simulate", file)
    assert code == FAILED
    assert "generated teams" not in out


def test_standard_input_is_read_in_the_format_that_it_seems_to_have() -> None:
    yaml = "title: T\nclues:\n  - id: a\n    title: A\n    answers: [x]\n    points: -7\n"
    for text, line in ((yaml, 6), ('title = "T"\n[[clues]]\nid = "a"\ntitle = "A"\nanswers = ["x"]\npoints = -7\n', 6)):
        result = CliRunner().invoke(main, ["check", "-"], input=text)
        assert result.exit_code == FAILED
        assert f"standard input:{line}: clues[0].points: is -7" in result.stdout


def test_a_full_disk_under_the_output_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(ODD)
    for arguments in (["check", str(file)], ["limits"], ["--help"], ["check", "--json", str(file)]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "huntserver", *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
                timeout=120,
            )
        assert done.returncode == UNREACHABLE
        assert done.stderr.decode().splitlines() == ["huntserver: cannot write the output: No space left on device"]
