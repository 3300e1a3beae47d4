"""Giving pushes to all who listen to a channel: each in order, each once, encoded once for all.

Owns nothing: what became of each listener is the room's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from huntserver.gateway.ring import Kept
from huntserver.gateway.room import Channel

SMALL: Final = 8
"""Audiences up to this are written to with the replies; larger ones wait for their slice."""


class Delivered(NamedTuple):
    """What became of pushes: frames that were taken, and listeners that are `slow` or `behind`, which were not given
    the push before the first."""

    taken: int
    slow: Sequence[Any]
    behind: Sequence[Any]


def give(hunt: str, run: Sequence[Kept], channel: Channel, told: Any) -> Delivered:
    """Give pushes that follow each other on a channel to its listeners, but to `told`, who has them; several go in one
    write. Who has the first of them gets the rest."""
    first, last = run[0], run[-1]
    soon = len(channel) <= SMALL
    slow: list[Any] = []
    # who was not given the one before it; nobody, but for owners that another owner came between
    behind: dict[Any, None] = {}
    if first.prev > channel.last:
        behind = dict.fromkeys(one for one, given in channel.items() if given < first.prev)
    frames: list[bytes | None] = [None, None]
    taken = 0
    for listener, given in channel.items():
        if listener is told or given >= last.seq or listener in behind:
            continue
        packed = listener.packed
        count = len(run)
        if given >= first.seq:
            rest = [kept for kept in run if kept.seq > given]
            data, count = _joined(hunt, rest, packed), len(rest)
        else:
            found = frames[packed]
            data = frames[packed] = _joined(hunt, run, packed) if found is None else found
        if listener.push(data, soon=soon):
            taken += count
        else:
            slow.append(listener)
    return Delivered(taken, slow, list(behind))


def _joined(hunt: str, run: Sequence[Kept], packed: bool) -> bytes:
    if len(run) == 1:
        return run[0].frame(hunt, packed)
    return b"".join([kept.frame(hunt, packed) for kept in run])
