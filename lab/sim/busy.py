"""Nodes that are so busy that their shards decide and write on a tick (docs/adr/0024), by a draw and not by the load.

A simulated node has some hundred batches a second, a tick begins past some thousand: without this no seed had one. Owns
when a node ticks: in windows, so that a tick begins and ends under way.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from actors.shard.pacer import WINDOW_S, Pacer

BUSY: Final = 0.1
"""Share of seeds whose nodes are busy."""
TICKING: Final = 0.8
"""Share of windows in which a busy node ticks."""


def unless_asked(on: Sequence[str], off: Sequence[str]) -> Sequence[str]:
    """Return what is off for who looks for one thing: busy nodes are in its seeds only if it asks for them."""
    return off if "busy" in on else (*off, "busy")


def keep_busy(pacer: Pacer, draw: random.Random) -> None:
    """Let a node's pacer tick in windows that `draw` chooses, whatever is handed to the log."""

    def judge(now_s: float) -> None:
        if now_s - pacer._since_s >= WINDOW_S:
            pacer.ticking = draw.random() < TICKING
            pacer._since_s = now_s

    pacer.ticking = True
    pacer._judge = judge  # type: ignore[method-assign]
