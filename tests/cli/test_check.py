"""`huntserver check` over files: warnings, explanations, and what generated teams show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from huntserver.cli.main import FAILED, main
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
