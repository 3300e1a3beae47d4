"""Safeguards that bound times, sizes and numbers, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

from actors.entity import Rejected
from actors.shard.commit import Commit
from actors.shard.shard import Shard
from actors.snapshots import format, reader, recovery, writer
from actors.snapshots.following import Superseded
from actors.snapshots.reader import TrustedSnapshots
from actors.timekeeper import ShardTime, Timekeeper
from lab.ablations.safeguard import COMMIT, FENCE, RECOVERY, TIMERS, Patches, Safeguard, no, nothing
from lab.sim.faults import SPILL_MENU


def _without_clock_stop(patches: Patches) -> None:
    patches.replace(ShardTime, "broken", no)


def _without_going_on_behind_a_batch(patches: Patches) -> None:
    """On a tick a shard looks at nothing when the answer to its batch has come."""

    def idle(old: Any) -> Any:
        def resumed(self: Shard, at_ms: int) -> None:
            if self.ports.pacer.ticking:
                self._enqueue_flush = nothing  # type: ignore[method-assign]
            try:
                old(self, at_ms)
            finally:
                vars(self).pop("_enqueue_flush", None)

        return resumed

    patches.wrap(Shard, "_resumed", idle)


def _without_boot_time(patches: Patches) -> None:
    def believes(self: Timekeeper) -> int:
        return self._clock.wall_ms()

    patches.replace(Timekeeper, "now_ms", believes)


def _without_bounded_tenure(patches: Patches) -> None:
    """A tenure's record bears the time of the clock, whatever that is, before the log's time is known."""

    def by_the_clock(old: Any) -> Any:
        async def open_tenure(shard: Shard, node_run: Any, nonce: str, last_ms: int) -> int:
            landed: int = await old(shard, node_run, nonce, max(last_ms, shard.ports.clock.wall_ms()))
            return landed

        return open_tenure

    patches.wrap(recovery, "_open_tenure", by_the_clock)


def _without_staged_cap(patches: Patches) -> None:
    def uncapped(old: Any) -> Any:
        def run(self: Shard) -> None:
            limits = self.limits
            self.limits = _Uncapped(limits)  # type: ignore[assignment]
            try:
                old(self)
            finally:
                self.limits = limits

        return run

    patches.wrap(Shard, "_run", uncapped)


class _Uncapped:
    """Limits without a cap of what is staged."""

    staged_bytes_max = 1 << 62

    def __init__(self, limits: Any) -> None:
        self._limits = limits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._limits, name)


def _without_telling_late(patches: Patches) -> None:
    patches.replace(Commit, "_tell_unknown", lambda self, effects: effects)


def _without_unknown_when_late(patches: Patches) -> None:
    """Who waits for a late batch is refused, as if its command could not take effect any more."""

    def refuse(self: Commit, effects: Any) -> Any:
        for _, sink, request, _ in effects:
            if sink is not None:
                sink.refused(request, Rejected("too_slow"), -1)
        return [(call, None, 0, arguments) for call, _, _, arguments in effects if call.__name__ == "_released"]

    patches.replace(Commit, "_tell_unknown", refuse)


def _without_end_check(patches: Patches) -> None:
    patches.replace(TrustedSnapshots, "check_end", nothing)


def _without_known_place(patches: Patches) -> None:
    async def any_end(*_: Any) -> bool:
        return False

    patches.replace(recovery, "_check_known_places", any_end)


OTHER_REASONS: Final = (
    "lost_ack", "not_landed", "zombie", "twice", "full", "slow", "stuck", "pause", "pause_sent", "jump", "skew",
    "crash", "drain", *SPILL_MENU,
)  # fmt: skip
"""Faults for which a shard sees more tenures by right: a seed full of them hides that two nodes take turns."""


def _without_leaving_it(patches: Patches) -> None:
    """A node that reads of a newer tenure takes the shard back."""

    def take_back(old: Any) -> Any:
        async def look(*args: Any) -> None:
            with contextlib.suppress(Superseded):
                await old(*args)

        return look

    patches.wrap(recovery, "_look_for_successor", take_back)


def _without_cut_batches(patches: Patches) -> None:
    def whole(self: Commit) -> None:
        self._batch, self.records = self.records, []
        self._flying, self.effects = self.effects, []
        self._held_at.clear()
        self.staged_bytes = 0

    patches.replace(Commit, "_cut", whole)


def _without_cut_parts(patches: Patches) -> None:
    patches.replace(writer, "cut_parts", lambda parts, room: ([(str(i), part) for i, part in enumerate(parts)], ""))


def _without_strays_left_alone(patches: Patches) -> None:
    """A key in the snapshot store that is nobody's is taken for one of ours."""

    def trusting(old: Any) -> Any:
        def parse(key: str) -> Any:
            return old(key) if key[:2] in ("m|", "r|", "c|") else format.PartKey(*key.split("|")[1:])  # type: ignore[arg-type]

        return parse

    patches.wrap(reader, "parse_part_key", trusting)


