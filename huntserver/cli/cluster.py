"""`huntserver cluster`: members, links, shards and owners, as a running node sees them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from huntserver.cli.main import CONFIG, DATA, FAILED, UNREACHABLE, USAGE, checked_config, fail
from huntserver.client import Unreachable
from huntserver.client.http import http, http_base
from huntserver.cluster.seen import PATH, ClusterView
from huntserver.config import Config

OPERATOR_S: Final = 300
"""Validity of the token that the command makes for itself."""


@click.command()
@click.option("--url", help="address of any node (default: the one that the configuration describes)")
@click.option("--token", envvar="HUNTSERVER_TOKEN", help="a token of the role admin (default: made with auth.key_file)")
@click.option("--shards", "all_shards", is_flag=True, help="one line for each shard")
@click.option("--watch", type=float, help="show it again every so many seconds, until Ctrl-C")
@click.option("--json", "as_json", is_flag=True, help="print it as JSON, one line each time")
@CONFIG
@DATA
def cluster(
    url: str | None,
    token: str | None,
    all_shards: bool,
    watch: float | None,
    as_json: bool,
    config: Path | None,
    data: Path | None,
) -> None:
    """Show the cluster as one node sees it: members, links, who serves which shards, and what is not as it should be.

    Exit status 1 when something is not: a link is down, or a shard has no owner or another one than its table names.
    """
    made = checked_config(config, None, data)
    scheme = "https" if made.server.tls_certificate else "http"
    base = http_base(url) if url else f"{scheme}://{made.server.host}:{made.server.port}"
    while True:
        seen = _asked(base, token or _token(made))
        troubles = list(trouble(seen))
        if as_json:
            click.echo(msgspec.json.encode(seen).decode())
        else:
            if watch and sys.stdout.isatty():
                click.clear()
            click.echo("\n".join([*lines(seen, all_shards=all_shards), *(f"! {why}" for why in troubles)]))
        if watch is None:
            sys.exit(FAILED if troubles else 0)
        try:
            time.sleep(max(0.1, watch))
        except KeyboardInterrupt:
            sys.exit(0)


def _token(made: Config) -> str:
    from huntserver.auth import KeyFileError, Tokens, load_key
    from huntserver.token_key import key_path

    try:
        return Tokens(load_key(key_path(made), make=False)).mint("admin", "operator", "Operator", OPERATOR_S)
    except KeyFileError as error:
        fail(f"{error}; or give a token of the role admin with --token", USAGE)


def _asked(base: str, token: str) -> ClusterView:
    try:
        status, body = http("GET", base + PATH, b"", {"authorization": f"Bearer {token}"})
    except Unreachable as error:
        fail(str(error), UNREACHABLE)
    if status == 404:
        fail(f"the server at {base} is no node of a cluster: its cluster.listen is empty", FAILED)
    if status != 200:
        fail(f"{body.get('code')}: {body.get('msg')}", FAILED)
    try:
        return msgspec.convert(body, ClusterView)
    except msgspec.ValidationError as error:
        fail(f"the server at {base} tells of its cluster as another version does ({error})", FAILED)


def trouble(seen: ClusterView) -> Iterator[str]:
    """Yield what is not as it should be, in words."""
    for member in seen.members:
        if member.link == "down":
            yield f"{seen.node} has no link to {member.node}"
    members = {member.node: member.run for member in seen.members}
    homeless: dict[str, list[str]] = {}
    for row in seen.shards:
        if not row.given:
            homeless.setdefault("no member has the role for", []).append(row.shard)
        elif not row.owner or row.released:
            homeless.setdefault("nobody serves", []).append(row.shard)
        elif members.get(row.owner) != row.run:
            homeless.setdefault(f"the owner {row.owner} is no member any more: on their way are", []).append(row.shard)
        elif row.owner != row.given:
            homeless.setdefault(f"on the way from {row.owner} to {row.given}:", []).append(row.shard)
    for why, shards in homeless.items():
        yield f"{why} {ranges(shards)}"


def lines(seen: ClusterView, *, all_shards: bool) -> Iterator[str]:
    """Yield the view as lines of text."""
    yield f"table {seen.table}, asked {seen.node} (run {seen.run})"
    rows: list[tuple[str, ...]] = [("NODE", "RUN", "LINK", "ROLES", "SERVES")]
    for member in seen.members:
        served = [row.shard for row in seen.shards if (row.owner, row.run) == (member.node, member.run)]
        rows.append((member.node, member.run, member.link, ",".join(member.roles), ranges(served)))
    yield from _aligned(rows)
    if all_shards:
        yield ""
        rows = [("SHARD", "OWNER", "TENURE", "AT", "GIVEN TO", "HERE")]
        for row in seen.shards:
            here = f"{row.mode}{f', {row.waiting} waiting' if row.waiting else ''}"
            rows.append((row.shard, row.owner or "-", row.nonce or "-", str(row.offset), row.given or "-", here))
        yield from _aligned(rows)


def ranges(shards: list[str]) -> str:
    """Return names like hunts-1 in short: "hunts 0-3 7, players 2"; "-" for none."""
    by_topic: dict[str, list[int]] = {}
    for shard in shards:
        topic, _, number = shard.rpartition("-")
        by_topic.setdefault(topic, []).append(int(number))
    told = []
    for topic, found in by_topic.items():
        spans: list[list[int]] = []
        for index in sorted(found):
            if spans and spans[-1][-1] == index - 1:
                spans[-1].append(index)
            else:
                spans.append([index])
        told.append(f"{topic} " + " ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in spans))
    return ", ".join(told) or "-"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
