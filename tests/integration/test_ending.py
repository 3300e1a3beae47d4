"""A real server that is asked to end before it serves: in order, with exit code 0 and a line that says so."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from huntserver.load.server_process import WAIT_S
from lab.machines.servers import LocalServer

SIGNALS = [signal.SIGTERM, signal.SIGINT]


def catches(live: LocalServer, number: int) -> bool:
    """Tell whether the process has a way of its own to take the signal, as Linux says it."""
    assert live.pid
    lines = Path(f"/proc/{live.pid}/status").read_text().splitlines()
    mask = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def catching(live: LocalServer) -> None:
    """Wait until the process has a way of its own to take SIGTERM."""
    deadline = time.monotonic() + WAIT_S
    while not catches(live, signal.SIGTERM):
        assert time.monotonic() < deadline
        time.sleep(0.002)


def ended(live: LocalServer) -> tuple[int, list[str]]:
    code = live.wait()
    return code, [line["event"] for line in live.lines() if line["event"] in ("serving", "draining", "stopped")]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_server_that_still_reaches_for_its_log_ends_in_order_when_it_is_asked_to(tmp_path: Path, number: int) -> None:
    with socket.socket() as silent:  # takes connections, says nothing: a broker that hangs
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(WAIT_S)
        live = LocalServer(
            tmp_path, "--log", f"kafka:127.0.0.1:{silent.getsockname()[1]}", "--data", str(tmp_path / "data")
        )
        live.launch()
        try:
            reached, _ = silent.accept()
            with reached:
                live.signal(number)
                assert ended(live) == (0, ["stopped"])
        finally:
            live.stop()
    assert "Traceback" not in live.stderr.read_text()


def test_a_server_that_has_only_read_its_arguments_ends_in_order_when_it_is_asked_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")  # nobody writes into it: the server comes as far as this and no further
    data = ("--log", f"sqlite:{tmp_path}/hunts.db", "--data", str(tmp_path / "data"))
    live = LocalServer(tmp_path, "--config", "config.toml", *data)
    live.launch()
    try:
        catching(live)
        live.signal(signal.SIGTERM)
        assert live.wait() == 0
    finally:
        live.stop()
    assert "Traceback" not in live.stderr.read_text()
    assert "asked to end" in live.stderr.read_text()


@pytest.mark.parametrize("after_s", [0.1, 0.2, 0.4])
def test_a_server_ends_in_order_at_any_moment_of_its_start(tmp_path: Path, after_s: float) -> None:
    live = LocalServer(tmp_path, "--log", f"sqlite:{tmp_path}/hunts.db", "--data", str(tmp_path / "data"))
    live.launch()
    try:
        catching(live)
        time.sleep(after_s)
        live.signal(signal.SIGTERM)
        assert live.wait() == 0
    finally:
        live.stop()
    assert "Traceback" not in live.stderr.read_text()
