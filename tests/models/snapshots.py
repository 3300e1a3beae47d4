"""A model of snapshots, markers and tombstones: recovery at any moment must give the fold from zero.

Owner 0 holds the shard under nonce 1 and may be superseded, unawares, by owner 1 under nonce 2; its records are void
from then on. Both write snapshots of entities, and markers that say that all entities up to an offset are covered;
owner 1 removes the older nonce's snapshots. A state is judged by recovering from it: start at a marker, take of each
entity the snapshot that covers most, fold the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import Found, Step, search

ENTITIES = (0, 1)
MARKERS_MAX = 2


class Rules(NamedTuple):
    """A variant, and the bound."""

    fence_in_marker: bool = True  # a marker carries the nonce in force and its next seq
    keyed_by_nonce: bool = True  # a snapshot replaces only one of its own nonce
    tombstone_each: bool = True  # an older snapshot goes once a newer one of that very entity is there
    highest_marker: bool = True  # replay starts at the highest marker, not at the one written last
    known_to_count: bool = True  # a snapshot is of what is known to count, not of what was merely written
    entities_in_marker: bool = False  # a marker says which entities it covers; one that is missed is noticed
    log_max: int = 5


class Record(NamedTuple):
    """A record; a tenure has no entity."""

    nonce: int
    seq: int = -1
    entity: int = -1


VOID = Record(0, 0, 0)
Log = tuple[Record, ...]
Events = dict[int, tuple[int, ...]]  # by entity, the offsets of its records that count


class Owner(NamedTuple):
    """One node's side. `durable`: length of the log up to which it knows what counts."""

    active: bool
    nonce: int
    durable: int
    seq: int = 0


class Snapshot(NamedTuple):
    """An entity's state up to `covers`: here the offsets of its records."""

    entity: int
    nonce: int
    covers: int
    events: tuple[int, ...]


class Marker(NamedTuple):
    """All entities up to `covers` are covered. `fence`: nonce in force there and its next seq."""

    nonce: int
    covers: int
    fence: tuple[int, int]
    entities: frozenset[int]


class World(NamedTuple):
    """A state of the model."""

    log: Log = (Record(1),)
    owners: tuple[Owner, Owner] = (Owner(True, 1, 1), Owner(False, 2, 0))
    snapshots: frozenset[Snapshot] = frozenset()
    markers: tuple[Marker, ...] = ()


def run(rules: Rules) -> Found:
    """Search a variant."""
    return search(World(), lambda world: _steps(world, rules), lambda world: _wrong(world, rules))


def fold(log: Log, start: int = 0, fence: tuple[int, int] = (0, 0)) -> tuple[Events, tuple[int, int]]:
    """Return what counts from `start` on, and the nonce in force at the end with its next seq."""
    nonce, seq = fence
    events: Events = {}
    for offset in range(start, len(log)):
        record = log[offset]
        if record.entity < 0:
            nonce, seq = record.nonce, 0
        elif record.nonce == nonce and record.seq == seq:
            seq += 1
            events[record.entity] = (*events.get(record.entity, ()), offset)
    return events, (nonce, seq)


def recover(world: World, rules: Rules) -> Events | None:
    """Return what a recovery makes of a world that has a marker; None if it notices that the marker is of no use."""
    marker = max(world.markers, key=lambda m: m.covers) if rules.highest_marker else world.markers[-1]
    best: dict[int, Snapshot] = {}
    for snapshot in sorted(world.snapshots):
        if snapshot.entity not in best or snapshot.covers > best[snapshot.entity].covers:
            best[snapshot.entity] = snapshot
    if rules.entities_in_marker:
        before = {entity for entity, snapshot in best.items() if snapshot.events[0] < marker.covers}
        if before != marker.entities:
            return None
    tail, _ = fold(world.log, marker.covers, marker.fence if rules.fence_in_marker else (0, 0))
    recovered = {entity: snapshot.events for entity, snapshot in best.items()}
    for entity, offsets in tail.items():
        covered = best[entity].covers if entity in best else 0
        new = tuple(offset for offset in offsets if offset >= covered)
        if new:
            recovered[entity] = recovered.get(entity, ()) + new
    return recovered


