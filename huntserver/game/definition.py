"""The definition of a hunt: what its file may say, as structs. Pure.

Owns the shape and the defaults. Reading files is `definition_file`'s, ranges of values `definition_values`', and
whether the hunt can be played to its end `solvability`'s.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec


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
    """A clue. `points` sink by `decay` for each earlier solve, not below `points_min`; `first_bonus` goes by rank.

    `accents`: they matter in answers. `final`: who solves it has finished the hunt.
    """

    id: str
    title: str
    text: str = ""
    kind: Literal["text", "code", "location"] = "text"
    answers: list[str | Answer] = []
    accents: bool = False
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


def source(definition: Definition) -> str:
    """Return the definition as JSON text in normal form: what a `define` command carries."""
    return msgspec.json.encode(definition).decode()
