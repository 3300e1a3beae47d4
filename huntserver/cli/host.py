"""`huntserver host`: what a host does with a hunt, over the same protocol that players use."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import re
import sys
import time
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin
from urllib.parse import urlencode

import click
import msgspec

from huntserver.cli.address import URL
from huntserver.cli.host_media import media, send_named
from huntserver.cli.host_queue import lines as queue_lines
from huntserver.cli.main import FAILED, UNREACHABLE, USAGE, fail
from huntserver.cli.refusals import refusal
from huntserver.client import Client, Refused, Unreachable, connect
from huntserver.client.http import http, http_base
from huntserver.game.definition.part import Problem
from huntserver.game.definition.solvability import check_definition
from huntserver.game.feature import SentBy, Takes
from huntserver.game.features.amending import Existing
from huntserver.game.features.authoring import Create
from huntserver.game.hunt import TAKES
from huntserver.hunt_source import HuntSource, SourceError, read_source, told


def _given(ctx: click.Context, param: click.Parameter, token: str | None) -> str:
    if not token:
        raise click.UsageError("give --token TOKEN or set HUNTSERVER_TOKEN: `huntserver token --role host` prints one")
    return token


TOKEN = click.option(
    "--token", envvar="HUNTSERVER_TOKEN", callback=_given, help="host token (or HUNTSERVER_TOKEN); needed"
)
YES = click.option("--yes", is_flag=True, help="do not ask")
HUNT = click.option("--hunt", required=True, help="id of the hunt")


@click.group()
def host() -> None:
    """Create and run hunts, over the protocol that players use. What hosts may do stands in docs/hunts.md."""


def work(coroutine: Any) -> Any:
    """Run a coroutine; turn refusals into one line and an exit code."""
    try:
        return asyncio.run(coroutine)
    except Refused as refused:
        fail(refusal(refused), FAILED)
    except Unreachable as error:
        fail(str(error), UNREACHABLE)
    except KeyboardInterrupt:
        sys.exit(130)


NEGATIVE = {"ignore_unknown_options": True}
"""For commands with a number that may be below zero: it looks like an option."""


async def _send(url: str, token: str, op: str, fields: dict[str, Any]) -> None:
    async with connect(url, token) as client:
        click.echo(json.dumps(await client.command(op, fields=fields)))


@host.command()
@click.argument("file", type=click.Path(path_type=Path))
@URL
@TOKEN
@click.option("--hunt", help="id of the hunt (default: the file's name)")
@click.option("--publish/--draft", default=True, help="publish at once (default), or leave it a draft")
def create(file: Path, url: str, token: str, hunt: str | None, publish: bool) -> None:
    """Make a hunt from a file, folder or zip: create, send its media and definition, publish. A draft gets the file as
    its new definition."""
    source = _read(file)
    if str(file) == "-" and not hunt:
        fail("a hunt from standard input has no name: give it with --hunt", USAGE)
    name = hunt or file.stem
    checked = check_definition(source.data, source.style)
    if isinstance(checked, list):  # before anything is made: a draft without a text would stay
        for line in told(source, checked):
            click.echo(line, err=True)
        fail(f"{source.label}: has faults; nothing was made", FAILED)

    async def make() -> None:
        async with connect(url, token) as client:
            await _created(client, name)
            await send_named(url, token, name, source)
            await _define(url, token, name, source)
            if publish:
                await client.command("publish", hunt=name)
        if publish:
            click.echo(f"{name}: published; players come by {http_base(url)}/?hunt={name}")
        else:
            click.echo(f"{name}: a draft; create it again to replace it, then: huntserver host publish --hunt {name}")

    work(make())


def _read(file: Path) -> HuntSource:
    try:
        return read_source(file)
    except SourceError as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror})", USAGE)


async def _created(client: Client, hunt: str) -> None:
    """Create a hunt, or find a draft, which can be given another definition; one that is published is amended."""
    try:
        await client.command("create", hunt=hunt)
    except Refused as refused:
        if refused.code != "hunt_exists":
            raise
        with contextlib.suppress(Refused):
            if (await client.question("overview", hunt=hunt))["phase"] == "draft":
                return
        raise


async def _define(url: str, token: str, hunt: str, source: HuntSource, **asked: str) -> dict[str, Any]:
    kind, file, data = f"application/{source.style}", source.label, source.data
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    address = f"{http_base(url)}/hunts/{hunt}/definition" + (f"?{urlencode(asked)}" if asked else "")
    status, body = await asyncio.to_thread(http, "PUT", address, data, headers)
    if status != 200:
        problems = [Problem(p["path"], p["what"], p["cure"]) for p in body.get("problems", [])]
        for line in told(source, problems):
            click.echo(line, err=True)
        for problem in body.get("why") or []:
            click.echo(f"{file}: {problem}", err=True)
        raise Refused(body)
    return body


async def amend_hunt(
    url: str, token: str, hunt: str, source: HuntSource, existing: str, reason: str | None
) -> dict[str, Any]:
    """Give a published hunt another definition; return the answer. Raises `Refused`, `Unreachable`."""
    said = {"reason": reason} if reason else {}
    return await _define(url, token, hunt, source, existing=existing, **said)


@host.command()
@click.argument("file", type=click.Path(path_type=Path))
@URL
@TOKEN
@HUNT
@click.option(
    "--existing",
    type=click.Choice(get_args(Existing)),
    default="keep",
    show_default=True,
    help="solves so far stay; or also earlier guesses that are right now solve; or the difference of points is paid",
)
@click.option("--reason", help="kept in the audit trail")
@YES
def amend(file: Path, url: str, token: str, hunt: str, existing: str, reason: str | None, yes: bool) -> None:
    """Give a published hunt another definition, also while it runs. What changes is shown before it is done."""
    source = _read(file)

    async def mend() -> None:
        await send_named(url, token, hunt, source)
        seen = await _define(url, token, hunt, source, preview="")
        for clue, what, solved, tried, points in seen["changes"]:
            worth = f", {points:+} points" if points else ""
            click.echo(f"  {clue}: {', '.join(what)}{worth}; {solved} teams have solved it, {tried} tried in vain")
        if not yes and not click.confirm(f"This changes {len(seen['changes'])} clues of {hunt} for everybody. Go on?"):
            fail("nothing was done; --yes does it without a question", FAILED)
        click.echo(json.dumps(await amend_hunt(url, token, hunt, source, existing, reason)))

    work(mend())


def _parameter(field: msgspec.structs.FieldInfo) -> click.Parameter:
    """Return how a field of a command is given: what must be given in order, the rest as options."""
    kinds = set(get_args(field.type) or (field.type,)) - {NoneType}
    (kind,) = (get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in kinds)
    if field.required:
        return click.Argument([field.name], type=kind)
    flag = f"--{field.name.replace('_', '-')}"
    return click.Option([flag], is_flag=True) if kind is bool else click.Option([flag], type=kind)


def _command(row: Takes) -> click.Command:
    """Return the terminal's command for an operation of the protocol: its fields are parameters, its docstring help."""
    op = row.command
    fields = msgspec.structs.fields(op)
    tag = str(op.__struct_config__.tag)

    def send(url: str, token: str, hunt: str, yes: bool = True, **given: Any) -> None:
        if not yes and not click.confirm(f"{row.confirm}: {hunt}. Go on?"):
            fail("nothing was done; --yes does it without a question", FAILED)
        said = {name: value for name, value in given.items() if value is not None and value is not False}
        work(_send(url, token, tag, {"hunt": hunt, **said}))

    numbers = any(field.type in (int, float) for field in fields)
    text = re.sub(r"`(\w+)`", lambda word: word[1].upper(), inspect.cleandoc(op.__doc__ or ""))
    name, settings = tag.replace("_", "-"), NEGATIVE if numbers else {}
    command = click.Command(name, callback=send, help=text, context_settings=settings)
    command.params = [*map(_parameter, fields)]
    for option in (*([YES] if row.confirm else []), HUNT, TOKEN, URL):
        option(command)
    return command


