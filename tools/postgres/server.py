#!/usr/bin/env python3
"""Start and stop a PostgreSQL server for development and tests, from Debian's package.

    python3 tools/postgres/server.py start [--port P] [--data DIR]
    python3 tools/postgres/server.py stop  [--data DIR] [--wipe]

Owns one data folder. As root it runs the server as the user `postgres`, which the package makes: the server refuses to
run as root. Anybody on this machine may connect: never for production. The last line that `start` prints is the URL.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

DEFAULT_PORT = 19432
HOST = "127.0.0.1"
WAIT_S = 120


class Failed(Exception):
    """The tool cannot do what it was asked; the text says why and what to do."""


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(description="PostgreSQL for development and tests")
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}; 0: any free one")
    parser.add_argument("--data", type=Path, help="data folder (default: one under the system's temporary folder)")
    parser.add_argument("--wipe", action="store_true", help="with stop: remove the data folder as well")
    asked = parser.parse_args()
    data = (asked.data or Path(f"/tmp/huntserver-postgres-{asked.port}")).resolve()
    try:
        if asked.command == "start":
            print(start(data, asked.port))
        else:
            stop(data, wipe=asked.wipe)
    except Failed as error:
        print(f"postgres: {error}", file=sys.stderr)
        return 1
    return 0


def binaries() -> Path:
    """Return the folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise Failed("there is no PostgreSQL server here; install Debian's package postgresql")
    return found[-1].parent


def run(*command: str) -> None:
    """Run a program of the server, as `postgres` when we are root."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_user, *command], capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-500:]}")


def start(data: Path, port: int) -> str:
    """Start the server unless it runs; return its URL."""
    programs = binaries()
    pid = data / "postmaster.pid"
    if pid.is_file() and alive(pid):
        port = int(pid.read_text().splitlines()[3])
        return f"postgresql://postgres@{HOST}:{port}/postgres"
    port = port or free_port()
    if not (data / "PG_VERSION").is_file():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)
        if os.geteuid() == 0:
            shutil.chown(data, "postgres", "postgres")
        run(str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8")
    options = f"-p {port} -c listen_addresses={HOST} -c unix_socket_directories= -c max_connections=50"
    log = data / "server.log"
    run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(log), "-w", "-t", str(WAIT_S), "-o", options, "start")
    return f"postgresql://postgres@{HOST}:{port}/postgres"


def alive(pid_file: Path) -> bool:
    """Tell whether the server that wrote the file runs."""
    try:
        return Path(f"/proc/{int(pid_file.read_text().splitlines()[0])}").exists()
    except (OSError, ValueError, IndexError):
        return False


def stop(data: Path, *, wipe: bool) -> None:
    """Stop the server if it runs."""
    if (data / "postmaster.pid").is_file():
        run(str(binaries() / "pg_ctl"), "-D", str(data), "-w", "-m", "fast", "stop")
    if wipe:
        shutil.rmtree(data, ignore_errors=True)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main())
