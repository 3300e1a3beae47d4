"""`huntserver projections`: keeps the read models up to the log, makes them anew, and shows what they hold."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from actors.log.port import EventLog
from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, USAGE, checked_config, fail, run
from huntserver.config import Config
from huntserver.projections import queries
from huntserver.projections.address import shown_address
from huntserver.projections.paging import PageRows
from huntserver.projections.store import ReadStore, StoreError
from huntserver.projections.stores import chosen

JSON = click.option("--json", "as_json", is_flag=True, help="print rows as JSON, one a line")
LIMIT = click.option("--limit", type=click.IntRange(1, queries.ROWS_MAX), default=50, show_default=True)
WIDE_COLUMNS_MAX = 9


@click.group()
def projections() -> None:
    """Read models: hunts, leaderboards, histories, statistics and the audit, folded from the log.

    They lie where `projections.store` says (SQLite, or PostgreSQL for a cluster) and can be made anew at any time.
    """


def chosen_store(config: Config) -> ReadStore:
    """Return the store that the configuration names, not opened yet; end with a line where it names none."""
    if not config.projections.store:
        fail("projections.store is empty: no read models are kept; name a store in the configuration", USAGE)
    return chosen(config.projections.store)


async def _with_log(config: Config, work: Callable[[EventLog], Coroutine[Any, Any, int | None]]) -> int | None:
    from huntserver.logs import open_log

    log, _ = open_log(config, read_only=True)
    await log.open()
    try:
        return await work(log)
    finally:
        await log.close()


@projections.command()
@CONFIG
@LOG
@DATA
@click.option("--supervised", is_flag=True, hidden=True)
def follow(config: Path | None, log: str | None, data: Path | None, supervised: bool) -> None:
    """Keep the read models up to the log until Ctrl-C or SIGTERM. May run beside the server, or anywhere on Kafka.

    A server does this by itself, unless its `projections.store` is empty.
    """
    from huntserver.cli import follow as following

    if supervised:
        run(following.supervised)
    made = checked_config(config, log, data)
    chosen_store(made)
    run(lambda: following.follow(made))


@projections.command()
@CONFIG
@LOG
@DATA
def rebuild(config: Path | None, log: str | None, data: Path | None) -> None:
    """Fold the whole log into fresh tables beside the ones in use, and put them in their place at once."""
    made = checked_config(config, log, data)

    async def work(opened: EventLog) -> int:
        from actors.reporter import Silent
        from huntserver.logs import reading_kinds
        from huntserver.projections.projector import Projector
        from huntserver.projections.store import WrongVersion

        store = chosen_store(made)
        try:
            with contextlib.suppress(WrongVersion):  # what is there goes
                await asyncio.to_thread(store.open)
            fresh = await asyncio.to_thread(store.rebuilt)
            read = await Projector(opened, reading_kinds(made), fresh, Silent()).catch_up()
            await asyncio.to_thread(store.replace, fresh)
        except StoreError as error:
            click.echo(f"huntserver: {error}", err=True)
            return FAILED
        finally:
            await asyncio.to_thread(store.close)
        click.echo(f"{read:,} records folded; the read models in {shown_address(made.projections.store)} are new")
        return 0

    run(lambda: _with_log(made, work))


def _show(config: Path | None, data: Path | None, ask: Callable[[ReadStore], PageRows], *, as_json: bool) -> None:
    """Print the rows of one question."""
    store = chosen_store(checked_config(config, None, data))
    try:
        store.open()
        rows = ask(store)
        store.close()
    except StoreError as error:
        fail(str(error))
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row).decode())
    else:
        _table(rows)


def _table(rows: Sequence[Any]) -> None:
    if not rows:
        click.echo("nothing there (yet): `huntserver projections follow` keeps the read models up to the log")
        return
    names = list(rows[0])
    table = Table(*names, box=box.SIMPLE_HEAD if len(names) > WIDE_COLUMNS_MAX else box.SIMPLE)
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    Console(width=max(100, 14 * len(names)), markup=False, highlight=False).print(table)


@projections.command()
@CONFIG
@DATA
@click.option("--phase", default="", help="draft, published, running, paused or ended")
@click.option("--search", default="", help="a text in title or id")
@LIMIT
@JSON
def hunts(config: Path | None, data: Path | None, phase: str, search: str, limit: int, as_json: bool) -> None:
    """Show the directory of hunts, the latest touched first."""
    _show(config, data, lambda s: queries.directory(s, phase=phase, search=search, limit=limit), as_json=as_json)


@projections.command()
@CONFIG
@DATA
@click.option("--season", default="", help="such as 2026Q4; left out: of all time")
@LIMIT
@JSON
def leaderboard(config: Path | None, data: Path | None, season: str, limit: int, as_json: bool) -> None:
    """Show the leaderboard over all hunts."""
    _show(config, data, lambda s: queries.leaderboard(s, season=season, limit=limit), as_json=as_json)


@projections.command()
@CONFIG
@DATA
@click.argument("id")
@click.option("--inventory", is_flag=True, help="treasures instead of hunts")
@JSON
def player(config: Path | None, data: Path | None, id: str, inventory: bool, as_json: bool) -> None:
    """Show the hunts of a player, or the treasures."""
    asked = queries.inventory if inventory else queries.history
    _show(config, data, lambda s: asked(s, id), as_json=as_json)


@projections.command()
@CONFIG
@DATA
@click.argument("hunt")
@JSON
def statistics(config: Path | None, data: Path | None, hunt: str, as_json: bool) -> None:
    """Show guesses, solves and hints of a hunt by clue and hour."""
    _show(config, data, lambda s: queries.statistics(s, hunt), as_json=as_json)


@projections.command()
@CONFIG
@DATA
@click.argument("hunt", default="")
@click.option("--search", default="", help="a text in event, author or detail")
@LIMIT
@JSON
def audit(config: Path | None, data: Path | None, hunt: str, search: str, limit: int, as_json: bool) -> None:
    """Show what hosts, timers and the server did in a hunt (or in all), the latest first."""
    _show(config, data, lambda s: queries.audit(s, hunt, search=search, limit=limit), as_json=as_json)
