"""The issuers that the configuration trusts, with their keys, read again off the loop when they are due."""

from __future__ import annotations

import asyncio
import time

from actors.reporter import Reporter
from huntserver.auth import Issuers, KeySet
from huntserver.config import Config


async def read_issuers(config: Config, reporter: Reporter) -> Issuers:
    """Return the issuers that the configuration trusts, with their keys; they are read again off the loop when due.

    One that cannot be read now is told of and tried again. Raises `IssuerError` for one that is configured wrongly.
    """
    loop = asyncio.get_running_loop()

    async def read(keys: KeySet) -> None:
        if not await loop.run_in_executor(None, keys.load, time.monotonic()):
            reporter.warn("issuer_keys_unreadable", issuer=keys.source, why=keys.problem)

    reading: dict[str, asyncio.Task[None]] = {}

    def wanted(keys: KeySet) -> None:
        if keys.source not in reading or reading[keys.source].done():
            reading[keys.source] = loop.create_task(read(keys), name=f"keys of {keys.source}")

    issuers = Issuers(config.auth.issuers, wanted)
    await asyncio.gather(*(read(keys) for keys in issuers.key_sets()))
    return issuers
