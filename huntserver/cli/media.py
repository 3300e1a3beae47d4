"""`huntserver media orphans`: what the store of media holds and no record of the log names.

A medium or a photo is stored before its hunt is told; what a hunt refuses then, or never hears of, stays behind. Owns
the comparison: what the store lists, then the whole log, read to its end as of then. Reads a log without owning it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, checked_config, fail, run
from huntserver.config import Config
from huntserver.media.store import MediaStore, MediaStoreError, StoredBytes

DAY_S: Final = 86_400
NICE: Final = 10
SURE: Final = 100
"""Of so many orphans and more, that are over half of what is there, the server removes none by itself: another log's
store looks like that."""


class Orphans(msgspec.Struct, frozen=True):
    """What was found: files and bytes in the store, orphans of all ages, and those that are old enough; how many of
    these were removed. `kept_why`: why none was."""

    files: int
    bytes: int
    orphans: int
    old: int
    old_bytes: int
    removed: int = 0
    kept_why: str = ""


@click.group()
def media() -> None:
    """Look after the store of pictures, sound, video and files."""


@media.command()
@CONFIG
@LOG
@DATA
@click.option(
    "--older", "days", type=float, default=None, help="days; default: media.orphans_days of the configuration"
)
@click.option("--remove", is_flag=True, help="remove those that are old enough")
def orphans(config: Path | None, log: str | None, data: Path | None, days: float | None, remove: bool) -> None:
    """Find what no record of the log names: uploads that no hunt has taken. Also beside a running server."""
    made = checked_config(config, log, data)
    older = made.media.orphans_days if days is None else days
    if older < 0:
        fail(f"--older is {older:g}, allowed is 0 and more")

    async def work() -> int:
        try:
            found = await look(made, older, remove=remove)
        except MediaStoreError as error:
            fail(str(error), FAILED)
        click.echo(
            f"{found.files} files ({found.bytes:,} bytes), {found.orphans} named by no record, {found.old} of them "
            f"({found.old_bytes:,} bytes) older than {older:g} days"
            + (f"; {found.removed} removed" if remove else "; --remove removes them" if found.old else "")
        )
        return 0

    run(work)


@media.command(hidden=True)
def supervised() -> None:
    """Do it for the server that started this process, whose configuration is the first line of stdin."""
    made = msgspec.json.decode(sys.stdin.buffer.readline(), type=Config)
    os.nice(NICE)

    async def work() -> int:
        try:
            found = await look(made, made.media.orphans_days, remove=True, careful=True)
        except MediaStoreError as error:
            fail(str(error), FAILED)
        click.echo(msgspec.json.encode(found).decode())
        return 0

    run(work)


async def look(made: Config, days: float, *, remove: bool, careful: bool = False) -> Orphans:
    """Compare store and log. `careful`: remove nothing where the store looks like another log's.

    Raises `Fault` (log), `ConfigError`, `MediaStoreError`.
    """
    from huntserver.media.stores import media_store

    store = media_store(made)
    there = await asyncio.to_thread(lambda: list(store.held()))
    named = await _named(made)
    orphans = [held for held in there if held.digest not in named]
    old = [held for held in orphans if time.time() - held.written_s > days * DAY_S]
    found = Orphans(len(there), sum(h.bytes for h in there), len(orphans), len(old), sum(h.bytes for h in old))
    if careful and len(orphans) >= SURE and 2 * len(orphans) > len(there):
        why = "over half of the store is named by no record: is it another log's? huntserver media orphans --remove"
        return msgspec.structs.replace(found, kept_why=why)
    return msgspec.structs.replace(found, removed=await asyncio.to_thread(_removed, store, old) if remove else 0)


def _removed(store: MediaStore, old: list[StoredBytes]) -> int:
    return sum(store.remove(held) for held in old)


async def _named(made: Config) -> set[str]:
    """Return the digests that records of hunts name, also those of media that are not in use any more."""
    from huntserver.cli.offline import fold
    from huntserver.game.features.handing_in import PhotoHandedIn
    from huntserver.game.features.media import MediumAdded
    from huntserver.logs import kinds, open_log

    named: set[str] = set()

    def seen(shard: Any, offset: int, record: Any, counts: bool) -> None:
        for event in getattr(record, "events", ()):
            if isinstance(event, MediumAdded):
                named.add(event.medium.digest)
            elif isinstance(event, PhotoHandedIn):
                named.add(event.personal.digest)

    opened, snapshots = open_log(made, read_only=True)
    await opened.open()
    try:
        await fold(opened, snapshots, kinds(made), seen=seen, only="hunts")
    finally:
        await opened.close()
    return named
