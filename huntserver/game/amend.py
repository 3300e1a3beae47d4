"""A running hunt under another definition: what teams have done is renumbered, and what changed is found. Pure.

Clues and treasures are numbered by their place in the file, so an amended file with a clue put between others gives
every mask and table other numbers. Nothing closes that was open, and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from huntserver.game.bits import bits
from huntserver.game.clues.compound import CluePart
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.plan import CHECK_INS, CODES, HINTS_A_CLUE, Plan
from huntserver.game.sealing import as_read
from huntserver.game.state import Hunt, Team


class Change(NamedTuple):
    """One clue that an amended definition changes, and whom that touches."""

    clue: str
    what: tuple[str, ...]
    """The keys that changed; ("new",) for a clue that is added."""

    solved: int
    tried: int
    """Teams that have solved it, and teams that have tried it in vain."""

    points: int
    """By how much its points change."""


def problems(state: Hunt, new: Definition) -> list[Problem]:
    """Return why a hunt that was published cannot have this definition."""
    old = state.definition
    found: list[Problem] = []
    clues, treasures = {c.id: c for c in new.clues}, {t.id for t in new.treasures}
    for clue in old.clues:
        if clue.id not in clues:
            found.append(Problem("clues", f"{clue.id!r} is gone", "keep it; teams may have seen it"))
        elif clues[clue.id].kind != clue.kind:
            found.append(Problem("clues", f"{clue.id!r} has another kind", "add another clue instead"))
        else:
            found += _part_problems(clue, clues[clue.id])
    for i, treasure in enumerate(old.treasures):
        if treasure.id not in treasures:
            found.append(Problem("treasures", f"{treasure.id!r} is gone", "keep it; teams may hold it"))
        else:
            left = next(t for t in new.treasures if t.id == treasure.id).quantity
            if left < state.claims[i]:
                what = f"{left} pieces of {treasure.id!r}, {state.claims[i]} are claimed"
                found.append(Problem("treasures", what, f"allowed is {state.claims[i]} and more"))
    if state.started_ms and old.scoring.ranking != new.scoring.ranking:
        what = f"is {new.scoring.ranking}, play has begun by {old.scoring.ranking}"
        found.append(Problem("scoring.ranking", what, "leave it: what it counts was not counted so far"))
    if state.started_ms and old.schedule.start != new.schedule.start:
        what = f"is {new.schedule.start!r}, play has begun"
        found.append(Problem("schedule.start", what, f"leave it {old.schedule.start!r}"))
    if old.teams.mode != new.teams.mode:
        found.append(Problem("teams.mode", f"is {new.teams.mode!r}", f"a published hunt stays {old.teams.mode!r}"))
    used = {team.bracket for team in state.teams.values() if team.bracket}
    for bracket in sorted(used - set(new.brackets)):
        found.append(Problem("brackets", f"{bracket!r} is gone", "keep it; teams are in it"))
    return found


def _part_problems(old: Clue, new: Clue) -> list[Problem]:
    """Return why the parts of a clue cannot become these."""
    kinds = {part.id: part.kind for part in new.parts}
    found = []
    for part in old.parts:
        if part.id not in kinds:
            what = f"part {part.id!r} of {old.id!r} is gone"
            found.append(
                Problem("clues", what, "keep it; teams may have done it (parts_needed says how many are enough)")
            )
        elif kinds[part.id] != part.kind:
            what = f"part {part.id!r} of {old.id!r} has another kind"
            found.append(Problem("clues", what, "add another part instead"))
    return found


def changes(state: Hunt, new: Definition) -> list[Change]:
    """Return what an amended definition changes, clue by clue, in the order of the file."""
    index = state.plan.clue_index
    made = []
    for clue in new.clues:
        i = index.get(clue.id)
        if i is None:
            made.append(Change(clue.id, ("new",), 0, 0, 0))
            continue
        old = state.definition.clues[i]
        keys = tuple(key for key in clue.__struct_fields__ if getattr(clue, key) != getattr(old, key))
        if keys:
            made.append(Change(clue.id, keys, state.solves[i], state.tried[i], clue.points - old.points))
    return made


def with_answer(definition: Definition, clue: Clue, text: str, part: str = "") -> Definition:
    """Return a definition in which a clue, or a part of it, takes one more answer."""
    if part:
        parts = [
            msgspec.structs.replace(p, answers=[*p.answers, text]) if p.id == part else p for p in clue.parts
        ]  # fmt: skip
        wider = msgspec.structs.replace(clue, parts=parts)
    else:
        wider = msgspec.structs.replace(clue, answers=[*clue.answers, text])
    clues = [wider if c.id == clue.id else c for c in definition.clues]
    made: Definition = msgspec.structs.replace(definition, clues=clues)
    return made


def rejudged_marks(state: Hunt, new: Plan, clue: Clue) -> dict[str, list[bytes]]:
    """Return what is looked for when a clue is judged anew: marks by the clue's id, or by those of its parts
    (CLUE.PART); a compound clue's own id, without marks, where fewer of its parts are enough now."""
    if not clue.parts:
        marks = tried_marks(state, new, clue)
        return {clue.id: marks} if marks else {}
    found = {}
    index, to = state.plan.clue_index[clue.id], new.clue_index[clue.id]
    if new.parts.needed[to] < state.plan.parts.needed[index]:
        found[clue.id] = list[bytes]()
    for part in clue.parts:
        if f"{clue.id}.{part.id}" in state.plan.parts.by_address and (marks := tried_marks(state, new, clue, part)):
            found[f"{clue.id}.{part.id}"] = marks
    return found


