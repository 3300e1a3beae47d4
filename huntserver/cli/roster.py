"""`huntserver host roster`: teams and brackets out of a CSV sheet, and the invite codes to hand out."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

import click

from huntserver.cli.address import URL
from huntserver.cli.host import HUNT, TOKEN, host, work
from huntserver.cli.main import FAILED, USAGE, fail
from huntserver.cli.sheets import written
from huntserver.client import Client, Refused, connect

COLUMNS = ("team", "bracket")
LINES_MAX = 10_000


class RosterLine(NamedTuple):
    """A line of the sheet; `bracket` is empty where it says none."""

    line: int
    team: str
    bracket: str


class RosterFault(ValueError):
    """A sheet that cannot be read; its text names the line."""


def entries(text: str) -> list[RosterLine]:
    """Read a sheet with the columns team and, perhaps, bracket. Raises `RosterFault`."""
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    names = [name.strip().lower() for name in next(rows, [])]
    if "team" not in names:
        raise RosterFault(f"line 1 has no column team; columns are {', '.join(COLUMNS)}")
    found: list[RosterLine] = []
    seen: dict[str, int] = {}
    for row in rows:
        told = dict(zip(names, map(str.strip, row), strict=False))
        team = told.get("team", "")
        if not any(told.values()):
            continue
        if not team:
            raise RosterFault(f"line {rows.line_num} names no team")
        if team.casefold() in seen:
            raise RosterFault(f"line {rows.line_num}: {team!r} stands on line {seen[team.casefold()]} already")
        if len(found) >= LINES_MAX:
            raise RosterFault(f"has more than {LINES_MAX} teams")
        seen[team.casefold()] = rows.line_num
        found.append(RosterLine(rows.line_num, team, told.get("bracket", "")))
    return found


@host.command()
@click.argument("file", type=click.Path(path_type=Path))
@URL
@TOKEN
@HUNT
def roster(file: Path, url: str, token: str, hunt: str) -> None:
    """Bring teams in from CSV (columns team, bracket), and print team, bracket and invite code of each new one.

    A team that is there is put into the bracket of its line. A fault leaves the lines below it undone; the same file
    may go again.
    """
    try:
        listed = entries(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror})", USAGE)
    except UnicodeDecodeError as error:
        fail(f"{file}: byte {error.start} is not UTF-8; save it as UTF-8", FAILED)
    except RosterFault as fault:
        fail(f"{file}: {fault}", FAILED)

    async def bring() -> None:
        made: list[tuple[str, str, str]] = []
        async with connect(url, token) as client:
            for entry in listed:
                try:
                    row = await _enrolled(client, hunt, entry)
                except Refused as refused:
                    click.echo(written(("team", "bracket", "invite"), made, "csv"), nl=False)
                    fail(f"{file}: line {entry.line}: {refused.code}: {refused}", FAILED)
                if row is not None:
                    made.append(row)
        click.echo(written(("team", "bracket", "invite"), made, "csv"), nl=False)

    work(bring())


async def _enrolled(client: Client, hunt: str, entry: RosterLine) -> tuple[str, str, str] | None:
    """Bring one team in; None: it is there, and in its bracket now."""
    fields = {"hunt": hunt, "name": entry.team} | ({"bracket": entry.bracket} if entry.bracket else {})
    try:
        answer = await client.command("enroll", fields=fields)
    except Refused as refused:
        if refused.code != "team_name_taken":
            raise
    else:
        return entry.team, entry.bracket, answer["invite"]
    if entry.bracket:
        try:
            await client.command("bracket", fields={"hunt": hunt, "team": entry.team, "bracket": entry.bracket})
        except Refused as refused:
            if refused.code != "wrong_phase":  # it is in this bracket
                raise
    return None
