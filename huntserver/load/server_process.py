"""One `huntserver serve` in a process of its own: started by its command line, asked over HTTP, ended.

Owns the process that it started and the two files in a folder to which it writes. The load harness starts its own
server with it, the laboratory every server that it plays on. Never decides what the server is configured with.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

WAIT_S: Final = 60.0
"""For the start and for the end of a server; generous, as a machine may be busy."""

POLL_S: Final = 0.03
HTTP_S: Final = 10.0


class NotServing(Exception):
    """The server ended or did not get ready or end in time; the text has the end of its log. `code`: its exit code."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code


class ServerProcess:
    """`huntserver serve ARGUMENTS`, which write to `folder`. `port` 0: the server takes a free one at each start.

    `within` is the beginning of a command line that runs the rest: on a core (`taskset`), in a network namespace.
    `program` may be set before a start: what runs the command line's `serve`.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "server",
        within: Sequence[str] = (),
        cwd: Path | None = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.host = host
        self.port = port
        self.starts = 0
        self._cwd = cwd
        self.stdout = folder / f"{name}.stdout"
        self.stderr = folder / f"{name}.log"
        self.program: Sequence[str] = (sys.executable, "-m", "huntserver")
        self._within = within
        self._chosen = port == 0
        self._arguments = ["serve", "--host", host, "--port", str(port), *arguments]
        self._printed = 0
        self._process: subprocess.Popen[bytes] | None = None

    # ---- its life

    def launch(self) -> None:
        """Start the process; wait for nothing. Its output is appended to what an earlier start wrote."""
        self.starts += 1
        self._printed = self.stdout.stat().st_size if self.stdout.exists() else 0
        with self.stdout.open("ab") as out, self.open_stderr() as err:
            self._process = subprocess.Popen(
                [*self._within, *self.program, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self._cwd,
            )

    def open_stderr(self) -> IO[bytes]:
        """Open what the process writes its log to: the file `stderr`."""
        return self.stderr.open("ab")

    def start(self, wait_s: float = WAIT_S) -> None:
        """Start it and wait until every shard is served. Raises `NotServing`."""
        self.launch()
        self.until_ready(wait_s)

    def until_ready(self, wait_s: float = WAIT_S) -> None:
        """Wait until `/readyz` answers 200. Raises `NotServing`."""
        self._until("/readyz", wait_s)

    def until_answering(self, wait_s: float = WAIT_S) -> None:
        """Wait until it answers at all, ready or not. Raises `NotServing`."""
        self._until("/healthz", wait_s)

    def _until(self, path: str, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        while (why := self.said(path)) != "ok":
            if not self.runs or time.monotonic() > deadline:
                raise NotServing(
                    f"{self.name}: {why} (waited {wait_s:.0f} s, exit {self.exit_code}):\n{self.tail()}", self.exit_code
                )
            time.sleep(POLL_S)

    def said(self, path: str) -> str:
        """Return "ok" where a path answers 200, else what it answers or why it does not."""
        if not self._listening():
            return "it has not said where it listens"
        try:
            status, body = self.http("GET", path)
        except OSError as why:
            return str(why)
        return "ok" if status == 200 else body[:500].decode(errors="replace")

    def signal(self, number: int) -> None:
        """Send a signal, if the process is there."""
        if self._process is not None and self.runs:
            self._process.send_signal(number)

    def wait(self, wait_s: float = WAIT_S) -> int:
        """Wait for the end; return the exit code. Raises `NotServing`, and lets it run, when it does not come."""
        assert self._process is not None, "it was never started"
        try:
            return self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            raise NotServing(f"{self.name} had not ended {wait_s:.0f} s after SIGTERM:\n{self.tail()}") from None

    def stop(self, wait_s: float = WAIT_S) -> int:
        """Let it drain and end; return the exit code, 0 if it does not run. Killed, and `NotServing`, if it hangs."""
        if not self.runs:
            return 0
        self.signal(signal.SIGTERM)
        try:
            return self.wait(wait_s)
        except NotServing:
            self.kill()
            raise

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    # ---- looks from outside

    @property
    def runs(self) -> bool:
        """Tell whether the process is there, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs, and before."""
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int:
        """The process's id; 0 before it was started."""
        return self._process.pid if self._process else 0

    @property
    def url(self) -> str:
        """Where players connect."""
        return f"ws://{self.host}:{self.port}/ws"

    def _listening(self) -> bool:
        """Learn the port from what the server printed, when it chose one."""
        if not self._chosen:
            return True
        with self.stdout.open("rb") as printed:
            printed.seek(self._printed)
            for line in printed:
                if line.startswith(b"Serving ws") and line.endswith(b"\n"):
                    self.port = int(line.split()[1].partition(b"://")[2].partition(b"/")[0].rpartition(b":")[2])
                    return True
        return False

    def http(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Send one request; return status and body. Raises OSError."""
        request = urllib.request.Request(f"http://{self.host}:{self.port}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def lines(self) -> list[dict[str, Any]]:
        """Return its log so far."""
        return [json.loads(line) for line in self.stderr.read_text().splitlines() if line.startswith("{")]

    def tail(self) -> str:
        """Return the last lines of its log."""
        text = self.stderr.read_text(errors="replace").strip() if self.stderr.exists() else ""
        return "\n".join(line[:300] for line in text.splitlines()[-8:]) or "it said nothing"


def pin(pid: int, cores: Sequence[int]) -> None:
    """Keep a process on some cores; on any when none are named."""
    if cores:
        os.sched_setaffinity(pid, cores)
