"""`huntserver ghost`: a team of a hunt that was played, as a part of a hunt file, for others to race."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from actors.entity import Rejected
from huntserver.cli.main import CONFIG, DAMAGED, DATA, FAILED, LOG, checked_config, fail, run
from huntserver.cli.offline import hunt_records
from huntserver.config import Config
from huntserver.game.permission import team_of
from huntserver.game.state import Hunt

STEPS_MAX: Final = 2_000
"""Of a course; of a longer one, the first of every few is kept, and the last."""


@click.command()
@click.argument("hunt")
@click.argument("team")
@click.option("--name", help="what the ghost is called (default: as the team was)")
@CONFIG
@LOG
@DATA
def ghost(hunt: str, team: str, name: str | None, config: Path | None, log: str | None, data: Path | None) -> None:
    """Print a team of a hunt, by id or name, as a ghost for another hunt's file: its points over its time of play.

    HUNT is a hunt of the log, or a bundle's file. Put what is printed behind the clues of the file.
    """
    if Path(hunt).is_file():
        click.echo(_written(*_of_bundle(Path(hunt), team), name))
        return
    made = checked_config(config, log, data)
    run(lambda: _of_log(made, hunt, team, name))


class Course:
    """How every team of a hunt fared, folded record by record."""

    def __init__(self) -> None:
        self.of: dict[str, list[tuple[int, int, int]]] = {}

    def take(self, state: Hunt, events: Iterable[Any], at_ms: int) -> None:
        """Note how the teams stand that a record is about."""
        if not state.started_ms:
            return
        for id in {team for event in events if isinstance(team := getattr(event, "team", ""), str) and team}:
            team = state.teams.get(id)
            if team is None:
                continue
            course = self.of.setdefault(id, [])
            step = (max(0, state.own_play_ms(team, at_ms)) // 1000, team.score, team.solved.bit_count())
            if step[1:] == (course[-1][1:] if course else (0, 0)):
                continue
            if course and course[-1][0] >= step[0]:
                course[-1] = (course[-1][0], *step[1:])
            else:
                course.append(step)


async def _of_log(made: Config, hunt: str, team: str, name: str | None) -> int:
    course = Course()
    async with hunt_records(made, hunt) as logged:
        state = logged.kind.create(hunt)
        async for record, _ in logged.records:
            logged.kind.fold(state, record.events, record.pos, record.at)
            course.take(state, record.events, record.at)
    if not state.source:
        click.echo(f"huntserver: there is no hunt {hunt!r} in this log", err=True)
        return FAILED
    found = team_of(state, team)
    if isinstance(found, Rejected):
        click.echo(f"huntserver: {found.code}: {found.msg}", err=True)
        return FAILED
    click.echo(_written(found.name, course.of.get(found.id, []), name))
    return 0


def _of_bundle(file: Path, team: str) -> tuple[str, list[tuple[int, int, int]]]:
    """Return a team's name and course out of a bundle, or end with what is wrong with it."""
    from huntserver.proof.bundle import BundleError, BundleReader
    from huntserver.proof.public import decoded
    from huntserver.proof.replaying import PublicReplay

    course = Course()
    try:
        with BundleReader(file) as reader:
            replay = PublicReplay(reader.head.hunt)
            for line in reader.lines():
                if isinstance(line, str):
                    fail(f"{file}: {line}; huntserver verify says more", DAMAGED)
                record = decoded(line.public)
                replay.apply(record)
                course.take(replay.state, record.events, record.at)
            names = reader.end.names if reader.end is not None else {}
    except BundleError as error:
        fail(f"{file}: {error}", DAMAGED)
    wanted = [id for id, name in names.items() if team in (id, name)] or [team]
    if len(wanted) > 1 or wanted[0] not in replay.state.teams:
        fail(f"{file}: {'several teams are' if len(wanted) > 1 else 'no team is'} called {team!r}; give the id", FAILED)
    return names.get(wanted[0], wanted[0]), course.of.get(wanted[0], [])


def _written(name: str, course: list[tuple[int, int, int]], called: str | None) -> str:
    """Return a ghost as TOML."""
    every = -(-len(course) // (STEPS_MAX - 1))
    kept = course if len(course) <= STEPS_MAX else [*course[::every], course[-1]]
    steps = ", ".join(f"[{after_s}, {points}, {solved}]" for after_s, points, solved in kept or [(0, 0, 0)])
    text = msgspec.json.encode(called or name).decode()  # a text in quotes is written alike in TOML
    return f"[[ghosts]]\nname = {text}\ncourse = [{steps}]"
