"""Results as a run gives them, made by the real collector from what two workers counted."""

from __future__ import annotations

from typing import Any

import msgspec

from huntserver.load.epoll_loop import Tally
from huntserver.load.plan import LoadPlan
from huntserver.load.results import Collector, Results, notes

PLAN = LoadPlan(
    scenario="steady", host="127.0.0.1", port=1, players=20, hunts=("h",), rate=10.0, seconds=4.0, workers=2
)
VERDICT: dict[str, Any] = {
    "log": "sqlite:x.db",
    "violations": [],
    "invariants": {"I1": "held", "I4": "held", "I11": "not judged: the log still grew"},
    "totals": {"records": 10, "calls": 8, "pushes": 6},
    "seconds": 0.5,
    "notes": [],
    "holds": True,
}


def tally(answers_us: list[int], *, late_us: int = 10) -> dict[str, Any]:
    """Return what a worker counted in a second."""
    made = Tally()
    made.answered = made.sent = len(answers_us)
    made.players = 10
    for us in answers_us:
        made.count("answer", us)
        made.count("late", late_us)
        made.count("push", 500)
        made.count("board", 250_000)
        made.pushes += 1
    return made.values()


def collected(cpu: float = 0.2) -> Collector:
    """Return four counted seconds after one of warming up, of two workers."""
    collector = Collector(1.0, 5.0)
    for at in range(6):
        slow = 100_000 if at == 0 else 1_000 * (at + 1)
        second = collector.second(at, [(tally([slow] * 5), cpu), (tally([2_000] * 5), 0.1)])
        second.server_bytes, second.server_cpu = 10_000_000 + at, 0.3
    return collector


def results(**changed: Any) -> Results:
    """Return the results of such a run."""
    collector = collected()
    measured = collector.measured()
    made = Results(
        scenario="steady", url="ws://127.0.0.1:1/ws", plan=msgspec.structs.asdict(PLAN) | {"hunts": 1, "key": ""},
        machine="a machine", began="2026-01-01T00:00:00+00:00", seconds=4.0, players=20, players_out=0, connect_s=0.1,
        offered_per_s=10.0, answered_per_s=10.0, pushes_per_s=3.0, totals=collector.totals, latency=collector.latency(),
        hdr=collector.hdr(), refusals={}, closes={}, unanswered=0, unsent=0, server_cpu=0.3, server_us_per_command=50.0,
        server_bytes=(10_000_000, 10_204_800, 11_000_000), broker_cpu=0.0, generator_cpu=0.3, moments=collector.moments,
        notes=notes(PLAN, measured, collector.latency()["late"], {}, unanswered=0, out=0), verdict=VERDICT,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changed)
