"""`huntserver bundle` and `huntserver verify`: results that anybody can replay, written and checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
import msgspec

from huntserver import __version__
from huntserver.cli.main import CONFIG, DAMAGED, DATA, FAILED, LOG, USAGE, checked_config, fail, run
from huntserver.config import Config
from huntserver.game.state import Hunt, Phase

RECEIPT: Final = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})")


class _NotOver(Exception):
    """The hunt goes on."""


@click.command()
@click.argument("hunt")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="the file; packed, if it ends in .gz")
@click.option("--without-names", is_flag=True, help="leave out what teams are called")
@click.option("--unfinished", is_flag=True, help="also of a hunt that goes on, answers and all")
@CONFIG
@LOG
@DATA
def bundle(
    hunt: str,
    out: Path,
    without_names: bool,
    unfinished: bool,
    config: Path | None,
    log: str | None,
    data: Path | None,
) -> None:
    """Write all that happened in a hunt into a file that anybody can replay (`huntserver verify`), without persons.

    Reads the log itself; may run beside the server. Teams keep their names, unless you leave them out.
    """
    made = checked_config(config, log, data)
    run(lambda: _bundle(made, hunt, out, names=not without_names, unfinished=unfinished))


async def _bundle(made: Config, hunt: str, out: Path, *, names: bool, unfinished: bool) -> int:
    from huntserver.cli.offline import hunt_records
    from huntserver.proof.bundle import write

    def refuse(state: Hunt) -> None:
        if state.phase is not Phase.ENDED and not unfinished:
            raise _NotOver(state.phase.name.lower())

    try:
        async with hunt_records(made, hunt) as (_, records):
            written = await write(out, hunt, records, __version__, names=names, refuse=refuse)
    except ValueError:
        click.echo(f"huntserver: there is no hunt {hunt!r} in this log", err=True)
        return FAILED
    except _NotOver as error:
        click.echo(
            f"huntserver: the hunt is {error}: a bundle has all answers in it. End it first, or say --unfinished "
            "and keep the file to yourself",
            err=True,
        )
        return FAILED
    click.echo(f"{written.records} records, chain {written.head}, written to {out}")
    return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--receipt", "receipts", multiple=True, metavar="POS:LINK", help="a receipt that should be in it")
@click.option("--head", default="", help="the chain's last link, as it was published")
@click.option("--commitment", "commitments", multiple=True, metavar="HASH", help="one that was shown before the start")
@click.option("--json", "as_json", is_flag=True, help="print what was found as JSON")
def verify(file: Path, receipts: tuple[str, ...], head: str, commitments: tuple[str, ...], as_json: bool) -> None:
    """Replay a bundle of a hunt, and say what holds and what does not. Needs the file and nothing else.

    Exit code 0: all of it holds; 4: something does not.
    """
    from huntserver.proof import verifying
    from huntserver.proof.bundle import BundleError

    wanted = {}
    for text in receipts:
        match = RECEIPT.fullmatch(text)
        if match is None:
            fail(f"--receipt {text!r} is not POS:LINK, a record's number and 64 hexadecimal digits", USAGE)
        wanted[int(match[1])] = match[2]
    try:
        found = verifying.verify(file, receipts=wanted, head=head, commitments=commitments)
    except BundleError as error:
        fail(f"{file}: {error}", DAMAGED)
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror or error})", USAGE)
    if as_json:
        click.echo(msgspec.json.encode({"holds": found.holds, **msgspec.to_builtins(found)}).decode())
    else:
        click.echo(f"{found.hunt}: {found.records} records")
        for finding in found.findings:
            click.echo(f"{'holds' if finding.holds else 'DOES NOT HOLD':14} {finding.what}: {finding.text}")
    raise SystemExit(0 if found.holds else DAMAGED)
