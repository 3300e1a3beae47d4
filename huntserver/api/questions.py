"""The questions of the API as data: path, parameters, who may ask, and what is asked of the read models.

Owns who sees what. What is private to a player is told to himself, to admins, and to hosts for their own hunts; what
a hunt's host may see, to that host and to admins. No row holds an answer, a guess or a place: there are none in the
read models. The OpenAPI document is made from this table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver.projections import queries
from huntserver.projections.paging import PageRows
from huntserver.projections.store import ReadSource

PHASES: Final = ("draft", "published", "running", "paused", "ended")
SEASON: Final = re.compile(r"(?:[0-9]{4}Q[1-4])?", re.ASCII)
SEARCH_MAX: Final = 100
LIMIT_MAX: Final = 200


class Parameter(NamedTuple):
    """A parameter of the query. `allowed` says in words what its value may be; `fits` judges it."""

    name: str
    text: str
    allowed: str
    fits: Callable[[str], bool]


class Inquiry(NamedTuple):
    """A question as it came: the id in the path, parameters by name, who asks (None: a stranger)."""

    id: str
    given: Mapping[str, str]
    caller: Caller | None

    @property
    def limit(self) -> int:
        """How many rows a page has at most."""
        return int(self.given.get("limit", "50"))

    @property
    def cursor(self) -> str:
        """Where the page begins."""
        return self.given.get("cursor", "")

    @property
    def is_admin(self) -> bool:
        """Whether an admin asks."""
        return self.caller is not None and self.caller.role == "admin"


class Question(NamedTuple):
    """One path. `ask` runs in a thread; it returns a body with its rows under `rows`, or a refusal.

    `columns` are those of a row, for the document. `needs_token`: strangers are refused before anything is asked.
    """

    path: str
    rows: str
    text: str
    needs_token: bool
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, type]
    ask: Callable[[ReadSource, Inquiry], dict[str, Any] | Rejected]

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a path of it matches; the id is the first group where there is one."""
        return re.compile(re.escape(self.path).replace(r"\{id\}", "([^/]{1,64})"))


LIMIT: Final = Parameter(
    "limit", "rows of a page", f"a number from 1 to {LIMIT_MAX}",
    lambda text: text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= LIMIT_MAX,
)  # fmt: skip
CURSOR: Final = Parameter("cursor", "`next` of the page before", "the `next` of the page before", lambda text: True)
SEARCH: Final = Parameter(
    "search", "a text that is looked for, case ignored", f"a text of at most {SEARCH_MAX} characters",
    lambda text: len(text) <= SEARCH_MAX and "\0" not in text,
)  # fmt: skip
HUNT: Final = Parameter(
    "hunt", "one hunt; left out: all", "the id of a hunt", lambda text: 0 < len(text) <= 64 and "\0" not in text
)
POS: Final = Parameter(
    "pos", "one record, as an answer's `pos` names it", "a record's number",
    lambda text: text.isascii() and text.isdigit() and 0 < len(text) < 16,
)  # fmt: skip
PHASE: Final = Parameter("phase", "hunts of one phase", f"one of {', '.join(PHASES)}", lambda text: text in PHASES)
SEASON_OF: Final = Parameter(
    "season", "a quarter of a year, UTC; left out: of all time", "a year and quarter such as 2026Q4",
    lambda text: SEASON.fullmatch(text) is not None,
)  # fmt: skip


def _body(name: str, rows: PageRows, columns: Mapping[str, type], **more: Any) -> dict[str, Any]:
    """Return what is answered: rows with their known columns that have a value."""
    kept = [{key: row[key] for key in columns if row.get(key) is not None} for row in rows]
    return {**more, name: kept, **({"next": rows.next} if rows.next else {})}


# ---- hunts

HUNT_COLUMNS: Final = {
    "hunt": str, "title": str, "phase": str, "opens_ms": int, "starts_ms": int, "started_ms": int, "ends_ms": int,
    "ended_ms": int, "clues": int, "players": int, "teams": int, "at_ms": int, "mine": bool,
}  # fmt: skip


