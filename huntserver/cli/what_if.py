"""`huntserver what-if`: how the standings would be if a host did something; and then to do it.

Reads the log itself, also of a hunt that ended long ago, and never writes to it: what is committed goes to the server,
as the operations that hosts have anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import click
import msgspec

from actors.entity import Rejected
from huntserver.cli.address import DEFAULT, ServerAddress
from huntserver.cli.check import checked
from huntserver.cli.host import amend_hunt
from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, UNREACHABLE, USAGE, checked_config, fail, run
from huntserver.cli.offline import hunt_as_logged
from huntserver.client import Refused, Unreachable, connect
from huntserver.config import Config
from huntserver.game.definition.shape import Definition, source
from huntserver.game.features.amending import Accept, AwardSolve, Existing
from huntserver.game.features.authoring import Define
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.fork import TeamMove, WhatIf, what_if
from huntserver.hunt_source import HuntSource, SourceError, read_source

REASON: Final = "what-if"
_STEPS: Final = "huntserver.what_if"


class HostStep(NamedTuple):
    """One thing that a host would do: in words, as a command, and the file that goes up for it, if one does."""

    words: str
    command: Any
    file: HuntSource | None = None


def _amend(file: str) -> HostStep:
    """Read a file; which way is chosen (`existing`) is put in later."""
    try:
        read = read_source(Path(file))
        definition = checked(read)
    except SourceError as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror})", USAGE)
    if not isinstance(definition, Definition):
        for problem in definition:
            click.echo(f"{file}: {problem}", err=True)
        fail(f"{file}: {len(definition)} faults; huntserver check says more", FAILED)
    return HostStep(f"amend {file}", Define(source(definition)), read)


def _points(team: str, points: str) -> HostStep:
    if not points.lstrip("+-").isdigit():
        fail(f"--adjust {team} {points!r}: points are a whole number, such as 10 or -5", USAGE)
    return HostStep(f"adjust {team} {int(points):+}", Adjust(team, int(points), REASON))


MAKES: Final[dict[str, Callable[..., HostStep]]] = {
    "amend": _amend,
    "accept": lambda clue, text: HostStep(f'accept {clue} "{text}"', Accept(clue, text)),
    "award": lambda team, clue: HostStep(f"award {team} {clue}", AwardSolve(team, clue)),
    "adjust": _points,
    "disqualify": lambda team: HostStep(f"disqualify {team}", Disqualify(team, REASON)),
    "let_back": lambda team: HostStep(f"disqualify --back {team}", Disqualify(team, REASON, back=True)),
}


def _step(flag: str, *words: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option that may be given again; the order in which they are given is kept."""
    name = flag[2:].replace("-", "_")

    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        for given in value:
            made = MAKES[name](*(given if isinstance(given, tuple) else (given,)))
            ctx.meta.setdefault(_STEPS, []).append(made)

    return click.option(
        flag, metavar=" ".join(words), nargs=len(words), multiple=True, callback=keep, expose_value=False, help=help
    )


@click.command(name="what-if")
@click.argument("hunt")
@_step("--amend", "FILE", help="another definition")
@click.option(
    "--existing", type=click.Choice(get_args(Existing)), default="rejudge", show_default=True, help="as of `amend`"
)
@_step("--accept", "CLUE", "TEXT", help="one more answer, for everybody")
@_step("--award", "TEAM", "CLUE", help="a team has solved a clue")
@_step("--adjust", "TEAM", "POINTS", help="points given or taken")
@_step("--disqualify", "TEAM", help="a team is out")
@_step("--let-back", "TEAM", help="a team that is out is in again")
@click.option("--all", "whole", is_flag=True, help="print teams too for which nothing changes")
@click.option("--json", "as_json", is_flag=True, help="print every team as JSON")
@click.option("--commit", is_flag=True, help="then do it on the server (asks first)")
@click.option("--yes", is_flag=True, help="do not ask")
@click.option("--reason", default="", help="of what is committed: kept in the audit trail, shown to who is concerned")
@click.option("--url", type=ServerAddress(), default=DEFAULT, show_default=True, help="of the server, to commit")
@click.option("--token", envvar="HUNTSERVER_TOKEN", help="host token (or HUNTSERVER_TOKEN), to commit")
@CONFIG
@LOG
@DATA
@click.pass_context
def command(
    ctx: click.Context,
    hunt: str,
    existing: Existing,
    whole: bool,
    as_json: bool,
    commit: bool,
    yes: bool,
    reason: str,
    url: str,
    token: str | None,
    config: Path | None,
    log: str | None,
    data: Path | None,
) -> None:
    """Tell how the standings of a hunt would change if a host did something, without doing it.

    Takes one or more of --amend, --accept, --award, --adjust, --disqualify, --let-back, in the order given. Reads the
    log; may run beside the server. With --commit the server is then told to do it.
    """
    steps = [_chosen(step, existing, reason) for step in ctx.meta.get(_STEPS, ())]
    if not steps:
        fail("say what a host would do: --amend, --accept, --award, --adjust, --disqualify or --let-back", USAGE)
    if commit and token is None:
        fail("--commit needs a host's --token", USAGE)
    made = checked_config(config, log, data)

    async def look_and_do() -> int:
        seen = await _look(made, hunt, steps, as_json=as_json, whole=whole)
        if seen is None:
            return FAILED
        return await _commit(hunt, steps, seen, existing, url=url, token=token or "", yes=yes) if commit else 0

    run(look_and_do)