def tried_marks(state: Hunt, new: Plan, clue: Clue, part: CluePart | None = None) -> list[bytes]:
    """Return the marks of guesses that the new answers of a clue, or of a part of it, accept and the old ones did not.

    Texts of the file are known, and of guesses that only a number or an expression accepts the youngest.
    """
    if part is None:
        old, judge = state.plan.judges[state.plan.clue_index[clue.id]], new.judges[new.clue_index[clue.id]]
    else:
        address = f"{clue.id}.{part.id}"
        old, judge = state.plan.parts.by_address[address].judge, new.parts.by_address[address].judge
    if old is None or judge is None:
        return []
    of: Any = clue if part is None else part
    texts = [a for a in of.answers + of.right if isinstance(a, str)]
    own = "" if part is None else part.id
    texts += [
        as_read(state, event).personal.text for _, event in state.recent if (event.clue, event.part) == (clue.id, own)
    ]
    marks: dict[bytes, None] = {}
    for text in texts:
        _, mark_before, accepted_before = old.read(text)
        _, mark_now, accepted = judge.read(text)
        if accepted and not accepted_before:
            for mark in (mark_before, mark_now):
                if mark:
                    marks[mark.to_bytes(4, "big")] = None
    return list(marks)


def renumber(state: Hunt, source: str, digest: str) -> None:
    """Give the hunt another definition, and all that it knows the numbers of that."""
    old = state.plan
    solves, wrongs, tried, claims = state.solves, state.wrongs, state.tried, state.claims
    state.define(source, digest)
    new = state.plan
    clue_of = [new.clue_index[c.id] for c in old.clues]
    first = len(new.clues)
    thing_of = [*clue_of, *(first + new.treasure_index[t.id] for t in old.treasures)]
    for i, to in enumerate(clue_of):
        state.solves[to], state.wrongs[to], state.tried[to] = solves[i], wrongs[i], tried[i]
    for i, treasure in enumerate(old.treasures):
        state.claims[new.treasure_index[treasure.id]] = claims[i]
    part_of = old.parts.renumbered(new.parts)
    same = all(c.hints == new.clues[i].hints for i, c in enumerate(old.clues))
    if same and thing_of == list(range(len(thing_of))) and all(i == to for i, to in part_of.items()):
        return
    number_of = {CODES: CODES, CHECK_INS: CHECK_INS, **dict(enumerate(clue_of)), **part_of}
    mask_of = _masks(thing_of)
    treasure_mask = _masks([to - first for to in thing_of[len(clue_of) :]])
    hint_of = _hints(old, new)
    for team in state.teams.values():
        _renumber(team, number_of, mask_of=mask_of, treasure_mask=treasure_mask, hint_of=hint_of)


def _masks(to: list[int]) -> Callable[[int], int]:
    """Return what renumbers a mask; teams that stand alike are renumbered once."""
    known: dict[int, int] = {}

    def moved(mask: int) -> int:
        found = known.get(mask)
        if found is None:
            found = known[mask] = sum(1 << to[i] for i in bits(mask))
        return found

    return moved


def _hints(old: Plan, new: Plan) -> dict[int, int]:
    made = {}
    for i, clue in enumerate(old.clues):
        to = new.clue_index[clue.id]
        for j, hint in enumerate(clue.hints):
            found = new.hint(to, hint.id)
            if found is not None:
                made[i * HINTS_A_CLUE + j] = found[0]
    return made


def _renumber(
    team: Team,
    number_of: dict[int, int],
    *,
    mask_of: Callable[[int], int],
    treasure_mask: Callable[[int], int],
    hint_of: dict[int, int],
) -> None:
    team.solved, team.unlocked = mask_of(team.solved), mask_of(team.unlocked)
    team.treasures = treasure_mask(team.treasures)
    team.hints = tuple(hint_of[number] for number in team.hints if number in hint_of)
    if team.opened:
        team.opened = {number_of[i]: play_ms for i, play_ms in team.opened.items()}
    if team.attempts:
        team.attempts = {number_of[i]: attempt for i, attempt in team.attempts.items()}
