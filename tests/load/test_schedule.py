"""When players send is fixed before the run, and the parts of several processes make up the whole."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from huntserver.load import schedule


@given(st.floats(1, 500), st.floats(0.5, 10), st.integers(1, 5))
def test_parts_of_an_even_schedule_make_up_the_whole(rate: float, seconds: float, parts: int) -> None:
    whole = list(schedule.even(rate, seconds))
    split = sorted(t for part in range(parts) for t in schedule.even(rate, seconds, part=part, parts=parts))
    assert split == whole
    assert len(whole) == int(rate * seconds)


@given(st.integers(0, 1000), st.integers(1, 4))
def test_random_arrivals_rise_stay_in_the_run_and_have_the_rate(seed: int, parts: int) -> None:
    made = [schedule.poisson(1000, 4, part=part, parts=parts, seed=seed) for part in range(parts)]
    for times in made:
        assert all(0 <= a <= b < 4 for a, b in pairwise(times))
    count = sum(len(times) for times in made)
    assert abs(count - 4000) < 6 * math.sqrt(4000)  # six standard deviations


def test_a_schedule_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert schedule.poisson(100, 5, seed=7) == schedule.poisson(100, 5, seed=7)
    assert schedule.poisson(100, 5, seed=7) != schedule.poisson(100, 5, seed=8)


def test_in_a_burst_everybody_sends_at_the_very_same_moment() -> None:
    times = schedule.bursts(2.0, 6.5, 3, after_s=0.5)
    assert list(times) == [0.5] * 3 + [2.5] * 3 + [4.5] * 3


def test_pulses_leave_the_beginning_and_the_last_second_alone() -> None:
    assert schedule.pulses(2.0, 7.0) == [2.0, 4.0, 6.0]
    assert schedule.pulses(2.0, 6.9) == [2.0, 4.0]
    assert schedule.pulses(30.0, 10.0) == []
