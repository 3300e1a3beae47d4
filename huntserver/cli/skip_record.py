"""`huntserver skip-record`: the way out when one record of a log cannot be read and closes its shard."""

from __future__ import annotations

from pathlib import Path

import click

from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, USAGE, checked_config, fail, run


@click.command(name="skip-record")
@click.argument("shard")
@click.argument("offset", type=int)
@CONFIG
@LOG
@DATA
def skip_record(shard: str, offset: int, config: Path | None, log: str | None, data: Path | None) -> None:
    """Print the setting that passes over the bad record at OFFSET of SHARD (hunts-3), as `log_damaged` names them.

    Refused for a record that can be read, for one of another version, and for the opening of a tenure.
    """
    made = checked_config(config, log, data)

    async def work() -> int:
        from actors.log.codec import RecordDecoder
        from actors.log.skipping import VOID, find_skip
        from huntserver.logs import kinds, open_log, shards_of

        opened, _ = open_log(made, read_only=True)
        await opened.open()
        try:
            id = next((id for id in shards_of(opened, made) if str(id) == shard), None)
            if id is None:
                fail(f"{shard!r} is no shard of this log; write it as the log line does: hunts-3", USAGE)
            kind = next(kind for kind, _ in kinds(made) if kind.topic == id.topic)
            skip = await find_skip(opened, RecordDecoder(kind.event_type), id, offset)
        except ValueError as error:
            fail(str(error), FAILED)
        finally:
            await opened.close()
        if skip.nonce == VOID:
            click.echo("it was never one of the server's records that count: nothing of the game is lost", err=True)
        else:
            click.echo(
                f"it was the server's own (number {skip.seq} of its tenure): what it held is lost, and the hunt or "
                "player that it belonged to, if any, will be closed (entity_damaged); the others go on",
                err=True,
            )
        click.echo(
            "put this into config.toml of every server and tool, start them again, and never remove it:", err=True
        )
        orders = ", ".join(f'"{order}"' for order in [*made.log.skip, str(skip)])
        click.echo(f"[log]\nskip = [{orders}]")
        return 0

    run(work)
