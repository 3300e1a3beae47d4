"""The read models: which tables there are, and what one record changes in them. Pure.

A record's changes rest on the record alone, never on what a table holds, so that records of different shards may be
folded in any order. Private texts (guesses, places) go into no table; names do, and go with a rebuild.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.log.codec import Done
from huntserver.game.event import UNTOLD, called
from huntserver.game.features.authoring import Created, Defined
from huntserver.game.features.erasing import Erased
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.hints import HintTaken
from huntserver.game.features.joining import Joined
from huntserver.game.features.leaving import Left
from huntserver.game.features.merging import Merged
from huntserver.game.features.moving import PlayerMoved
from huntserver.game.features.roles import RoleRevoked, RoleTaken
from huntserver.game.features.schedule import Ended, Extended, Paused, Published, Started, Unpaused
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claimed
from huntserver.game.player.events import Awarded, Closed, Credited, Entered, LeftHunt, TeamChanged
from huntserver.game.vault import ERASED
from huntserver.projections.chains import CHAINS, LINKS
from huntserver.projections.tables import ADD, KEEP, MAX, MIN, SET, Changes, Column, ModelTable

HOUR_MS: Final = 3_600_000
EVER: Final = ""
"""The season of the leaderboard over all time."""

HUNTS: Final = ModelTable(
    "hunts",
    (("hunt", "TEXT"),),
    (
        Column("title", "TEXT", SET),
        Column("owner", "TEXT", KEEP),
        Column("phase", "TEXT", SET),
        Column("created_ms", "BIGINT", MIN),
        Column("opens_ms", "BIGINT", SET),
        Column("starts_ms", "BIGINT", SET),
        Column("started_ms", "BIGINT", SET),
        Column("ends_ms", "BIGINT", SET),
        Column("ended_ms", "BIGINT", SET),
        Column("clues", "BIGINT", SET),
        Column("players", "BIGINT", ADD),
        Column("guesses", "BIGINT", ADD),
        Column("solves", "BIGINT", ADD),
        Column("at_ms", "BIGINT", MAX),
    ),
    (("phase", "at_ms"),),
)
TEAMS: Final = ModelTable("teams", (("hunt", "TEXT"), ("team", "TEXT")), (Column("members", "BIGINT", ADD),))
STAFF: Final = ModelTable("staff", (("hunt", "TEXT"), ("who", "TEXT")), (Column("role", "TEXT", SET),))
"""Who else runs a hunt; the role is empty once it was taken back."""
CLUE_HOURS: Final = ModelTable(
    "clue_hours",
    (("hunt", "TEXT"), ("clue", "TEXT"), ("hour_ms", "BIGINT")),
    (
        Column("guesses", "BIGINT", ADD),
        Column("wrong", "BIGINT", ADD),
        Column("solves", "BIGINT", ADD),
        Column("hints", "BIGINT", ADD),
    ),
)
PLAYERS: Final = ModelTable("players", (("player", "TEXT"),), (Column("named", "TEXT", MAX),))
"""`named` is the time of the name, in ms with 15 digits, a space, and the name: the latest is the greatest, whatever
the order in which the shards of hunts are folded."""
HISTORY: Final = ModelTable(
    "history",
    (("player", "TEXT"), ("hunt", "TEXT")),
    (
        Column("title", "TEXT", SET),
        Column("team", "TEXT", SET),
        Column("entered_ms", "BIGINT", MIN),
        Column("solves", "BIGINT", ADD),
        Column("firsts", "BIGINT", ADD),
        Column("points", "BIGINT", SET),
        Column("place", "BIGINT", SET),
        Column("closed_ms", "BIGINT", SET),
    ),
)
INVENTORY: Final = ModelTable(
    "inventory",
    (("player", "TEXT"), ("hunt", "TEXT"), ("treasure", "TEXT"), ("rank", "BIGINT")),
    (Column("title", "TEXT", SET), Column("at_ms", "BIGINT", MIN)),
)
SEASONS: Final = ModelTable(
    "seasons",
    (("season", "TEXT"), ("player", "TEXT")),
    (
        Column("points", "BIGINT", ADD),
        Column("solves", "BIGINT", ADD),
        Column("firsts", "BIGINT", ADD),
        Column("hunts", "BIGINT", ADD),
        Column("wins", "BIGINT", ADD),
    ),
    (("season", "points"),),
)
SOLVES: Final = ModelTable(
    "solves",
    (("hunt", "TEXT"), ("team", "TEXT"), ("clue", "TEXT")),
    (
        Column("at_ms", "BIGINT", SET),
        Column("points", "BIGINT", SET),
        Column("rank", "BIGINT", SET),
        Column("pos", "BIGINT", SET),
        Column("link", "TEXT", SET),
    ),
)
"""What each team solved, and when; one that was taken back and came again stands as it came last."""
AUDIT: Final = ModelTable(
    "audit",
    (("hunt", "TEXT"), ("pos", "BIGINT"), ("n", "BIGINT")),
    (
        Column("at_ms", "BIGINT", SET),
        Column("author", "TEXT", SET),
        Column("event", "TEXT", SET),
        Column("detail", "TEXT", SET),
    ),
    (("at_ms",),),
)
TABLES: Final = (HUNTS, TEAMS, STAFF, CLUE_HOURS, PLAYERS, HISTORY, INVENTORY, SEASONS, SOLVES, AUDIT, CHAINS, LINKS)
VERSION: Final = 4
"""Of the tables and of what is put into them; another one in a store asks for a rebuild."""

BY_PLAYERS: Final = (Joined, Guessed, Solved, HintTaken, Claimed)
"""What players do in a hunt; all else is told in the audit."""

DETAIL_BYTES_MAX: Final = 2_000


def season_of(at_ms: int) -> str:
    """Return the season of a moment: a quarter of the year, in UTC."""
    day = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return f"{day.year}Q{(day.month + 2) // 3}"


def project(changes: Changes, record: Done) -> None:
    """Put what a record that counts changes."""
    changes.records += 1
    kind, _, id = record.entity.partition("/")
    if kind == "hunt":
        _hunt(changes, id, record)
    elif kind == "player":
        for event in record.events:
            of = _PLAYER.get(event.__class__)
            if of is not None:
                of(changes, id, event, record.at)


def _hunt(changes: Changes, hunt: str, record: Done) -> None:
    at = record.at
    for n, event in enumerate(record.events):
        of = _HUNT.get(event.__class__)
        if of is not None:
            of(changes, hunt, event, at)
        if not isinstance(event, BY_PLAYERS) and not record.by.startswith("p:"):
            by, name = record.by, event.__struct_config__.tag
            changes.put("audit", (hunt, record.pos, n), at_ms=at, author=by, event=name, detail=_detail(event))
    changes.put("hunts", (hunt,), at_ms=at)


def _detail(event: Any) -> str:
    """Return an event's fields as JSON, without what is personal and without a definition's text (its answers)."""
    fields = msgspec.to_builtins(event)
    for name in (*UNTOLD, "results", "invite"):
        fields.pop(name, None)
    return msgspec.json.encode(fields).decode()[:DETAIL_BYTES_MAX]


def _created(changes: Changes, hunt: str, event: Created, at: int) -> None:
    changes.put("hunts", (hunt,), owner=event.owner, phase="draft", created_ms=at)


class _Schedule(msgspec.Struct):
    opens_at: datetime.datetime | None = None
    starts_at: datetime.datetime | None = None


class _Outline(msgspec.Struct):
    """What the directory shows of a definition; nothing else of it is decoded, answers least of all."""

    title: str
    clues: list[msgspec.Raw]
    schedule: _Schedule = msgspec.field(default_factory=_Schedule)


_outline: Final = msgspec.json.Decoder(_Outline).decode


def _ms(moment: datetime.datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _defined(changes: Changes, hunt: str, event: Defined, at: int) -> None:
    made = _outline(event.definition)
    opens, starts = _ms(made.schedule.opens_at), _ms(made.schedule.starts_at)
    changes.put("hunts", (hunt,), title=made.title, clues=len(made.clues), opens_ms=opens, starts_ms=starts)


def _phase(name: str) -> Callable[[Changes, str, Any, int], None]:
    def put(changes: Changes, hunt: str, event: Any, at: int) -> None:
        changes.put("hunts", (hunt,), phase=name)

    return put


def _started(changes: Changes, hunt: str, event: Started, at: int) -> None:
    changes.put("hunts", (hunt,), phase="running", started_ms=at, ends_ms=event.ends_ms)


def _unpaused(changes: Changes, hunt: str, event: Unpaused, at: int) -> None:
    changes.put("hunts", (hunt,), phase="running")


def _extended(changes: Changes, hunt: str, event: Extended, at: int) -> None:
    changes.put("hunts", (hunt,), ends_ms=event.ends_ms)


def _ended(changes: Changes, hunt: str, event: Ended, at: int) -> None:
    changes.put("hunts", (hunt,), phase="ended", ended_ms=at)


def _joined(changes: Changes, hunt: str, event: Joined, at: int) -> None:
    who = event.personal
    changes.put("hunts", (hunt,), players=1)
    changes.put("teams", (hunt, event.team), members=1)
    changes.put("players", (who.by.partition(":")[2],), named=f"{at:015} {called(who)}")


def _erased(changes: Changes, hunt: str, event: Erased, at: int) -> None:
    changes.put("players", (event.person.partition(":")[2],), named=f"{at:015} {ERASED}")


def _role_taken(changes: Changes, hunt: str, event: RoleTaken, at: int) -> None:
    changes.put("staff", (hunt, event.personal.by), role=event.role)


def _role_revoked(changes: Changes, hunt: str, event: RoleRevoked, at: int) -> None:
    if event.who:
        changes.put("staff", (hunt, event.who), role="")


def _left(changes: Changes, hunt: str, event: Left, at: int) -> None:
    changes.put("hunts", (hunt,), players=-1)
    changes.put("teams", (hunt, event.team), members=-1)


def _moved(changes: Changes, hunt: str, event: PlayerMoved, at: int) -> None:
    changes.put("teams", (hunt, event.team), members=1)
    if event.out_of:
        changes.put("teams", (hunt, event.out_of), members=-1)
    else:
        changes.put("hunts", (hunt,), players=1)


def _merged(changes: Changes, hunt: str, event: Merged, at: int) -> None:
    changes.put("teams", (hunt, event.other), members=-len(event.members))
    changes.put("teams", (hunt, event.team), members=len(event.members))


def _hour(at: int) -> int:
    return at - at % HOUR_MS


def _guessed(changes: Changes, hunt: str, event: Guessed, at: int) -> None:
    wrong = event.verdict == "incorrect"
    changes.put("clue_hours", (hunt, event.clue, _hour(at)), guesses=1, wrong=int(wrong))
    changes.put("hunts", (hunt,), guesses=1)


def _solved(changes: Changes, hunt: str, event: Solved, at: int) -> None:
    changes.put("clue_hours", (hunt, event.clue, _hour(at)), guesses=1, solves=1)
    changes.put("hunts", (hunt,), guesses=1, solves=1)
    changes.put("solves", (hunt, event.team, event.clue), at_ms=at, points=event.points, rank=event.rank)


def _hinted(changes: Changes, hunt: str, event: HintTaken, at: int) -> None:
    changes.put("clue_hours", (hunt, event.clue, _hour(at)), hints=1)


def _entered(changes: Changes, player: str, event: Entered, at: int) -> None:
    changes.put("history", (player, event.hunt), title=event.title, team=event.team, entered_ms=at)
    for season in (EVER, season_of(at)):
        changes.put("seasons", (season, player), hunts=1)


def _credited(changes: Changes, player: str, event: Credited, at: int) -> None:
    first = int(event.first)
    changes.put("history", (player, event.hunt), solves=1, firsts=first)
    for season in (EVER, season_of(at)):
        changes.put("seasons", (season, player), points=event.points, solves=1, firsts=first)


def _team_changed(changes: Changes, player: str, event: TeamChanged, at: int) -> None:
    changes.put("history", (player, event.hunt), title=event.title, team=event.team)


def _left_hunt(changes: Changes, player: str, event: LeftHunt, at: int) -> None:
    changes.put("history", (player, event.hunt), team="")


def _awarded(changes: Changes, player: str, event: Awarded, at: int) -> None:
    changes.put("inventory", (player, event.hunt, event.treasure, event.rank), title=event.title, at_ms=at)


def _closed(changes: Changes, player: str, event: Closed, at: int) -> None:
    changes.put("history", (player, event.hunt), points=event.points, place=event.place, closed_ms=at)
    if event.place == 1:
        for season in (EVER, season_of(at)):
            changes.put("seasons", (season, player), wins=1)


_HUNT: Final[dict[type, Callable[[Changes, str, Any, int], None]]] = {
    Created: _created,
    Defined: _defined,
    Published: _phase("published"),
    Started: _started,
    Paused: _phase("paused"),
    Unpaused: _unpaused,
    Extended: _extended,
    Ended: _ended,
    Joined: _joined,
    Erased: _erased,
    Left: _left,
    RoleTaken: _role_taken,
    RoleRevoked: _role_revoked,
    PlayerMoved: _moved,
    Merged: _merged,
    Guessed: _guessed,
    Solved: _solved,
    HintTaken: _hinted,
}
_PLAYER: Final[dict[type, Callable[[Changes, str, Any, int], None]]] = {
    Entered: _entered,
    TeamChanged: _team_changed,
    LeftHunt: _left_hunt,
    Credited: _credited,
    Awarded: _awarded,
    Closed: _closed,
}
