"""What opens each clue, told by numbers: a page says why a clue is locked, and no title that is hidden. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from huntserver.game.definition.rules import completed_by, feeders
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.unlocks import Rule, Tree

LOCKS_MAX: Final = 60
"""Clues told of, the first of the file: more are not read on a phone, and a page of 500 clues stays small."""
PARTS_MAX: Final = 40
"""Numbers in one rule; one that names more is told as `other`."""


class Need(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition: `least` (0: all) of the clues of these numbers solved; seconds of play; points; others.

    `other`: something that is not told, such as a find or a draw.
    """

    clues: tuple[int, ...] = ()
    least: int = 0
    after_s: int = 0
    points: int = 0
    all: tuple[Need, ...] = ()
    any: tuple[Need, ...] = ()
    other: bool = False


class Lock(msgspec.Struct, frozen=True):
    """What opens the clue of this number; the same for all teams, whether it is open to them or not."""

    number: int
    needs: Need


_OTHER: Final = Need(other=True)


def locks_of(d: Definition, rules: Sequence[Rule]) -> list[Lock]:
    """Return what opens the clues that are not open from the start, in the order of the file; `rules`: those of `d`."""
    by = _Numbers({clue.id: i + 1 for i, clue in enumerate(d.clues)}, completed_by(d), feeders(d))
    locked = [i for i in range(len(d.clues)) if rules[i].tree != ("true",)][:LOCKS_MAX]
    return [Lock(i + 1, by.of(rules[i].tree)) for i in locked]


class _Numbers(NamedTuple):
    """Turns rules into what is told: the numbers of clues, what completes rounds and what stands in them."""

    numbers: Mapping[str, int]
    rounds: Mapping[str, tuple[int, tuple[str, ...]]]
    feeders: Mapping[str, tuple[str, ...]]

    def of(self, tree: Tree) -> Need:
        match tree:
            case ("true",):
                return Need()
            case ("id", id):
                return Need((self.numbers[id],))
            case ("after", seconds):
                return Need(after_s=seconds)
            case ("points", points):
                return Need(points=points)
            case ("of", least, *ids):
                return self.some(ids, least)
            case ("round", id):
                return self.some(self.rounds[id][1], self.rounds[id][0])
            case ("of round", least, id):
                return self.some(self.feeders[id], least)
            case ("and" | "or" as word, *parts):
                # Who has this seat in the loop has the clue open from the start: nobody lacks it.
                return _joined(word, [self.of(part) for part in parts if word == "and" or part[0] != "seat"])
        return _OTHER

    def some(self, ids: Sequence[str], least: int) -> Need:
        clues = tuple(dict.fromkeys(self.numbers[id] for id in ids))
        return _some(clues, least) if 0 < len(clues) <= PARTS_MAX else _OTHER


def _some(clues: tuple[int, ...], least: int) -> Need:
    return Need(clues, least if least < len(clues) else 0)


def _joined(word: str, parts: list[Need]) -> Need:
    """Put single clues together: `a and b and after 0:30` is two things, clues and a time."""
    single = tuple(dict.fromkeys(n for part in parts if len(part.clues) == 1 for n in part.clues))
    rest = [part for part in parts if len(part.clues) != 1 and part != Need()]
    rest = [part for i, part in enumerate(rest) if part != _OTHER or i == rest.index(_OTHER)]
    clues = [_some(single, 1 if word == "or" else 0)] if single else []
    told = [*(clues if len(single) <= PARTS_MAX else [_OTHER]), *rest]
    if len(told) < 2:
        return told[0] if told else Need()
    return Need(all=tuple(told)) if word == "and" else Need(any=tuple(told))
