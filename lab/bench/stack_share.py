"""Runs `huntserver` and tells which share of its CPU the main thread spends within some files.

    python lab/bench/stack_share.py OUT PART serve ...

The kernel's profiling timer interrupts the process after every 2 ms of CPU and samples the stack: a
sample counts if a file's path holds PART. (A thread that looks would always meet a main thread that has just let go of
the interpreter.) Counting begins anew when a file OUT.reset appears; when OUT.stop does, the share is written to OUT.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

from huntserver.cli.main import main

EVERY_S: Final = 0.002
ASK_EVERY_S: Final = 0.05


class Looks:
    """Stack samples: all of them, and those with a frame of a file whose path holds `part`."""

    def __init__(self, part: str) -> None:
        self.all = self.inside = 0
        self._part = part

    def look(self, number: int, frame: FrameType | None) -> None:
        """Take what the timer interrupted."""
        self.all += 1
        while frame is not None:
            if self._part in frame.f_code.co_filename:
                self.inside += 1
                return
            frame = frame.f_back


def obey(looks: Looks, out: Path) -> None:
    """Begin anew, and write the share, when asked to by files."""
    while not out.with_suffix(".stop").exists():
        time.sleep(ASK_EVERY_S)
        if out.with_suffix(".reset").exists():
            out.with_suffix(".reset").unlink()
            looks.all = looks.inside = 0
    out.with_suffix(".new").write_text(f"{looks.inside / max(looks.all, 1):.4f}")
    out.with_suffix(".new").rename(out)


if __name__ == "__main__":
    made = Looks(sys.argv[2])
    signal.signal(signal.SIGPROF, made.look)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    threading.Thread(target=obey, args=(made, Path(sys.argv[1])), name="share asked for", daemon=True).start()
    main(sys.argv[3:])
