"""A server whose wall clock can be set wrong: `python -m lab.machines.wrong_clock FILE serve ...`.

The file holds by how many ms the clock is wrong; without a file it is right. It is looked at with every question, so
that a clock can jump while the server runs. Boot time is the machine's. Nothing of the product is changed but what it
asks for the time.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def wrong(file: Path) -> None:
    """Let `time.time` and `time.time_ns` of this process be wrong by what the file says."""
    right_ns = time.time_ns

    def time_ns() -> int:
        try:
            return right_ns() + int(file.read_text() or 0) * 1_000_000
        except (OSError, ValueError):  # no file, or half of a number
            return right_ns()

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


def main() -> None:
    """Make the clock wrong, then be the server."""
    wrong(Path(sys.argv[1]))
    del sys.argv[1]
    from huntserver.cli.main import main as serve  # after the clock is wrong: nothing is asked for the time before

    serve()


if __name__ == "__main__":
    main()
