"""A model of recovery from a compacted place: a reader goes through it while its owner writes and the cleaner runs.

The place holds an entity's older snapshot and a marker that says the entity is covered. The owner writes a newer
snapshot under its own nonce, then a tombstone for the older one; another entity may get its first snapshot meanwhile.
The cleaner removes any record that a later one of the same key replaces. A reader that comes to its end with the
marker must have a snapshot of the entity, or must notice that it has none.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from tests.models.explore import Found, Step, search


class Item(enum.Enum):
    """A record of the compacted place."""

    OLDER = "the older snapshot"
    NEWER = "the newer snapshot"
    TOMBSTONE = "the tombstone of the older"
    MARKER = "the marker"
    OTHER = "another record"
    STRANGER = "another entity's snapshot"


class Check(enum.Enum):
    """What of the snapshots found a marker is compared with before it is used."""

    NOTHING = "nothing"
    NUMBER = "the number of entities"
    NUMBER_AND_SUM = "the number of entities and the sum of their hashes"


class Rules(NamedTuple):
    """A variant: what protects the reader."""

    end_taken_again: bool = False  # at the end it takes the end again, until that stands still
    cleaner_waits: bool = False  # the cleaner leaves records alone for longer than any recovery takes
    check: Check = Check.NOTHING


class World(NamedTuple):
    """A state of the model. None in `log`: removed. `end`: the reader's, -1 before it starts."""

    log: tuple[Item | None, ...] = (Item.OLDER, Item.MARKER, Item.OTHER)
    place: int = 0
    end: int = -1
    found: frozenset[Item] = frozenset()


ENTITY_HASH = 1
STRANGER_HASH = 2


def run(rules: Rules) -> Found:
    """Search a variant."""
    return search(World(), lambda world: _steps(world, rules), lambda world: _wrong(world, rules))


def _wrong(world: World, rules: Rules) -> str | None:
    done = 0 <= world.end <= world.place and not (rules.end_taken_again and world.end < len(world.log))
    if not done or Item.MARKER not in world.found:
        return None
    hashes = _entities(world.found)
    used = {
        Check.NOTHING: True,
        Check.NUMBER: len(hashes) == 1,
        Check.NUMBER_AND_SUM: len(hashes) == 1 and sum(hashes) == ENTITY_HASH,
    }[rules.check]
    return "the marker was used, no snapshot was found" if used and ENTITY_HASH not in hashes else None


def _entities(found: frozenset[Item]) -> list[int]:
    """Return the hashes of the entities of which a snapshot was found."""
    older = Item.OLDER in found and Item.TOMBSTONE not in found
    hashes = [ENTITY_HASH] if older or Item.NEWER in found else []
    return [*hashes, STRANGER_HASH] if Item.STRANGER in found else hashes


def _steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    if Item.NEWER not in world.log:
        yield ("the owner writes the newer",), world._replace(log=(*world.log, Item.NEWER))
    elif Item.TOMBSTONE not in world.log:
        yield ("the owner tombstones the older",), world._replace(log=(*world.log, Item.TOMBSTONE))
    if Item.STRANGER not in world.log:
        yield ("another entity's snapshot is written",), world._replace(log=(*world.log, Item.STRANGER))
    replaced = Item.TOMBSTONE in world.log and Item.OLDER in world.log
    if replaced and not rules.cleaner_waits:
        cleaned = tuple(None if item is Item.OLDER else item for item in world.log)
        yield ("the cleaner removes the older",), world._replace(log=cleaned)
    if world.end < 0:
        yield ("the reader starts, its end is", len(world.log)), world._replace(end=len(world.log))
    elif world.place < world.end:
        item = world.log[world.place]
        found = world.found | ({item} if item else set())
        what = item.value if item else "nothing"
        yield ("the reader reads", what), world._replace(place=world.place + 1, found=found)
    elif rules.end_taken_again and world.end < len(world.log):
        yield ("the reader takes the end again",), world._replace(end=len(world.log))
