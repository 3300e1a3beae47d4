"""The store of media is swept beside a server: once a day what no record names, and is old, is removed.

Owns the child process that does it, so that reading the log never holds the server's loop; the figures of the last one
are on the metrics page. What is told of a store that cannot be swept is told once a day.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry

from actors.background import Background
from actors.reporter import Reporter
from huntserver.config import Config
from huntserver.telemetry import metrics

COMMAND: Final = (sys.executable, "-m", "huntserver", "media", "supervised")
FIRST_S: Final = 3_600.0
EVERY_S: Final = 86_400.0


class SweepStatistics(NamedTuple):
    """What the last sweep found in the store, and what all of this run removed."""

    files: int = 0
    bytes: int = 0
    orphans: int = 0
    removed: int = 0
    failures: int = 0


class _Swept(msgspec.Struct, frozen=True):
    files: int
    bytes: int
    orphans: int
    removed: int
    kept_why: str = ""


class MediaSweeper:
    """Sweeps the store of a configuration, now and then."""

    def __init__(self, config: Config, report: Reporter, command: Sequence[str] = COMMAND) -> None:
        self._config = config
        self._report = report
        self._command = command
        self._last = SweepStatistics()

    def start(self, background: Background, made: CollectorRegistry) -> None:
        """Sweep as a job of `background`, unless the configuration says never; put the figures among the metrics."""
        made.register(metrics.PartCollector([("media", self.statistics)]))
        if self._config.media.orphans_days:
            background.run("media sweeper", self._keep)

    def statistics(self) -> SweepStatistics:
        """Return the figures."""
        return self._last

    async def _keep(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            await self.sweep()
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> None:
        """Sweep once, and tell what came of it."""
        child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await child.communicate(msgspec.json.encode(self._config) + b"\n")
        finally:
            if child.returncode is None:
                child.kill()
        if child.returncode:
            self._last = self._last._replace(failures=self._last.failures + 1)
            self._report.warn("media_not_swept", why=err.decode(errors="replace").strip()[-300:])
            return
        found = msgspec.json.decode(out, type=_Swept)
        removed = self._last.removed + found.removed
        self._last = SweepStatistics(found.files, found.bytes, found.orphans, removed, self._last.failures)
        if found.kept_why:
            self._report.warn("media_not_swept", why=found.kept_why)
        elif found.removed:
            self._report.note("media_swept", removed=found.removed, files=found.files)
