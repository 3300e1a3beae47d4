"""Several workers on one machine: started, started again when they end, and drained one after the other.

Owns the listening socket that they share and their processes. A connection that waits in the socket is taken by whoever
is there, so that none is lost while a worker is exchanged. Decides nothing about shards: the workers are a cluster.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.reporter import Reporter
from huntserver.auth import load_key
from huntserver.cluster.node import SECRET_VARIABLE
from huntserver.config import Config, ConfigError
from huntserver.listening import PortInUse
from huntserver.workers.plan import WorkerOrder, WorkerState, planned

COMMAND: Final = (sys.executable, "-m", "huntserver.workers.child")
BACKLOG: Final = 4096
BACKOFF_S: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
STEADY_S: Final = 60.0
"""A worker that ran for so long begins the backoff anew when it ends."""
READY_S: Final = 120.0
DRAIN_S: Final = 60.0
USAGE: Final = 2
"""The exit code of a worker whose configuration cannot be used: starting it again does not help."""


class WorkersFailed(Exception):
    """The first start failed; `code` is the worker's exit code, and its own line on stderr says why."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class WorkerProcess:
    """One worker process after the other. `state` is what the present one said last."""

    def __init__(self, number: int, order: WorkerOrder, environment: dict[str, str], report: Reporter) -> None:
        self.number = number
        self.state = WorkerState(False, "it was not started yet")
        self.starts = 0
        self.changed = asyncio.Event()
        self._order = order
        self._environment = environment
        self._report = report
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 while none runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def run(self) -> int:
        """Start a process and return its exit code when it has ended. Raises OSError."""
        self.starts += 1
        self._say(WorkerState(False, "it starts"))
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            *COMMAND, stdin=pipe, stdout=pipe, pass_fds=[self._order.fd], env=self._environment
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._report.note("worker_started", worker=self.number, pid=process.pid)
        process.stdin.write(msgspec.json.encode(self._order) + b"\n")
        while line := await process.stdout.readline():
            with contextlib.suppress(msgspec.DecodeError):  # a library's print is no state
                self._say(msgspec.json.decode(line, type=WorkerState))
        code = await process.wait()
        self._say(WorkerState(False, f"it ended with exit code {code}"))
        return code

    def _say(self, state: WorkerState) -> None:
        self.state = state
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def until(self, met: Callable[[], bool], within_s: float) -> bool:
        """Wait until something holds that changes with the state; tell whether it came to."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not met():
                    await self.changed.wait()
        return met()

    async def end(self) -> None:
        """Let it drain and end; killed when it does not in time."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(DRAIN_S):
                await process.wait()
        except TimeoutError:
            self._report.warn("worker_killed", worker=self.number, pid=process.pid, after_s=DRAIN_S)
            process.kill()
            await process.wait()