DERIVED: Final = tuple(
    _command(row) for row in TAKES if row.sender in (SentBy.HOST, SentBy.BOTH) and row.command is not Create
)
"""One command for every operation of hosts; only `create` has a way of its own, because it sends a file."""
for _made in DERIVED:
    host.add_command(_made)
host.add_command(media)


@host.command()
@URL
@TOKEN
@HUNT
def overview(url: str, token: str, hunt: str) -> None:
    """Print how the hunt stands: clues with solves and wrong guesses, teams with their ids."""

    async def show() -> None:
        async with connect(url, token) as client:
            seen = await client.question("overview", hunt=hunt)
        click.echo(
            f"{seen['title']} ({seen['hunt']}): {seen['phase']}, {seen['players']} players, {seen['teams']} teams"
        )
        for clue in seen["clues"]:
            click.echo(f"  {clue['id']:16} {clue['solves']:>6} solves {clue['wrong']:>6} wrong  {clue['title']}")
        for row in seen["top"]:
            click.echo(f"  {row['place']:>3}. {row['team']:6} {row['name']:24} {row['score']:>7}")

    work(show())


@host.command()
@URL
@TOKEN
@HUNT
def audit(url: str, token: str, hunt: str) -> None:
    """Print what hosts did: when, who, why, and the operation that undoes it."""

    async def show() -> None:
        async with connect(url, token) as client:
            seen = await client.question("audit", hunt=hunt)
        for _, at_ms, what, by, reason, detail, undo in seen["lines"]:
            when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at_ms / 1000))
            why, how = f'"{reason}"' if reason else "", f"(undo: {undo})" if undo else ""
            click.echo(" ".join(word for word in (when, by, what, detail, why, how) if word))

    work(show())


