"""A real server process for tests, on a port of its own, ended when the test is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.machines.process import free_port

WAIT_S = 60.0


class Live:
    """One server: where it listens, what it wrote, and how it ends."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.arguments = arguments
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        self.stderr = folder / "stderr"
        self.stdout = folder / "stdout"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; wait for nothing."""
        command = [sys.executable, "-m", "huntserver", "serve", "--port", str(self.port), *self.arguments]
        with self.stdout.open("ab") as out, self.stderr.open("ab") as err:
            self._process = subprocess.Popen(command, stdout=out, stderr=err, cwd=self.folder, env=dict(os.environ))

    def until_ready(self) -> None:
        """Wait until every shard is served."""
        self._until("/readyz")

    def until_answering(self) -> None:
        """Wait until it answers, ready or not."""
        self._until("/healthz")

    def _until(self, path: str) -> None:
        assert self._process is not None
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.http("GET", path)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.stderr.read_text()[-2000:]}")

    def http(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Send one request; return status and body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def lines(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        return [json.loads(line) for line in self.stderr.read_text().splitlines() if line.startswith("{")]

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        """The process's id, 0 before it was started."""
        return self._process.pid if self._process else 0

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        assert self._process is not None
        return self._process.wait(WAIT_S)

    def stop(self) -> int:
        """End it in order; return the exit code."""
        if self._process is None or self._process.poll() is not None:
            return 0
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self.wait()


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Live]:
    """Run a server on SQLite in a folder; end it afterwards."""
    live = Live(folder, "--log", f"sqlite:{folder}/hunts.db", "--data", str(folder / "data"), *arguments)
    live.start()
    try:
        live.until_ready()
        yield live
    finally:
        live.stop()
