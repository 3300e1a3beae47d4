"""`huntserver check`: what is wrong with a hunt file, what is odd, what its answers become, how teams fare in it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from huntserver.cli.main import FAILED, USAGE
from huntserver.game.definition.explained import explain
from huntserver.game.definition.oddities import oddities
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from huntserver.hunt_source import (
    HuntSource,
    SourceError,
    media_oddities,
    media_problems,
    placed,
    read_source,
    told,
)
from huntserver.playthrough import Playthrough, play_through

TEAMS_MAX = 500


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="print the problems as JSON")
@click.option("--explain", "explained", is_flag=True, help="print what each answer becomes and what else is accepted")
@click.option("--simulate", "simulated", is_flag=True, help="let generated teams play it, and print who is stuck where")
@click.option("--teams", type=click.IntRange(1, TEAMS_MAX), default=20, show_default=True, help="teams that play")
@click.option("--seed", type=int, default=1, show_default=True, help="the same seed, the same play")
def check(files: tuple[Path, ...], as_json: bool, explained: bool, simulated: bool, teams: int, seed: int) -> None:
    """Check hunts (TOML, JSON, YAML files; folders and zips of one with its media): every problem, its path into the
    file and what to do.

    What is odd though legal is a warning: the hunt can be published all the same.
    """
    bad = unread = False
    for file in files:
        try:
            held = read_source(file)
            found = checked(held)
        except OSError as error:
            click.echo(f"huntserver: {file}: cannot be read ({error.strerror})", err=True)
            unread = True
            continue
        except SourceError as error:
            click.echo(f"huntserver: {error}", err=True)
            unread = True
            continue
        bad = bad or isinstance(found, list)
        if as_json:
            click.echo(msgspec.json.encode(_told(held, found, explained, simulated, teams, seed)).decode())
        elif isinstance(found, list):
            for line in told(held, found):
                click.echo(line)
        else:
            _print(held, found)
            if explained:
                for clue, words in explain(found):
                    click.echo(f"  {clue}: {words}")
            if simulated:
                _print_play(play_through(found, teams, seed), teams)
    sys.exit(USAGE if unread else FAILED if bad else 0)


def checked(held: HuntSource) -> Definition | list[Problem]:
    """Return the definition, or every problem of the file and of the media that it names."""
    found = check_definition(held.data, held.style)
    return found if isinstance(found, list) else media_problems(held, found) or found


def _odd(held: HuntSource, found: Definition) -> list[Problem]:
    return [*oddities(found, datetime.now(UTC)), *media_oddities(held, found)]


def _as_rows(held: HuntSource, problems: list[Problem]) -> list[dict[str, Any]]:
    return [{**problem._asdict(), "line": line} for line, problem in placed(held, problems)]


def _told(
    held: HuntSource, found: Definition | list[Problem], explained: bool, simulated: bool, teams: int, seed: int
) -> dict[str, Any]:
    problems = found if isinstance(found, list) else []
    row: dict[str, Any] = {"file": held.label, "problems": _as_rows(held, problems)}
    if isinstance(found, Definition):
        if odd := _odd(held, found):
            row["warnings"] = _as_rows(held, odd)
        if explained:
            row["answers"] = list(explain(found))
        if simulated:
            row["play"] = play_through(found, teams, seed)
    return row


def _print(held: HuntSource, found: Definition) -> None:
    for line, odd in placed(held, _odd(held, found)):
        click.echo(f"{held.label}{f':{line}' if line else ''}: warning: {odd}")
    held_in_it = f"{_some(len(found.clues), 'clue')}, {_some(len(found.treasures), 'treasure')}"
    click.echo(f"{held.label}: {found.title}: {held_in_it}, can be played")


def _print_play(seen: Playthrough, teams: int) -> None:
    click.echo(f"  {teams} generated teams, {seen.minutes} minutes of play")
    click.echo(f"  {'clue':16} {'opened':>6} {'solved':>6} {'stuck':>6} {'half took':>9}")
    for clue in seen.clues:
        took = f"{clue.minutes:.0f} min" if clue.solved else "-"
        click.echo(f"  {clue.clue:16} {clue.opened:>6} {clue.solved:>6} {clue.stuck:>6} {took:>9}")
    for team in seen.teams:
        if team.stuck or team.idle_minutes:
            where = f"stuck at {', '.join(team.stuck)}" if team.stuck else "done with all that opened"
            idle = f", nothing open for {team.idle_minutes} min" if team.idle_minutes else ""
            click.echo(f"  {team.team}: {team.solved} solved, {team.score} points, {where}{idle}")


def _some(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
