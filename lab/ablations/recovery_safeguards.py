"""Safeguards of recovery, snapshots and markers, and how each is switched off.

Owns the rows, not the running. Each `_without_...` takes away one rule of the product and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from actors.passivation.passivation import PassiveEntities
from actors.passivation.spill_sqlite import SqliteSpill
from actors.shard import residents
from actors.shard.dedup import Dedup
from actors.shard.fence import FoldState
from actors.snapshots import reader, writer
from actors.snapshots.format import EncodedEntity
from actors.snapshots.replay import Replay
from actors.snapshots.writer import SnapshotWriter
from lab.ablations.safeguard import RECOVERY, Patches, Safeguard, nothing, yes


def _without_fence_in_markers(patches: Patches) -> None:
    def bare(old: Any) -> Any:
        def checkpoint(self: SnapshotWriter, offset: int, fold: FoldState, last_ms: int, shards: int) -> None:
            old(self, offset, FoldState("", 0, ""), last_ms, shards)

        return checkpoint

    patches.wrap(SnapshotWriter, "checkpoint", bare)


def _without_tombstones_per_entity(patches: Patches) -> None:
    """With the first snapshot of a tenure the older nonces' go, all of them; and a marker trusts what it finds."""

    def all_gone(old: Any) -> Any:
        def written(self: SnapshotWriter, id: str, ref: Any) -> None:
            old(self, id, ref)
            kept = self._store._log.store.kept.get(self._shard, {})  # type: ignore[attr-defined]
            for key in [k for k in kept if k.startswith("s|") and k.split("|")[1] != self.nonce]:
                self._quietly(self._store.put(self._shard, key, None))

        return written

    patches.wrap(SnapshotWriter, "_written", all_gone)
    patches.replace(reader, "_complete", yes)


def _without_nonce_in_keys(patches: Patches) -> None:
    def key(nonce: str, slot: int, part: str, id: str) -> str:
        return f"s|-|{slot}|{part}|{id}"

    patches.replace(writer, "part_key", key)


def _without_digest(patches: Patches) -> None:
    class Blind(str):
        __slots__ = ()
        __eq__ = yes
        __ne__ = lambda *_: False  # noqa: E731
        __hash__ = str.__hash__

    patches.replace(reader, "digest", lambda memory, state: Blind(""))


def _without_earlier_start(patches: Patches) -> None:
    """Replay starts at the highest marker although the newest snapshot of an entity is broken."""

    def forgetful(old: Any) -> Any:
        def collect(shard: Any, rows: Any, headers: Any) -> Any:
            found, broken = old(shard, rows, headers)
            return found, {id: why for id, why in broken.items() if id not in found}

        return collect

    patches.wrap(reader, "_collect", forgetful)


def _without_holding_snapshots(patches: Patches) -> None:
    def at_once(old: Any) -> Any:
        def init(self: SnapshotWriter, *args: Any, **ports: Any) -> None:
            ports["hold"] = lambda call, arguments: call(None, 0, *arguments)
            old(self, *args, **ports)

        return init

    patches.wrap(SnapshotWriter, "__init__", at_once)


def _without_covered_markers(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        def ripe(self: SnapshotWriter, cursor: int, durable: int) -> Any:
            dirty, self.dirty = self.dirty, {}
            try:
                return old(self, cursor, durable)
            finally:
                self.dirty = dirty

        return ripe

    patches.wrap(SnapshotWriter, "ripe", hasty)


def _without_cursor_in_markers(patches: Patches) -> None:
    def hasty(old: Any) -> Any:
        return lambda self, cursor, durable: old(self, durable, durable)

    patches.wrap(SnapshotWriter, "ripe", hasty)


def _without_key_in_replay(patches: Patches) -> None:
    patches.replace(Replay, "_remember", nothing)


def _without_memory_in_snapshots(patches: Patches) -> None:
    """The state is kept and comes back, the keys that it rests on do not."""

    def forgetful(old: Any) -> Any:
        def steps(kind: Any, actor: Any, encoded: EncodedEntity) -> Any:
            yield from old(kind, actor, encoded)
            actor.dedup = Dedup()

        return steps

    patches.wrap(residents, "decode_steps", forgetful)


def _without_a_way_round_the_spill_file(patches: Patches) -> None:
    """A damaged file stays, recovery gives everything to it all the same, and waits for it."""

    def keep(self: PassiveEntities, id: str, encoded: EncodedEntity) -> str:
        self.put(id, encoded)
        return ""

    patches.replace(SqliteSpill, "_renew", nothing)
    patches.replace(PassiveEntities, "keep", keep)
    patches.replace(PassiveEntities, "distrust", nothing)


def _without_word_of_lost_rows(patches: Patches) -> None:
    patches.replace(SqliteSpill, "_expect", nothing)


def _without_checksum_of_what_sleeps(patches: Patches) -> None:
    patches.replace(PassiveEntities, "_opened", lambda self, data: memoryview(data)[4:])


SAFEGUARDS: Final = (
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
    Safeguard(
        "way round the spill file",
        RECOVERY,
        "a spill file that is damaged is made anew, and recovery does without one",
        ("I10",),
        _without_a_way_round_the_spill_file,
        on=("spill_torn",),
    ),
    Safeguard(
        "word of lost rows",
        RECOVERY,
        "an entity that went with a damaged spill file is taken from the log, and not for a new one",
        ("I1", "I2", "I5"),
        _without_word_of_lost_rows,
        on=("spill_torn",),
    ),
    Safeguard(
        "checksum of what sleeps",
        RECOVERY,
        "other bytes than were put into the spill file are not served, nor is their entity closed",
        ("I1", "I2", "I5"),
        _without_checksum_of_what_sleeps,
        on=("spill_bad",),
    ),
)
