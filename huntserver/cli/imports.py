"""`huntserver import`: hunts of other systems as a hunt file: CTFd exports, CSV, GPX and GeoJSON.

What comes out is TOML that `huntserver check` takes; what could not be taken over is said line by line on stderr.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from huntserver.cli.import_parts import Ids, ImportFault, Notes, Tree
from huntserver.cli.import_places import geojson, gpx
from huntserver.cli.import_sheets import sheet
from huntserver.cli.main import FAILED, USAGE, fail
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.definition.written import as_toml

PART_BYTES_MAX: Final = 64 << 20
"""Of one file inside an export, unpacked."""
PRICE: Final = re.compile(r"clues\[(\d+)\]\.hints\[(\d+)\]\.price")


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="file to write (default: print it)")
@click.option("--title", help="title of the hunt (default: the file's own, or its name)")
def import_(file: Path, out: Path | None, title: str | None) -> None:
    """Make a hunt file of a CTFd export (zip), a CSV sheet, GPX waypoints or GeoJSON points."""
    try:
        data = file.read_bytes()
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror})", USAGE)
    notes = Notes()
    try:
        tree = imported(data, file.suffix.lower(), notes)
    except ImportFault as fault:
        fail("\n".join(f"{file}: {line}" for line in str(fault).splitlines()), FAILED)
    tree["title"] = title or tree.get("title") or file.stem
    found = judged(tree, notes)
    for line in notes.lines:
        click.echo(f"{file}: {line}", err=True)
    if not isinstance(found, Definition):
        for problem in found:
            click.echo(f"{file}: {problem}", err=True)
        fail(f"{file}: the hunt that came out has {len(found)} faults; mend the source", FAILED)
    text = as_toml(source(found))
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    click.echo(f"{out}: {len(found.clues)} clues; look it over with huntserver check --explain {out}", err=True)


def judged(tree: Tree, notes: Notes) -> Definition | list[Problem]:
    """Return the definition of a tree, or its faults; hints that nobody could ever pay for are given away."""
    found = check_definition(json.dumps(tree).encode(), "json")
    if not isinstance(found, list):
        return found
    for problem in found:
        at = PRICE.fullmatch(problem.path)
        if at is not None:
            clue = tree["clues"][int(at[1])]
            clue["hints"][int(at[2])]["price"] = 0
            notes.add(f"{clue['title']!r}: nobody could pay for a hint before anything is solved: it is free")
    return check_definition(json.dumps(tree).encode(), "json")


def imported(data: bytes, suffix: str, notes: Notes) -> Tree:
    """Return a definition's tree. Raises `ImportFault`."""
    if data[:2] == b"PK":
        return ctfd(data, notes)
    text = _text(data)
    start = text.lstrip()[:1]
    if start == "<":
        return gpx(text)
    if start == "{":
        return geojson(text, notes)
    if suffix in (".csv", ".tsv", ".txt"):
        return sheet(text, notes)
    raise ImportFault("is no CTFd export (zip), CSV, GPX or GeoJSON; a hunt file goes to huntserver check as it is")


def _text(data: bytes) -> str:
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") and len(data) > 2:
            return data.decode("utf-16")  # "Unicode text" of spreadsheets
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFault(f'byte {error.start} is not UTF-8; save the file as UTF-8 ("CSV UTF-8")') from None


# ---- CTFd


