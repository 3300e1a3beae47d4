"""Tables for spreadsheets and scoreboards: CSV, JSON, and the feed that CTFtime reads. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

FORMATS: Final = ("csv", "json", "ctftime")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the begin of a text."""


def written(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> str:
    """Return rows as CSV with a head line (UTF-8, RFC 4180), or as a JSON list of objects."""
    if form == "json":
        return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False, indent=1) + "\n"
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(columns)
    sheet.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Return a text that no spreadsheet runs: what people wrote may begin as a formula does."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def ctftime(rows: Iterable[tuple[int, str, int]], tasks: Sequence[str] = ()) -> str:
    """Return (place, team, score) in CTFtime's scoreboard format."""
    standings = [{"pos": place, "team": team, "score": score} for place, team, score in rows]
    told: dict[str, Any] = {"tasks": list(tasks)} if tasks else {}
    return json.dumps({**told, "standings": standings}, ensure_ascii=False, indent=1) + "\n"
