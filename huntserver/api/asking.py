"""Asking the read models beside the loop: a few threads, each with a connection of its own.

Owns the threads and how many questions may wait. The loop never waits for the store: a question has a deadline, after
which its answer is dropped, and questions that would wait too long are refused at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from actors.reporter import Reporter
from huntserver.projections.store import ReadSource, ReadStore, StoreError

THREADS: Final = 2
WAITING_MAX: Final = 32
DEADLINE_S: Final = 8.0
"""Above the time after which PostgreSQL ends a statement by itself."""

Look = Callable[[ReadSource], Any]
Told = Callable[[Any], None]
"""Takes what the question returned, or a `StoreError`, or None: a bug stood in the way. Called on the loop, once."""


class Asking:
    """Puts questions to a store. `connect` makes a store that is not opened yet; each thread opens one."""

    def __init__(self, connect: Callable[[], ReadStore], report: Reporter) -> None:
        self._connect = connect
        self._report = report
        self._threads = ThreadPoolExecutor(THREADS, "read models")
        self._own = threading.local()
        self._waiting = 0

    def ask(self, question: Look, told: Told) -> bool:
        """Put a question; False: too many wait already."""
        if self._waiting >= WAITING_MAX:
            return False
        self._waiting += 1
        loop = asyncio.get_running_loop()
        once = _Once(told)
        late = loop.call_later(
            DEADLINE_S, once.tell, StoreError(f"the read models did not answer within {DEADLINE_S:.0f} s")
        )

        def finish(future: Future[Any]) -> None:
            self._waiting -= 1
            late.cancel()
            error = None if future.cancelled() else future.exception()
            if error is not None and not isinstance(error, StoreError):
                self._report.fault("work_failed", error)
                error = None
            elif not future.cancelled():
                once.tell(error or future.result())
                return
            once.tell(None)

        def finished(future: Future[Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(finish, future)

        self._threads.submit(self._answer, question).add_done_callback(finished)
        return True

    def close(self) -> None:
        """Take no more; what waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: Look) -> Any:
        store: ReadStore | None = getattr(self._own, "store", None)
        try:
            if store is None:
                store = self._connect()
                store.look()
                self._own.store = store
            return question(store)
        except StoreError:
            self._own.store = None
            if store is not None:
                with contextlib.suppress(StoreError):
                    store.close()
            raise


class _Once:
    """Tells one thing, the first."""

    def __init__(self, told: Told) -> None:
        self._told: Told | None = told

    def tell(self, what: Any) -> None:
        told, self._told = self._told, None
        if told is not None:
            told(what)
