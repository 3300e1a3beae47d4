"""`huntserver export`: a hunt's standings and guesses out of the log, whole, for spreadsheets and other systems.

For who runs the server: reads the log itself and asks nobody, also of a hunt that ended long ago. Never writes to it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import click

from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, checked_config, fail, run
from huntserver.cli.sheets import FORMATS, ctftime, written
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.missing import TriedInVain
from huntserver.game.features.solving import Solved
from huntserver.game.state import Hunt

STANDINGS: Final = ("place", "team", "name", "score", "solved", "reached_at", "bracket", "members")
GUESSES: Final = ("at", "team", "name", "clue", "verdict", "how", "points", "by", "text")


@click.command()
@click.argument("what", type=click.Choice(["standings", "guesses"]))
@click.option("--hunt", required=True, help="id of the hunt")
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--bracket", help="standings of one bracket")
@CONFIG
@LOG
@DATA
def export(
    what: str, hunt: str, form: str, bracket: str | None, config: Path | None, log: str | None, data: Path | None
) -> None:
    """Print standings or guesses of a hunt from the log, as CSV, JSON or CTFtime's scoreboard. Guesses name who wrote
    what: keep them to yourself."""
    made = checked_config(config, log, data)
    if form == "ctftime" and what != "standings":
        fail("CTFtime's format is one of standings")

    async def work() -> int:
        from huntserver.app import kinds, open_log
        from huntserver.cli.offline import fold

        opened, snapshots = open_log(made, read_only=True)
        await opened.open()
        tried: list[tuple[int, Any]] = []

        def seen(shard: Any, offset: int, record: Any, counts: bool) -> None:
            if counts and getattr(record, "entity", "") == f"hunt/{hunt}":
                tried.extend((record.at, e) for e in record.events if isinstance(e, Guessed | Solved | TriedInVain))

        try:
            folded = await fold(opened, snapshots, kinds(made), seen=seen, only="hunts")
        finally:
            await opened.close()
        state = folded.states.get(f"hunt/{hunt}")
        if state is None:
            click.echo(f"huntserver: there is no hunt {hunt!r} in this log", err=True)
            return FAILED
        click.echo(standings(state, form, bracket) if what == "standings" else guesses(state, tried, form), nl=False)
        return 0

    run(work)


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


def guesses(state: Hunt, tried: list[tuple[int, Any]], form: str) -> str:
    """Return everything that teams tried, oldest first."""
    rows = []
    for at_ms, e in tried:
        clue = getattr(e, "clue", "")
        verdict = "correct" if isinstance(e, Solved) else getattr(e, "verdict", "incorrect")
        name = state.teams[e.team].name
        how = getattr(e, "how", "guess")
        points = getattr(e, "points", 0)
        rows.append((moment(at_ms), e.team, name, clue, verdict, how, points, e.personal.by, e.personal.text))
    return written(GUESSES, rows, form)


def moment(at_ms: int) -> str:
    """Return a time as spreadsheets read it, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))
