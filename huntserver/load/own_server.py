"""Servers of the run's own: `huntserver serve` with its data in a folder, and the bare echo.

Owns the processes that it started and ends them; on a machine with several cores they have one to themselves.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from huntserver.config import Config, LogChoice
from huntserver.load.server_process import WAIT_S, NotServing, ServerProcess, pin

SHARDS: Final = 16
"""Of each topic: what one process needs; on Kafka a topic of this size is made in a second."""

LIMITS: Final = (
    "handshakes_per_s=1e6",
    "handshakes_per_s_per_address=1e6",
    "sockets_per_s_per_address=1e6",
    "sockets_waiting_per_address=100000",
    "connections_per_address=100000",
)
"""The load comes from one machine: limits for each address would measure themselves. The rest is as shipped."""

CLOSED_LIMITS: Final = ("commands_per_s=1e9", "commands_burst=1e9")
"""For players or hosts that ask as fast as they are answered."""


def cores() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the cores for the server and those for the rest; nothing when there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    return ((allowed[0],), tuple(allowed[1:])) if len(allowed) > 1 else ((), ())


class OwnServer(ServerProcess):
    """A server on a port of its own choice, on 127.0.0.1. `log`: sqlite (in the folder), or kafka:HOST:PORT."""

    def __init__(self, folder: Path, log: str, *, prefix: str, limits: Sequence[str] = LIMITS) -> None:
        url = log if log != "sqlite" else f"sqlite:{folder}/hunts.db"
        self.config = Config(log=LogChoice(url=url, hunt_shards=SHARDS, player_shards=SHARDS, topic_prefix=prefix))
        self.key_file = folder / "token.key"
        config = folder / "config.toml"
        config.write_text(
            f'[log]\nurl = "{url}"\nhunt_shards = {SHARDS}\nplayer_shards = {SHARDS}\ntopic_prefix = "{prefix}"\n'
        )
        told = [part for limit in limits for part in ("--limit", limit)]
        super().__init__(folder, "--config", str(config), "--data", str(folder), "--projections", "off", *told)

    def launch(self) -> None:
        """Start the process on its core."""
        super().launch()
        pin(self.pid, cores()[0])

    def stop(self, wait_s: float = WAIT_S) -> int:
        """Let it drain and end. Raises `NotServing` when it does not, or says that something went wrong."""
        code = super().stop(wait_s)
        if code != 0:
            raise NotServing(f"the server ended with status {code}:\n{self.tail()}", code)
        return code


@contextlib.contextmanager
def echo_server() -> Iterator[tuple[int, int]]:
    """Run the bare echo on the server's core; give its port and pid. Raises `NotServing`."""
    process = subprocess.Popen([sys.executable, "-m", "huntserver.load.echo"], stdout=subprocess.PIPE, text=True)
    try:
        pin(process.pid, cores()[0])
        assert process.stdout is not None
        word, _, port = process.stdout.readline().partition(" ")
        if word != "listening":
            raise NotServing("the echo server did not start")
        yield int(port), process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
