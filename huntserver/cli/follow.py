"""Following a log into the read models: by hand until Ctrl-C, or beside a server that supervises it.

Owns the loop of the process and its end. Beside a server it gives way to it: a lower priority, its figures a line a
second on stdout, and its end when its stdin closes, as it does when the server is gone, whatever ended that.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from actors.faults import Fault
from huntserver import telemetry
from huntserver.auth import load_key
from huntserver.config import Config
from huntserver.logs import feed, kinds, open_log, reading_kinds
from huntserver.projections.address import shown_address
from huntserver.projections.child import Beat
from huntserver.projections.cleaning import Cleaner
from huntserver.projections.feed import FeedStatistics
from huntserver.projections.projector import ProjectionStatistics, Projector
from huntserver.projections.stores import chosen
from huntserver.projections.webhooks import WebhookSender, keep_telling
from huntserver.token_key import key_path

NICE: Final = 5
BEAT_S: Final = 1.0
END_S: Final = 2.0
PAUSE_S: Final = 2.0
"""Before a log that cannot be opened is tried again."""
NONE: Final = ProjectionStatistics(0, 0, 0, 0, 0.0, 0, "")


async def follow(made: Config) -> None:
    """Keep the read models up to the log until SIGTERM or SIGINT. Raises `Fault` when the log cannot be opened."""
    telemetry.configure(made.telemetry.format, made.telemetry.level)
    running = asyncio.ensure_future(_project(made, telemetry.LogReporter(), None))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    click.echo(f"following {made.log.url} into {shown_address(made.projections.store)}; stop with Ctrl-C")
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def supervised() -> None:
    """Do it for the server that started this process, whose configuration is the first line of stdin."""
    os.nice(NICE)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):  # meant for the server, which has work to do before its end
        loop.add_signal_handler(number, lambda: None)
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    line = await reader.readline()
    if not line:
        return
    made = msgspec.json.decode(line, type=Config)
    telemetry.configure(made.telemetry.format, made.telemetry.level)
    running = asyncio.ensure_future(_kept(made, telemetry.LogReporter(part="projections")))
    ended = asyncio.ensure_future(reader.read())
    either: list[asyncio.Future[None] | asyncio.Future[bytes]] = [running, ended]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    running.cancel()
    await asyncio.wait({running}, timeout=END_S)
    os._exit(0)  # a thread may wait for a store that stands still; what is not committed is folded again


async def _kept(made: Config, report: telemetry.LogReporter) -> None:
    """Follow for ever."""
    figures = _Figures()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(figures.say(), name="figures")
        if made.projections.feed:
            writer = feed(made, report)
            figures.feed = writer.statistics
            tasks.create_task(writer.run(), name="feed")
        if made.webhooks:
            figures.senders = _senders(made, report)
            for hook, sender in zip(made.webhooks, figures.senders, strict=True):
                make = lambda: open_log(made, read_only=True)[0]  # noqa: E731
                tasks.create_task(keep_telling(sender, make, report, hook.name), name=f"webhook {hook.name}")
        if made.projections.store:
            tasks.create_task(_projecting(made, report, figures), name="read models")


def _senders(made: Config, report: telemetry.LogReporter) -> list[WebhookSender]:
    """Return what tells the configured addresses. Raises `ConfigError`, `KeyFileError`."""
    cleaner, folder = Cleaner(load_key(key_path(made), make=False)), Path(made.data.dir) / "webhooks"
    return [WebhookSender(hook, folder, kinds(made), cleaner, report) for hook in made.webhooks]


async def _projecting(made: Config, report: telemetry.LogReporter, figures: _Figures) -> None:
    """Keep the read models up to the log; one that cannot be opened now is told of and tried again."""
    while True:
        try:
            await _project(made, report, figures)
        except Fault as fault:
            figures.models = functools.partial(NONE._replace, why=str(fault))
            report.warn("projection_waits", why=str(fault))
            await asyncio.sleep(PAUSE_S)


class _Figures:
    """The figures of this process on its stdout, a line a second."""

    def __init__(self) -> None:
        self.models: Callable[[], ProjectionStatistics] = lambda: NONE
        self.feed: Callable[[], FeedStatistics] = lambda: FeedStatistics(0, 0, "")
        self.senders: Sequence[WebhookSender] = ()

    async def say(self) -> None:
        """Say them for ever."""
        while True:
            told, untold = sum(one.told for one in self.senders), sum(one.failed for one in self.senders)
            os.write(1, msgspec.json.encode(Beat(self.models(), self.feed(), told, untold)) + b"\n")
            await asyncio.sleep(BEAT_S)


async def _project(made: Config, report: telemetry.LogReporter, figures: _Figures | None) -> None:
    log, _ = open_log(made, read_only=True)
    await log.open()
    store = chosen(made.projections.store)
    projector = Projector(log, reading_kinds(made), store, report)
    if figures is not None:
        figures.models = projector.statistics
    try:
        await projector.run()
    finally:
        await asyncio.to_thread(store.close)
        await log.close()
