"""Can this hunt be played to its end? Found before publishing, with the path into the file and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable

from huntserver.game.definition import Definition, Problem, read
from huntserver.game.unlocks import Rule, RuleError, parse

Wrong = Callable[[str, str, str], None]


def check_definition(data: bytes, style: str) -> Definition | list[Problem]:
    """Read and judge a hunt file (`style`: toml or json). Returns the definition, or every problem found."""
    definition = read(data, style)
    if not isinstance(definition, Definition):
        return definition
    return check(definition) or definition


def check(d: Definition) -> list[Problem]:
    """Return what keeps a well-formed definition from being playable."""
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    _unique(wrong, d)
    rules = _rules(wrong, d)
    if not problems:
        _reachable(wrong, d, rules)
        _affordable(wrong, d)
        _in_time(wrong, d, rules)
    return problems


def _unique(wrong: Wrong, d: Definition) -> None:
    seen: dict[str, str] = {}
    codes: dict[str, str] = {}
    for i, clue in enumerate(d.clues):
        _once(wrong, seen, clue.id, f"clues[{i}].id")
        hints: dict[str, str] = {}
        for j, hint in enumerate(clue.hints):
            _once(wrong, hints, hint.id, f"clues[{i}].hints[{j}].id")
        for j, code in enumerate(clue.codes):
            _once(wrong, codes, code.strip().upper(), f"clues[{i}].codes[{j}]")
    for i, treasure in enumerate(d.treasures):
        _once(wrong, seen, treasure.id, f"treasures[{i}].id")
    brackets: dict[str, str] = {}
    for i, bracket in enumerate(d.brackets):
        _once(wrong, brackets, bracket, f"brackets[{i}]")


def _once(wrong: Wrong, seen: dict[str, str], value: str, path: str) -> None:
    if value in seen:
        wrong(path, f"{value!r} stands at {seen[value]} already", "give each its own")
    seen.setdefault(value, path)


def _rules(wrong: Wrong, d: Definition) -> dict[str, Rule]:
    ids = {c.id for c in d.clues}
    rules: dict[str, Rule] = {}
    places = [(f"clues[{i}].unlock", c.id, c.unlock) for i, c in enumerate(d.clues)]
    places += [(f"treasures[{i}].unlock", t.id, t.unlock) for i, t in enumerate(d.treasures)]
    for path, id, text in places:
        try:
            rule = parse(text)
        except RuleError as error:
            wrong(path, str(error), 'write it like "c1 and c2", "2 of (c1, c2, c3)", "after 0:30"')
            continue
        unknown = [i for i in rule.ids if i not in ids]
        if unknown:
            wrong(path, f"names {unknown[0]!r}, which is no clue", f"clues are {', '.join(sorted(ids))[:200]}")
        rules[id] = rule
    return rules


def _met(rule: tuple[object, ...], solved: set[str]) -> bool:
    match rule:
        case ("id", id):
            return id in solved
        case ("of", int(number), *ids):
            return len(solved.intersection(map(str, ids))) >= number
        case ("and", *parts):
            return all(_met(p, solved) for p in parts if isinstance(p, tuple))
        case ("or", *parts):
            return any(_met(p, solved) for p in parts if isinstance(p, tuple))
        case _:
            return True  # no condition, or time, which passes


def _reachable(wrong: Wrong, d: Definition, rules: dict[str, Rule]) -> None:
    solved: set[str] = set()
    while True:
        new = {c.id for c in d.clues if c.id not in solved and _met(rules[c.id].tree, solved)}
        if not new:
            break
        solved |= new
    if not solved:
        wrong("clues", "no clue is open at the start", "leave the unlock rule of the first one empty")
        return
    for i, clue in enumerate(d.clues):
        if clue.id in solved:
            continue
        cycle = _cycle(clue.id, rules, solved)
        if cycle:
            wrong(f"clues[{i}].unlock", f"a circle: {' needs '.join(cycle)}", "take one of them out of the circle")
        else:
            wrong(f"clues[{i}].unlock", f"{clue.id!r} can never be opened", "mend its rule or those it rests on")
    for i, treasure in enumerate(d.treasures):
        if not _met(rules[treasure.id].tree, solved):
            wrong(f"treasures[{i}].unlock", f"{treasure.id!r} can never be claimed", "mend its rule")


def _cycle(start: str, rules: dict[str, Rule], solved: set[str]) -> list[str]:
    path = [start]
    while True:
        blocked = [i for i in rules[path[-1]].ids if i not in solved]
        if not blocked:
            return []
        step = blocked[0]
        if step in path:
            return [*path[path.index(step) :], step] if step == start else []
        path.append(step)


def _affordable(wrong: Wrong, d: Definition) -> None:
    total = sum(c.points + max(c.first_bonus, default=0) for c in d.clues)
    total += sum(t.points + max(t.bonus, default=0) for t in d.treasures)
    for i, clue in enumerate(d.clues):
        most = total - clue.points - max(clue.first_bonus, default=0)
        for j, hint in enumerate(clue.hints):
            if hint.price > most:
                wrong(f"clues[{i}].hints[{j}].price", f"{hint.price} points are more than a team can have ({most})",
                      "lower the price")  # fmt: skip


def _in_time(wrong: Wrong, d: Definition, rules: dict[str, Rule]) -> None:
    s = d.schedule
    length = s.duration_s
    if length is None and s.starts_at is not None and s.ends_at is not None:
        length = int((s.ends_at - s.starts_at).total_seconds())
    if length is None:
        return
    places = [(f"clues[{i}].unlock", c.id) for i, c in enumerate(d.clues)]
    places += [(f"treasures[{i}].unlock", t.id) for i, t in enumerate(d.treasures)]
    for path, id in places:
        late = [t for t in rules[id].after_s if t >= length]
        if late:
            wrong(path, f"opens after {late[0]} s, the hunt lasts {length} s", "open it earlier")
    for i, clue in enumerate(d.clues):
        for j, hint in enumerate(clue.hints):
            if hint.after_s >= length:
                wrong(
                    f"clues[{i}].hints[{j}].after_s", f"{hint.after_s} s, the hunt lasts {length} s", "offer it earlier"
                )
