"""Which seeds a test run plays: a base that comes from the commit, so that every commit tries others; a count that
`HUNTSERVER_SEEDS` sets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from lab import ROOT

FIXED_BASE: Final = 77_000_000
"""Where there is no commit: in an unpacked archive."""

COUNT: Final = 300
APART: Final = 10_000_000


def base(root: Path = ROOT) -> int:
    """Return the first seed: nine digits made of the commit."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return FIXED_BASE
    commit = found.stdout.strip()
    return int(commit[:12], 16) % 900_000_000 + 100_000_000 if len(commit) >= 40 else FIXED_BASE


def suite_base() -> int:
    """Return the first seed of the test suite: the same for every commit, so that a landing never fails by the draw.

    `HUNTSERVER_SEED_BASE=commit` plays those of the commit, another number those from there on; so does `make soak`.
    """
    text = os.environ.get("HUNTSERVER_SEED_BASE", str(FIXED_BASE))
    if text == "commit":
        return base()
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"HUNTSERVER_SEED_BASE is {text!r}; it must be a whole number, or commit")
    return int(text)


def bases(number: int, first: int) -> list[int]:
    """Return `number` seed bases, starting at `first`, far enough apart for runs of millions."""
    return [first + APART * i for i in range(number)]


def count() -> int:
    """Return how many seeds are played. Raises ValueError for a setting that is no number above 0."""
    text = os.environ.get("HUNTSERVER_SEEDS", str(COUNT))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError(f"HUNTSERVER_SEEDS is {text!r}; it must be a whole number above 0")
    return int(text)
