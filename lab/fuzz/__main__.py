"""`python -m lab.fuzz [--target NAME] [--seconds N]`: fuzz targets from their corpus on, and say what was found.

New inputs stay in `.fuzz/TARGET` (not tracked); what breaks a promise is left in `.fuzz/found` with the command that
shows it. `--keep` adds the smallest inputs that reach something new to the corpus, `--ledger` a row to the ledger.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from lab import ROOT
from lab.fuzz.coverage import cover, name
from lab.fuzz.seeds import dictionary, seeds
from lab.fuzz.targets import TARGETS
from lab.ledger import append_row

CORPUS = Path(__file__).parent / "corpus"
WORK = ROOT / ".fuzz"
FOUND = WORK / "found"
KEPT_MAX = 30
SIZE_MAX = {
    "hunt_file": 6000,
    "lane": 1500,
    "record": 3000,
    "snapshot": 3000,
    "config": 1500,
    "pattern": 300,
    "rule": 520,
}


class FuzzRun(NamedTuple):
    """What a run of one target came to."""

    executions: int
    features: int
    found: list[Path]


def _engine(target: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab.fuzz.atheris_driver", target, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)


def fuzz(target: str, seconds: int, seed: int) -> FuzzRun:
    """Fuzz one target for some seconds."""
    work, corpus = WORK / target, CORPUS / target
    for folder in (work, corpus, FOUND):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(FOUND.iterdir())
    with tempfile.TemporaryDirectory() as name:
        first = Path(name) / "first"
        first.mkdir()
        for i, data in enumerate(seeds(target)):
            (first / f"seed{i}").write_bytes(data)
        words = Path(name) / "words"
        words.write_text(dictionary(target))
        done = _engine(
            target, str(work), str(corpus), str(first), f"-max_total_time={seconds}", f"-dict={words}",
            f"-max_len={SIZE_MAX.get(target, 600)}", f"-artifact_prefix={FOUND}/{target}-", "-print_final_stats=1",
            "-timeout=10", f"-seed={seed}", "-rss_limit_mb=1024",
        )  # fmt: skip
    executions = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    if executions is None:
        raise SystemExit(f"the fuzzer did not run:\n{done.stderr[-3000:]}")
    features = re.findall(r"\bft: (\d+)", done.stderr)
    found = sorted(set(FOUND.iterdir()) - before)
    if found:
        print(done.stdout[-3000:], done.stderr[-1500:], sep="\n")
    return FuzzRun(int(executions.group(1)), int(features[-1]) if features else 0, found)


def keep(target: str) -> int:
    """Add to the corpus what reaches something that it does not reach yet; return how many inputs it has now."""
    corpus = CORPUS / target
    held = sorted(corpus.iterdir())
    for data in cover(target, held, sorted((WORK / target).iterdir()), KEPT_MAX - len(held)):
        (corpus / name(data)).write_bytes(data)
    return sum(1 for _ in corpus.iterdir())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=sorted(TARGETS), help="default: each in turn")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--keep", action="store_true", help="add new inputs to the corpus")
    parser.add_argument("--ledger", action="store_true", help="append a row to lab/ledger.json")
    arguments = parser.parse_args()
    failed = False
    for target in [arguments.target] if arguments.target else sorted(TARGETS):
        outcome = fuzz(target, arguments.seconds, arguments.seed)
        print(f"{target}: {outcome.executions:,} inputs, {outcome.features:,} features, {len(outcome.found)} found")
        for path in outcome.found:
            print(f"  {path.name}: python -m lab.fuzz.atheris_driver {target} {path.relative_to(ROOT)}")
        if arguments.keep:
            print(f"  corpus: {keep(target)} inputs")
        if arguments.ledger:
            command = f"make fuzz TARGET={target} SECONDS={arguments.seconds}"
            append_row(f"fuzz {target}", outcome.executions, {}, len(outcome.found), command)
        failed |= bool(outcome.found)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
