"""The page of metrics costs a bounded share of the event loop, however often it is asked for."""

from __future__ import annotations

import itertools

from huntserver.telemetry.metrics_page import PAGES_BURST, PAGES_PER_S, MetricsPage


def test_a_flood_of_requests_makes_no_more_pages_than_a_few_a_second() -> None:
    now = [100.0]
    numbers = itertools.count(1)
    page = MetricsPage(lambda: b"%d" % next(numbers), lambda: now[0])
    asked = [int(page()) for _ in range(1_000)]
    assert asked[:PAGES_BURST] == list(range(1, PAGES_BURST + 1))  # who asks now and then is told how things are now
    assert asked[-1] == PAGES_BURST
    now[0] += 10
    for _ in range(1_000):
        page()
    now[0] += 1 / PAGES_PER_S
    assert int(page()) == PAGES_BURST + PAGES_BURST + 1
