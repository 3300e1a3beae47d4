"""The ranges of what a hunt file says: one table of limits, and what values must fit each other. Pure.

The limits of single clue kinds stand in `clues`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from huntserver.game.clues.kind import check_kind
from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.part import CONTROL, ID, POINTS_MAX, Problem, Ranges, Wrong, within
from huntserver.game.definition.shape import (
    Attempts,
    Clue,
    Definition,
    Ghost,
    Help,
    Hint,
    Loot,
    Rotation,
    Round,
    Schedule,
    Scoring,
    Streak,
    Teams,
    Together,
    Treasure,
)
from huntserver.game.definition.unlocks import WORDS

YEAR_S: Final = 366 * 86_400
MEMBERS_MAX: Final = 100
"""Members of a team, whatever a hunt allows: every solve names them."""

LIMITS: Final[dict[type, Ranges]] = {
    Definition: {
        "title": (1, 200),
        "intro": (0, 10_000),
        "clues": (1, 500),
        "treasures": (0, 200),
        "brackets": (0, 20),
        "rounds": (0, 100),
        "rotations": (0, 50),
        "ghosts": (0, 10),
    },
    Schedule: {"duration_s": (10, YEAR_S), "limit_s": (10, YEAR_S), "stagger_s": (0, 86_400)},
    Teams: {"size_max": (1, MEMBERS_MAX), "players_max": (1, 100_000)},
    Clue: {
        "title": (1, 200),
        "text": (0, 10_000),
        "solved_text": (0, 4_000),
        "solution": (0, 4_000),
        **{name: range_ for kind in KINDS.values() for name, range_ in kind.ranges.items()},
        "points": (0, POINTS_MAX),
        "points_min": (0, POINTS_MAX),
        "decay": (0, POINTS_MAX),
        "decay_solves": (0, 100_000),
        "decay_s": (0, YEAR_S),
        "first_bonus": (0, 100),
        "hints": (0, 20),
        "unlock": (0, 500),
        "meta_of": (0, 100),
        "meta_needs": (0, 500),
    },
    Scoring: {"ranking": (0, 9), "freeze_s": (0, YEAR_S)},
    Help: {
        "price": (0, POINTS_MAX),
        "after_s": (0, YEAR_S),
        "after_wrong": (0, 1000),
        "open_max": (1, 5),
    },
    Streak: {"after": (2, 1000), "bonus": (1, POINTS_MAX), "within_s": (0, YEAR_S)},
    Attempts: {"cool_down_s": (0, 86_400), "grows": (1, 10), "max_s": (0, 86_400), "free": (0, 1000)},
    Together: {"free": (1, 100_000), "per_min": (0, 10_000)},
    Hint: {"text": (1, 4_000), "price": (0, POINTS_MAX), "after_s": (0, YEAR_S), "needs": (0, 20)},
    Treasure: {
        "title": (1, 200),
        "text": (0, 4_000),
        "quantity": (1, 1_000_000),
        "points": (0, POINTS_MAX),
        "bonus": (0, 100),
        "unlock": (0, 500),
        "from_s": (0, YEAR_S),
        "until_s": (0, YEAR_S),
        "tier": (0, 40),
        "loot": (0, 50),
    },
    Loot: {"title": (1, 200), "weight": (1, 1_000_000), "points": (0, POINTS_MAX), "tier": (0, 40)},
    Round: {"title": (1, 200), "text": (0, 4_000), "unlock": (0, 500)},
    Rotation: {"stops": (2, 500)},
    Ghost: {"name": (1, 60), "course": (1, 2_000)},
}
"""For each part of the file, each field's least and greatest value, length or count."""


