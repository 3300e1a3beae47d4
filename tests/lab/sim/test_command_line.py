"""The simulation's command line: what it prints, what it adds up, when it stops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actors.checker.history import Violation
from lab import checkout, ledger
from lab.sim import runs as sim
from lab.sim.simulation import Outcome, Simulation


@pytest.fixture
def breaks_at_12(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 12 is reported with a violation that it does not have."""

    class Breaking(Simulation):
        def run(self) -> Outcome:
            outcome = super().run()
            return outcome._replace(violations=[Violation("I1", "planted")]) if self.seed == 12 else outcome

    monkeypatch.setattr(sim, "Simulation", Breaking)


def test_a_clean_seed_is_told_in_a_few_lines_and_whole_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim.main(["--seed", "3"]) == 0
    short = capsys.readouterr().out
    assert "seed 3 of toy at commit" in short
    assert "no violation" in short
    assert len(short.splitlines()) == 4
    assert sim.main(["--seed", "3", "--timeline"]) == 0
    whole = capsys.readouterr().out
    assert whole.endswith(short)
    assert "start n1" in whole


@pytest.mark.usefixtures("breaks_at_12")
def test_a_broken_seed_is_told_with_the_end_of_its_time_line_and_the_command_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sim.main(["--seed", "12"]) == 1
    said = capsys.readouterr().out
    assert "I1: planted" in said
    assert "again: make sim SEED=12\n" in said
    assert len(said.splitlines()) == sim.LAST_LINES + 6


@pytest.mark.usefixtures("breaks_at_12")
def test_a_soak_stops_at_the_first_broken_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim.main(["--seeds", "30", "--first", "10"]) == 1
    said = capsys.readouterr().out
    assert "again: make sim SEED=12" in said
    assert "3 seeds of toy from 10" in said
    assert "1 with a violation" in said


def test_a_soak_adds_up_and_appends_a_row_to_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "LEDGER", tmp_path / "ledger.json")
    monkeypatch.setattr(ledger, "PAGE", tmp_path / "ledger.md")
    assert sim.main(["--seeds", "4", "--first", "20", "--ledger"]) == 0
    assert "4 seeds of toy from 20" in capsys.readouterr().out
    [row] = json.loads((tmp_path / "ledger.json").read_text())
    assert (row["campaign"], row["amount"], row["violations"]) == ("simulation toy", 4, 0)
    assert sum(row["faults"].values()) > 0
    assert "--seeds 4 --first 20" in (tmp_path / "ledger.md").read_text()


def test_two_processes_give_the_sums_of_one() -> None:
    one, two = sim.soak(40, 6, "toy"), sim.soak(40, 6, "toy", jobs=2)
    assert (one.sums, one.faults, two.done) == (two.sums, two.faults, 6)


@pytest.mark.parametrize(
    "words", [["--seeds", "0"], ["--seed", "-1"], ["--seeds", "5", "--jobs", "0"], ["--seed", "1", "--seeds", "2"], []]
)
def test_bad_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        sim.main(words)
    assert stopped.value.code == 2
    assert "error" in capsys.readouterr().err


def test_a_tree_without_git_has_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError("git")

    monkeypatch.setattr("subprocess.run", none)
    assert checkout.commit() == "unknown"
