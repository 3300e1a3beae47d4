"""A peer is taken to stand still after 2 s; a judge that was late itself waits longer."""

from __future__ import annotations

import pytest

from actors.cluster.links.patience import REMEMBERED_S, SILENT_MAX_S, SILENT_MIN_S, LinkPatience


def test_a_process_that_is_in_time_waits_four_heartbeats() -> None:
    patience = LinkPatience(0.1)
    assert [patience.silent_s(0.1 * n) for n in range(300)] == pytest.approx([SILENT_MIN_S] * 300)


def test_one_that_was_late_gives_its_peers_three_times_as_much_for_a_while() -> None:
    patience = LinkPatience(0.1)
    patience.silent_s(0.0)
    assert patience.silent_s(0.5) == pytest.approx(SILENT_MIN_S + 3 * 0.4)
    assert patience.silent_s(0.8) == pytest.approx(SILENT_MIN_S + 3 * 0.4)  # the worst of late counts
    times = [0.8 + 0.1 * n for n in range(1, int(10 * REMEMBERED_S) + 10)]
    told = [patience.silent_s(at) for at in times]
    assert told[0] == pytest.approx(SILENT_MIN_S + 3 * 0.4)
    assert told[-1] == pytest.approx(SILENT_MIN_S)
    assert sorted(told, reverse=True) == pytest.approx(told)


def test_however_late_it_was_there_is_an_end() -> None:
    patience = LinkPatience(0.1)
    patience.silent_s(0.0)
    assert patience.silent_s(60.0) == SILENT_MAX_S
