"""Sheets as hunts: CSV of a spreadsheet, a clue a line, with every fault of it in one run. Pure."""

from __future__ import annotations

import csv
import io
from typing import Final

from huntserver.cli.import_parts import Ids, ImportFault, Notes, Tree, number
from huntserver.game.definition.key_words import meant

COLUMNS: Final = (
    "id", "title", "text", "kind", "answers", "codes", "lat", "lon", "radius_m", "points", "hint", "hint_price",
    "unlock",
)  # fmt: skip
NEEDED: Final = "title, and answers, codes, or lat and lon"
FAULTS_MAX: Final = 50
_OF_HINTS: Final = {"hints": "hint", "price": "hint_price"}


def sheet(text: str, notes: Notes) -> Tree:
    """Read a CSV sheet with a head line; several answers or codes in a cell are parted by |. Raises `ImportFault`."""
    head = text.partition("\n")[0]
    by = max(",;\t", key=head.count)
    try:
        reader = csv.reader(io.StringIO(text), delimiter=by)
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ImportFault(f"is no CSV that can be read ({error})") from None
    names = _names(rows[0][1] if rows else [], notes)
    ids, clues, faults = Ids(), [], list[str]()
    for line, row in rows[1:]:
        if not any(map(str.strip, row)) or len(faults) >= FAULTS_MAX:
            continue
        if any(map(str.strip, row[len(names) :])):
            cure = "a cell that holds what parts the columns stands in quotes"
            faults.append(f"line {line} has {len(row)} cells, the head line {len(names)}; {cure}")
            continue
        try:
            clues.append(_line(dict(zip(names, row, strict=False)), line, ids))
        except ImportFault as fault:
            faults += str(fault).splitlines()
    if faults:
        raise ImportFault("\n".join(faults))
    if not clues:
        raise ImportFault("has no line below the head line")
    return {"clues": clues}


def _names(head: list[str], notes: Notes) -> list[str]:
    """Return the columns of a head line, also where it calls them otherwise. Raises `ImportFault`."""
    names = []
    for given in (name.strip() for name in head):
        near = meant(given, [*COLUMNS, *_OF_HINTS]) if given else ""
        known = _OF_HINTS.get(near, near)
        if given and known and given.lower() != known:
            notes.add(f"line 1: the column {given!r} is read as {known!r}")
        names.append(known or given.lower())
    unknown = [name for name in names if name and name not in COLUMNS]
    twice = [name for i, name in enumerate(names) if name and name in names[:i]]
    if unknown or twice or "title" not in names:
        seen = (
            f"has the column {unknown[0]!r}"
            if unknown
            else f"has {twice[0]!r} twice"
            if twice
            else "has no column title"
        )
        raise ImportFault(f"line 1 {seen}; columns are {', '.join(COLUMNS)}; needed are {NEEDED}")
    return names


def _line(row: dict[str, str], line: int, ids: Ids) -> Tree:
    """Return the clue of a line. Raises `ImportFault` with all that is wrong in it."""
    faults: list[str] = []
    given = {name: value.strip() for name, value in row.items() if value.strip()}

    def number_in(name: str, default: str = "") -> float:
        try:
            return number(given.get(name, default), line, name)
        except ImportFault as fault:
            faults.append(str(fault))
            return 0.0

    def whole(name: str) -> int:
        value = number_in(name)
        if value != int(value):
            faults.append(f"line {line}: {name} is {given[name]!r}; give a whole number")
        return int(value)

    title = given.get("title", "")
    if not title:
        faults.append(f"line {line} has no title")
    clue: Tree = {"id": given.get("id") or ids.of(title), "title": title}
    clue |= {name: given[name] for name in ("text", "unlock", "kind") if name in given}
    for name in ("answers", "codes"):
        if name in given:
            clue[name] = [part.strip() for part in given[name].split("|") if part.strip()]
    if "points" in given:
        clue["points"] = whole("points")
    if "lat" in given or "lon" in given:
        clue["location"] = {
            name: number_in(name) for name in ("lat", "lon", *(["radius_m"] if "radius_m" in given else []))
        }
    if "hint" in given:
        price = whole("hint_price") if "hint_price" in given else 0
        clue["hints"] = [{"id": "hint", "text": given["hint"], "price": price}]
    clue.setdefault("kind", "location" if "location" in clue else "code" if "codes" in clue else "text")
    if (
        title
        and not clue.keys() & {"answers", "codes", "location"}
        and clue["kind"] not in ("manual", "photo", "survey")
    ):
        faults.append(f"line {line}: {title!r} has no answer; needed are {NEEDED}")
    if faults:
        raise ImportFault("\n".join(faults))
    return clue
