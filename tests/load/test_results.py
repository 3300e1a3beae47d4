"""Seconds of several workers are merged; warm-up does not count, late answers do; the generator confesses."""

from __future__ import annotations

import pytest

from huntserver.load.results import notes
from tests.load.rig import PLAN, collected, results, tally


def test_the_warm_up_does_not_count_and_answers_after_the_end_do() -> None:
    collector = collected()
    latency = collector.latency()["answer"]
    assert latency["count"] == 50  # four counted seconds and one after the end, ten answers each
    assert latency["max_ms"] < 10  # the 100 ms of the warm-up are not in it
    assert [m.at for m in collector.measured()] == [1, 2, 3, 4]
    assert collector.moments[0].warm


def test_a_second_holds_what_all_workers_counted() -> None:
    second = collected().moments[1]
    assert second.counts["answered"] == 10
    assert second.players == 20
    assert second.generator_cpu == [0.2, 0.1]
    assert second.offered == 10


def test_offered_is_what_the_schedule_asked_for() -> None:
    assert collected().moments[2].offered == 10


def test_a_generator_without_time_left_is_named() -> None:
    found = notes(PLAN, collected(cpu=0.97).measured(), {}, {}, unanswered=0, out=0)
    assert any("the generator was the limit: worker 0" in note for note in found)
    assert notes(PLAN, collected(cpu=0.5).measured(), {}, {}, unanswered=0, out=0) == []


@pytest.mark.parametrize(
    ("late_ms", "refusals", "unanswered", "out", "said"),
    [
        (9.0, {}, 0, 0, "commands left the generator late (p99 9.0 ms)"),
        (0.1, {"bad_text": 30}, 0, 0, "30 commands were refused with bad_text"),
        (0.1, {}, 3, 0, "3 commands had no answer"),
        (0.1, {}, 0, 2, "2 players were refused for good"),
    ],
)
def test_what_spoils_a_run_is_noted(
    late_ms: float, refusals: dict[str, int], unanswered: int, out: int, said: str
) -> None:
    late = {"p99_ms": late_ms}
    found = notes(PLAN, collected().measured(), late, refusals, unanswered=unanswered, out=out)
    assert any(said in note for note in found)


def test_refusals_that_belong_to_a_race_are_not_noted() -> None:
    assert notes(PLAN, collected().measured(), {}, {"lost": 1_000}, unanswered=0, out=0) == []


def test_memory_for_each_player_is_what_it_grew_by() -> None:
    assert results().bytes_per_player == pytest.approx(10_240)


def test_a_tally_is_sent_with_every_kind_of_latency() -> None:
    assert set(tally([1])["histograms"]) >= {"answer", "push", "board", "connect", "enter", "resume", "late"}
