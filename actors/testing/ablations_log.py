"""Safeguards of the fence, of the group commit and of recovery, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from actors import recovery, stored, system
from actors.commit import Commit
from actors.deciding import Decider
from actors.dormant import Blob
from actors.fence import FoldState, Ownership, TenureFold, Verdict
from actors.recovery import Replay
from actors.snapshots import Snapshots
from actors.testing.switches import COMMIT, FENCE, RECOVERY, Patches, Safeguard, nothing, yes

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

    patches.replace(system, "only_void", only_void)


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
    patches.wrap(Replay, "_apply", again)


def _without_probe(patches: Patches) -> None:
    patches.replace(Commit, "_proved", yes)


def _without_clock_of_handing(patches: Patches) -> None:
    def durable(old: Any) -> Any:
        def _durable(self: Commit, at_ms: int) -> None:
            self._handed_ns = self._clock.boot_ns()
            old(self, at_ms)

        return _durable

    patches.wrap(Commit, "_durable", durable)


# ---- group commit


def _without_effect_gating(patches: Patches) -> None:
    def at_once(old: Any) -> Any:
        def flush_now(self: Commit) -> None:
            flying = self._future is None and self.records
            old(self)
            if flying:
                effects, self._flying = self._flying, []
                for effect in effects:
                    if effect[0].__name__ == Decider._released.__name__:
                        self._let_out(effect)
                    else:
                        self._flying.append(effect)

        return flush_now

    patches.wrap(Commit, "flush_now", at_once)


def _without_refusal_gating(patches: Patches) -> None:
    def at_once(old: Any) -> Any:
        def hold(self: Commit, effect: Any, fresh: bool) -> None:
            if fresh or effect[1] is None or not self._proved():
                old(self, effect, fresh)
            else:
                self._let_out(effect)

        return hold

    patches.wrap(Commit, "hold", at_once)


def _without_fresh_answers(patches: Patches) -> None:
    patches.wrap(Commit, "hold", lambda old: lambda self, effect, fresh: old(self, effect, False))


def _without_recheck(patches: Patches) -> None:
    patches.replace(Commit, "recheck", yes)


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


# ---- recovery and snapshots


def _without_fence_in_markers(patches: Patches) -> None:
    def bare(old: Any) -> Any:
        def checkpoint(self: Snapshots, offset: int, fold: FoldState, last_ms: int, shards: int) -> None:
            old(self, offset, FoldState("", 0, ""), last_ms, shards)

        return checkpoint

    patches.wrap(Snapshots, "checkpoint", bare)


def _without_tombstones_per_entity(patches: Patches) -> None:
    """With the first snapshot of a tenure the older nonces' go, all of them; and a marker trusts what it finds."""

    def all_gone(old: Any) -> Any:
        def written(self: Snapshots, id: str, ref: Any) -> None:
            old(self, id, ref)
            kept = self._store._log.store.kept.get(self._shard, {})  # type: ignore[attr-defined]
            for key in [k for k in kept if k.startswith("s|") and k.split("|")[1] != self.nonce]:
                self._quietly(self._store.put(self._shard, key, None))

        return written

    patches.wrap(Snapshots, "_written", all_gone)
    patches.replace(stored, "_complete", yes)


def _without_nonce_in_keys(patches: Patches) -> None:
    def key(nonce: str, slot: int, part: str, id: str) -> str:
        return f"s|-|{slot}|{part}|{id}"

    from actors import snapshots

    patches.replace(snapshots, "part_key", key)


def _without_digest(patches: Patches) -> None:
    class Blind(str):
        __slots__ = ()
        __eq__ = yes
        __ne__ = lambda *_: False  # noqa: E731
        __hash__ = str.__hash__

    patches.replace(stored, "digest", lambda memory, state: Blind(""))


def _without_earlier_start(patches: Patches) -> None:
    """Replay starts at the highest marker although the newest snapshot of an entity is broken."""

    def forgetful(old: Any) -> Any:
        def collect(shard: Any, rows: Any) -> Any:
            found, broken = old(shard, rows)
            return found, {id: why for id, why in broken.items() if id not in found}

        return collect

    patches.wrap(stored, "_collect", forgetful)


