"""How long hunts waited because of a fault: pure sums over what players sent and heard.

Owns nothing. Of each hunt that a fault concerned it takes the command that waited longest: what a player notices.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """One fault: its kind, when it struck and when all was settled again (ns), and the hunts whose owner it hurt."""

    kind: str
    from_ns: int
    to_ns: int
    hunts: frozenset[str]


class SentCommand(NamedTuple):
    """One command: to which hunt, when it was sent and answered for good (ns; `answered_ns` 0: never)."""

    hunt: str
    sent_ns: int
    answered_ns: int


class Waits(NamedTuple):
    """Longest waits in s, one for each fault and hunt: how many there are, and three of them."""

    hunts: int
    p50_s: float
    p99_s: float
    max_s: float


def of(values: Sequence[float]) -> Waits:
    """Sum up: nearest-rank percentiles."""
    ordered = sorted(values)
    if not ordered:
        return Waits(0, 0.0, 0.0, 0.0)
    at = [ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.99)]
    return Waits(len(ordered), at[0], at[1], ordered[-1])


def longest(sent: Iterable[SentCommand], windows: Sequence[Window]) -> Mapping[str, list[float]]:
    """Return by kind of fault, for each fault and hunt that it hurt, how long a command was without an answer because
    of it: counted from the fault, or from its sending if that was later."""
    by_hunt: dict[str, list[SentCommand]] = defaultdict(list)
    for one in sent:
        by_hunt[one.hunt].append(one)
    found: dict[str, list[float]] = defaultdict(list)
    for window in windows:
        for hunt in window.hunts:
            waits = [
                (one.answered_ns - max(one.sent_ns, window.from_ns)) / 1e9
                for one in by_hunt[hunt]
                if one.sent_ns < window.to_ns and one.answered_ns > window.from_ns
            ]
            if waits:
                found[window.kind].append(max(waits))
    return found
