"""The ranges of what a hunt file says: one table of limits, and what values must fit each other. Pure.

A limit on a text is its length in characters, on a list its count, on a number its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from huntserver.game.answers import normalise
from huntserver.game.definition import (
    Answer,
    Attempts,
    Clue,
    Definition,
    Hint,
    Location,
    Partial,
    Problem,
    Schedule,
    Teams,
    Treasure,
)
from huntserver.game.patterns import pattern_problem
from huntserver.game.unlocks import WORDS

ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that a terminal obeys instead of showing them; line ends and tabs are none of them."""
REPLY_BYTES_MAX: Final = 80
POINTS_MAX: Final = 1_000_000
YEAR_S: Final = 366 * 86_400
NUMBER_MAX: Final = 1e15

LIMITS: Final[dict[type, dict[str, tuple[float, float]]]] = {
    Definition: {
        "title": (1, 200),
        "intro": (0, 10_000),
        "clues": (1, 500),
        "treasures": (0, 200),
        "brackets": (0, 20),
    },
    Schedule: {"duration_s": (10, YEAR_S)},
    Teams: {"size_max": (1, 100), "players_max": (1, 100_000)},
    Clue: {
        "title": (1, 200),
        "text": (0, 10_000),
        "solved_text": (0, 4_000),
        "answers": (0, 50),
        "partial": (0, 50),
        "codes": (0, 50),
        "points": (0, POINTS_MAX),
        "points_min": (0, POINTS_MAX),
        "decay": (0, POINTS_MAX),
        "first_bonus": (0, 100),
        "hints": (0, 20),
        "unlock": (0, 500),
    },
    Attempts: {"cool_down_s": (0, 86_400), "grows": (1, 10), "max_s": (0, 86_400), "free": (0, 1000)},
    Hint: {"text": (1, 4_000), "price": (0, POINTS_MAX), "after_s": (0, YEAR_S)},
    Location: {"lat": (-90, 90), "lon": (-180, 180), "radius_m": (5, 5000)},
    Treasure: {
        "title": (1, 200),
        "text": (0, 4_000),
        "quantity": (1, 1_000_000),
        "points": (0, POINTS_MAX),
        "bonus": (0, 100),
        "unlock": (0, 500),
    },
}
"""For each part of the file, each field's least and greatest value, length or count."""

Wrong = Callable[[str, str, str], None]


def check_values(d: Definition) -> list[Problem]:
    """Return every value that is out of range or does not fit the others."""
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    _limits(wrong, "", d)
    _limits(wrong, "schedule.", d.schedule)
    _limits(wrong, "teams.", d.teams)
    for i, bracket in enumerate(d.brackets):
        if not 1 <= len(bracket) <= 40 or CONTROL.search(bracket):
            wrong(f"brackets[{i}]", f"has {len(bracket)} characters", "allowed is 1 to 40 that can be shown")
    _times(wrong, d.schedule)
    for i, clue in enumerate(d.clues):
        _clue(wrong, f"clues[{i}]", clue)
    for i, treasure in enumerate(d.treasures):
        at = f"treasures[{i}]"
        _id(wrong, at, treasure.id)
        _limits(wrong, f"{at}.", treasure)
        _bonus(wrong, f"{at}.bonus", treasure.bonus)
    return problems


def _shown(wrong: Wrong, path: str, text: str) -> None:
    if hidden := CONTROL.search(text):
        wrong(path, f"holds the control character U+{ord(hidden[0]):04X}", "remove it")


def _limits(wrong: Wrong, prefix: str, part: msgspec.Struct) -> None:
    for name, (least, most) in LIMITS[type(part)].items():
        value = getattr(part, name)
        if value is None:
            continue
        if isinstance(value, str):
            _shown(wrong, prefix + name, value)
        size = value if isinstance(value, int | float) else len(value)
        if not least <= size <= most:
            unit = "characters" if isinstance(value, str) else "entries" if isinstance(value, list) else ""
            what = f"has {size} {unit}" if unit else f"is {size}"
            wrong(prefix + name, what, f"allowed is {least} to {most}")


