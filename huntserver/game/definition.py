"""The definition of a hunt: its file format, and the checks that need no knowledge of unlocking.

Owns the structs, the limits on them and the exact paths of their errors. `solvability` judges whether the hunt can be
played. Pure: bytes in, a definition or a list of problems out.
"""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec

DEFINITION_BYTES_MAX: Final = 512 * 1024
CLUES_MAX: Final = 500
TREASURES_MAX: Final = 200
HINTS_MAX: Final = 20
ANSWERS_MAX: Final = 50
ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")


class Problem(NamedTuple):
    """One fault of a hunt file: where (a path into the file), what, and what to do."""

    path: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.cure}"


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Unknown keys are errors."""


class Answer(_Strict, frozen=True):
    """An accepted answer that is not plain text: a regular expression, or a number with its tolerance."""

    regex: str = ""
    number: float | None = None
    tolerance: float = 0.0


class Partial(_Strict, frozen=True):
    """A guess on the right way: costs nothing, and is answered with `reply` (at most 80 bytes)."""

    text: str
    reply: str = "keep going"


class Location(_Strict, frozen=True):
    """A point in degrees (WGS 84) and the radius within which a check-in solves, 5 to 5000 m."""

    lat: float
    lon: float
    radius_m: float = 50.0


class Attempts(_Strict, frozen=True):
    """Cool-down after wrong guesses: `free` cost nothing, then `cool_down_s`, each time `grows`-fold, up to `max_s`."""

    cool_down_s: float = 5.0
    grows: float = 2.0
    max_s: float = 300.0
    free: int = 3


class Hint(_Strict, frozen=True):
    """A hint on offer `after_s` seconds after its clue was unlocked, for `price` points."""

    id: str
    text: str
    price: int = 0
    after_s: int = 0


class Clue(_Strict, frozen=True):
    """A clue. `points` sink by `decay` for each earlier solve, not below `points_min`; `first_bonus` goes by rank."""

    id: str
    title: str
    text: str = ""
    kind: Literal["text", "code", "location"] = "text"
    answers: list[str | Answer] = []
    partial: list[Partial] = []
    codes: list[str] = []
    location: Location | None = None
    points: int = 10
    points_min: int = 0
    decay: int = 0
    first_bonus: list[int] = []
    unlock: str = ""
    hints: list[Hint] = []
    attempts: Attempts = Attempts()
    solved_text: str = ""
    final: bool = False


class Treasure(_Strict, frozen=True):
    """A treasure of which `quantity` pieces exist; `points` for each, `bonus` by rank of the claim."""

    id: str
    title: str
    text: str = ""
    quantity: int = 1
    points: int = 0
    bonus: list[int] = []
    unlock: str = ""


class Schedule(_Strict, frozen=True):
    """When doors open, play starts and ends (RFC 3339 with offset); or how long play lasts once started."""

    opens_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    duration_s: int | None = None


class Teams(_Strict, frozen=True):
    """Solo players, or teams of up to `size_max` by invite code; at most `players_max` in the hunt."""

    mode: Literal["solo", "teams"] = "solo"
    size_max: int = 5
    players_max: int = 20_000


class Definition(_Strict, frozen=True):
    """A whole hunt."""

    title: str
    intro: str = ""
    schedule: Schedule = Schedule()
    teams: Teams = Teams()
    brackets: list[str] = []
    clues: list[Clue] = []
    treasures: list[Treasure] = []


def read(data: bytes, style: str) -> Definition | list[Problem]:
    """Read a hunt file (`style`: toml or json) as far as its shape and values go; `solvability` does the rest."""
    if len(data) > DEFINITION_BYTES_MAX:
        return [Problem("$", f"the file has {len(data)} bytes", f"allowed are {DEFINITION_BYTES_MAX}")]
    try:
        tree = msgspec.toml.decode(data) if style == "toml" else msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [Problem("$", f"not valid {style.upper()}: {error}", "mend the file's syntax")]
    try:
        definition = msgspec.convert(tree, Definition)
    except msgspec.ValidationError as error:
        return [_problem(str(error))]
    return _check(definition) or definition


def source(definition: Definition) -> str:
    """Return the definition as JSON text in normal form: what a `define` command carries."""
    return msgspec.json.encode(definition).decode()


_AT: Final = re.compile(r"(.*?)(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`")


def _problem(text: str) -> Problem:
    """Turn msgspec's message into path, fault and cure."""
    found = _AT.match(text)
    assert found is not None
    what, path = found.group(1), found.group(2) or ""
    unknown = _UNKNOWN.match(what)
    if unknown is None:
        return Problem(path or "$", what.replace("`", "'"), "give a value of that kind")
    key = unknown.group(1)
    names = _field_names(path)
    close = difflib.get_close_matches(key, names, 1)
    cure = f"did you mean {close[0]!r}?" if close else f"allowed here are {', '.join(names)}"
    return Problem(f"{path}.{key}" if path else key, f"unknown key {key!r}", cure)