def check_values(d: Definition) -> list[Problem]:
    """Return every value that is out of range or does not fit the others."""
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    within(wrong, "", d, LIMITS[Definition])
    within(wrong, "schedule.", d.schedule, LIMITS[Schedule])
    within(wrong, "teams.", d.teams, LIMITS[Teams])
    for i, bracket in enumerate(d.brackets):
        if not 1 <= len(bracket) <= 40 or CONTROL.search(bracket):
            wrong(f"brackets[{i}]", f"has {len(bracket)} characters", "allowed is 1 to 40 that can be shown")
    _times(wrong, d.schedule)
    within(wrong, "tries.codes.", d.tries.codes, LIMITS[Attempts])
    within(wrong, "tries.check_ins.", d.tries.check_ins, LIMITS[Attempts])
    within(wrong, "tries.codes_together.", d.tries.codes_together, LIMITS[Together])
    within(wrong, "tries.check_ins_together.", d.tries.check_ins_together, LIMITS[Together])
    _own_start(wrong, d)
    _scoring(wrong, d)
    if d.help is not None:
        within(wrong, "help.", d.help, LIMITS[Help])
    for i, clue in enumerate(d.clues):
        _clue(wrong, f"clues[{i}]", clue)
    for i, treasure in enumerate(d.treasures):
        at = f"treasures[{i}]"
        _id(wrong, at, treasure.id)
        within(wrong, f"{at}.", treasure, LIMITS[Treasure])
        _bonus(wrong, f"{at}.bonus", treasure.bonus)
        if treasure.until_s and treasure.until_s <= treasure.from_s:
            wrong(f"{at}.until_s", f"{treasure.until_s} is not after from_s, {treasure.from_s}", "close it later")
        for j, loot in enumerate(treasure.loot):
            _id(wrong, f"{at}.loot[{j}]", loot.id)
            within(wrong, f"{at}.loot[{j}].", loot, LIMITS[Loot])
    for i, round_ in enumerate(d.rounds):
        _id(wrong, f"rounds[{i}]", round_.id)
        within(wrong, f"rounds[{i}].", round_, LIMITS[Round])
    for i, rotation in enumerate(d.rotations):
        within(wrong, f"rotations[{i}].", rotation, LIMITS[Rotation])
    for i, ghost in enumerate(d.ghosts):
        _ghost(wrong, f"ghosts[{i}]", ghost)
    return problems


def _ghost(wrong: Wrong, path: str, ghost: Ghost) -> None:
    within(wrong, f"{path}.", ghost, LIMITS[Ghost])
    if CONTROL.search(ghost.name):
        wrong(f"{path}.name", f"{ghost.name!r} cannot be shown", "use signs that can")
    before_s = -1
    for j, (after_s, points, solved) in enumerate(ghost.course):
        if not before_s < after_s <= YEAR_S:
            what = f"{after_s} s is not after the {max(before_s, 0)} s before it"
            wrong(f"{path}.course[{j}]", what, "write [seconds of play, points, solved], later ones behind")
        if abs(points) > 1000 * POINTS_MAX or not 0 <= solved <= 500:
            wrong(f"{path}.course[{j}]", f"{points} points, {solved} solved", "allowed are 0 to 500 solved")
        before_s = after_s


def _id(wrong: Wrong, path: str, id: str) -> None:
    if not ID.match(id):
        allowed = "use a small letter, then up to 31 small letters, digits, - or _"
        better = _as_id(id)
        wrong(f"{path}.id", f"{id[:60]!r} is no id", f"{allowed}: {better}" if better else allowed)
    elif id in WORDS:
        wrong(f"{path}.id", f"{id!r} is a word of the unlock language", "use another id")


def _as_id(text: str) -> str:
    """Return the id nearest to a text, "" if nothing of it can stand in one."""
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("ß", "ss").encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).lstrip("-_0123456789")[:32].rstrip("-")


def _bonus(wrong: Wrong, path: str, bonus: list[int]) -> None:
    for i, points in enumerate(bonus):
        if not 0 <= points <= POINTS_MAX:
            wrong(f"{path}[{i}]", f"is {points}", f"allowed is 0 to {POINTS_MAX}")