def ctfd(data: bytes, notes: Notes) -> Tree:
    """Read a CTFd export: challenges, flags, hints, decay, prerequisites, brackets, times."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise ImportFault(f"is no whole zip archive ({error}); export it again") from None
    tables: Callable[[str], list[Tree]] = lambda name: _table(archive, name)  # noqa: E731
    challenges = tables("challenges")
    if not challenges:
        raise ImportFault("holds no db/challenges.json with challenges; export it in CTFd under Admin, Config, Backup")
    dynamic = {row["id"]: row for row in tables("dynamic_challenge")}
    ids, named = Ids(), {}
    for row in challenges:
        named[row["id"]] = ids.of(str(row.get("name", "")))
    clues = []
    for row in challenges:
        clue = _challenge({**row, **dynamic.get(row["id"], {})}, named, tables, notes)
        if clue is not None:
            clues.append(clue)
    kept = {clue["id"] for clue in clues}
    for clue in clues:
        needed = [id for id in clue.pop("needs") if id in kept]
        if needed:
            clue["unlock"] = " and ".join(needed)
    config: Tree = {str(row.get("key")): row.get("value") for row in tables("config")}
    tree: Tree = {"title": str(config.get("ctf_name") or ""), "clues": clues, "schedule": _times(config)}
    if config.get("user_mode") == "teams":
        size = str(config.get("team_size") or "")
        tree["teams"] = {"mode": "teams"} | ({"size_max": min(int(size), 100)} if size.isdigit() and int(size) else {})
    brackets = [str(row["name"])[:40] for row in tables("brackets") if row.get("name")]
    return tree | ({"brackets": brackets[:20]} if brackets else {})


def _table(archive: zipfile.ZipFile, name: str) -> list[Tree]:
    path = f"db/{name}.json"
    try:
        if archive.getinfo(path).file_size > PART_BYTES_MAX:
            raise ImportFault(f"{path} has more than {PART_BYTES_MAX >> 20} MiB")
        raw = archive.read(path)
    except KeyError:
        return []
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ImportFault(f"{path} cannot be unpacked ({error})") from None
    if not raw.strip():
        return []
    try:
        found = msgspec.json.decode(raw)
        rows = found["results"] if isinstance(found, dict) else found
        return [row for row in rows if isinstance(row, dict)]
    except (ValueError, KeyError, TypeError) as error:
        raise ImportFault(f"{path} is not a table of CTFd ({error})") from None


def _challenge(row: Tree, named: dict[Any, str], tables: Callable[[str], list[Tree]], notes: Notes) -> Tree | None:
    name = str(row.get("name") or "challenge")
    if row.get("state") == "hidden":
        notes.add(f"{name!r} is hidden in CTFd: left out")
        return None
    answers = [_flag(flag) for flag in tables("flags") if flag.get("challenge_id") == row["id"] and flag.get("content")]
    if not answers:
        notes.add(f"{name!r} has no flag: left out")
        return None
    if row.get("max_attempts"):
        notes.add(f"{name!r}: at most {row['max_attempts']} attempts are not taken over; wrong guesses cost a wait")
    if any(f.get("challenge_id") == row["id"] for f in tables("files")):
        notes.add(f"{name!r}: its files are not taken over")
    prerequisites = (_decoded(row.get("requirements")) or {}).get("prerequisites") or []
    clue: Tree = {
        "id": named[row["id"]],
        "title": name[:200],
        "text": str(row.get("description") or "")[:10_000],
        "answers": answers[:50],
        "needs": [named[id] for id in prerequisites if id in named],
        "hints": [
            {"id": f"hint-{n}", "text": str(h["content"])[:4000], "price": max(0, int(h.get("cost") or 0))}
            for n, h in enumerate((h for h in tables("hints") if h.get("challenge_id") == row["id"]), 1)
            if h.get("content")
        ][:20],
    }
    return clue | _worth(row)


def _worth(row: Tree) -> Tree:
    if row.get("initial") is None:
        return {"points": max(0, int(row.get("value") or 0))}
    worth = {"points": int(row["initial"]), "points_min": int(row.get("minimum") or 0)}
    decay = int(row.get("decay") or 0)
    return worth | ({"decay": decay} if row.get("function") == "linear" else {"decay_solves": decay} if decay else {})


def _flag(flag: Tree) -> Tree:
    content, cased = str(flag["content"]), flag.get("data") != "case_insensitive"
    if flag.get("type") == "regex":
        return {"regex": content}
    return {"text": content, "mode": "exact" if cased else "signs"}


def _decoded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _times(config: Tree) -> Tree:
    times = {}
    for key, name in (("start", "starts_at"), ("end", "ends_at")):
        value = str(config.get(key) or "")
        if value.isdigit():
            times[name] = datetime.fromtimestamp(int(value), UTC).isoformat()
    return times
