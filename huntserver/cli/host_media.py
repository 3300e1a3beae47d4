"""`huntserver host media`, and what `create` and `amend` send before a hunt's file: pictures, sound, video, files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import click

from huntserver.cli.address import URL
from huntserver.cli.main import FAILED, UNREACHABLE, USAGE, fail
from huntserver.client import Refused, Unreachable, connect
from huntserver.client.http import http, http_base
from huntserver.game.definition.solvability import check_definition
from huntserver.game.media import references
from huntserver.hunt_source import HuntSource

SLOWEST_BYTES_PER_S = 16 * 1024


async def send_named(url: str, token: str, hunt: str, source: HuntSource) -> None:
    """Send the media that a hunt's file names and that lie beside it; what is missing the server names. Raises
    `Refused`, `Unreachable`."""
    checked = check_definition(source.data, source.style)
    if isinstance(checked, list):
        return  # the definition's own refusal says more
    for name in references(checked):
        if name in source.media:
            _, read = source.media[name]
            await send(url, token, hunt, name, await asyncio.to_thread(read))


async def send(url: str, token: str, hunt: str, name: str, body: bytes) -> None:
    """Send one medium, and print what became of it. Raises `Refused`, `Unreachable`."""
    address = f"{http_base(url)}/hunts/{hunt}/media/{quote(name, safe='')}"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/octet-stream"}
    within_s = 60 + len(body) / SLOWEST_BYTES_PER_S
    status, told = await asyncio.to_thread(http, "PUT", address, body, headers, within_s=within_s)
    if status != 200:
        raise Refused(told)
    click.echo(f"{name}: {told['type']}, {told['bytes']} bytes")


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1)
@URL
@click.option("--token", envvar="HUNTSERVER_TOKEN", required=True, help="host token (or HUNTSERVER_TOKEN)")
@click.option("--hunt", required=True, help="id of the hunt")
def media(files: tuple[Path, ...], url: str, token: str, hunt: str) -> None:
    """Send pictures, sound, video and files to a hunt; without a file, list what it holds and what it lacks."""
    bodies = []
    for file in files:
        try:
            bodies.append((file.name, file.read_bytes()))
        except OSError as error:
            fail(f"{file}: cannot be read ({error.strerror})", USAGE)

    async def go() -> None:
        for name, body in bodies:
            await send(url, token, hunt, name, body)
        if not bodies:
            async with connect(url, token) as client:
                seen = await client.question("media", hunt=hunt)
            for one in seen["media"]:
                what = "" if one["used"] else "  (no text names it)"
                click.echo(f"{one['name']:32} {one['type']:16} {one['bytes']:>9}{what}")
            for name in seen["missing"]:
                click.echo(f"{name:32} is missing")

    try:
        asyncio.run(go())
    except Refused as refused:
        fail(f"{refused.code}: {refused}", FAILED)
    except Unreachable as error:
        fail(str(error), UNREACHABLE)