def _times(wrong: Wrong, s: Schedule) -> None:
    for name in ("opens_at", "starts_at", "ends_at"):
        at = getattr(s, name)
        if at is not None and at.tzinfo is None:
            wrong(f"schedule.{name}", f"{at.isoformat()} has no offset", "write it as 2030-05-01T10:00:00+02:00")
            return
    for early, late in (("opens_at", "starts_at"), ("starts_at", "ends_at"), ("opens_at", "ends_at")):
        a, b = getattr(s, early), getattr(s, late)
        if a is not None and b is not None and a >= b:
            wrong(f"schedule.{late}", f"{b.isoformat()} is not after {early}", f"move {late} behind {early}")
    if s.duration_s is not None and s.ends_at is not None:
        wrong("schedule.duration_s", "stands beside ends_at", "give one of the two")


def _own_start(wrong: Wrong, d: Definition) -> None:
    """Report what fits only one of the two ways to start."""
    s = d.schedule
    if s.start == "common":
        for name in ("limit_s", "stagger_s"):
            if getattr(s, name):
                wrong(f"schedule.{name}", "is for teams that begin for themselves", 'say start = "own"')
        if "time" in d.scoring.ranking:
            wrong("scoring.ranking", "'time' is of teams that begin for themselves", 'say start = "own", or reached')
        return
    for i, clue in enumerate(d.clues):
        if clue.first_bonus:
            what = "goes to who comes first by the clock, and teams begin when they like"
            wrong(f"clues[{i}].first_bonus", what, "let points sink with own time: decay_s")


def _scoring(wrong: Wrong, d: Definition) -> None:
    scoring, length = d.scoring, d.schedule.duration_s
    within(wrong, "scoring.", scoring, LIMITS[Scoring])
    if scoring.streak is not None:
        within(wrong, "scoring.streak.", scoring.streak, LIMITS[Streak])
    for i, by in enumerate(scoring.ranking):
        if by in scoring.ranking[:i]:
            wrong(f"scoring.ranking[{i}]", f"{by!r} stands there already", "name each once")
    if scoring.freeze_s and length is None and d.schedule.ends_at is None:
        wrong("scoring.freeze_s", "counts back from an end that the hunt has not", "give ends_at or duration_s")
    elif length is not None and scoring.freeze_s >= length > 0:
        wrong("scoring.freeze_s", f"is {scoring.freeze_s}, the hunt lasts {length} s", "freeze later")


def _clue(wrong: Wrong, path: str, clue: Clue) -> None:
    _id(wrong, path, clue.id)
    within(wrong, f"{path}.", clue, LIMITS[Clue])
    within(wrong, f"{path}.attempts.", clue.attempts, LIMITS[Attempts])
    _bonus(wrong, f"{path}.first_bonus", clue.first_bonus)
    if clue.meta_needs and not clue.meta_of:
        wrong(f"{path}.meta_needs", "stands without meta_of", "say which rounds or clues feed it")
    if clue.points_min > clue.points >= 0:
        wrong(f"{path}.points_min", f"{clue.points_min} is more than points, {clue.points}", "lower it")
    if clue.decay and clue.decay_solves:
        wrong(f"{path}.decay_solves", "stands beside decay", "give one of the two")
    if clue.decay_s and (clue.decay or clue.decay_solves):
        wrong(f"{path}.decay_s", "stands beside decay or decay_solves", "let points sink by time or by solves")
    if clue.decay_shape != "curve" and not clue.decay_solves:
        wrong(f"{path}.decay_shape", "stands without decay_solves", "say after how many solves points_min is reached")
    for i, hint in enumerate(clue.hints):
        _id(wrong, f"{path}.hints[{i}]", hint.id)
        within(wrong, f"{path}.hints[{i}].", hint, LIMITS[Hint])
    check_kind(wrong, path, clue, KINDS)
