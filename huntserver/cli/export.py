"""`huntserver export`: a hunt's standings, guesses and pages out of the log, as of now or of any moment before.

For who runs the server: reads the log itself and asks nobody, also of a hunt that ended long ago. Never writes to it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from actors.entity import Rejected
from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, USAGE, checked_config, fail, run
from huntserver.cli.sheets import FORMATS, as_bytes, ctftime, pieces, written
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.missing import TriedInVain
from huntserver.game.features.page import page_of
from huntserver.game.features.solving import Solved
from huntserver.game.moment import moment as point
from huntserver.game.permission import team_of
from huntserver.game.state import Hunt

STANDINGS: Final = ("place", "team", "name", "score", "solved", "reached_at", "bracket", "members")
GUESSES: Final = ("at", "team", "name", "clue", "verdict", "how", "points", "by", "text")


@click.command()
@click.argument("what", type=click.Choice(["standings", "guesses", "page"]))
@click.option("--hunt", required=True, help="id of the hunt")
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--bracket", help="standings of one bracket")
@click.option("--team", help="whose page: its id or name")
@click.option("--at", help="as it was: a time (2030-05-01T10:00:00+02:00), or a record's number (a `pos`)")
@CONFIG
@LOG
@DATA
def export(
    what: str,
    hunt: str,
    form: str,
    bracket: str | None,
    team: str | None,
    at: str | None,
    config: Path | None,
    log: str | None,
    data: Path | None,
) -> None:
    """Print standings or guesses of a hunt from the log, as CSV, for Excel, as JSON or CTFtime's scoreboard, or the
    page that a team sees, as JSON. Guesses name who wrote what: keep them to yourself."""
    made = checked_config(config, log, data)
    if form == "ctftime" and what != "standings":
        fail("CTFtime's format is one of standings")
    if (what == "page") != (team is not None):
        fail("a page is a team's: export page --team TEAM", USAGE)
    beyond = None if at is None else _beyond(f"hunt/{hunt}", at)

    async def work() -> int:
        from huntserver.cli.offline import fold
        from huntserver.logs import open_log, reading_kinds

        opened, snapshots = open_log(made, read_only=True)
        await opened.open()
        all_kinds = reading_kinds(made)
        readable = all_kinds[0][0].opened or (lambda hunt, event: event)

        last_ms = 0

        def seen(shard: Any, offset: int, record: Any, counts: bool) -> None:
            nonlocal last_ms
            if counts and getattr(record, "entity", "") == f"hunt/{hunt}":
                last_ms = record.at
                for event in record.events:
                    if what == "guesses" and isinstance(event, Guessed | Solved | TriedInVain):
                        tried.put(row_of(record.at, readable(hunt, event)))

        try:
            folded = await fold(opened, snapshots, all_kinds, seen=seen, only="hunts", beyond=beyond)
        finally:
            await opened.close()
        state = folded.states.get(f"hunt/{hunt}")
        if state is None:
            then = "" if at is None else f" at {at}"
            click.echo(f"huntserver: there is no hunt {hunt!r} in this log{then}", err=True)
            return FAILED
        if team is not None:
            return _page(state, team, last_ms)
        table = iter([standings(state, form, bracket)]) if what == "standings" else guesses(state, tried.rows(), form)
        return _print(as_bytes(piece, form, first=n == 0) for n, piece in enumerate(table))

    with contextlib.closing(Spool()) as tried:
        run(work)


def _print(made: Iterable[bytes]) -> int:
    try:
        for piece in made:
            click.echo(piece, nl=False)
    except BrokenPipeError:  # `| head`: who reads it has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not written at the exit either
        return FAILED
    return 0


def _beyond(entity: str, at: str) -> Callable[[Any], bool]:
    """Return whether a record is one of the entity's after a time, or after one of its records."""
    if at.isascii() and at.isdigit():
        return lambda record: getattr(record, "entity", "") == entity and record.pos > int(at)
    until_ms = point(at, "--at")
    if isinstance(until_ms, Rejected):
        fail(f"{until_ms.msg}, or give a record's number", USAGE)
    return lambda record: getattr(record, "entity", "") == entity and record.at > until_ms


def _page(state: Hunt, team: str, now_ms: int) -> int:
    found = team_of(state, team)
    if isinstance(found, Rejected):
        click.echo(f"huntserver: {found.code}: {found.msg}", err=True)
        return FAILED
    click.echo(msgspec.json.format(msgspec.json.encode(page_of(state, found, now_ms)), indent=1).decode())
    return 0


def standings(state: Hunt, form: str, bracket: str | None = None) -> str:
    """Return all teams that stand, by place."""
    top = state.standings.top(len(state.teams) or 1, bracket)
    if form == "ctftime":
        return ctftime([(i + 1, t.name, t.score) for i, t in enumerate(top)], [c.title for c in state.plan.clues])
    rows = [
        (i + 1, t.id, t.name, t.score, t.solved.bit_count(), moment(t.score_at), t.bracket, len(t.members))
        for i, t in enumerate(top)
    ]
    return written(STANDINGS, rows, form)


def guesses(state: Hunt, tried: Iterable[Sequence[Any]], form: str) -> Iterator[str]:
    """Yield, in pieces, everything that teams tried, oldest first; `tried` are rows without names and with ms."""
    rows = ((moment(at_ms), team, state.teams[team].name, *rest) for at_ms, team, *rest in tried)
    return pieces(GUESSES, rows, form)


def row_of(at_ms: int, e: Any) -> tuple[Any, ...]:
    """Return what one try says, without the name of its team."""
    verdict = "correct" if isinstance(e, Solved) else getattr(e, "verdict", "incorrect")
    how, points = getattr(e, "how", "guess"), getattr(e, "points", 0)
    return at_ms, e.team, getattr(e, "clue", ""), verdict, how, points, e.personal.by, e.personal.text


class Spool:
    """Rows on disk until the hunt is folded, and its teams have their last names: a million in memory took 3 GB."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it goes with the process, whatever becomes of that
        self._encode = msgspec.msgpack.Encoder().encode

    def put(self, row: Sequence[Any]) -> None:
        """Keep a row. Raises OSError."""
        data = self._encode(row)
        self._file.write(len(data).to_bytes(4, "little") + data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows in the order they came."""
        self._file.seek(0)
        decode = msgspec.msgpack.Decoder(list[Any]).decode
        while head := self._file.read(4):
            yield decode(self._file.read(int.from_bytes(head, "little")))


def moment(at_ms: int) -> str:
    """Return a time as spreadsheets read it, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))
