"""The log in memory passes the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from actors.log.memory import MemoryLog
from tests.actors.log.contract import LogContract, SnapshotContract


class TestMemoryLog(LogContract, SnapshotContract):
    """Every clause, over a store of its own."""

    @pytest.fixture
    async def log(self) -> AsyncIterator[MemoryLog]:
        log = MemoryLog()
        await log.open()
        yield log
        await log.close()
