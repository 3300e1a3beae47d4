"""What rules, rounds, metas and loops name: is it there, and does a rule parse? With what to write instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

import msgspec

from huntserver.game.definition.part import Wrong
from huntserver.game.definition.rules import feeders, feeding
from huntserver.game.definition.shape import Clue, Definition, Treasure
from huntserver.game.definition.unlocks import RuleError, Tree, parse
from huntserver.suggestion import did_you_mean

_Thing = TypeVar("_Thing", Clue, Treasure)


def check_names(wrong: Wrong, d: Definition, *, named_too: bool = True) -> list[str]:
    """Report rules that are none and, with `named_too`, those that name what is not there. Returns their paths."""
    known = _Known.of(d)
    places = [(f"clues[{i}].unlock", c.unlock) for i, c in enumerate(d.clues)]
    places += [(f"treasures[{i}].unlock", t.unlock) for i, t in enumerate(d.treasures)]
    places += [(f"rounds[{i}].unlock", r.unlock) for i, r in enumerate(d.rounds)]
    found: list[str] = []

    def told(path: str, what: str, cure: str) -> None:
        found.append(path)
        wrong(path, what, cure)

    for path, text in places:
        try:
            rule = parse(text)
        except RuleError as error:
            told(path, str(error), _cure_of_rule(text))
            continue
        if not named_too:
            continue
        known.names(told, path, "clue", rule.ids)
        known.names(told, path, "item", rule.items)
        known.names(told, path, "round", rule.rounds)
        for number, id in _counted(rule.tree):
            if id in known.feeders and number > len(known.feeders[id]):
                told(path, f"{number} of round {id} can never be met: it has {len(known.feeders[id])}", "ask for fewer")
    if named_too:
        _groups(told, d, known)
    return found


class _Known(NamedTuple):
    """What rules may name, each kind by its word."""

    ids: dict[str, set[str]]
    feeders: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, d: Definition) -> _Known:
        items = {t.id for t in d.treasures} | {loot.id for t in d.treasures for loot in t.loot}
        return cls({"clue": {c.id for c in d.clues}, "item": items, "round": {r.id for r in d.rounds}}, feeders(d))

    def names(self, wrong: Wrong, path: str, kind: str, given: Iterable[str]) -> None:
        """Report the first name that stands for nothing of this kind."""
        unknown = [id for id in given if id not in self.ids[kind]]
        if unknown:
            there = ", ".join(sorted(self.ids[kind]))[:200]
            cure = did_you_mean(unknown[0], sorted(self.ids[kind])) or f"{kind}s are {there or 'none'}"
            wrong(path, f"names {unknown[0]!r}, which is no {kind}", cure)


def _counted(tree: Tree) -> Iterator[tuple[int, str]]:
    """Yield how many of which round a rule asks for."""
    if tree[0] == "of round":
        yield tree[1], tree[2]
    for part in tree[1:]:
        if isinstance(part, tuple):
            yield from _counted(part)


def _groups(wrong: Wrong, d: Definition, known: _Known) -> None:
    """Report rounds, metas and loops that name what is not there."""
    rounds, clues = known.ids["round"], known.ids["clue"]
    for i, clue in enumerate(d.clues):
        if clue.round:
            known.names(wrong, f"clues[{i}].round", "round", [clue.round])
        for j, id in enumerate(clue.meta_of):
            if id not in rounds | clues:
                there = ", ".join(sorted(rounds)) or "none"
                wrong(f"clues[{i}].meta_of[{j}]", f"{id!r} is no round and no clue", f"rounds are {there[:200]}")
            elif id == clue.id:
                wrong(f"clues[{i}].meta_of[{j}]", f"{id!r} feeds itself", "name what must be solved before")
        fed = len(feeding(known.feeders, clue))
        if clue.meta_of and not 1 <= (clue.meta_needs or fed) <= fed:
            what = f"{clue.meta_needs} of {fed} clues" if fed else "nothing feeds it"
            wrong(f"clues[{i}].meta_needs", what, f"allowed is 1 to {fed}" if fed else "put clues into the round")
    for i, round_ in enumerate(d.rounds):
        if not known.feeders[round_.id]:
            wrong(f"rounds[{i}]", f"no clue is in {round_.id!r}", f"say round = {round_.id!r} in its clues")
    for i, rotation in enumerate(d.rotations):
        for j, stop in enumerate(rotation.stops):
            known.names(wrong, f"rotations[{i}].stops[{j}]", "clue", [stop])


def hopeful(d: Definition, faults: list[str]) -> Definition | None:
    """Return the definition with faulty rules taken for open: what is never met then is never met at all.

    None: not only rules of clues and treasures are at fault.
    """
    if not faults:
        return d
    if not all(re.fullmatch(r"(clues|treasures)\[\d+\]\.unlock", path) for path in faults):
        return None
    bad = set(faults)

    def open_(of: str, things: list[_Thing]) -> list[_Thing]:
        return [
            msgspec.structs.replace(thing, unlock="") if f"{of}[{i}].unlock" in bad else thing
            for i, thing in enumerate(things)
        ]

    return msgspec.structs.replace(d, clues=open_("clues", d.clues), treasures=open_("treasures", d.treasures))


_RULE_WORDS: Final = (
    (r"&&?|\+|\b(?:und|et|y|e|en|AND|And)\b", " and "), (r"\|\|?|\b(?:oder|ou|o|of|OR|Or)\b(?!\s*\()", " or "),
    (r"[\"'“”]|\bsolved\b", " "), (r",\s*", " and "),
)  # fmt: skip


def _cure_of_rule(text: str) -> str:
    """Return how to write a rule that is none: in the words of the language, where it can be told."""
    better = text
    for pattern, word in _RULE_WORDS:
        better = " ".join(re.sub(pattern, word, better).split())
    try:
        parse(better)
    except RuleError:
        return 'write it like "c1 and c2", "2 of (c1, c2, c3)", "after 0:30"'
    return f"write {better!r}"
