"""The three standard descriptors: one that was closed is opened on /dev/null before anything else is opened.

Else the next file or socket gets its number, and log lines are written into the log's lock, a key, or to a player.
"""

from __future__ import annotations

import os


def hold_standard_descriptors() -> None:
    """Open what is closed of stdin, stdout and stderr on /dev/null."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)
