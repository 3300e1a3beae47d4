"""What can be asked of the read models. Each returns plain rows, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from huntserver.projections.models import EVER, HOUR_MS
from huntserver.projections.store import ReadStore

Rows = Sequence[Mapping[str, Any]]
LATENESS_MS: Final = 60_000
"""An hour's figures are final when everything has been folded up to so long after its end."""
ROWS_MAX: Final = 500


def directory(store: ReadStore, *, phase: str = "", search: str = "", limit: int = 50) -> Rows:
    """Return hunts, the latest touched first; of one phase, or with a text in their title or id (case ignored)."""
    like = f"%{_escaped(search.lower())}%"
    return store.query(
        "SELECT h.hunt, h.title, h.phase, h.opens_ms, h.starts_ms, h.started_ms, h.ends_ms, h.ended_ms, h.clues, "
        "h.players, (SELECT COUNT(*) FROM teams t WHERE t.hunt = h.hunt) AS teams, h.guesses, h.solves, h.at_ms "
        "FROM hunts h WHERE (? = '' OR h.phase = ?) "
        "AND (LOWER(COALESCE(h.title, '')) LIKE ? ESCAPE '!' OR LOWER(h.hunt) LIKE ? ESCAPE '!') "
        "ORDER BY h.at_ms DESC, h.hunt LIMIT ?",
        phase, phase, like, like, _bounded(limit),
    )  # fmt: skip


def leaderboard(store: ReadStore, *, season: str = EVER, limit: int = 50) -> Rows:
    """Return players by points over all time, or of a season such as `2026Q4`; equal points share a place."""
    rows = store.query(
        "SELECT RANK() OVER (ORDER BY s.points DESC) AS place, s.player, p.named, s.points, s.solves, s.firsts, "
        "s.hunts, s.wins FROM seasons s LEFT JOIN players p ON p.player = s.player WHERE s.season = ? "
        "ORDER BY s.points DESC, s.player LIMIT ?",
        season, _bounded(limit),
    )  # fmt: skip
    return [{**{k: v for k, v in row.items() if k != "named"}, "name": (row["named"] or "")[16:]} for row in rows]


def history(store: ReadStore, player: str) -> Rows:
    """Return the hunts of a player, the latest first."""
    return store.query(
        "SELECT hunt, title, team, entered_ms, solves, firsts, points, place, closed_ms FROM history "
        "WHERE player = ? ORDER BY entered_ms DESC, hunt LIMIT ?",
        player, ROWS_MAX,
    )  # fmt: skip


def inventory(store: ReadStore, player: str) -> Rows:
    """Return the treasures of a player, the latest first."""
    return store.query(
        "SELECT hunt, treasure, rank, title, at_ms FROM inventory WHERE player = ? ORDER BY at_ms DESC, hunt LIMIT ?",
        player, ROWS_MAX,
    )  # fmt: skip


def statistics(store: ReadStore, hunt: str) -> Rows:
    """Return guesses, wrong ones, solves and hints of each clue and hour (event time, UTC); `final` when no record of
    that hour can be missing."""
    folded_ms = caught_up_ms(store)
    rows = store.query(
        "SELECT clue, hour_ms, guesses, wrong, solves, hints FROM clue_hours WHERE hunt = ? ORDER BY hour_ms, clue",
        hunt,
    )
    return [{**row, "final": row["hour_ms"] + HOUR_MS + LATENESS_MS <= folded_ms} for row in rows]


def audit(store: ReadStore, hunt: str, *, search: str = "", limit: int = 100) -> Rows:
    """Return what hosts, timers and the server did in a hunt, the latest first; with a text in event, author or detail.

    A system-wide search has an empty `hunt`.
    """
    like = f"%{_escaped(search.lower())}%"
    return store.query(
        "SELECT hunt, pos, at_ms, author, event, detail FROM audit WHERE (? = '' OR hunt = ?) AND (LOWER(event) LIKE ? "
        "ESCAPE '!' OR LOWER(author) LIKE ? ESCAPE '!' OR LOWER(detail) LIKE ? ESCAPE '!') "
        "ORDER BY at_ms DESC, hunt, pos DESC, n DESC LIMIT ?",
        hunt, hunt, like, like, like, _bounded(limit),
    )  # fmt: skip


def caught_up_ms(store: ReadStore) -> int:
    """Return the record time up to which everything was last folded; 0: never."""
    rows = store.query("SELECT value FROM state WHERE name = 'caught_up_ms'")
    return int(rows[0]["value"]) if rows else 0


def _escaped(text: str) -> str:
    """Return a text whose signs mean themselves in LIKE."""
    return "".join("!" + c if c in "%_!" else c for c in text)


def _bounded(limit: int) -> int:
    return max(1, min(limit, ROWS_MAX))