def _without_holding_snapshots(patches: Patches) -> None:
    def at_once(old: Any) -> Any:
        def init(self: Snapshots, *args: Any, **ports: Any) -> None:
            ports["hold"] = lambda call, arguments: call(None, 0, *arguments)
            old(self, *args, **ports)

        return init

    patches.wrap(Snapshots, "__init__", at_once)


def _without_covered_markers(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        def ripe(self: Snapshots, cursor: int, durable: int) -> Any:
            dirty, self.dirty = self.dirty, {}
            try:
                return old(self, cursor, durable)
            finally:
                self.dirty = dirty

        return ripe

    patches.wrap(Snapshots, "ripe", hasty)


def _without_cursor_in_markers(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        return lambda self, cursor, durable: old(self, durable, durable)

    patches.wrap(Snapshots, "ripe", hasty)


def _without_key_in_replay(patches: Patches) -> None:
    patches.replace(Replay, "_remember", nothing)


def _without_memory_in_snapshots(patches: Patches) -> None:
    """The state is kept and comes back, the keys that it rests on do not."""
    from actors import dormant
    from actors.dedup import Dedup

    def forgetful(old: Any) -> Any:
        def thaw(kind: Any, id: str, blob: Blob, mailbox: Any) -> Any:
            actor = old(kind, id, blob, mailbox)
            actor.dedup = Dedup()
            return actor

        return thaw

    patches.wrap(dormant, "thaw", forgetful)


def _without_successor_check(patches: Patches) -> None:
    async def look(*_: Any) -> None:
        pass

    patches.replace(recovery, "_look_for_successor", look)


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
    ),
    Safeguard(
        "recheck",
        FENCE,
        "the age of the proof is looked at when the answer is let out",
        ("I7",),
        _without_recheck,
        "misses",
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
    Safeguard(
        "fence state in markers",
        RECOVERY,
        "a replay that starts at a marker knows whose records count there",
        ("I1", "I2", "I5", "I11"),
        _without_fence_in_markers,
    ),
    Safeguard(
        "tombstones per entity",
        RECOVERY,
        "an older snapshot goes only when that very entity has a newer one (and, behind it, a marker counts them)",
        ("I1", "I2", "I5", "I11"),
        _without_tombstones_per_entity,
    ),
    Safeguard(
        "nonce in snapshot keys",
        RECOVERY,
        "a superseded owner's late snapshot replaces none of a newer owner's",
        ("I1", "I2", "I5"),
        _without_nonce_in_keys,
    ),
    Safeguard(
        "snapshot digest",
        RECOVERY,
        "a snapshot whose bytes changed is not served",
        ("I1", "I2", "I5"),
        _without_digest,
    ),
    Safeguard(
        "earlier start",
        RECOVERY,
        "a replay from an older snapshot starts where that one ends",
        ("I1", "I2", "I5"),
        _without_earlier_start,
    ),
    Safeguard(
        "held snapshots",
        RECOVERY,
        "a snapshot is written only when what it holds is durable",
        ("I1", "I2", "I5"),
        _without_holding_snapshots,
    ),
    Safeguard(
        "covered markers",
        RECOVERY,
        "a marker is written only when snapshots hold all that lies before it",
        ("I1", "I2", "I5"),
        _without_covered_markers,
    ),
    Safeguard(
        "key in replay",
        RECOVERY,
        "a replayed record brings its key back with its state",
        ("I2", "I5", "I11"),
        _without_key_in_replay,
    ),
    Safeguard(
        "memory in snapshots",
        RECOVERY,
        "a snapshot holds the keys that its state rests on",
        ("I2", "I5", "I11"),
        _without_memory_in_snapshots,
    ),
    Safeguard(
        "acknowledged markers",
        RECOVERY,
        "a marker is written only when all reactions before it were acknowledged",
        ("I11",),
        _without_cursor_in_markers,
    ),
)
