"""How many sockets the system lets this process have: its file descriptors, raised to what is allowed at the start."""

from __future__ import annotations

import resource
from typing import Final

RESERVED: Final = 256
"""Descriptors for the log, the data folder and the page's files."""
RESERVED_MIN: Final = 32
"""Of those, what is open of an idle server on SQLite, and some: past it nothing is accepted, and nobody is told why."""
ENOUGH: Final = 1 << 20


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; return how many sockets there may be (at least one)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # a sandbox may forbid it: then it is what it was
            pass
    if soft == resource.RLIM_INFINITY:
        return ENOUGH
    return max(1, soft - max(RESERVED_MIN, min(RESERVED, soft // 4)))
