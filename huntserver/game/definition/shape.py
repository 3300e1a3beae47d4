"""The definition of a hunt: what its file may say, as structs. Pure.

Owns the shape and the defaults; the keys of single clue kinds come from `clues`. Reading files is `file`'s, ranges of
values `values`', and whether the hunt can be played to its end `solvability`'s.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.part import Part, fields_of


class Attempts(Part, frozen=True):
    """Cool-down after wrong guesses: `free` cost nothing, then `cool_down_s`, each time `grows`-fold, up to `max_s`."""

    cool_down_s: float = 5.0
    grows: float = 2.0
    max_s: float = 300.0
    free: int = 3


class Hint(Part, frozen=True):
    """A hint on offer `after_s` seconds after its clue was unlocked, for `price` points.

    `needs`: the ids of hints of the same clue that are taken before.
    """

    id: str
    text: str
    price: int = 0
    after_s: int = 0
    needs: list[str] = []


class _Told(Part, frozen=True, kw_only=True):
    """What a clue says."""

    id: str
    title: str
    text: str = ""


class _Worth(Part, frozen=True, kw_only=True):
    """What a clue is worth, when it opens, and what helps."""

    points: int = 10
    points_min: int = 0
    decay: int = 0
    decay_solves: int = 0
    decay_shape: Literal["curve", "log", "line"] = "curve"
    decay_s: int = 0
    first_bonus: list[int] = []
    unlock: str = ""
    round: str = ""
    meta_of: list[str] = []
    meta_needs: int = 0
    hints: list[Hint] = []
    attempts: Attempts = Attempts()
    solved_text: str = ""
    solution: str = ""
    final: bool = False


if TYPE_CHECKING:

    class Clue(_Told, _Worth, frozen=True, kw_only=True):
        """For the type checker: the keys of the kinds, which are added below, are of any type."""

        kind: str = "text"

        def __init__(self, *, id: str, title: str, **keys: Any) -> None: ...
        def __getattr__(self, key: str) -> Any: ...

else:
    # Defined field by field, because the order of the keys is that of the normal form, of which digests are made.
    Clue = msgspec.defstruct(
        "Clue",
        [
            ("kind", Literal[tuple(KINDS)], "text"),
            *(field for kind in KINDS.values() for field in fields_of(kind.keys)),
            *fields_of(_Worth),
        ],
        bases=(_Told,),
        frozen=True,
        kw_only=True,
        module=__name__,
        namespace={
            "__doc__": """A clue. `points` sink by `decay` for each earlier solve, or by `decay_shape` to
    `points_min` after `decay_solves` of them, or with time, within `decay_s` of play since the clue opened to the team;
    never below `points_min`. `first_bonus` goes by rank. `final`: who solves
    it has finished the hunt. `round`: opens no sooner than that. `meta_of`: rounds or clues that feed it; it opens once
    `meta_needs` of those clues are solved (0: all). The keys of its kind stand in `clues`."""
        },
    )


class Loot(Part, frozen=True):
    """What a claim may bring: drawn among the others of its treasure by `weight`. An item that rules can ask for."""

    id: str
    title: str
    weight: int = 1
    points: int = 0
    tier: str = ""


class Treasure(Part, frozen=True):
    """A treasure of which `quantity` pieces exist; `points` for each, `bonus` by rank of the claim.

    It can be claimed from `from_s` to `until_s` of play (0: to the end). `tier` is a word such as gold. Each claim
    brings one of `loot`, too, where there is some.
    """

    id: str
    title: str
    text: str = ""
    quantity: int = 1
    points: int = 0
    bonus: list[int] = []
    unlock: str = ""
    from_s: int = 0
    until_s: int = 0
    tier: str = ""
    loot: list[Loot] = []


class Round(Part, frozen=True):
    """A group of clues under a title; none of them opens before `unlock` is met."""

    id: str
    title: str
    text: str = ""
    unlock: str = ""


class Rotation(Part, frozen=True):
    """A loop of clues that every team goes round: the first team begins at the first stop, the next at the next."""

    stops: list[str]


class Schedule(Part, frozen=True):
    """When doors open, play starts and ends (RFC 3339 with offset); or how long play lasts once started.

    `start` own: from the start on every team begins for itself, and plays for `limit_s`; with `stagger_s` they begin in
    the order of joining, so far apart.
    """

    opens_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    duration_s: int | None = None
    start: Literal["common", "own"] = "common"
    limit_s: int | None = None
    stagger_s: int = 0


class Teams(Part, frozen=True):
    """Solo players, or teams of up to `size_max` by invite code; at most `players_max` in the hunt."""

    mode: Literal["solo", "teams"] = "solo"
    size_max: int = 5
    players_max: int = 20_000


class Together(Part, frozen=True):
    """What wrong tries of all teams together may come to: `free` at once, then `per_min` a minute (0: no bound)."""

    free: int = 50
    per_min: float = 1.0


class Tries(Part, frozen=True):
    """What wrong codes and check-ins cost a team, over all clues, and what those of all teams may come to."""

    codes: Attempts = Attempts()
    check_ins: Attempts = Attempts(cool_down_s=5.0, grows=1.5, max_s=60.0, free=10)
    codes_together: Together = Together()
    check_ins_together: Together = Together(free=500, per_min=60.0)


class Streak(Part, frozen=True):
    """From the `after`-th solve in a row on, each brings `bonus` more. A wrong try ends a row, and so does more than
    `within_s` of play since the solve before (0: it never does)."""

    after: int = 3
    bonus: int = 5
    within_s: int = 0


Ranking: TypeAlias = Literal[
    "score", "reached", "solves", "first_solve", "last_solve", "final", "hints", "wrong", "time"
]  # fmt: skip
"""What teams are ordered by: more points; who had them earlier; more solves; whose first or last solve, or whose
solving of a final clue, was earlier; fewer hints; fewer wrong tries; less own time used when the score was reached."""


class Scoring(Part, frozen=True):
    """How teams are ordered: by the first of `ranking`, ties by the next; nothing given: by score, then by who reached
    it earlier, or where every team begins for itself in less time. The standings freeze `freeze_s` before the end."""

    ranking: list[Ranking] = []
    streak: Streak | None = None
    freeze_s: int = 0


class Help(Part, frozen=True):
    """Teams may ask hosts about a clue that has been open for `after_s`, or at which they guessed wrong `after_wrong`
    times (neither given: at once); `open_max` questions of a team wait at once. An answer costs `price` points."""

    price: int = 0
    after_s: int = 0
    after_wrong: int = 0
    open_max: int = 1


class Ghost(Part, frozen=True):
    """A team of another playing that teams race: after so many seconds of play it had so many points and solves.

    Shown on the players' board by their own play time, marked; it is in no standings and takes nothing from anybody.
    """

    name: str
    course: list[tuple[int, int, int]] = []


class Definition(Part, frozen=True):
    """A whole hunt."""

    title: str
    intro: str = ""
    schedule: Schedule = Schedule()
    teams: Teams = Teams()
    brackets: list[str] = []
    clues: list[Clue] = []
    treasures: list[Treasure] = []
    tries: Tries = Tries()
    scoring: Scoring = Scoring()
    rounds: list[Round] = []
    rotations: list[Rotation] = []
    help: Help | None = None
    ghosts: list[Ghost] = []


def source(definition: Definition) -> str:
    """Return the definition as JSON text in normal form: what a `define` command carries."""
    return msgspec.json.encode(definition).decode()
