"""`huntserver host`: what a host does with a hunt, over the same protocol that players use."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from huntserver.cli.main import FAILED, UNREACHABLE, USAGE, fail
from huntserver.client.connection import Client, Refused, Unreachable, connected, http, http_base

URL = click.option("--url", default="ws://127.0.0.1:8080/ws", show_default=True, help="address of the server")
TOKEN = click.option("--token", envvar="HUNTSERVER_TOKEN", required=True, help="host token (or HUNTSERVER_TOKEN)")
HUNT = click.option("--hunt", required=True, help="id of the hunt")


@click.group()
def host() -> None:
    """Create and run hunts: create, publish, start, pause, unpause, extend, end, announce, adjust, overview, watch."""


def work(coroutine: Any) -> Any:
    """Run a coroutine; turn refusals into one line and an exit code."""
    try:
        return asyncio.run(coroutine)
    except Refused as refused:
        fail(f"{refused.code}: {refused}", FAILED)
    except Unreachable as error:
        fail(str(error), UNREACHABLE)
    except KeyboardInterrupt:
        sys.exit(130)


NEGATIVE = {"ignore_unknown_options": True}
"""For commands with a number that may be below zero: it looks like an option."""


async def _send(url: str, token: str, op: str, fields: dict[str, Any]) -> None:
    async with connected(url, token) as client:
        click.echo(json.dumps(await client.ask(op, fields=fields)))


@host.command()
@click.argument("file", type=click.Path(path_type=Path))
@URL
@TOKEN
@click.option("--hunt", help="id of the hunt (default: the file's name)")
@click.option("--publish/--draft", default=True, help="publish at once (default), or leave it a draft")
def create(file: Path, url: str, token: str, hunt: str | None, publish: bool) -> None:
    """Make a hunt from a file: create, send its definition, publish. A draft gets the file as its new definition."""
    try:
        data = file.read_bytes()
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror})", USAGE)
    name = hunt or file.stem

    async def make() -> None:
        async with connected(url, token) as client:
            there = await _created(client, name)
            try:
                await _define(url, token, name, file, data)
            except Refused as refused:
                raise there if there is not None and refused.code == "wrong_phase" else refused from None
            if publish:
                await client.ask("publish", hunt=name)
        if publish:
            click.echo(f"{name}: published; players come by {http_base(url)}/?hunt={name}")
        else:
            click.echo(f"{name}: a draft; create it again to replace it, then: huntserver host publish --hunt {name}")

    work(make())


async def _created(client: Client, hunt: str) -> Refused | None:
    """Create a hunt; return the refusal when there is one already: a draft can be given another definition."""
    try:
        await client.ask("create", hunt=hunt)
    except Refused as refused:
        if refused.code != "hunt_exists":
            raise
        return refused
    return None


async def _define(url: str, token: str, hunt: str, file: Path, data: bytes) -> None:
    kind = "application/json" if file.suffix == ".json" else "application/toml"
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    address = f"{http_base(url)}/hunts/{hunt}/definition"
    status, body = await asyncio.to_thread(http, "PUT", address, data, headers)
    if status != 200:
        for problem in body.get("problems", []):
            click.echo(f"{file}: {problem['path']}: {problem['what']}; {problem['cure']}", err=True)
        raise Refused(body)


def _plain(op: str, text: str) -> None:
    @host.command(op, help=text)
    @URL
    @TOKEN
    @HUNT
    def command(url: str, token: str, hunt: str) -> None:
        work(_send(url, token, op, {"hunt": hunt}))


for _op, _text in (
    ("publish", "Fix the definition and let players in."),
    ("start", "Start play now."),
    ("pause", "Stop play; the time does not count."),
    ("unpause", "Go on after a pause."),
    ("end", "End play for good."),
):
    _plain(_op, _text)


@host.command(context_settings=NEGATIVE)
@URL
@TOKEN
@HUNT
@click.argument("by_s", type=int)
def extend(url: str, token: str, hunt: str, by_s: int) -> None:
    """Move the end by BY_S seconds; a number below zero brings it nearer."""
    work(_send(url, token, "extend", {"hunt": hunt, "by_s": by_s}))


@host.command()
@URL
@TOKEN
@HUNT
@click.option("--team", help="only this team")
@click.argument("text")
def announce(url: str, token: str, hunt: str, team: str | None, text: str) -> None:
    """Tell everybody, or one team."""
    work(_send(url, token, "announce", {"hunt": hunt, "text": text, **({"team": team} if team else {})}))


@host.command(context_settings=NEGATIVE)
@URL
@TOKEN
@HUNT
@click.argument("team")
@click.argument("points", type=int)
@click.argument("reason")
def adjust(url: str, token: str, hunt: str, team: str, points: int, reason: str) -> None:
    """Give or take points of a team, with a reason."""
    work(_send(url, token, "adjust", {"hunt": hunt, "team": team, "points": points, "reason": reason}))


@host.command()
@URL
@TOKEN
@HUNT
def overview(url: str, token: str, hunt: str) -> None:
    """Print how the hunt stands."""

    async def show() -> None:
        async with connected(url, token) as client:
            seen = await client.ask("overview", keyed=False, hunt=hunt)
        click.echo(
            f"{seen['title']} ({seen['hunt']}): {seen['phase']}, {seen['players']} players, {seen['teams']} teams"
        )
        for clue in seen["clues"]:
            click.echo(f"  {clue['id']:16} {clue['solves']:>6} solves  {clue['title']}")
        for row in seen["top"]:
            click.echo(f"  {row['place']:>3}. {row['name']:24} {row['score']:>7}")

    work(show())


@host.command()
@URL
@TOKEN
@HUNT
@click.option("--seconds", type=float, default=0, help="stop after so long (default: Ctrl-C)")
def watch(url: str, token: str, hunt: str, seconds: float) -> None:
    """Print what happens in the hunt, live."""

    def show(message: dict[str, Any]) -> None:
        for event in message.get("events", ()):
            what = " ".join(
                f"{k}={v}" for k, v in event.items() if k not in ("type", "clues") and v not in ("", 0, None)
            )
            click.echo(f"{message['seq']:>7} {event.get('type', '')} {what}")

    async def follow() -> None:
        async with connected(url, token, on_message=show) as client:
            await client.ask("resume", keyed=False, hunt=hunt)
            await asyncio.sleep(seconds or 1e9)

    work(follow())
