"""Safeguards of the fence and of the group commit, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from actors import supervisor
from actors.entity import Rejected
from actors.shard.commit import Commit
from actors.shard.decider import Decider
from actors.shard.fence import Ownership, TenureFold, Verdict
from actors.snapshots import recovery
from actors.snapshots.replay import Replay
from lab.ablations.safeguard import COMMIT, FENCE, Patches, Safeguard, nothing, yes

# ---- tenure and fence


def _without_contiguity(patches: Patches) -> None:
    def acknowledged(self: Ownership, base: int) -> bool:
        self.last = base + self.outstanding - 1
        self.outstanding = 0
        return True

    patches.replace(Ownership, "acknowledged", acknowledged)


def _without_gap_reading(patches: Patches) -> None:
    async def only_void(*_: Any) -> bool:
        return True

    patches.replace(supervisor, "only_void", only_void)


def _without_nonce(patches: Patches) -> None:
    def record(self: TenureFold, nonce: str, seq: int) -> Verdict:
        if seq != self.next_seq:
            return Verdict.VOID
        self.next_seq = seq + 1
        return Verdict.COUNTS

    patches.replace(TenureFold, "record", record)


def _without_seq(patches: Patches) -> None:
    """The entity's own seq is a second line: it would void most of what lands twice, so it is not asked either."""

    def record(self: TenureFold, nonce: str, seq: int) -> Verdict:
        if nonce != self.nonce:
            return Verdict.VOID
        self.next_seq = seq + 1
        return Verdict.COUNTS

    def again(old: Any) -> Any:
        def apply(self: Replay, offset: int, record: Any) -> None:
            seen = self.__dict__.setdefault("ablated_seen", set())
            stamp = (record.nonce, record.seq)
            if stamp in seen:
                actor = self.shard.actors.get(record.entity.partition("/")[2])
                if actor is not None and not actor.damaged:
                    kind = self.shard.kind
                    for event in record.events:
                        kind.apply(actor.state, event, actor.seq, record.at)
                return
            seen.add(stamp)
            old(self, offset, record)

        return apply

    patches.replace(TenureFold, "record", record)
    patches.replace(Replay, "feed_plain", lambda *_: 0)  # which asks both by itself
    patches.wrap(Replay, "apply", again)


def _without_probe(patches: Patches) -> None:
    patches.replace(Commit, "proved", yes)


def _without_clock_of_handing(patches: Patches) -> None:
    def durable(old: Any) -> Any:
        def _durable(self: Commit, at_ms: int) -> None:
            self._handed_ns = self._clock.boot_ns()
            old(self, at_ms)

        return _durable

    patches.wrap(Commit, "_durable", durable)


def _without_looking_for_a_successor(patches: Patches) -> None:
    async def look(*_: Any) -> None:
        pass

    patches.replace(recovery, "_look_for_successor", look)


# ---- group commit


def _without_effect_gating(patches: Patches) -> None:
    def at_once(old: Any) -> Any:
        def flush(self: Commit) -> None:
            flying = self._future is None and self.records
            old(self)
            if flying:
                effects, self._flying = self._flying, []
                for effect in effects:
                    if effect[0].__name__ == Decider._released.__name__:
                        self._let_out(effect)
                    else:
                        self._flying.append(effect)

        return flush

    patches.wrap(Commit, "flush", at_once)


def _without_refusal_gating(patches: Patches) -> None:
    def at_once(old: Any) -> Any:
        def hold(self: Commit, effect: Any, fresh: bool) -> None:
            if fresh or effect[1] is None or not self.proved():
                old(self, effect, fresh)
            else:
                self._let_out(effect)

        return hold

    patches.wrap(Commit, "hold", at_once)


def _without_fresh_answers(patches: Patches) -> None:
    patches.wrap(Commit, "hold", lambda old: lambda self, effect, fresh: old(self, effect, False))


def _without_recheck(patches: Patches) -> None:
    def viewed_out(self: Decider, sink: Any, request: int, view: Any, pos: int, *_: Any) -> None:
        if view.__class__ is Rejected:
            sink.refused(request, view, pos)
        else:
            sink.viewed(request, view, pos)

    patches.replace(Commit, "recheck", yes)
    patches.replace(Decider, "_viewed_out", viewed_out)


