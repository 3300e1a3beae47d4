"""When players send: times fixed before the run, so that a slow server cannot slow the questions down.

Pure. Times are seconds from the start of the run, rising; each worker gets its own part of the whole.
"""

from __future__ import annotations

import random
from array import array


def even(rate: float, seconds: float, *, part: int = 0, parts: int = 1) -> array[float]:
    """Return every `parts`-th of equally spaced times, beginning with the `part`-th. `rate` is per second, of all."""
    step = 1.0 / rate
    return array("d", (i * step for i in range(part, int(rate * seconds), parts)))


def poisson(rate: float, seconds: float, *, part: int = 0, parts: int = 1, seed: int = 1) -> array[float]:
    """Return times of independent arrivals, as people's are: gaps are exponential. `rate` is of all parts together."""
    draw = random.Random(f"{seed} {part} {parts}")
    times, mean, at = array("d"), parts / rate, 0.0
    while True:
        at += draw.expovariate(1.0) * mean
        if at >= seconds:
            return times
        times.append(at)


def bursts(every_s: float, seconds: float, players: int, *, after_s: float = 0.0) -> array[float]:
    """Return times at which all of `players` send at the very same moment, every `every_s`, the first `after_s` in."""
    count = 0 if seconds <= after_s else int((seconds - after_s) / every_s - 1e-9) + 1
    return array("d", (after_s + i * every_s for i in range(count) for _ in range(players)))


def pulses(every_s: float, seconds: float) -> list[float]:
    """Return the times of something that happens every so often: not at the start, not within a second of the end."""
    count = int((seconds - 1.0) / every_s + 1e-9)
    return [i * every_s for i in range(1, max(count, 0) + 1)]
