"""The checkout at hand: its commit, as reports and the ledger name it."""

from __future__ import annotations

import subprocess

from lab import ROOT


def commit() -> str:
    """Return the commit at hand, with a `+` when files were changed since, or `unknown` in a tree without git."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return found.stdout.strip() or "unknown"
