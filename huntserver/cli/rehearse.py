"""`huntserver rehearse`: a hunt out of a log, played again by its people at another speed, many times at once."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from huntserver.cli.main import (
    CONFIG,
    DATA,
    FAILED,
    LOG,
    UNREACHABLE,
    USAGE,
    checked_config,
    fail,
    run,
)
from huntserver.config import Config

if TYPE_CHECKING:
    from huntserver.load.recorded import Recording
    from huntserver.load.rehearsing import Rehearsed

COPIES_MAX = 1_000


@click.command()
@click.argument("hunt")
@click.option(
    "--speed", type=click.FloatRange(0.1, 100_000), default=1.0, show_default=True, help="so many times as fast"
)
@click.option("--times", type=click.IntRange(1, COPIES_MAX), default=1, show_default=True, help="copies, side by side")
@click.option("--url", help="of a running server (ws://HOST:PORT/ws); without it one is started for the rehearsal")
@click.option("--key-file", type=click.Path(path_type=Path), help="with --url: that server's token.key")
@click.option("--json", "as_json", is_flag=True, help="print the report as JSON")
@CONFIG
@LOG
@DATA
def rehearse(
    hunt: str,
    speed: float,
    times: int,
    url: str | None,
    key_file: Path | None,
    as_json: bool,
    config: Path | None,
    log: str | None,
    data: Path | None,
) -> None:
    """Play a recorded hunt again: the same people, the same guesses, over WebSockets, at --speed, --times at once.

    Takes the hunt out of the log that --log (or the configuration) names, and compares the standings that come of it
    with those of then. Exit status 1 if they differ.
    """
    if (url is None) != (key_file is None):
        fail("--url and --key-file belong together: players' tokens are made with that server's key", USAGE)
    made = checked_config(config, log, data)
    run(lambda: _rehearse(made, hunt, speed, times, url, key_file, as_json=as_json))


async def _rehearse(
    made: Config, hunt: str, speed: float, times: int, url: str | None, key_file: Path | None, *, as_json: bool
) -> int:
    from huntserver.auth import Tokens, load_key
    from huntserver.client import Refused, Unreachable
    from huntserver.load.own_server import CLOSED_LIMITS, LIMITS, OwnServer
    from huntserver.load.recorded import RehearsalError
    from huntserver.load.rehearsing import Rehearsal
    from huntserver.load.server_process import NotServing
    from huntserver.load.worker import raise_files

    name = secrets.token_hex(3)
    with tempfile.TemporaryDirectory(prefix="huntserver-rehearsal-") as folder:
        server = None
        try:
            recording = await _recording(made, hunt, speed)
            players = len({act.by for act in recording.acts})
            raise_files(times * players + 200)
            if url is None:
                server = OwnServer(Path(folder), "sqlite", prefix=name, limits=(*LIMITS, *CLOSED_LIMITS))
                await asyncio.to_thread(server.start)
                url, key_file = server.url, server.key_file
            assert key_file is not None
            mint = Tokens(load_key(key_file, make=False))
            played = Rehearsal(recording, url, mint, speed=speed, copies=times, run=name, say=_say)
            found = await played.perform()
            if server is not None:
                await asyncio.to_thread(server.stop)
        except (RehearsalError, NotServing) as error:
            fail(str(error))
        except Refused as refused:
            fail(f"the server refused: {refused.code}: {refused}")
        except Unreachable as error:
            fail(str(error), UNREACHABLE)
        finally:
            if server is not None:
                server.kill()
    click.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(lines(found)))
    return 0 if found.same else FAILED


def _say(text: str) -> None:
    click.echo(text, err=True)


async def _recording(made: Config, hunt: str, speed: float) -> Recording:
    from huntserver.cli.offline import hunt_records
    from huntserver.load.recorded import recording

    async with hunt_records(made, hunt) as logged:
        held = [record async for record, _ in logged.records]
    return recording(hunt, held, logged.kind, speed)


def lines(found: Rehearsed) -> list[str]:
    """Return the report in words."""
    made = [
        f"{found.hunt}: {found.copies} {'copy' if found.copies == 1 else 'copies'} at {found.speed:g} times the speed: "
        f"{found.acts} acts in {found.seconds:.1f} s, {found.acts / max(found.seconds, 0.001):.1f}/s",
        f"answers: p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms, max {found.max_ms:.1f} ms; "
        f"the latest act went out {found.late_ms / 1000:.1f} s after its time",
    ]
    if found.refused:
        made.append(f"refused: {', '.join(f'{what} {n}' for what, n in sorted(found.refused.items()))}")
    if found.left_out:
        made.append(f"not played: {', '.join(f'{what} {n}' for what, n in sorted(found.left_out.items()))}")
    same = "the standings are the recorded ones" if found.copies == 1 else "the standings of all are the recorded ones"
    return [*made, *(found.differ or [same])]
