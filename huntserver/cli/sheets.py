"""Tables for spreadsheets and scoreboards: CSV, JSON, and the feed that CTFtime reads. Pure."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

FORMATS: Final = ("csv", "excel", "json", "ctftime")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet would take for a formula at the begin of a text."""


def written(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> str:
    """Return rows as CSV with a head line (RFC 4180), or as a JSON list of objects.

    `excel` is parted by tabs: `as_bytes` makes of it what a spreadsheet of any country opens by a double click.
    """
    if form == "json":
        return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False, indent=1) + "\n"
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n", delimiter="\t" if form == "excel" else ",")
    sheet.writerow(columns)
    sheet.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def as_bytes(text: str, form: str) -> bytes:
    """Return a table as it is written: UTF-8; for Excel UTF-16 with its mark, the one that it reads everywhere."""
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le") if form == "excel" else text.encode()


def _cell(value: Any) -> Any:
    """Return a text that no spreadsheet runs: what people wrote may begin as a formula does."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def ctftime(rows: Iterable[tuple[int, str, int]], tasks: Sequence[str] = ()) -> str:
    """Return (place, team, score) in CTFtime's scoreboard format."""
    standings = [{"pos": place, "team": team, "score": score} for place, team, score in rows]
    told: dict[str, Any] = {"tasks": list(tasks)} if tasks else {}
    return json.dumps({**told, "standings": standings}, ensure_ascii=False, indent=1) + "\n"