def _hunts(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    caller = asked.caller
    rows = queries.directory(
        store,
        phase=asked.given.get("phase", ""),
        search=asked.given.get("search", ""),
        owner=None if asked.is_admin else caller.by if caller is not None else "",
        limit=asked.limit,
        cursor=asked.cursor,
    )
    own = asked.caller.by if asked.caller is not None else None
    told = PageRows(({**row, "mine": (own is not None and row["owner"] == own) or None} for row in rows), rows.next)
    return _body("hunts", told, HUNT_COLUMNS)


# ---- the leaderboard

PLACE_COLUMNS: Final = {
    "place": int, "name": str, "points": int, "solves": int, "firsts": int, "hunts": int, "wins": int, "you": bool,
}  # fmt: skip


def _leaderboard(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    assert asked.caller is not None
    found = queries.leaderboard(store, season=asked.given.get("season", ""), limit=asked.limit, cursor=asked.cursor)
    own = asked.caller.by.removeprefix("p:")
    rows = PageRows(({**row, "you": row["player"] == own or None} for row in found), found.next)
    return _body("players", rows, PLACE_COLUMNS)


# ---- a player

HISTORY_COLUMNS: Final = {
    "hunt": str, "title": str, "team": str, "entered_ms": int, "solves": int, "firsts": int, "points": int,
    "place": int, "closed_ms": int,
}  # fmt: skip
SOLVE_COLUMNS: Final = {
    "hunt": str, "clue": str, "at_ms": int, "points": int, "rank": int, "pos": int, "link": str,
}  # fmt: skip
TREASURE_COLUMNS: Final = {"hunt": str, "treasure": str, "rank": int, "title": str, "at_ms": int}


def _owner_of(asked: Inquiry) -> str | Rejected:
    """Return whose hunts of a player are shown: empty for all of them."""
    caller = asked.caller
    assert caller is not None
    if caller.role == "host":
        return caller.by
    if asked.is_admin or caller.by == f"p:{asked.id}":
        return ""
    return Rejected("not_allowed", "a player's hunts are shown to himself and to the hosts of those hunts")


def _history(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    owner = _owner_of(asked)
    if isinstance(owner, Rejected):
        return owner
    rows = queries.history(store, asked.id, owner=owner, limit=asked.limit, cursor=asked.cursor)
    return _body("hunts", rows, HISTORY_COLUMNS, player=asked.id)


def _inventory(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    owner = _owner_of(asked)
    if isinstance(owner, Rejected):
        return owner
    rows = queries.inventory(store, asked.id, owner=owner, limit=asked.limit, cursor=asked.cursor)
    return _body("treasures", rows, TREASURE_COLUMNS, player=asked.id)


def _solves(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    owner = _owner_of(asked)
    if isinstance(owner, Rejected):
        return owner
    hunt = asked.given.get("hunt", "")
    rows = queries.solves(store, asked.id, hunt=hunt, owner=owner, limit=asked.limit, cursor=asked.cursor)
    return _body("solves", rows, SOLVE_COLUMNS, player=asked.id)


# ---- a hunt's chain

LINK_COLUMNS: Final = {"pos": int, "link": str, "at_ms": int}


def _chain(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    assert asked.caller is not None
    hunt = queries.hunt(store, asked.id, asked.caller.by)
    if hunt is None or hunt["phase"] == "draft":
        return Rejected("no_such_hunt", "there is no hunt with this id")
    head = queries.chain(store, asked.id)
    pos = int(asked.given.get("pos", "0"))
    rows = queries.links(store, asked.id, pos=pos, limit=asked.limit, cursor=asked.cursor)
    return _body("links", rows, LINK_COLUMNS, hunt=asked.id, **({"head": dict(head)} if head is not None else {}))


# ---- a hunt, for its host

HOUR_COLUMNS: Final = {
    "clue": str, "hour_ms": int, "guesses": int, "wrong": int, "solves": int, "hints": int, "final": bool,
}  # fmt: skip
ACT_COLUMNS: Final = {"pos": int, "n": int, "at_ms": int, "author": str, "event": str, "detail": str}


def _of_host(store: ReadSource, asked: Inquiry) -> Mapping[str, Any] | Rejected:
    """Return the hunt, if its host or an admin asks."""
    assert asked.caller is not None
    by = asked.caller.by
    hunt = queries.hunt(store, asked.id, by)
    runs = hunt is not None and asked.caller.role == "host" and (hunt["owner"] == by or hunt["runs"] == 1)
    mine = asked.is_admin or runs
    if hunt is None or (hunt["phase"] == "draft" and not mine):
        return Rejected("no_such_hunt", "there is no hunt with this id")
    return hunt if mine else Rejected("not_allowed", "only the hunt's host may see this")


def _statistics(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    hunt = _of_host(store, asked)
    if isinstance(hunt, Rejected):
        return hunt
    totals = {name: hunt[name] for name in ("players", "teams", "guesses", "solves")}
    rows = queries.statistics(store, asked.id, limit=asked.limit, cursor=asked.cursor)
    return _body("hours", rows, HOUR_COLUMNS, hunt=asked.id, totals=totals)


def _audit(store: ReadSource, asked: Inquiry) -> dict[str, Any] | Rejected:
    hunt = _of_host(store, asked)
    if isinstance(hunt, Rejected):
        return hunt
    search = asked.given.get("search", "")
    rows = queries.audit(store, asked.id, search=search, limit=asked.limit, cursor=asked.cursor)
    return _body("acts", rows, ACT_COLUMNS, hunt=asked.id)


QUESTIONS: Final = (
    Question(
        "/api/hunts", "hunts", "The directory of hunts, the latest touched first; drafts for their own host alone.",
        False, (PHASE, SEARCH, LIMIT, CURSOR), HUNT_COLUMNS, _hunts,
    ),
    Question(
        "/api/leaderboard", "players", "Players by points over all hunts; equal points share a place. No ids.",
        True, (SEASON_OF, LIMIT, CURSOR), PLACE_COLUMNS, _leaderboard,
    ),
    Question(
        "/api/players/{id}", "hunts", "The hunts of a player: for himself, admins, and hosts (of their hunts alone).",
        True, (LIMIT, CURSOR), HISTORY_COLUMNS, _history,
    ),
    Question(
        "/api/players/{id}/inventory", "treasures", "The treasures of a player, for the same.",
        True, (LIMIT, CURSOR), TREASURE_COLUMNS, _inventory,
    ),
    Question(
        "/api/players/{id}/solves", "solves",
        "What the teams of a player solved, the first solve first, for the same. `rank` 0: the team does not count.",
        True, (HUNT, LIMIT, CURSOR), SOLVE_COLUMNS, _solves,
    ),
    Question(
        "/api/hunts/{id}/chain", "links",
        "The chain of a hunt: `head`, its last link, and the links of solves and claims: receipts of who made them.",
        True, (POS, LIMIT, CURSOR), LINK_COLUMNS, _chain,
    ),
    Question(
        "/api/hunts/{id}/statistics", "hours", "Guesses, solves and hints by clue and hour (UTC), for the hunt's host.",
        True, (LIMIT, CURSOR), HOUR_COLUMNS, _statistics,
    ),
    Question(
        "/api/hunts/{id}/audit", "acts", "What hosts, timers and the server did, the latest first, for the host alone.",
        True, (SEARCH, LIMIT, CURSOR), ACT_COLUMNS, _audit,
    ),
)  # fmt: skip
