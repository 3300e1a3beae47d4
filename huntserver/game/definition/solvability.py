"""Can this hunt be played to its end? Found before publishing, with the path into the file and what to do. Pure.

No message names an answer or a code: it may be shown where others read.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.file import read
from huntserver.game.definition.part import Problem, Wrong
from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.definition.unlocks import Opens, Rule, RuleError, compile_rule, parse

ALWAYS_S: Final = 1 << 62
"""More seconds of play than any rule waits for."""
LOOKS_MAX: Final = 100_000
"""Rules that are looked at to judge the prices of hints, some 50 ms: a hunt that people write needs a thousandth."""


def check_definition(data: bytes, style: str) -> Definition | list[Problem]:
    """Read and judge a hunt file (`style`: toml or json). Returns the definition, or every problem found."""
    judged = _judged(data, style)
    return judged if isinstance(judged, Definition) else list(judged)


@functools.lru_cache(maxsize=4)
def _judged(data: bytes, style: str) -> Definition | tuple[Problem, ...]:
    """Judge bytes once: a file is checked beside the loop, and again by the hunt that takes it."""
    definition = read(data, style)
    if not isinstance(definition, Definition):
        return tuple(definition)
    return tuple(check(definition)) or definition


def check(d: Definition) -> list[Problem]:
    """Return what keeps a well-formed definition from being playable."""
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    _unique(wrong, d)
    rules = _rules(wrong, d)
    if not problems:
        graph = _Graph.of(d, rules)
        _reachable(wrong, d, graph)
        if not problems:
            _affordable(wrong, d, graph)
        _in_time(wrong, d, rules)
    return problems


def _unique(wrong: Wrong, d: Definition) -> None:
    ids: dict[str, str] = {}
    codes: dict[str, str] = {}
    brackets: dict[str, str] = {}
    for i, clue in enumerate(d.clues):
        hints: dict[str, str] = {}
        _once(wrong, ids, clue.id, f"clues[{i}].id", repr(clue.id))
        for j, hint in enumerate(clue.hints):
            for k, needed in enumerate(hint.needs):
                if needed not in hints:
                    what = f"{needed!r} is no hint that stands before this one"
                    wrong(f"clues[{i}].hints[{j}].needs[{k}]", what, "put hints in the order in which they are taken")
            _once(wrong, hints, hint.id, f"clues[{i}].hints[{j}].id", repr(hint.id))
        codes_of = KINDS[clue.kind].codes
        for j, code in enumerate(codes_of(clue) if codes_of else ()):
            _once(wrong, codes, code, f"clues[{i}].codes[{j}]", "this code")
    for i, treasure in enumerate(d.treasures):
        _once(wrong, ids, treasure.id, f"treasures[{i}].id", repr(treasure.id))
    for i, bracket in enumerate(d.brackets):
        _once(wrong, brackets, bracket, f"brackets[{i}]", repr(bracket))


def _once(wrong: Wrong, seen: dict[str, str], value: str, path: str, name: str) -> None:
    if value in seen:
        wrong(path, f"{name} stands at {seen[value]} already", "give each its own")
    seen.setdefault(value, path)


def _rules(wrong: Wrong, d: Definition) -> list[Rule]:
    """Parse the rules of all clues, then of all treasures."""
    ids = {c.id for c in d.clues}
    rules: list[Rule] = []
    places = [(f"clues[{i}].unlock", c.unlock) for i, c in enumerate(d.clues)]
    places += [(f"treasures[{i}].unlock", t.unlock) for i, t in enumerate(d.treasures)]
    for path, text in places:
        try:
            rule = parse(text)
        except RuleError as error:
            wrong(path, str(error), 'write it like "c1 and c2", "2 of (c1, c2, c3)", "after 0:30"')
            continue
        unknown = [id for id in rule.ids if id not in ids]
        if unknown:
            wrong(path, f"names {unknown[0]!r}, which is no clue", f"clues are {', '.join(sorted(ids))[:200]}")
        rules.append(rule)
    return rules


class _Graph(NamedTuple):
    """What opens what: clues are numbered in the order of the file, treasures follow. `order` is one in which they can
    be opened; `left` counts the rules that may still be looked at for prices."""

    clues: int
    rules: list[Rule]
    opens: list[Opens]
    order: list[int]
    left: list[int]

    @classmethod
    def of(cls, d: Definition, rules: list[Rule]) -> _Graph:
        index = {c.id: i for i, c in enumerate(d.clues)}
        made = cls(len(d.clues), rules, [compile_rule(r, index) for r in rules], [], [LOOKS_MAX])
        needed_by = [0] * len(d.clues)
        for i, rule in enumerate(rules):
            for id in rule.ids:
                needed_by[index[id]] |= 1 << i
        made._put_in_order(needed_by)
        return made

    def _put_in_order(self, needed_by: list[int]) -> None:
        """Open what can be opened; what a solve may have opened is looked at once for all solves since."""
        solved = opened = 0
        to_look = (1 << len(self.opens)) - 1
        while to_look:
            bit = to_look & -to_look
            to_look ^= bit
            thing = bit.bit_length() - 1
            if self.opens[thing](solved, ALWAYS_S):
                opened |= bit
                self.order.append(thing)
                if thing < self.clues:
                    solved |= bit
                    to_look |= needed_by[thing] & ~opened

    def reach(self, without: int) -> set[int] | None:
        """Return what opens sooner or later if every open clue is solved except `without`; None: it would take too long
        to tell."""
        solved, open_, rest = 0, set[int](), self.order
        while rest:
            self.left[0] -= len(rest)
            if self.left[0] < 0:
                return None
            closed = []
            for thing in rest:
                if not self.opens[thing](solved, ALWAYS_S):
                    closed.append(thing)
                    continue
                open_.add(thing)
                if thing < self.clues and thing != without:
                    solved |= 1 << thing
            if len(closed) == len(rest):
                break
            rest = closed
        return open_


def _reachable(wrong: Wrong, d: Definition, graph: _Graph) -> None:
    reached = set(graph.order)
    if not any(i in reached for i in range(graph.clues)):
        wrong("clues", "no clue is open at the start", "leave the unlock rule of the first one empty")
    for i, clue in enumerate(d.clues):
        if i in reached:
            continue
        cycle = _cycle(d, graph, reached, i)
        if cycle and cycle[0] == clue.id:
            wrong(f"clues[{i}].unlock", f"a circle: {' needs '.join(cycle)}", "take one of them out of the circle")
        else:
            wrong(f"clues[{i}].unlock", f"{clue.id!r} can never be opened", "mend its rule or those it rests on")
    for i, treasure in enumerate(d.treasures):
        if graph.clues + i not in reached:
            wrong(f"treasures[{i}].unlock", f"{treasure.id!r} can never be claimed", "mend its rule")


def _cycle(d: Definition, graph: _Graph, reached: set[int], start: int) -> list[str]:
    """Return the ids along a shortest way from a clue that never opens back to itself; empty if there is none."""
    index = {c.id: i for i, c in enumerate(d.clues)}
    came_from: dict[int, int] = {}
    look = [start]
    for thing in look:  # grows while it is walked: breadth first
        for needed in (index[id] for id in graph.rules[thing].ids):
            if needed in reached or needed in came_from:
                continue
            came_from[needed] = thing
            look.append(needed)
    if start not in came_from:
        return []
    way = [start, came_from[start]]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return [d.clues[i].id for i in reversed(way)]


def _most(clue: Clue) -> int:
    return clue.points + max(clue.first_bonus, default=0)


def _affordable(wrong: Wrong, d: Definition, graph: _Graph) -> None:
    """Find hints that nobody can ever pay for.

    What is opened before a clue in the order of opening does not rest on it: mostly those points are enough, and
    nothing else is looked at. A file made to be slow to judge is not judged whole: the game refuses what is too
    expensive anyway.
    """
    points = [_most(c) for c in d.clues] + [t.points + max(t.bonus, default=0) for t in d.treasures]
    before, sum_ = {}, 0
    for thing in graph.order:
        before[thing] = sum_
        sum_ += points[thing]
    for i, clue in enumerate(d.clues):
        dearest = max((h.price for h in clue.hints), default=0)
        if dearest <= before.get(i, 0):
            continue
        reached = graph.reach(without=i)
        if reached is None:
            return
        most = sum(points[thing] for thing in reached if thing != i)
        for j, hint in enumerate(clue.hints):
            if hint.price > most:
                what = f"{hint.price} points are more than a team can have before {clue.id!r} is solved ({most})"
                wrong(f"clues[{i}].hints[{j}].price", what, "lower the price")


def _in_time(wrong: Wrong, d: Definition, rules: list[Rule]) -> None:
    s = d.schedule
    length = s.duration_s
    if length is None and s.starts_at is not None and s.ends_at is not None:
        length = int((s.ends_at - s.starts_at).total_seconds())
    if length is None:
        return
    paths = [f"clues[{i}]" for i in range(len(d.clues))] + [f"treasures[{i}]" for i in range(len(d.treasures))]
    for path, rule in zip(paths, rules, strict=True):
        late = [t for t in rule.after_s if t >= length]
        if late:
            wrong(f"{path}.unlock", f"waits for {late[0]} s of play, the hunt lasts {length} s", "open it earlier")
    for i, clue in enumerate(d.clues):
        for j, hint in enumerate(clue.hints):
            if hint.after_s >= length:
                what = f"{hint.after_s} s after the clue opens, the hunt lasts {length} s"
                wrong(f"clues[{i}].hints[{j}].after_s", what, "offer it earlier")
