"""What can be asked of the read models. Each returns plain rows, ready for JSON, in pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from huntserver.projections.models import EVER, HOUR_MS
from huntserver.projections.paging import DOWN, UP, PageRows, SortKey, page_of, paged
from huntserver.projections.store import ReadSource

LATENESS_MS: Final = 60_000
"""An hour's figures are final when everything has been folded up to so long after its end."""
ROWS_MAX: Final = 500

DIRECTORY_ORDER: Final = (SortKey("at_ms", int, DOWN), SortKey("hunt", str))
LEADERBOARD_ORDER: Final = (SortKey("points", int, DOWN), SortKey("player", str))
HISTORY_ORDER: Final = (SortKey("entered_ms", int, DOWN), SortKey("hunt", str))
INVENTORY_ORDER: Final = (
    SortKey("at_ms", int, DOWN),
    SortKey("hunt", str),
    SortKey("treasure", str),
    SortKey("rank", int),
)
SOLVES_ORDER: Final = (SortKey("at_ms", int, UP), SortKey("hunt", str), SortKey("clue", str))
LINKS_ORDER: Final = (SortKey("pos", int, UP),)
STATISTICS_ORDER: Final = (SortKey("hour_ms", int, UP), SortKey("clue", str))
AUDIT_ORDER: Final = (
    SortKey("at_ms", int, DOWN),
    SortKey("hunt", str),
    SortKey("pos", int, DOWN),
    SortKey("n", int, DOWN),
)


_RUNS: Final = "EXISTS (SELECT 1 FROM staff f WHERE f.hunt = {0}.hunt AND f.who = ? AND f.role = 'host')"
"""Somebody has the role of a host in the hunt of a row."""


def _page(
    store: ReadSource, question: str, parameters: tuple[Any, ...], order: tuple[SortKey, ...], cursor: str, limit: int
) -> PageRows:
    limit = max(1, min(limit, ROWS_MAX))
    statement, more = paged(question, order, cursor, limit)
    return page_of(store.query(statement, *parameters, *more), order, limit)


def directory(
    store: ReadSource,
    *,
    phase: str = "",
    search: str = "",
    owner: str | None = "",
    limit: int = 50,
    cursor: str = "",
) -> PageRows:
    """Return hunts, the latest touched first; of one phase, or with a text in their title or id (case ignored).

    `owner` (such as `h:host`) sees the drafts of his own beside what everybody sees; None: all drafts are shown.
    """
    like = f"%{_escaped(search.lower())}%"
    return _page(
        store,
        "SELECT h.hunt, h.owner, h.title, h.phase, h.opens_ms, h.starts_ms, h.started_ms, h.ends_ms, h.ended_ms, "
        "h.clues, h.players, (SELECT COUNT(*) FROM teams t WHERE t.hunt = h.hunt AND t.members > 0) AS teams, "
        "h.guesses, h.solves, h.at_ms "
        "FROM hunts h WHERE (? = '' OR h.phase = ?) "
        f"AND (? = 1 OR COALESCE(h.phase, 'draft') <> 'draft' OR h.owner = ? OR {_RUNS.format('h')}) "
        "AND (LOWER(COALESCE(h.title, '')) LIKE ? ESCAPE '!' OR LOWER(h.hunt) LIKE ? ESCAPE '!')",
        (phase, phase, int(owner is None), owner or "", owner or "", like, like),
        DIRECTORY_ORDER,
        cursor,
        limit,
    )


def hunt(store: ReadSource, id: str, who: str = "") -> Mapping[str, Any] | None:
    """Return owner, title, phase and totals of one hunt, and whether `who` is a host beside the owner (`runs`)."""
    rows = store.query(
        "SELECT h.hunt, h.owner, h.title, COALESCE(h.phase, 'draft') AS phase, h.players, h.guesses, h.solves, "
        "(SELECT COUNT(*) FROM teams t WHERE t.hunt = h.hunt AND t.members > 0) AS teams, "
        f"CASE WHEN {_RUNS.format('h')} THEN 1 ELSE 0 END AS runs FROM hunts h WHERE h.hunt = ?",
        who,
        id,
    )
    return rows[0] if rows else None


def leaderboard(store: ReadSource, *, season: str = EVER, limit: int = 50, cursor: str = "") -> PageRows:
    """Return players by points over all time, or of a season such as `2026Q4`; equal points share a place."""
    rows = _page(
        store,
        "SELECT RANK() OVER (ORDER BY s.points DESC) AS place, s.player AS player, p.named AS named, "
        "s.points AS points, s.solves AS solves, s.firsts AS firsts, s.hunts AS hunts, s.wins AS wins "
        "FROM seasons s LEFT JOIN players p ON p.player = s.player WHERE s.season = ?",
        (season,),
        LEADERBOARD_ORDER,
        cursor,
        limit,
    )
    named = [{**{k: v for k, v in row.items() if k != "named"}, "name": (row["named"] or "")[16:]} for row in rows]
    return PageRows(named, rows.next)