def _chosen(step: HostStep, existing: Existing, reason: str) -> HostStep:
    command = step.command
    if isinstance(command, Define):
        return step._replace(
            words=f"{step.words} ({existing})",
            command=msgspec.structs.replace(command, existing=existing, reason=reason or None),
        )
    return step._replace(command=msgspec.structs.replace(command, reason=reason)) if reason else step


async def _look(made: Config, hunt: str, steps: list[HostStep], *, as_json: bool, whole: bool) -> WhatIf | None:
    """Print what would come of the steps; None if that cannot be said, which is printed too."""
    found = await hunt_as_logged(made, hunt)
    if found is None:
        click.echo(f"huntserver: there is no hunt {hunt!r} in this log", err=True)
        return None
    kind, state, pos, at_ms = found
    now_ms = max(at_ms, time.time_ns() // 1_000_000)
    seen = what_if(state, [step.command for step in steps], now_ms, kind)
    if isinstance(seen, Rejected):
        click.echo(f"huntserver: {seen.code}: {seen.msg}", err=True)
        return None
    if as_json:
        click.echo(msgspec.json.encode({"hunt": hunt, "pos": pos, **msgspec.to_builtins(seen)}).decode())
    else:
        click.echo(f"{hunt}, record {pos}, with {'; '.join(step.words for step in steps)}:")
        click.echo("\n".join(lines(seen, whole=whole)))
    return seen


def lines(seen: WhatIf, *, whole: bool = False) -> list[str]:
    """Return what would change as a table, by new place."""
    shown = [move for move in seen.teams if whole or move.moves]
    changed = sum(move.moves for move in seen.teams)
    made = [f"{changed} of {len(seen.teams)} teams change"]
    if shown:
        made.append(f"{'place':>12}  {'points':>20}  {'solved':>10}  team")
    made += [_line(move) for move in shown]
    if seen.reopen:
        made.append("the hunt has ended: to do this, reopen it first (huntserver host reopen)")
    return made


def _line(move: TeamMove) -> str:
    place = _change(move.place or "-", move.new_place or "-")
    more = move.new_points - move.points
    points = _change(move.points, move.new_points) + (f" ({more:+})" if more else "")
    return f"{place:>12}  {points:>20}  {_change(move.solved, move.new_solved):>10}  {move.team} {move.name}"


def _change(before: object, after: object) -> str:
    return str(before) if before == after else f"{before} -> {after}"


async def _commit(
    hunt: str, steps: list[HostStep], seen: WhatIf, existing: str, *, url: str, token: str, yes: bool
) -> int:
    """Tell the server to do it, step by step, as `huntserver host` would; return the exit code."""
    if seen.reopen:
        fail("nothing was done: the hunt has ended; reopen it first (huntserver host reopen)", FAILED)
    if not yes and not click.confirm(f"Do this in {hunt}?"):
        fail("nothing was done; --yes does it without a question", FAILED)
    try:
        async with connect(url, token) as client:
            for step in steps:
                if step.file is not None:
                    await amend_hunt(url, token, hunt, step.file, existing, step.command.reason)
                else:
                    fields = msgspec.to_builtins(step.command)
                    op = fields.pop("op")
                    await client.command(op, fields={"hunt": hunt, **{k: v for k, v in fields.items() if v}})
                click.echo(f"done: {step.words}")
    except Refused as refused:
        fail(f"{refused.code}: {refused}; what is said to be done is done", FAILED)
    except Unreachable as error:
        fail(str(error), UNREACHABLE)
    return 0
