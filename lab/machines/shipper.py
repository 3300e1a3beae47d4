"""A log shipper that can be hurt: it reads what a server writes to a named pipe, and keeps it in a file.

Owns the pipe and the process that reads it. Killed, the server's next line goes to a pipe that nobody reads (EPIPE);
stopped, the pipe fills up. As a program: `python -m lab.machines.shipper PIPE FILE`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

CHUNK_BYTES: Final = 65_536


class LogShipper:
    """Reads `pipe` into `file`, in a process of its own."""

    def __init__(self, pipe: Path, file: Path) -> None:
        self.pipe = pipe
        self._file = file
        self._process: subprocess.Popen[bytes] | None = None
        os.mkfifo(pipe)

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "lab.machines.shipper", str(self.pipe), str(self._file)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def opened(self) -> IO[bytes]:
        """Open the pipe to write into; waits until the shipper reads."""
        self.start()
        return self.pipe.open("wb", buffering=0)

    def stop(self) -> None:
        """SIGSTOP: it reads nothing, and the pipe fills up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """`kill -9`: nobody reads the pipe any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def ship(pipe: Path, file: Path) -> None:
    """Read for ever. The pipe is held open for writing too, so that a server that ends is no end of it."""
    source = os.open(pipe, os.O_RDWR)
    with file.open("ab", buffering=0) as kept:
        while True:
            kept.write(os.read(source, CHUNK_BYTES))


if __name__ == "__main__":
    ship(Path(sys.argv[1]), Path(sys.argv[2]))