def _without_place_in_nonce(patches: Patches) -> None:
    """The reader goes by the nonce alone, wherever its tenure stands."""

    def record(self: TenureFold, nonce: str, seq: int) -> Verdict:
        if nonce.partition("@")[0] != self.nonce.partition("@")[0] or seq != self.next_seq:
            return Verdict.VOID
        self.next_seq = seq + 1
        return Verdict.COUNTS

    patches.replace(TenureFold, "record", record)


def _without_giving_up(patches: Patches) -> None:
    patches.replace(Commit, "watch", nothing)


def _without_doubt(patches: Patches) -> None:
    """A batch of unknown outcome is taken for written."""

    def trusting(old: Any) -> Any:
        def fail(self: Commit, fault: Any) -> None:
            if self._future is None or fault.code != "outcome_unknown" or not self.ownership.outstanding:
                old(self, fault)
                return
            self.ownership.acknowledged(self.ownership.expected)
            self._durable(0)

        return fail

    patches.wrap(Commit, "fail", trusting)


SAFEGUARDS: Final = (
    Safeguard(
        "contiguity",
        FENCE,
        "a batch counts as written only at exactly the offset that it had to get",
        ("I1", "I3", "I5"),
        _without_contiguity,
    ),
    Safeguard(
        "gap reading",
        FENCE,
        "what lies between two batches of an owner is read before the later one counts",
        ("I1", "I3", "I5"),
        _without_gap_reading,
    ),
    Safeguard(
        "nonce",
        FENCE,
        "a record counts only under the nonce of the latest tenure before it",
        ("I1", "I2", "I5", "I11"),
        _without_nonce,
    ),
    Safeguard(
        "place in the nonce",
        FENCE,
        "a tenure's record that lands a second time does not let the records of its first place count again",
        ("I1", "I2", "I5", "I7", "I11"),
        _without_place_in_nonce,
    ),
    Safeguard(
        "seq",
        FENCE,
        "a record that lands a second time is void by its number in the tenure (and, behind it, in the entity)",
        ("I1", "I2", "I5"),
        _without_seq,
    ),
    Safeguard(
        "probe",
        FENCE,
        "a refusal or view needs a recent proof of ownership",
        ("I7",),
        _without_probe,
        "misses",
    ),
    Safeguard(
        "the probe's clock",
        FENCE,
        "the proof is as old as the handing over of the batch, not as its answer",
        ("I7",),
        _without_clock_of_handing,
        "misses",
        on=("pause_sent",),
    ),
    Safeguard(
        "recheck",
        FENCE,
        "the age of the proof is looked at when the answer is let out",
        ("I7",),
        _without_recheck,
        "misses",
        on=("pause_sent", "takeover"),
    ),
    Safeguard(
        "never taking back",
        FENCE,
        "after a fault a node looks whether another one has opened a tenure, and leaves the shard to it",
        ("I4",),
        _without_looking_for_a_successor,
    ),
    Safeguard(
        "effect gating",
        COMMIT,
        "an answer, a push, a reaction waits until its record is durable",
        ("I1", "I3"),
        _without_effect_gating,
    ),
    Safeguard(
        "refusal gating",
        COMMIT,
        "a refusal or view waits until all it may rest on is durable",
        ("I3",),
        _without_refusal_gating,
    ),
    Safeguard(
        "fresh answers",
        COMMIT,
        "too_late, lost and every answer to a host wait for a batch sent after the command came",
        ("I7",),
        _without_fresh_answers,
        "misses",
        on=("takeover", "net_slow"),
    ),
    Safeguard(
        "doubt",
        COMMIT,
        "a batch of unknown outcome voids the memory that ran ahead of it",
        ("I1", "I3", "I5"),
        _without_doubt,
    ),
    Safeguard(
        "giving up",
        COMMIT,
        "a batch that is never answered is given up",
        ("I10",),
        _without_giving_up,
    ),
)
