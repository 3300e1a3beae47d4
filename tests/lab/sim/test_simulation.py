"""Whole nodes under faults, on virtual time: no seed breaks a promise, and a seed is a seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import ROOT
from lab.sim import seeds
from lab.sim.runs import WORKLOADS, told
from lab.sim.simulation import Simulation

PARTS = 10
FEWER = {"large": 25, "rules": 4}
"""One seed in so many of a workload whose seeds take longer, or that is beside another."""


@pytest.mark.parametrize("workload", sorted(WORKLOADS))
@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_is_kept_under_every_fault(workload: str, part: int) -> None:
    """Seeds of the suite: one that fails is printed with the end of its time line and the command for it."""
    base, count = seeds.suite_base(), seeds.count()
    played = commands = 0
    for seed in range(base + part, base + max(count // FEWER.get(workload, 1), PARTS), PARTS):
        outcome = Simulation(seed, make=WORKLOADS[workload]).run()
        assert not outcome.violations, told(outcome, workload, whole=False)
        played += 1
        commands += outcome.totals.commands
    few = played < 3  # one whose first commands meet the worst may do little
    assert few or commands > 5 * played, "seeds that do nothing show nothing"


def digests(seed: int) -> dict[str, str]:
    """Play a seed of every workload; return the digest of each time line."""
    return {workload: Simulation(seed, make=WORKLOADS[workload]).run().digest for workload in sorted(WORKLOADS)}


def test_a_seed_is_the_same_in_a_new_process_with_another_hash_seed() -> None:
    here = digests(31)
    command = [sys.executable, "-c", "from tests.lab.sim import test_simulation as t; print(t.digests(31))"]
    for hash_seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout == f"{here}\n", hash_seed


@pytest.mark.parametrize("seed", [4020807, 5003760])
def test_what_a_process_shows_on_a_log_cut_short_is_not_held_against_the_whole_one(seed: int) -> None:
    outcome = Simulation(seed, on=("truncate",)).run()  # a timer fires while the process looks at the shorter log
    assert outcome.faults["truncate"]
    assert not outcome.violations


def test_two_seeds_have_two_time_lines() -> None:
    assert Simulation(77).run().digest != Simulation(78).run().digest


def test_the_base_comes_from_the_commit_and_is_fixed_where_there_is_none(tmp_path: Path) -> None:
    assert seeds.base() == seeds.base()
    assert seeds.base(tmp_path) == seeds.FIXED_BASE


@pytest.mark.parametrize("text", ["", "0", "-3", "many"])
def test_a_count_of_seeds_that_is_none_is_said(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUNTSERVER_SEEDS", text)
    with pytest.raises(ValueError, match="HUNTSERVER_SEEDS is"):
        seeds.count()