def _field_names(path: str) -> list[str]:
    shapes: dict[str, Any] = {
        "clues": Clue, "treasures": Treasure, "hints": Hint, "schedule": Schedule, "teams": Teams,
        "attempts": Attempts, "location": Location, "partial": Partial, "answers": Answer,
    }  # fmt: skip
    last = re.sub(r"\[[^]]*\]", "", path).rpartition(".")[2]
    return [f.name for f in msgspec.structs.fields(shapes.get(last, Definition))]


def _check(d: Definition) -> list[Problem]:
    problems: list[Problem] = []

    def wrong(path: str, what: str, cure: str) -> None:
        problems.append(Problem(path, what, cure))

    _text(wrong, "title", d.title, 1, 200)
    _text(wrong, "intro", d.intro, 0, 10_000)
    if not d.clues:
        wrong("clues", "there is no clue", "add at least one [[clues]]")
    if len(d.clues) > CLUES_MAX:
        wrong("clues", f"there are {len(d.clues)} clues", f"allowed are {CLUES_MAX}")
    if len(d.treasures) > TREASURES_MAX:
        wrong("treasures", f"there are {len(d.treasures)} treasures", f"allowed are {TREASURES_MAX}")
    if not 1 <= d.teams.size_max <= 100:
        wrong("teams.size_max", f"is {d.teams.size_max}", "allowed is 1 to 100")
    if not 1 <= d.teams.players_max <= 100_000:
        wrong("teams.players_max", f"is {d.teams.players_max}", "allowed is 1 to 100000")
    for i, bracket in enumerate(d.brackets):
        _text(wrong, f"brackets[{i}]", bracket, 1, 40)
    _times(wrong, d.schedule)
    for i, clue in enumerate(d.clues):
        _clue(wrong, f"clues[{i}]", clue)
    for i, treasure in enumerate(d.treasures):
        _treasure(wrong, f"treasures[{i}]", treasure)
    return problems


