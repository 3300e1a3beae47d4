"""`huntserver why`: the chain of causes of one command, in words or as JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from huntserver.causes import EXPLAINS, Causes, Chain, Followed, Found, Owner
from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, USAGE, checked_config, fail, run
from huntserver.config import Config
from huntserver.errors import REFUSALS
from huntserver.suggestion import did_you_mean

KEY: Final = re.compile(r"[^\s:]{1,64}:[0-9]{1,18}")
POS: Final = re.compile(r"[0-9]{1,18}")
LAST: Final = 5


@click.command()
@click.argument("entity")
@click.argument("what")
@CONFIG
@LOG
@DATA
@click.option("--team", default="", help="of a refusal: the team")
@click.option("--clue", default="", help="of a refusal: the clue")
@click.option("--personal", is_flag=True, help="show names, guesses and positions too")
@click.option("--json", "as_json", is_flag=True, help="print the chain as JSON")
def why(
    entity: str,
    what: str,
    config: Path | None,
    log: str | None,
    data: Path | None,
    team: str,
    clue: str,
    personal: bool,
    as_json: bool,
) -> None:
    """Tell from the log why something happened in a hunt. Reads only; may run beside the server.

    ENTITY is a hunt's id (or hunt/ID, player/ID). WHAT is a command's key (EPOCH:N), a record's number (the `pos` of an
    answer), or the code of a refusal, such as already_solved.
    """
    entity = entity if "/" in entity else f"hunt/{entity}"
    kind, _, id = entity.partition("/")
    if kind not in ("hunt", "player") or not id:
        fail(f"{entity!r} is no entity, write a hunt's id, hunt/ID or player/ID", USAGE)
    if what not in REFUSALS and not KEY.fullmatch(what) and not POS.fullmatch(what):
        fail(f"{what!r} is no key (EPOCH:N), no record's number and no code of a refusal", USAGE)
    made = checked_config(config, log, data)
    run(lambda: _answer(made, entity, what, [given for given in (team, clue) if given], personal, as_json))


async def _answer(made: Config, entity: str, what: str, holds: Sequence[str], personal: bool, as_json: bool) -> int:
    from huntserver.logs import open_log, reading_kinds, shards_of

    opened, _ = open_log(made, read_only=True)
    await opened.open()
    try:
        counts: dict[str, int] = {}
        for shard in shards_of(opened, made):
            counts[shard.topic] = max(counts.get(shard.topic, 0), shard.index + 1)
        causes = Causes(opened, [kind for kind, _ in reading_kinds(made)], counts, personal=personal)
        if what in REFUSALS:
            return await _refusal(causes, entity, what, holds, as_json)
        chains = await (causes.of_pos(entity, int(what)) if what.isdigit() else causes.of_key(entity, what))
        absent = "" if chains else await _absent(causes, entity)
    finally:
        await opened.close()
    for chain in chains:
        click.echo(msgspec.json.encode(chain).decode() if as_json else "\n".join(words(chain)))
    if chains:
        return 0
    click.echo(
        absent
        or f"the log holds no record {what} of {entity}: nothing of it was ever durable. A command that was refused "
        "leaves no record (give the code of its refusal); one whose outcome was not known did not happen.",
        err=True,
    )
    return FAILED


async def _refusal(causes: Causes, entity: str, code: str, holds: Sequence[str], as_json: bool) -> int:
    found = await causes.explaining(entity, code, holds, LAST) if code in EXPLAINS else []
    if not found and (absent := await _absent(causes, entity, holds)):
        click.echo(absent, err=True)
        return FAILED
    if as_json:
        click.echo(msgspec.json.encode({"code": code, "text": REFUSALS[code].text, "because": found}).decode())
        return 0
    click.echo(f"{code}: {REFUSALS[code].text}")
    if code not in EXPLAINS:
        click.echo(
            "  no record makes this so: it rests on the request, the sender or the server's state at that moment"
        )
    elif not found:
        click.echo(f"  no record of {entity} that counts makes this so")
    for record in found:
        click.echo("\n".join(_record(record, "  ")))
    return 0


async def _absent(causes: Causes, entity: str, values: Sequence[str] = ()) -> str:
    """Return what of a question the log has never heard of, in words; "" when it knows all of it."""
    known = await causes.entities(entity.partition("/")[0])
    if entity not in known:
        return " ".join(
            filter(None, [f"the log holds nothing of {entity};", did_you_mean(entity, sorted(known))])
        ).rstrip(";")
    unknown = await causes.strangers(entity, values)
    return f"nothing in the log of {entity} names {' or '.join(map(repr, unknown))}" if unknown else ""


# ---- in words


def words(chain: Chain) -> list[str]:
    """Return a chain as lines."""
    lines = _record(chain.record, "")
    if chain.trace:
        lines.append(f"  its trace, where it is one of those looked at: {chain.trace}")
    if not chain.record.counts:
        lines.append("  it does not count: another owner had taken over before it landed; nobody was told of it")
    if chain.cause is not None:
        lines += ["  it follows from", *_record(chain.cause, "    ")]
    for copy in chain.void:
        owner = copy.owner.node if copy.owner else "nobody"
        lines.append(f"  a copy at offset {copy.offset} is void: {owner} owned the shard when it landed")
    for followed in chain.followed:
        lines += _followed(followed, chain.record)
    return lines


def _record(found: Found, indent: str) -> list[str]:
    lines = [
        f"{indent}{found.entity}, record {found.pos}: {_moment(found.at_ms)}, shard {found.shard} offset {found.offset}"
    ]
    by = f"by {found.by}" + (f" with key {found.key}" if found.key else "")
    lines += [f"{indent}  {_said(event)} {by}" for event in found.events]
    if found.owner is not None:
        opened = f", opened {_span(found.at_ms - found.owner.at_ms)} before" if found.owner.at_ms else ""
        lines.append(f"{indent}  under the tenure of {found.owner.node}{opened}")
    lines += [f"{indent}  {_change(change, found)}" for change in found.changes]
    return lines


def _change(change: Owner, found: Found) -> str:
    later = change.offset > found.offset
    away = _span(abs(change.at_ms - found.at_ms))
    return (
        f"the shard changed hands {away} {'after' if later else 'before'}: to {change.node} at offset {change.offset}"
    )


def _followed(followed: Followed, record: Found) -> list[str]:
    head = f"  reaction {followed.n}: {followed.command} to {followed.target}"
    if followed.arrived is None:
        return [f"{head} has not arrived: its shard may be closed or behind, it is sent again until it does"]
    took = _span(followed.arrived.at_ms - record.at_ms)
    return [f"{head}, arrived {took} later as", *_record(followed.arrived, "    ")]


def _said(event: dict[str, Any]) -> str:
    rest = ", ".join(f"{name} {value}" for name, value in event.items() if name != "type")
    return f"{event['type']}" + (f" ({rest})" if rest else "")


def _moment(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at_ms / 1000)) + f".{at_ms % 1000:03} UTC"


def _span(ms: int) -> str:
    if ms < 1000:
        return f"{ms} ms"
    return f"{ms / 1000:.1f} s" if ms < 600_000 else f"{ms // 60_000} min"
