"""Servers that tests stop and start again; a clock that nothing vouches for keeps them waiting a second alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.machines.servers import LocalServer

READY_S = 180.0


@contextmanager
def restarting(folder: Path, *arguments: str) -> Iterator[LocalServer]:
    """Run a server on SQLite in a folder, with `clock_grace_s` of a second; end it afterwards."""
    config = folder / "restarts.toml"
    config.write_text("[limits]\nclock_grace_s = 1.0\n")
    told = ["--config", str(config), "--log", f"sqlite:{folder}/hunts.db", "--data", str(folder / "data")]
    server = LocalServer(folder, *told, *arguments)
    server.launch()
    try:
        server.until_ready(READY_S)
        yield server
    finally:
        server.stop()


def start_again(server: LocalServer) -> None:
    """Start a server that was stopped; wait until it is ready."""
    server.launch()
    server.until_ready(READY_S)