class Workers:
    """All workers of one machine. `serve` runs them until SIGTERM or SIGINT."""

    def __init__(self, config: Config, count: int, hunts: Sequence[Path], report: Reporter) -> None:
        folder = Path(config.data.dir)
        key_file = Path(config.auth.key_file) if config.auth.key_file else folder / "token.key"
        configs = planned(config, count, key_file)
        folder.mkdir(parents=True, exist_ok=True)
        load_key(key_file, make=not config.auth.key_file)
        self._config = config
        self._report = report
        self._socket = _listening(config.server.host, config.server.port)
        environment = dict(os.environ)
        if not config.cluster.secret_file and not config.cluster.listen:
            environment.setdefault(SECRET_VARIABLE, secrets.token_hex(32))  # they are all alone
        told = tuple(str(path) for path in hunts)
        self.workers = [
            WorkerProcess(n, WorkerOrder(one, told, self._socket.fileno(), str(folder / "links")), environment, report)
            for n, one in enumerate(configs)
        ]
        self._stopping = False
        self._exchanged: set[int] = set()
        self._keeping: list[asyncio.Task[None]] = []
        self._rolling: asyncio.Task[None] | None = None

    async def serve(self, announce: Callable[[str], None]) -> None:
        """Start all, say so, and keep them running until SIGTERM or SIGINT; on SIGHUP exchange one after the other.

        Raises `WorkersFailed` when the first start fails for good.
        """
        loop, asked = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked.set)
        ending = asyncio.ensure_future(asked.wait())
        try:
            await self._begin(ending)
            if not asked.is_set():
                loop.add_signal_handler(signal.SIGHUP, self.exchange)
                announce(self._welcome())
            await ending
        finally:
            await self._stop()

    async def _begin(self, ending: asyncio.Future[Any]) -> None:
        """Start the first, which makes what is not there yet, then the others."""
        first, *others = self.workers
        self._keep(first)
        await self._until_ready(first, ending)
        for worker in others:
            self._keep(worker)
        for worker in others:
            await self._until_ready(worker, ending)

    async def _until_ready(self, worker: WorkerProcess, ending: asyncio.Future[Any]) -> None:
        waiting = asyncio.ensure_future(worker.until(lambda: worker.state.ready, READY_S))
        keeping: list[asyncio.Future[Any]] = [waiting, ending, self._keeping[worker.number]]
        await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._keeping[worker.number].done():
            self._keeping[worker.number].result()
        if not ending.done() and not worker.state.ready:
            self._report.warn("worker_not_ready", worker=worker.number, why=worker.state.why, after_s=READY_S)

    def _keep(self, worker: WorkerProcess) -> None:
        self._keeping.append(asyncio.create_task(self._kept(worker), name=f"worker {worker.number}"))

    async def _kept(self, worker: WorkerProcess) -> None:
        ended = 0
        while not self._stopping:
            began_s = time.monotonic()
            code = await worker.run()
            if self._stopping:
                return
            if worker.number in self._exchanged:
                self._exchanged.discard(worker.number)
                continue
            if code == USAGE and worker.starts == 1:
                raise WorkersFailed(f"worker {worker.number} ended with exit code {code}", code)
            ended = 0 if time.monotonic() - began_s > STEADY_S else ended
            again_s = BACKOFF_S[min(ended, len(BACKOFF_S) - 1)]
            ended += 1
            self._report.warn("worker_ended", worker=worker.number, code=code, again_s=again_s)
            await asyncio.sleep(again_s)

    # ---- exchanged one after the other

    def exchange(self) -> None:
        """Drain each worker and start it anew, the next only when all is well again. Once at a time."""
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.create_task(self._roll(), name="exchange of the workers")

    async def _roll(self) -> None:
        for worker in self.workers:
            before = worker.starts
            self._exchanged.add(worker.number)
            await worker.end()
            if not await worker.until(lambda w=worker, b=before: w.starts > b and w.state.ready, READY_S):  # type: ignore[misc]
                why = worker.state.why
                self._report.warn("workers_not_exchanged", worker=worker.number, why=why, after_s=READY_S)
                return
            self._report.note("worker_exchanged", worker=worker.number, pid=worker.pid)
        self._report.note("workers_exchanged", workers=len(self.workers))

    async def _stop(self) -> None:
        self._stopping = True
        if self._rolling is not None:
            self._rolling.cancel()
        await asyncio.gather(*(worker.end() for worker in self.workers))
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self._socket.close()

    def _welcome(self) -> str:
        server = self._config.server
        scheme = "wss" if server.tls_certificate else "ws"
        shown = f"[{server.host}]" if ":" in server.host else server.host
        own = ", ".join(str(server.port + 1 + worker.number) for worker in self.workers)
        return (
            f"Serving {scheme}://{shown}:{server.port}/ws with {len(self.workers)} workers, log "
            f"{self._config.log.url}. Stop with Ctrl-C; SIGHUP exchanges one worker after the other.\n"
            f"Probes, metrics and `huntserver cluster` of each worker: ports {own}."
        )


def _listening(host: str, port: int) -> socket.socket:
    """Return the socket that the workers share. Raises `PortInUse`, `ConfigError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} of {host} is in use; stop the other server or give another port with --port"
            ) from error
        why = error.strerror or error
        raise ConfigError(f"cannot listen on {host}:{port} ({why}); give an address of this machine") from error
    return made
