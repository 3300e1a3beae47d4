"""The time, as nodes tell it to each other: a node that owns no shard hears no answer of the log, and asks nobody else.

Owns the notices of it. A node tells only what the log has told it; by what it hears, tokens are judged and dated, and
nothing is written.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from actors.background import Background
from actors.timekeeper import Timekeeper
from huntserver.gateway.ports import Peers

EACH_S: Final = 1.0
BYTES_MAX: Final = 20


class ToldTime:
    """One node's part. `time` is its own."""

    def __init__(self, time: Timekeeper) -> None:
        self._time = time
        self._peers: Peers | None = None

    def attach(self, peers: Peers) -> None:
        """Say how other nodes are told."""
        self._peers = peers

    def begin(self, background: Background) -> None:
        """Tell the time again and again from here on."""
        background.every("time", EACH_S, self.tell)

    def tell(self, only: Hashable = None) -> None:
        """Tell all nodes that are reached, or only one of them, what time it is; nothing while the log has not told."""
        if self._peers is not None and self._time.proved:
            self._peers.tell(b"%d" % self._time.now_ms(), only)

    def peer_up(self, peer: Hashable) -> None:
        """A node is reached: it is told at once."""
        self.tell(peer)

    def peer_said(self, peer: Hashable, body: bytes) -> None:
        """It told its time. Raises ValueError for what is no number of ms since 1970."""
        if not body.isdigit() or len(body) > BYTES_MAX:
            raise ValueError(f"a time must be a number of ms since 1970, not {body[:40]!r}")
        self._time.vouch(int(body))

    def peer_down(self, peer: Hashable) -> None:
        """What it said holds for a while."""
