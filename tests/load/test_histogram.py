"""Latencies are counted to three digits, and the counts of many processes are those of one."""

from __future__ import annotations

from statistics import mean

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from huntserver.load import histogram

LATENCIES = st.lists(st.integers(0, histogram.HIGHEST_US), min_size=1, max_size=60)


def counted(latencies: list[int]) -> histogram.Counts:
    counts: histogram.Counts = {}
    for us in latencies:
        where = histogram.bucket(us)
        counts[where] = counts.get(where, 0) + 1
    return counts


@given(st.integers(0, histogram.HIGHEST_US))
def test_a_bucket_holds_its_latency_to_three_digits(us: int) -> None:
    assert abs(histogram.middle_us(histogram.bucket(us)) - us) <= us / 1000


@given(st.integers(0, histogram.HIGHEST_US - 1))
def test_a_longer_latency_is_never_in_a_lower_bucket(us: int) -> None:
    assert histogram.bucket(us) <= histogram.bucket(us + 1)


@given(st.lists(LATENCIES, min_size=1, max_size=5))
def test_merged_counts_are_those_of_all_latencies_together(parts: list[list[int]]) -> None:
    together = counted([us for part in parts for us in part])
    assert histogram.merged(counted(part) for part in parts) == together


@settings(max_examples=20)
@given(LATENCIES)
def test_percentiles_are_those_of_the_latencies_themselves(latencies: list[int]) -> None:
    summary = histogram.summary(counted(latencies))
    reference = HdrHistogram(histogram.LOWEST_US, histogram.HIGHEST_US, 3)
    for us in latencies:
        reference.record_value(max(us, 1))
    for name, percentile in histogram.PERCENTILES.items():
        wanted = reference.get_value_at_percentile(percentile) / 1000
        assert summary[f"{name}_ms"] == pytest.approx(wanted, rel=0.002, abs=0.001)
    assert summary["max_ms"] == pytest.approx(max(max(latencies), 1) / 1000, rel=0.002, abs=0.001)
    assert summary["count"] == len(latencies)
    assert summary["mean_ms"] == pytest.approx(mean(latencies) / 1000, rel=0.002, abs=0.001)


def test_what_is_out_of_range_counts_at_the_ends() -> None:
    assert histogram.bucket(-5) == 0
    assert histogram.bucket(10**12) == histogram.bucket(histogram.HIGHEST_US)


def test_the_text_form_is_read_by_the_histogram_library() -> None:
    text = histogram.encoded(counted([5, 500, 50_000]))
    assert HdrHistogram.decode(text.encode()).get_total_count() == 3


def test_nothing_counted_has_no_summary() -> None:
    assert histogram.summary({}) == {}