@host.command()
@URL
@TOKEN
@HUNT
def queue(url: str, token: str, hunt: str) -> None:
    """Print what teams ask the hosts, what waits longest first, with what they tried. Times are UTC."""

    async def show() -> None:
        async with connect(url, token) as client:
            seen = await client.question("queue", hunt=hunt)
        click.echo("\n".join(queue_lines(seen)))

    work(show())


GUESSES_EVERY_S: Final = 1.0


@host.command()
@URL
@TOKEN
@HUNT
@click.option("--seconds", type=float, default=0, help="stop after so long (default: Ctrl-C)")
def watch(url: str, token: str, hunt: str, seconds: float) -> None:
    """Print what happens in the hunt, live, with the guesses that were wrong."""

    def show(message: dict[str, Any]) -> None:
        for event in message.get("events", ()):
            what = " ".join(
                f"{k}={v}" for k, v in event.items() if k not in ("type", "clues") and v not in ("", 0, None)
            )
            click.echo(f"{message['seq']:>7} {event.get('type', '')} {what}")

    async def guesses(client: Client) -> None:
        """Wrong guesses are on no channel of hosts: there may be thousands a second. The youngest are asked for."""
        told: list[Any] = []
        while True:
            seen = (await client.question("overview", hunt=hunt))["guesses"]
            for guess in seen:
                if guess not in told:
                    _, event = guess
                    text = json.dumps(event["personal"].get("text", ""), ensure_ascii=False)
                    click.echo(f"{'':7} {event['verdict']} team={event['team']} clue={event['clue']} text={text}")
            told = seen
            await asyncio.sleep(GUESSES_EVERY_S)

    async def follow() -> None:
        async with connect(url, token, on_message=show) as client:
            client.follow(hunt)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(guesses(client), seconds or None)

    work(follow())
