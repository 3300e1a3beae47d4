"""`huntserver replay` and `huntserver inspect`: looking at a log without owning it."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any, TextIO

import click
import msgspec

from huntserver.cli.main import CONFIG, DAMAGED, DATA, LOG, USAGE, checked_config, fail, run
from huntserver.game.event import UNTOLD


@click.command()
@CONFIG
@LOG
@DATA
@click.option("--digests", is_flag=True, help="print the digest of every entity")
@click.option("--dump", type=click.Path(path_type=Path), help="write every record as a line of JSON")
def replay(config: Path | None, log: str | None, data: Path | None, digests: bool, dump: Path | None) -> None:
    """Fold a log from zero and print what it holds, with a digest of every state."""
    made = checked_config(config, log, data)
    out = _output(dump)

    async def work() -> int:
        from huntserver.cli.offline import fold
        from huntserver.logs import open_log, reading_kinds

        opened, snapshots = open_log(made, read_only=True)
        await opened.open()

        def seen(shard: Any, offset: int, record: Any, counts: bool) -> None:
            if out is not None:
                body = msgspec.json.encode(record).decode()
                out.write(f'{{"shard":"{shard}","offset":{offset},"counts":{str(counts).lower()},"record":{body}}}\n')

        began = time.perf_counter()
        try:
            folded = await fold(opened, snapshots, reading_kinds(made), seen=seen if out is not None else None)
        finally:
            await opened.close()
        took = time.perf_counter() - began
        all_in_one = hashlib.blake2b(digest_size=16)
        for name in sorted(folded.digests):
            all_in_one.update(f"{name} {folded.seqs[name]} {folded.digests[name]}\n".encode())
            if digests:
                click.echo(f"{folded.digests[name]} {folded.seqs[name]:>8} {name}")
        for name, why in folded.damaged.items():
            click.echo(f"damaged: {name}: {why}", err=True)
        click.echo(
            f"{folded.records} records ({folded.void} void), {len(folded.digests)} entities, "
            f"{folded.records / max(took, 1e-9):,.0f} records/s, digest {all_in_one.hexdigest()}"
        )
        return DAMAGED if folded.damaged else 0

    try:
        run(work)
    finally:
        if out is not None:
            out.close()


@click.command()
@CONFIG
@LOG
@DATA
def copies(config: Path | None, log: str | None, data: Path | None) -> None:
    """Print what gives every Kafka partition its copies, as kafka-reassign-partitions.sh reads it."""
    made = checked_config(config, log, data)

    async def work() -> int:
        from huntserver.logs import lacking

        click.echo(await lacking(made))
        return 0

    run(work)


@click.command(name="accept-loss")
@CONFIG
@LOG
@DATA
@click.option("--yes", is_flag=True, help="accept what is listed without it")
def accept_loss(config: Path | None, log: str | None, data: Path | None, yes: bool) -> None:
    """List shards whose log lost its end, and with --yes accept that: they are served again from what there is."""
    made = checked_config(config, log, data)

    async def work() -> int:
        from actors.snapshots.losses import accept, claim_remembered, open_with_claims, short_shards
        from huntserver.logs import open_log, shards_of

        opened, snapshots = open_log(made, anew=yes)
        await open_with_claims(opened, snapshots)
        try:
            short = await short_shards(opened, snapshots, shards_of(opened, made))
            for shard in short:
                click.echo(
                    f"{shard.shard}: the log had {shard.reached} records, it ends at {shard.end}: "
                    f"{shard.gone or 'an unknown number of'} acknowledged records are gone"
                )
                if yes:
                    await accept(snapshots, shard, time.time_ns() // 1_000_000)
            await claim_remembered(opened, snapshots)  # what was accepted is remembered no longer
        finally:
            await opened.close()
        if not short:
            click.echo("no shard's log lost its end")
        elif yes:
            click.echo("accepted: a running server serves them within a minute")
        else:
            click.echo("restore the log if you can; else accept the loss: the same command with --yes", err=True)
        return DAMAGED if short and not yes else 0

    run(work)


def _output(dump: Path | None) -> TextIO | None:
    """Open the file of a dump: its owner's alone, as the log is, for all answers and guesses are in it."""
    try:
        return open(dump, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) if dump else None
    except OSError as error:
        fail(f"--dump {dump}: cannot be written ({error.strerror})", USAGE)


@click.command()
@click.argument("entity")
@CONFIG
@LOG
@DATA
@click.option("--personal", is_flag=True, help="show names, guesses and positions too")
def inspect(entity: str, config: Path | None, log: str | None, data: Path | None, personal: bool) -> None:
    """Print an entity's history in plain words; ENTITY is hunt/ID or player/ID."""
    kind_name, _, id = entity.partition("/")
    if kind_name not in ("hunt", "player") or not id:
        fail(f"{entity!r} is no entity, write hunt/ID or player/ID", USAGE)
    made = checked_config(config, log, data)

    async def work() -> int:
        from actors.log.codec import Done, OpenedDecoder
        from actors.log.port import ShardId, shard_of
        from huntserver.logs import open_log, reading_kinds

        opened, _ = open_log(made, read_only=True)
        await opened.open()
        kind, count = next((k, n) for k, n in reading_kinds(made) if k.kind == kind_name)
        shard = ShardId(kind.topic, shard_of(id, count))
        decoder = OpenedDecoder(kind)
        bounds = await opened.bounds(shard)
        shown = 0
        if bounds.end > bounds.start:
            async for chunk in opened.read(shard, bounds.start):
                for offset, body in chunk:
                    record = decoder.decode(shard, offset, body)
                    if isinstance(record, Done) and record.entity == entity:
                        shown += 1
                        _show(record, personal)
                if chunk[-1].offset >= bounds.end - 1:
                    break
        await opened.close()
        if not shown:
            click.echo(f"the log holds nothing of {entity}", err=True)
        return 0 if shown else 1

    run(work)


def _show(record: Any, personal: bool) -> None:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.at / 1000))
    for event in record.events:
        fields = msgspec.to_builtins(event)
        kind = fields["type"]
        told = (k for k in fields if k not in UNTOLD or (personal and k == "personal"))
        words = ", ".join(f"{k} {fields[k]}" for k in told)
        by = record.by if personal or not record.by.startswith("p:") else "a player"
        click.echo(f"{record.pos:>7} {at} {kind} by {by}{': ' + words if words else ''}")
