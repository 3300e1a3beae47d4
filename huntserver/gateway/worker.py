"""One thread for work that would hold the loop up: the check of a definition.

Owns the thread and how much may wait for it. The work is pure: it shares nothing with the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from actors.reporter import Reporter

WAITING_MAX: Final = 8


class WorkerThread:
    """Does one thing after the other, in the order in which it was given; `close` ends it."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._thread = ThreadPoolExecutor(1, "gateway worker")
        self._waiting = 0

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[], None]) -> bool:
        """Call `work` in the thread, then `done` with what it returned, or `failed`, on the loop; False: too much
        waits."""
        if self._waiting >= WAITING_MAX:
            return False
        self._waiting += 1
        loop = asyncio.get_running_loop()

        def finished(future: Future[Any]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, future, done, failed)

        self._thread.submit(work).add_done_callback(finished)
        return True

    def _finish(self, future: Future[Any], done: Callable[[Any], None], failed: Callable[[], None]) -> None:
        self._waiting -= 1
        if future.cancelled():
            failed()
            return
        error = future.exception()
        if error is not None:
            self._report.fault("work_failed", error)
            failed()
        else:
            done(future.result())

    def close(self) -> None:
        """End the thread once its present work is done; what waits is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)
