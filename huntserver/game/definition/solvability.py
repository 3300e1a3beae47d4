"""Can this hunt be played to its end? Found before publishing, with the path into the file and what to do. Pure.

No message names an answer or a code: it may be shown where others read.
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.file import follows, parsed
from huntserver.game.definition.naming import check_names, hopeful
from huntserver.game.definition.part import Problem, Wrong
from huntserver.game.definition.rules import rules_of, things_of
from huntserver.game.definition.shape import Clue, Definition, Schedule
from huntserver.game.definition.unlocks import Opens, Own, Rule, compile_rule

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
    found = parsed(data, style)
    definition, problems = found.definition, found.problems
    if definition is None:
        return tuple(found.as_written(problems))
    if problems:
        named = {problem.path for problem in problems}
        problems = [*problems, *(p for p in _beside(definition, named) if not follows(p.path, named))]
        return tuple(found.as_written(problems))
    return tuple(check(definition)) or definition


def _beside(d: Definition, named: set[str]) -> list[Problem]:
    """Return what is wrong in a definition with other faults: what stands twice, and rules.

    Where an id is wrong, others may well name what it is meant to be.
    """
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    _unique(wrong, d)
    twice = len(problems)
    ids = {path for path in named if path.endswith(".id")} | {"clues", "treasures", "rounds"} & named
    whole = hopeful(d, check_names(wrong, d, named_too=not ids))
    if whole and d.clues and not ids and not twice and not any(_bears_on_ways(path) for path in named):
        rules = rules_of(whole)
        _reachable(wrong, whole, _Graph.of(whole, rules))
        if not any(path.startswith("schedule") for path in named):
            _in_time(wrong, d, rules)
    return problems


def _bears_on_ways(path: str) -> bool:
    """Tell whether a fault at a path may change what opens what: its stand-in would be judged instead."""
    return (
        re.search(
            r"unlock|points|bonus|\bround|meta|kind|parts|loot|scoring|streak|treasures|rotations|needs|after_s", path
        )
        is not None
    )


def check(d: Definition) -> list[Problem]:
    """Return what keeps a well-formed definition from being playable."""
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    _unique(wrong, d)
    twice = len(problems)
    whole = hopeful(d, check_names(wrong, d))
    if whole and not twice:
        rules = rules_of(whole)
        graph = _Graph.of(whole, rules)
        _reachable(wrong, whole, graph)
        if not problems:
            _affordable(wrong, d, graph)
        _in_time(wrong, whole, rules)
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
        for k, part in enumerate(clue.parts):
            codes_of = KINDS[part.kind].codes
            for j, code in enumerate(codes_of(part) if codes_of else ()):
                _once(wrong, codes, code, f"clues[{i}].parts[{k}].codes[{j}]", "this code")
    for i, treasure in enumerate(d.treasures):
        _once(wrong, ids, treasure.id, f"treasures[{i}].id", repr(treasure.id))
        for j, loot in enumerate(treasure.loot):
            _once(wrong, ids, loot.id, f"treasures[{i}].loot[{j}].id", repr(loot.id))
    for i, round_ in enumerate(d.rounds):
        _once(wrong, ids, round_.id, f"rounds[{i}].id", repr(round_.id))
    stops: dict[str, str] = {}
    for i, rotation in enumerate(d.rotations):
        for j, stop in enumerate(rotation.stops):
            _once(wrong, stops, stop, f"rotations[{i}].stops[{j}]", repr(stop))
    for i, bracket in enumerate(d.brackets):
        _once(wrong, brackets, bracket, f"brackets[{i}]", repr(bracket))


def _once(wrong: Wrong, seen: dict[str, str], value: str, path: str, name: str) -> None:
    if value in seen:
        wrong(path, f"{name} stands at {seen[value]} already", "give each its own")
    seen.setdefault(value, path)


class _Graph(NamedTuple):
    """What opens what: clues are numbered in the order of the file, treasures follow. `order` is one in which they can
    be opened; `left` counts the rules that may still be looked at for prices. `has` tells what a team has at most that
    has everything of a thing: points, and items as bits."""

    clues: int
    rules: list[Rule]
    opens: list[Opens]
    order: list[int]
    left: list[int]
    has: list[tuple[int, int]]

    @classmethod
    def of(cls, d: Definition, rules: list[Rule]) -> _Graph:
        index = {c.id: i for i, c in enumerate(d.clues)}
        things = things_of(d, hopeful=True)
        streak = d.scoring.streak.bonus if d.scoring.streak is not None else 0
        has = [(_most(c) + streak, 0) for c in d.clues]
        for t in d.treasures:
            items = sum(1 << things.items[id] for id in (t.id, *(loot.id for loot in t.loot)))
            most = t.points + max(t.bonus, default=0) + max((loot.points for loot in t.loot), default=0)
            has.append((most, items))
        made = cls(len(d.clues), rules, [compile_rule(r, index, things) for r in rules], [], [LOOKS_MAX], has)
        needed_by = [0] * len(d.clues)
        for i, rule in enumerate(rules):
            for id in rule.ids:
                needed_by[index[id]] |= 1 << i
        made._put_in_order(needed_by)
        return made

    def _put_in_order(self, needed_by: list[int]) -> None:
        """Open what can be opened; what a solve may have opened is looked at once for all solves since."""
        solved = opened = score = items = 0
        by_own = sum(1 << i for i, rule in enumerate(self.rules) if rule.points or rule.items)
        to_look = (1 << len(self.opens)) - 1
        while to_look:
            bit = to_look & -to_look
            to_look ^= bit
            thing = bit.bit_length() - 1
            if self.opens[thing](solved, ALWAYS_S, Own(score, items)):
                score, items = score + self.has[thing][0], items | self.has[thing][1]
                opened |= bit
                to_look |= by_own & ~opened
                self.order.append(thing)
                if thing < self.clues:
                    solved |= bit
                    to_look |= needed_by[thing] & ~opened

    def reach(self, without: int) -> set[int] | None:
        """Return what opens sooner or later if every open clue is solved except `without`; None: it would take too long
        to tell."""
        solved, open_, rest = 0, set[int](), self.order
        score = items = 0
        while rest:
            self.left[0] -= len(rest)
            if self.left[0] < 0:
                return None
            closed = []
            for thing in rest:
                if not self.opens[thing](solved, ALWAYS_S, Own(score, items)):
                    closed.append(thing)
                    continue
                open_.add(thing)
                if thing < self.clues and thing != without:
                    solved |= 1 << thing
                if thing != without:
                    score, items = score + self.has[thing][0], items | self.has[thing][1]
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
    points = [most for most, _ in graph.has]
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


def length_s(s: Schedule) -> int | None:
    """Return how many seconds a team can play at most; None: the schedule does not say."""
    length = s.duration_s
    if length is None and s.starts_at is not None and s.ends_at is not None:
        length = int((s.ends_at - s.starts_at).total_seconds())
    if s.limit_s is not None:
        length = s.limit_s if length is None else min(length, s.limit_s)
    return length


def _in_time(wrong: Wrong, d: Definition, rules: list[Rule]) -> None:
    length = length_s(d.schedule)
    if length is None:
        return
    paths = [f"clues[{i}]" for i in range(len(d.clues))] + [f"treasures[{i}]" for i in range(len(d.treasures))]
    for i, treasure in enumerate(d.treasures):
        if treasure.from_s >= length:
            what = f"is {treasure.from_s} s of play, the hunt lasts {length} s"
            wrong(f"treasures[{i}].from_s", what, "let it be claimed earlier")
    for path, rule in zip(paths, rules, strict=True):
        late = [t for t in rule.after_s if t >= length]
        if late:
            wrong(f"{path}.unlock", f"waits for {late[0]} s of play, the hunt lasts {length} s", "open it earlier")
    for i, clue in enumerate(d.clues):
        for j, hint in enumerate(clue.hints):
            if hint.after_s >= length:
                what = f"{hint.after_s} s after the clue opens, the hunt lasts {length} s"
                wrong(f"clues[{i}].hints[{j}].after_s", what, "offer it earlier")