def _text(wrong: Any, path: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        wrong(path, f"has {len(text)} characters", f"allowed is {least} to {most}")


def _id(wrong: Any, path: str, id: str) -> None:
    if not ID.match(id):
        wrong(f"{path}.id", f"{id!r} is no id", "use a small letter, then up to 31 small letters, digits, - or _")


def _times(wrong: Any, s: Schedule) -> None:
    for name in ("opens_at", "starts_at", "ends_at"):
        at = getattr(s, name)
        if at is not None and at.tzinfo is None:
            wrong(f"schedule.{name}", f"{at.isoformat()} has no offset", "write it as 2030-05-01T10:00:00+02:00")
            return
    pairs = (("opens_at", "starts_at"), ("starts_at", "ends_at"), ("opens_at", "ends_at"))
    for early, late in pairs:
        a, b = getattr(s, early), getattr(s, late)
        if a is not None and b is not None and a >= b:
            wrong(f"schedule.{late}", f"{b.isoformat()} is not after {early}", f"move {late} behind {early}")
    if s.duration_s is not None and s.ends_at is not None:
        wrong("schedule.duration_s", "stands beside ends_at", "give one of the two")
    if s.duration_s is not None and not 10 <= s.duration_s <= 366 * 86400:
        wrong("schedule.duration_s", f"is {s.duration_s}", "allowed is 10 to 31622400 (a year)")


def _clue(wrong: Any, path: str, c: Clue) -> None:
    _id(wrong, path, c.id)
    _text(wrong, f"{path}.title", c.title, 1, 200)
    _text(wrong, f"{path}.text", c.text, 0, 10_000)
    _text(wrong, f"{path}.solved_text", c.solved_text, 0, 4_000)
    if not 0 <= c.points <= 1_000_000:
        wrong(f"{path}.points", f"is {c.points}", "allowed is 0 to 1000000")
    if not 0 <= c.points_min <= c.points or not 0 <= c.decay <= 1_000_000:
        wrong(f"{path}.points_min", f"{c.points_min} (decay {c.decay})", "allowed is 0 to points, decay 0 and more")
    if len(c.first_bonus) > 100 or any(not 0 <= b <= 1_000_000 for b in c.first_bonus):
        wrong(f"{path}.first_bonus", "is out of range", "allowed are up to 100 numbers of 0 to 1000000")
    if len(c.hints) > HINTS_MAX:
        wrong(f"{path}.hints", f"there are {len(c.hints)}", f"allowed are {HINTS_MAX}")
    for i, hint in enumerate(c.hints):
        _id(wrong, f"{path}.hints[{i}]", hint.id)
        _text(wrong, f"{path}.hints[{i}].text", hint.text, 1, 4_000)
        if hint.price < 0 or hint.after_s < 0:
            wrong(f"{path}.hints[{i}]", "price or after_s is negative", "use 0 and more")
    a = c.attempts
    if not (0 <= a.cool_down_s <= 86_400 and 1 <= a.grows <= 10 and 0 <= a.max_s <= 86_400 and 0 <= a.free <= 1000):
        wrong(f"{path}.attempts", "is out of range", "cool_down_s, max_s 0 to 86400, grows 1 to 10, free 0 to 1000")
    _answers(wrong, path, c)


def _answers(wrong: Any, path: str, c: Clue) -> None:
    from huntserver.game.answers import normalise, pattern_problem

    wanted = {"text": "answers", "code": "codes", "location": "location"}[c.kind]
    for name, value in (("answers", c.answers), ("codes", c.codes), ("location", c.location)):
        if name == wanted and not value:
            wrong(f"{path}.{name}", f"is missing in a clue of kind {c.kind!r}", f"add {name}")
        if name != wanted and value:
            wrong(f"{path}.{name}", f"does not belong to kind {c.kind!r}", "remove it, or set kind to fit")
    if len(c.answers) > ANSWERS_MAX or len(c.codes) > ANSWERS_MAX or len(c.partial) > ANSWERS_MAX:
        wrong(f"{path}.{wanted}", "there are too many", f"allowed are {ANSWERS_MAX}")
    for i, answer in enumerate(c.answers):
        at = f"{path}.answers[{i}]"
        if isinstance(answer, str):
            if not normalise(answer):
                wrong(at, f"{answer!r} has no letter or digit", "give a text that can be typed")
        elif bool(answer.regex) == (answer.number is not None):
            wrong(at, "is neither or both of regex and number", "give exactly one of them")
        elif answer.regex:
            problem = pattern_problem(answer.regex)
            if problem:
                wrong(f"{at}.regex", problem, "write a simpler one")
        elif answer.number is None or not abs(answer.number) < 1e15 or not 0 <= answer.tolerance < 1e15:
            wrong(at, "the number or its tolerance is out of range", "use finite numbers below 1e15, tolerance >= 0")
    for i, partial in enumerate(c.partial):
        if not normalise(partial.text) or len(partial.reply.encode()) > 80:
            wrong(f"{path}.partial[{i}]", "has no text, or a reply over 80 bytes", "mend it")
    for i, code in enumerate(c.codes):
        _text(wrong, f"{path}.codes[{i}]", code, 4, 64)
    if c.location is not None:
        place = c.location
        if not (-90 <= place.lat <= 90 and -180 <= place.lon <= 180 and 5 <= place.radius_m <= 5000):
            wrong(f"{path}.location", f"{place.lat}, {place.lon}, {place.radius_m} m is out of range",
                  "lat -90..90, lon -180..180, radius_m 5..5000")  # fmt: skip


def _treasure(wrong: Any, path: str, t: Treasure) -> None:
    _id(wrong, path, t.id)
    _text(wrong, f"{path}.title", t.title, 1, 200)
    _text(wrong, f"{path}.text", t.text, 0, 4_000)
    if not 1 <= t.quantity <= 1_000_000 or not 0 <= t.points <= 1_000_000:
        wrong(f"{path}.quantity", f"{t.quantity} of {t.points} points", "allowed is 1 and more, points 0 to 1000000")
    if len(t.bonus) > 100 or any(not 0 <= b <= 1_000_000 for b in t.bonus):
        wrong(f"{path}.bonus", "is out of range", "allowed are up to 100 numbers of 0 to 1000000")
