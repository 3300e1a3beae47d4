"""Tables for spreadsheets and scoreboards: CSV, JSON, and the feed that CTFtime reads. Pure."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

FORMATS: Final = ("csv", "excel", "json", "ctftime")
PIECE_ROWS: Final = 1_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet would take for a formula at the begin of a text."""


def written(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> str:
    """Return rows as CSV with a head line (RFC 4180), or as a JSON list of objects.

    `excel` is parted by tabs: `as_bytes` makes of it what a spreadsheet of any country opens by a double click.
    """
    return "".join(pieces(columns, rows, form))


def pieces(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> Iterator[str]:
    """Yield what `written` returns, some rows at a time: a table of a million rows is never held whole."""
    some: list[str] = []
    if form == "json":
        before = "[\n "
        for row in rows:
            made = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, indent=1)
            some.append(before + made.replace("\n", "\n "))
            before = ",\n "
            if len(some) >= PIECE_ROWS:
                yield "".join(some)
                some.clear()
        yield "".join(some) + ("[]\n" if before == "[\n " else "\n]\n")
        return
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\r\n", delimiter="\t" if form == "excel" else ",")
    sheet.writerow(columns)
    for n, row in enumerate(rows, 1):
        sheet.writerow([_cell(value) for value in row])
        if n % PIECE_ROWS == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def as_bytes(text: str, form: str, *, first: bool = True) -> bytes:
    """Return a table, or a piece of it, as it is written: UTF-8; for Excel UTF-16, with its mark before the first: the
    one that it reads everywhere."""
    if form != "excel":
        return text.encode()
    return (codecs.BOM_UTF16_LE if first else b"") + text.encode("utf-16-le")


def _cell(value: Any) -> Any:
    """Return a text that no spreadsheet runs: what people wrote may begin as a formula does."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def ctftime(rows: Iterable[tuple[int, str, int]], tasks: Sequence[str] = ()) -> str:
    """Return (place, team, score) in CTFtime's scoreboard format."""
    standings = [{"pos": place, "team": team, "score": score} for place, team, score in rows]
    told: dict[str, Any] = {"tasks": list(tasks)} if tasks else {}
    return json.dumps({**told, "standings": standings}, ensure_ascii=False, indent=1) + "\n"