_OF_HOST: Final = "(? = '' OR {0}.hunt IN (SELECT h.hunt FROM hunts h WHERE h.owner = ?) OR " + _RUNS + ")"


def history(store: ReadSource, player: str, *, owner: str = "", limit: int = ROWS_MAX, cursor: str = "") -> PageRows:
    """Return the hunts of a player, the latest first; with an `owner`, those of that host alone."""
    return _page(
        store,
        "SELECT y.hunt, y.title, y.team, COALESCE(y.entered_ms, 0) AS entered_ms, y.solves, y.firsts, y.points, "
        f"y.place, y.closed_ms FROM history y WHERE y.player = ? AND {_OF_HOST.format('y')}",
        (player, owner, owner, owner),
        HISTORY_ORDER,
        cursor,
        limit,
    )


def inventory(store: ReadSource, player: str, *, owner: str = "", limit: int = ROWS_MAX, cursor: str = "") -> PageRows:
    """Return the treasures of a player, the latest first; with an `owner`, those of that host's hunts alone."""
    return _page(
        store,
        "SELECT i.hunt, i.treasure, i.rank, i.title, COALESCE(i.at_ms, 0) AS at_ms FROM inventory i "
        f"WHERE i.player = ? AND {_OF_HOST.format('i')}",
        (player, owner, owner, owner),
        INVENTORY_ORDER,
        cursor,
        limit,
    )


def solves(
    store: ReadSource, player: str, *, hunt: str = "", owner: str = "", limit: int = ROWS_MAX, cursor: str = ""
) -> PageRows:
    """Return what the teams of a player solved, the first first; in all hunts or in one; with an `owner`, in those
    of that host alone."""
    return _page(
        store,
        "SELECT s.hunt, s.clue, COALESCE(s.at_ms, 0) AS at_ms, s.points, s.rank, s.pos, s.link FROM solves s "
        "JOIN history y ON y.hunt = s.hunt AND y.team = s.team "
        f"WHERE y.player = ? AND (? = '' OR s.hunt = ?) AND {_OF_HOST.format('s')}",
        (player, hunt, hunt, owner, owner, owner),
        SOLVES_ORDER,
        cursor,
        limit,
    )


def chain(store: ReadSource, hunt: str) -> Mapping[str, Any] | None:
    """Return how far a hunt's chain is folded: the last record, its link and time; None without a chain."""
    rows = store.query("SELECT pos, link, COALESCE(at_ms, 0) AS at_ms FROM chains WHERE hunt = ?", hunt)
    return rows[0] if rows else None


def links(store: ReadSource, hunt: str, *, pos: int = 0, limit: int = ROWS_MAX, cursor: str = "") -> PageRows:
    """Return the links of a hunt's solves and claims in the log's order; with a `pos`, of that record."""
    return _page(
        store,
        "SELECT pos, link, COALESCE(at_ms, 0) AS at_ms FROM links WHERE hunt = ? AND (? = 0 OR pos = ?)",
        (hunt, pos, pos),
        LINKS_ORDER,
        cursor,
        limit,
    )


def statistics(store: ReadSource, hunt: str, *, limit: int = ROWS_MAX, cursor: str = "") -> PageRows:
    """Return guesses, wrong ones, solves and hints of each clue and hour (event time, UTC); `final` when no record of
    that hour can be missing."""
    folded_ms = caught_up_ms(store)
    rows = _page(
        store,
        "SELECT clue, hour_ms, guesses, wrong, solves, hints FROM clue_hours WHERE hunt = ?",
        (hunt,),
        STATISTICS_ORDER,
        cursor,
        limit,
    )
    judged = [{**row, "final": row["hour_ms"] + HOUR_MS + LATENESS_MS <= folded_ms} for row in rows]
    return PageRows(judged, rows.next)


def audit(store: ReadSource, hunt: str, *, search: str = "", limit: int = 100, cursor: str = "") -> PageRows:
    """Return what hosts, timers and the server did in a hunt, the latest first; with a text in event, author or detail.

    A system-wide search has an empty `hunt`.
    """
    like = f"%{_escaped(search.lower())}%"
    return _page(
        store,
        "SELECT hunt, pos, n, COALESCE(at_ms, 0) AS at_ms, author, event, detail FROM audit "
        "WHERE (? = '' OR hunt = ?) AND (LOWER(event) LIKE ? ESCAPE '!' OR LOWER(author) LIKE ? ESCAPE '!' "
        "OR LOWER(detail) LIKE ? ESCAPE '!')",
        (hunt, hunt, like, like, like),
        AUDIT_ORDER,
        cursor,
        limit,
    )


def caught_up_ms(store: ReadSource) -> int:
    """Return the record time up to which everything was last folded; 0: never."""
    rows = store.query("SELECT value FROM state WHERE name = 'caught_up_ms'")
    return int(rows[0]["value"]) if rows else 0


def _escaped(text: str) -> str:
    """Return a text whose signs mean themselves in LIKE."""
    return "".join("!" + c if c in "%_!" else c for c in text)