def _without_doubt_of_the_clock(patches: Patches) -> None:
    """A start after a stop takes the wall clock's word for how long it was."""
    patches.replace(Timekeeper, "bear_out", nothing)


SAFEGUARDS: Final = (
    Safeguard(
        "batches that fit",
        COMMIT,
        "what is staged is cut into batches that the log takes",
        ("BOUND",),
        _without_cut_batches,
        "a batch that the log never takes",
    ),
    Safeguard(
        "parts that fit",
        RECOVERY,
        "a snapshot's part that the store does not take lies in pieces",
        ("BOUND",),
        _without_cut_parts,
        "a part that the store never takes",
    ),
    Safeguard(
        "stray keys",
        RECOVERY,
        "a key in the snapshot store that is nobody's keeps no shard from recovering",
        ("I10",),
        _without_strays_left_alone,
        on=("stray_keys",),
    ),
    Safeguard(
        "clock stop",
        TIMERS,
        "an owner whose clock is over 5 s off the log's does not serve",
        ("I7",),
        _without_clock_stop,
        "ahead of the time",
        on=("jump", "skew", "clock_far"),
    ),
    Safeguard(
        "doubt of the clock",
        TIMERS,
        "where the log's clock is ours, a start goes on from the log's time until something vouches for the clock",
        ("I7",),
        _without_doubt_of_the_clock,
        on=("embedded",),
    ),
    Safeguard(
        "boot time",
        TIMERS,
        "the wall clock is held against boot time before every run of decisions",
        ("I7",),
        _without_boot_time,
        "ahead of the time",
        on=("jump", "clock_far"),
    ),
    Safeguard(
        "bounded tenure",
        TIMERS,
        "a tenure bears no time of a clock that nothing has vouched for yet",
        ("I7",),
        _without_bounded_tenure,
        "a tenure",
        on=("skew", "clock_far"),
    ),
    Safeguard(
        "staged cap",
        COMMIT,
        "deciding stops while too many bytes wait behind a batch",
        ("BOUND",),
        _without_staged_cap,
        "bytes behind its batch",
    ),
    Safeguard(
        "the next tick",
        COMMIT,
        "on a tick, what was staged while a batch was on its way goes with the next one after its answer",
        ("I10",),
        _without_going_on_behind_a_batch,
        "not at rest",
        on=("busy",),
    ),
    Safeguard(
        "late is told",
        COMMIT,
        "who waits for a batch that is late hears so",
        ("I10",),
        _without_telling_late,
        "clients of",
    ),
    Safeguard(
        "late tells unknown",
        COMMIT,
        "who waits for a batch that is late hears that its outcome is not known, not that it is refused",
        ("I1",),
        _without_unknown_when_late,
        "too_slow",
    ),
    Safeguard(
        "end of the log",
        RECOVERY,
        "a log that ends before what snapshots hold is not served",
        ("I5",),
        _without_end_check,
        "shorter than its snapshots",
        on=("truncate",),
    ),
    Safeguard(
        "known place",
        RECOVERY,
        "a server does not accept less of a log than it knew",
        ("I5",),
        _without_known_place,
        "under the server",
        on=("truncate",),
    ),
    Safeguard(
        "three tenures a fault",
        FENCE,
        "two nodes do not take a shard from each other in turn",
        ("I10",),
        _without_leaving_it,
        "tenures for",
        on=("takeover",),
        without=OTHER_REASONS,
    ),
)
