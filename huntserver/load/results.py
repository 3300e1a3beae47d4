"""What a run gave, second by second and in all, as values that go to JSON. Pure.

Owns the merging of the workers' seconds. Latencies are in ms; `late` is how long after its time a command left the
generator: it is part of the others, and large when the generator is the limit.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from huntserver.load.histogram import KINDS, Counts, add, encoded, merged, summary
from huntserver.load.plan import LoadPlan

SUMS: Final = (
    "sent", "answered", "pushes", "states", "snapshots", "opened", "reopened", "recovered", "told_anew", "fell_behind",
    "strays", "bytes_in", "leaks",
)  # fmt: skip
EXPECTED: Final = frozenset({"lost", "already_solved", "already_joined"})
"""Refusals that belong to play."""

LIMIT_CPU: Final = 0.9
LIMIT_OTHERS: Final = 0.25
LIMIT_LATE_MS: Final = 5.0


class Moment(msgspec.Struct, kw_only=True):
    """One second of the run. CPU is in shares of one core; `offered` is what the schedule asked for."""

    at: int
    warm: bool = False
    offered: int = 0
    players: int = 0
    counts: dict[str, int] = {}
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    push_p50_ms: float = 0.0
    push_p99_ms: float = 0.0
    board_p50_ms: float = 0.0
    board_p99_ms: float = 0.0
    generator_cpu: list[float] = []
    others_cpu: float = 0.0
    server_cpu: float = 0.0
    server_bytes: int = 0
    broker_cpu: float = 0.0


class Results(msgspec.Struct, kw_only=True):
    """The whole run. `latency` is by kind (`KINDS`), `hdr` the same as histograms that HDR tools read."""

    scenario: str
    url: str
    plan: dict[str, Any]
    machine: str
    began: str
    seconds: float
    players: int
    players_out: int
    connect_s: float
    offered_per_s: float
    answered_per_s: float
    pushes_per_s: float
    totals: dict[str, int]
    latency: dict[str, dict[str, float]]
    hdr: dict[str, str]
    refusals: dict[str, int]
    closes: dict[str, int]
    unanswered: int
    unsent: int
    server_cpu: float
    server_us_per_command: float
    server_bytes: tuple[int, int, int]
    broker_cpu: float
    generator_cpu: float
    moments: list[Moment]
    notes: list[str]
    connect_server_s: float = 0.0
    connect_generator_s: float = 0.0
    verdict: dict[str, Any] | None = None
    ceiling: dict[str, float] | None = None

    @property
    def bytes_per_player(self) -> float:
        """What the server's memory grew by while the players came in, for each; 0 when it was not seen."""
        before, joined, _ = self.server_bytes
        return (joined - before) / self.players if before and self.players else 0.0


class Collector:
    """Takes the workers' seconds as they come."""

    def __init__(self, warm_s: float, length_s: float) -> None:
        self._warm_s = warm_s
        self._length_s = length_s
        self.moments: list[Moment] = []
        self.totals: dict[str, int] = dict.fromkeys(SUMS, 0)
        self.histograms: dict[str, Counts] = {kind: {} for kind in KINDS}
        self.refusals: dict[str, int] = {}
        self.closes: dict[str, int] = {}

    def second(self, at: int, parts: list[tuple[dict[str, Any], float]]) -> Moment:
        """Add one second, with what every worker counted and its CPU share. `at` -1: before the run began.

        Connecting counts whenever it was; commands count between warm-up and end. Answers that come after the end
        count too: to leave them out would hide the slowest.
        """
        made = Moment(at=at, warm=0 <= at < self._warm_s, generator_cpu=[round(cpu, 3) for _, cpu in parts])
        made.counts = {name: sum(values[name] for values, _ in parts) for name in SUMS}
        made.players = sum(values["players"] for values, _ in parts)
        held = {kind: merged(values["histograms"][kind] for values, _ in parts) for kind in KINDS}
        made.offered = sum(held["late"].values())
        self._shape(made, held)
        counted = at >= 0 and not made.warm
        for kind, counts in held.items():
            if counted or kind in ("connect", "enter"):
                add(self.histograms[kind], counts)
        for name in SUMS:
            if counted or name in ("opened", "snapshots"):
                self.totals[name] += made.counts[name]
        for values, _ in parts:
            for sums, name in ((self.refusals, "refusals"), (self.closes, "closes")):
                for code, count in values[name].items():
                    sums[code] = sums.get(code, 0) + count
        if at >= 0:
            self.moments.append(made)
        return made

    def _shape(self, made: Moment, held: dict[str, Counts]) -> None:
        answers, pushes, boards = summary(held["answer"]), summary(held["push"]), summary(held["board"])
        if answers:
            made.p50_ms, made.p99_ms, made.max_ms = answers["p50_ms"], answers["p99_ms"], answers["max_ms"]
        if pushes:
            made.push_p50_ms, made.push_p99_ms = pushes["p50_ms"], pushes["p99_ms"]
        if boards:
            made.board_p50_ms, made.board_p99_ms = boards["p50_ms"], boards["p99_ms"]

    def measured(self) -> list[Moment]:
        """Return the seconds that count: between warm-up and end."""
        return [m for m in self.moments if not m.warm and m.at < self._length_s]

    def latency(self) -> dict[str, dict[str, float]]:
        """Return the summaries by kind; kinds of which nothing was counted are left out."""
        found = {kind: summary(counts) for kind, counts in self.histograms.items()}
        return {kind: made for kind, made in found.items() if made}

    def hdr(self) -> dict[str, str]:
        """Return the histograms by kind."""
        return {kind: encoded(counts) for kind, counts in self.histograms.items() if counts}


def notes(
    plan: LoadPlan,
    measured: list[Moment],
    late: dict[str, float],
    refusals: dict[str, int],
    *,
    unanswered: int,
    out: int,
) -> list[str]:
    """Return what whoever reads the figures must know: whether the generator, not the server, was the limit."""
    found = []
    workers = max((len(m.generator_cpu) for m in measured), default=0)
    for part in range(workers):
        busy = [m for m in measured if len(m.generator_cpu) > part and m.generator_cpu[part] > LIMIT_CPU]
        if len(busy) * 10 > len(measured):
            found.append(
                f"the generator was the limit: worker {part} was above {LIMIT_CPU:.0%} of its core in {len(busy)} of "
                f"{len(measured)} seconds; figures are lower bounds, add --processes"
            )
    if late and late["p99_ms"] > LIMIT_LATE_MS and plan.arrivals != "bursts":  # a burst takes its time to leave
        found.append(
            f"commands left the generator late (p99 {late['p99_ms']:.1f} ms); the latencies hold that, as they should"
        )
    others = sum(m.others_cpu for m in measured) / max(1, len(measured))
    if others > LIMIT_OTHERS:
        found.append(
            f"other programs used {others:.1f} cores of this machine meanwhile: the latencies are theirs as well"
        )
    answered = sum(m.counts["answered"] for m in measured)
    for code, count in refusals.items():
        if code not in EXPECTED and count * 100 > answered:
            found.append(f"{count:,} commands were refused with {code}: this is not the load that was meant")
    if unanswered:
        found.append(f"{unanswered} commands had no answer at the end")
    if out:
        found.append(f"{out} players were refused for good and did not take part")
    return found
