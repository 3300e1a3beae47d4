"""What one shard tells of itself: figures for metrics and tests."""

from __future__ import annotations

from typing import NamedTuple


class ShardStatistics(NamedTuple):
    """What one shard holds and has done."""

    mode: str
    live: int
    passivated: int
    ready: int
    waiting: int
    decided: int
    refused: int
    contained: int
    recoveries: int
    replayed: int
    reactions: int
    timers: int
    given: bool
    mailbox_deepest: int
