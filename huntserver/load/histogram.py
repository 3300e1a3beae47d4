"""Latencies: counted in log-linear buckets while the run lasts, read out through an HDR histogram at the end.

Owns the layout of the buckets (1 us to 60 s, three digits) and the merging. Adding a value to a dict costs a tenth of
what the histogram library takes in Python, and the dict of one second is small enough to send to another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from hdrh.histogram import HdrHistogram

LOWEST_US: Final = 1
HIGHEST_US: Final = 60_000_000
DIGITS: Final = 3
EXACT: Final = 2048
"""Below it every microsecond has its own bucket; above, a bucket is at most 1/1024 of its value wide."""

PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "p9999": 99.99}
KINDS: Final = {
    "answer": "command to answer, from the time it was meant to leave",
    "slow": "the same for players who stop reading: their own doing",
    "announce": "a host's announcement to its answer",
    "push": "record's time to push received (the oldest of each read)",
    "board": "own score to the board that shows it",
    "connect": "connect, handshake and hello",
    "enter": "connect to the hunt's page, joined",
    "resume": "connection lost to the word that play goes on",
    "late": "how late commands left the generator",
}
"""What is measured, each in a histogram of its own."""

Counts = dict[int, int]
"""Bucket -> how many. What a worker fills and sends."""


def bucket(us: int) -> int:
    """Return the bucket of a latency in us; below 0 counts as 0, above 60 s as 60 s. Hot paths write it out."""
    if us < EXACT:
        return max(us, 0)
    us = min(us, HIGHEST_US)
    shift = us.bit_length() - 11
    return (shift << 10) + (us >> shift)


def middle_us(of: int) -> int:
    """Return the middle of a bucket in us."""
    if of < EXACT:
        return of
    shift = (of >> 10) - 1
    return ((of - (shift << 10)) << shift) + ((1 << shift) >> 1)


def add(total: Counts, more: Mapping[int, int]) -> None:
    """Add one dict of counts to another."""
    for key, count in more.items():
        total[key] = total.get(key, 0) + count


def merged(parts: Iterable[Mapping[int, int]]) -> Counts:
    """Return the sum of many."""
    total: Counts = {}
    for part in parts:
        add(total, part)
    return total


def hdr(counts: Mapping[int, int]) -> HdrHistogram:
    """Return an HDR histogram of the counts, in us."""
    made = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for of, count in counts.items():
        made.record_value(max(LOWEST_US, min(middle_us(of), HIGHEST_US)), count)
    return made


def summary(counts: Mapping[int, int]) -> dict[str, float]:
    """Return count, and in ms: mean, percentiles and max. Empty when nothing was counted."""
    if not counts:
        return {}
    count = sum(counts.values())
    mean_us = sum(middle_us(of) * n for of, n in counts.items()) / count  # the library's walks all buckets: 0.1 s
    at_us = hdr(counts).get_percentile_to_value_dict([*PERCENTILES.values(), 100.0])
    found = {"count": count, "mean_ms": mean_us / 1000}
    found |= {f"{name}_ms": at_us[percentile] / 1000 for name, percentile in PERCENTILES.items()}
    return {**found, "max_ms": at_us[100.0] / 1000}


def encoded(counts: Mapping[int, int]) -> str:
    """Return the histogram in the text form that HDR tools of every language read."""
    text = hdr(counts).encode()
    return text.decode() if isinstance(text, bytes) else str(text)