def _id(wrong: Wrong, path: str, id: str) -> None:
    if not ID.match(id):
        wrong(f"{path}.id", f"{id!r} is no id", "use a small letter, then up to 31 small letters, digits, - or _")
    elif id in WORDS:
        wrong(f"{path}.id", f"{id!r} is a word of the unlock language", "use another id")


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


def _clue(wrong: Wrong, path: str, c: Clue) -> None:
    _id(wrong, path, c.id)
    _limits(wrong, f"{path}.", c)
    _limits(wrong, f"{path}.attempts.", c.attempts)
    _bonus(wrong, f"{path}.first_bonus", c.first_bonus)
    if c.points_min > c.points:
        wrong(f"{path}.points_min", f"{c.points_min} is more than points, {c.points}", "lower it")
    for i, hint in enumerate(c.hints):
        _id(wrong, f"{path}.hints[{i}]", hint.id)
        _limits(wrong, f"{path}.hints[{i}].", hint)
    wanted = {"text": "answers", "code": "codes", "location": "location"}[c.kind]
    for name in ("answers", "codes", "location", "partial"):
        value = getattr(c, name)
        if name == wanted and not value:
            wrong(f"{path}.{name}", f"is missing in a clue of kind {c.kind!r}", f"add {name}")
        if value and name != wanted and not (name == "partial" and wanted == "answers"):
            wrong(f"{path}.{name}", f"does not belong to kind {c.kind!r}", "remove it, or set kind to fit")
    for i, answer in enumerate(c.answers):
        _answer(wrong, f"{path}.answers[{i}]", answer, c.accents)
    accepted = {normalise(a, accents=c.accents) for a in c.answers if isinstance(a, str)}
    for i, partial in enumerate(c.partial):
        _partial(wrong, f"{path}.partial[{i}]", partial, normalise(partial.text, accents=c.accents), accepted)
    for i, code in enumerate(c.codes):
        if not 4 <= len(code.strip()) <= 64:
            wrong(f"{path}.codes[{i}]", f"has {len(code.strip())} characters", "allowed is 4 to 64")
    if c.location is not None:
        _limits(wrong, f"{path}.location.", c.location)


def _answer(wrong: Wrong, path: str, answer: str | Answer, accents: bool) -> None:
    if isinstance(answer, str):
        if not normalise(answer, accents=accents):
            wrong(path, "has no letter or digit", "give a text that can be typed")
        elif len(answer) > 200:
            wrong(path, f"has {len(answer)} characters", "allowed is 1 to 200")
    elif bool(answer.regex) == (answer.number is not None):
        wrong(path, "is neither or both of regex and number", "give exactly one of them")
    elif answer.number is None:
        problem = pattern_problem(answer.regex)
        if problem:
            wrong(f"{path}.regex", problem, "write a simpler one")
    elif not abs(answer.number) < NUMBER_MAX or not 0 <= answer.tolerance < NUMBER_MAX:
        wrong(path, "the number or its tolerance is out of range", "use finite numbers below 1e15, tolerance >= 0")


def _partial(wrong: Wrong, path: str, partial: Partial, normal: str, accepted: set[str]) -> None:
    if not normal:
        wrong(f"{path}.text", "has no letter or digit", "give a text that can be typed")
    _shown(wrong, f"{path}.reply", partial.reply)
    if normal in accepted:
        wrong(f"{path}.text", "is an accepted answer too, so its reply is never given", "remove it in one of the two")
    # As JSON, because the reply is part of an answer of at most 200 bytes.
    if len(msgspec.json.encode(partial.reply)) - 2 > REPLY_BYTES_MAX:
        wrong(f"{path}.reply", "is too long", f"allowed are {REPLY_BYTES_MAX} bytes of JSON text")
