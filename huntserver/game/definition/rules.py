"""The rules of a whole hunt: what opens each clue and treasure, with what rounds, metas and loops ask beside it. Pure.

Owns how a round is complete and what feeds a meta. For definitions whose rules parse and name what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.definition.unlocks import Rule, Things, Tree, parse

_OPEN: Final = ("true",)


def feeders(d: Definition) -> dict[str, tuple[str, ...]]:
    """Return the clues of each round by its id, those that it feeds not among them."""
    fed: dict[str, list[str]] = {r.id: [] for r in d.rounds}
    for clue in d.clues:
        if clue.round in fed and not clue.meta_of:
            fed[clue.round].append(clue.id)
    return {id: tuple(ids) for id, ids in fed.items()}


def completed_by(d: Definition) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return of each round how many of which clues complete it: its metas, or all its clues where it has none."""
    fed = feeders(d)
    made = {}
    for r in d.rounds:
        ids = tuple(c.id for c in d.clues if r.id in c.meta_of) or fed[r.id]
        made[r.id] = (len(ids), ids)
    return made


def feeding(fed: Mapping[str, tuple[str, ...]], clue: Clue) -> tuple[str, ...]:
    """Return the clues that feed a meta; `fed`: those of each round."""
    return tuple(dict.fromkeys(id for of in clue.meta_of for id in fed.get(of, (of,))))


def needed_of(clue: Clue, feeding: Sequence[str]) -> int:
    """Return how many of those must be solved before a meta opens."""
    return clue.meta_needs or len(feeding)


def things_of(d: Definition, *, hopeful: bool = False) -> Things:
    """Return the numbers of what the rules name."""
    names = [t.id for t in d.treasures] + [loot.id for t in d.treasures for loot in t.loot]
    items = {name: i for i, name in enumerate(dict.fromkeys(names))}
    draws = dict.fromkeys(draw for text in _texts(d) for draw in parse(text).draws)
    return Things(items, {draw: i for i, draw in enumerate(draws)}, completed_by(d), feeders(d), hopeful)


def _texts(d: Definition) -> list[str]:
    return [*(c.unlock for c in d.clues), *(t.unlock for t in d.treasures), *(r.unlock for r in d.rounds)]


def rules_of(d: Definition) -> list[Rule]:
    """Return the whole rule of each clue, then of each treasure. Raises `RuleError` for one that does not parse."""
    rounds = {r.id: parse(r.unlock) for r in d.rounds}
    complete, fed = completed_by(d), feeders(d)
    before = _loops(d)
    made = []
    for clue in d.clues:
        own = [parse(clue.unlock)]
        if clue.round:
            own.append(rounds[clue.round])
        if clue.meta_of:
            ids = feeding(fed, clue)
            own.append(Rule(("of", needed_of(clue, ids), *ids), ids, ()))
        if clue.id in before:
            seats, seat, last = before[clue.id]
            own.append(Rule(("or", ("seat", seats, seat), ("id", last)), (last,), ()))
        made.append(_together(own))
    made += [parse(t.unlock) for t in d.treasures]
    return [_named(rule, complete, fed) for rule in made]


def _loops(d: Definition) -> dict[str, tuple[int, int, str]]:
    """Return of each clue of a loop: how many stops the loop has, which this is, and the stop before it."""
    return {
        id: (len(loop.stops), i, loop.stops[i - 1]) for loop in d.rotations for i, id in enumerate(loop.stops)
    }  # fmt: skip


def _together(rules: list[Rule]) -> Rule:
    """Return the rule that all of them are met."""
    told = [rule for rule in rules if rule.tree != _OPEN]
    if len(told) < 2:
        return told[0] if told else rules[0]
    tree: Tree = ("and", *(rule.tree for rule in told))
    return Rule(
        tree,
        tuple(dict.fromkeys(id for rule in told for id in rule.ids)),
        tuple(sorted({s for rule in told for s in rule.after_s})),
        tuple(sorted({n for rule in told for n in rule.points})),
        tuple(dict.fromkeys(item for rule in told for item in rule.items)),
        tuple(dict.fromkeys(id for rule in told for id in rule.rounds)),
        tuple(dict.fromkeys(draw for rule in told for draw in rule.draws)),
    )


def _named(rule: Rule, complete: dict[str, tuple[int, tuple[str, ...]]], fed: dict[str, tuple[str, ...]]) -> Rule:
    """Return a rule whose `ids` are all clues that it rests on, those of rounds too."""
    if not rule.rounds:
        return rule
    ids = [*rule.ids, *(id for r in rule.rounds for id in (*complete[r][1], *fed[r]))]
    return msgspec.structs.replace(rule, ids=tuple(dict.fromkeys(ids)))