def _wrong(world: World, rules: Rules) -> str | None:
    if not world.markers:
        return None
    recovered = recover(world, rules)
    truth, _ = fold(world.log)
    return None if recovered in (None, truth) else f"recovered {recovered}, the fold from zero is {truth}"


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    for i, owner in enumerate(world.owners):
        if owner.active:
            yield from _writes(world, i, rules)
            yield from _snapshots(world, owner, rules)
            yield from _marks(world, owner)
        elif len(world.log) < rules.log_max:
            begun = Owner(True, owner.nonce, len(world.log) + 1)
            log = (*world.log, Record(owner.nonce))
            yield (i, "opens a tenure"), world._replace(log=log, owners=(world.owners[0], begun))
    if rules.keyed_by_nonce and world.owners[1].active:
        yield from _tombstones(world, rules)


def _writes(world: World, i: int, rules: Rules) -> Iterator[Step[World]]:
    owner = world.owners[i]
    if len(world.log) >= rules.log_max:
        return
    void = i == 0 and world.owners[1].active
    for entity in ENTITIES:
        log = (*world.log, Record(owner.nonce, owner.seq, entity))
        after = owner._replace(seq=owner.seq + 1, durable=owner.durable if void else len(log))
        owners = (after, world.owners[1]) if i == 0 else (world.owners[0], after)
        label = (i, "writes entity", entity, "at", len(world.log), "(void)" if void else "")
        yield label, world._replace(log=log, owners=owners)


def _snapshots(world: World, owner: Owner, rules: Rules) -> Iterator[Step[World]]:
    if rules.known_to_count:
        covers, log = owner.durable, world.log[: owner.durable]
    else:  # what the owner believes: nobody else's tenure is known to owner 0
        covers = len(world.log)
        log = tuple(VOID if owner.nonce == 1 and record == Record(2) else record for record in world.log)
    events, _ = fold(log)
    for entity, offsets in sorted(events.items()):
        snapshot = Snapshot(entity, owner.nonce, covers, offsets)
        if snapshot not in world.snapshots:
            kept = {s for s in world.snapshots if _key(s, rules) != _key(snapshot, rules)}
            label = ("snapshot of entity", entity, "up to", covers, "under nonce", owner.nonce)
            yield label, world._replace(snapshots=frozenset(kept | {snapshot}))


def _key(snapshot: Snapshot, rules: Rules) -> tuple[int, int]:
    return (snapshot.entity, snapshot.nonce if rules.keyed_by_nonce else 0)


def _tombstones(world: World, rules: Rules) -> Iterator[Step[World]]:
    newer = {s.entity for s in world.snapshots if s.nonce == 2}
    for snapshot in sorted(world.snapshots):
        if snapshot.nonce == 1 and (snapshot.entity in newer if rules.tombstone_each else newer):
            label = ("1 tombstones entity", snapshot.entity, "of nonce 1")
            yield label, world._replace(snapshots=world.snapshots - {snapshot})


def _marks(world: World, owner: Owner) -> Iterator[Step[World]]:
    if len(world.markers) >= MARKERS_MAX:
        return
    events, fence = fold(world.log[: owner.durable])
    covered = dict.fromkeys(ENTITIES, 0)
    for snapshot in world.snapshots:
        covered[snapshot.entity] = max(covered[snapshot.entity], snapshot.covers)
    marker = Marker(owner.nonce, owner.durable, fence, frozenset(events))
    if events and marker not in world.markers and all(covered[e] > events[e][-1] for e in events):
        label = ("marker at", owner.durable, "under nonce", owner.nonce)
        yield label, world._replace(markers=(*world.markers, marker))
