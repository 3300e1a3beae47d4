"""Servers of the run's own: `huntserver serve` with its data in a folder, and the bare echo.

Owns the processes that it started and ends them; on a machine with several cores they have one to themselves.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from huntserver.config import Config, LogChoice

SHARDS: Final = 16
"""Of each topic: what one process needs; on Kafka a topic of this size is made in a second."""

START_S: Final = 60.0
STOP_S: Final = 60.0
LIMITS: Final = ("handshakes_per_s=1e6", "connections_per_address=100000")
"""The load comes from one machine: limits for each address would measure themselves. The rest is as shipped."""

CLOSED_LIMITS: Final = ("commands_per_s=1e9", "commands_burst=1e9")
"""For players or hosts that ask as fast as they are answered."""


class OwnServerError(Exception):
    """The server did not start or stop; the text has the end of its output."""


def cores() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the cores for the server and those for the rest; nothing when there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    return ((allowed[0],), tuple(allowed[1:])) if len(allowed) > 1 else ((), ())


class OwnServer:
    """A server on a port of its own choice, on 127.0.0.1."""

    def __init__(self, folder: Path, log: str, *, prefix: str, limits: Sequence[str] = LIMITS) -> None:
        self.folder = folder
        url = log if log != "sqlite" else f"sqlite:{folder}/hunts.db"
        self.config = Config(log=LogChoice(url=url, hunt_shards=SHARDS, player_shards=SHARDS, topic_prefix=prefix))
        self.key_file = folder / "token.key"
        self.url = ""
        self.pid = 0
        self._limits = limits
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it serves. Raises `OwnServerError`."""
        log = self.config.log
        config = self.folder / "config.toml"
        config.write_text(
            f'[log]\nurl = "{log.url}"\nhunt_shards = {SHARDS}\nplayer_shards = {SHARDS}\n'
            f'topic_prefix = "{log.topic_prefix}"\n'
        )
        command = [sys.executable, "-m", "huntserver", "serve", "--config", str(config), "--data", str(self.folder)]
        command += ["--port", "0", *(part for limit in self._limits for part in ("--limit", limit))]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.pid = self._process.pid
        _pin(self.pid)
        found = _line(self._process, re.compile(r"Serving (ws://\S+?),"), START_S)
        if not found:
            self.kill()
            raise OwnServerError(f"the server did not start: {self._tail()}")
        self.url = found

    @property
    def _errors(self) -> Path:
        return self.folder / "server.log"

    def _tail(self) -> str:
        text = self._errors.read_text(errors="replace").strip() if self._errors.exists() else ""
        return text[-1500:] or "it said nothing"

    def stop(self) -> None:
        """Let it drain and end. Raises `OwnServerError` when it does not, or says that something went wrong."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise OwnServerError(f"the server did not stop within {STOP_S:.0f} s: {self._tail()}") from None
        finally:
            self._process.stdout.close() if self._process.stdout else None
        if code != 0:
            raise OwnServerError(f"the server ended with status {code}: {self._tail()}")

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process is not None and self._process.stdout:
            self._process.stdout.close()


@contextlib.contextmanager
def echo_server() -> Iterator[tuple[int, int]]:
    """Run the bare echo; give its port and pid. Raises `OwnServerError`."""
    process = subprocess.Popen([sys.executable, "-m", "huntserver.load.echo"], stdout=subprocess.PIPE, text=True)
    try:
        _pin(process.pid)
        port = _line(process, re.compile(r"listening (\d+)"), START_S)
        if not port:
            raise OwnServerError("the echo server did not start")
        yield int(port), process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _pin(pid: int) -> None:
    mine, _ = cores()
    if mine:
        os.sched_setaffinity(pid, mine)


def _line(process: subprocess.Popen[str], wanted: re.Pattern[str], wait_s: float) -> str:
    """Return the first group of the first line that has it; empty when the process ends or the time is over."""
    assert process.stdout is not None
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], (), (), 0.2)
        if not ready:
            if process.poll() is not None:
                return ""
            continue
        line = process.stdout.readline()
        if not line:
            return ""
        found = wanted.search(line)
        if found is not None:
            return found.group(1)
    return ""
