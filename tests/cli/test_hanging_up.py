"""What SIGHUP does to a server: it never ends one without a drain."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from huntserver.cli.serve import _hung_up


@pytest.mark.parametrize(
    ("certificate", "terminal", "done"),
    [
        (True, False, "read again"),
        (True, True, "read again"),
        (False, True, "ends"),
        (False, False, "nothing_to_reload"),
        (False, None, "nothing_to_reload"),
    ],
)
def test_a_signal_to_reload_reads_the_certificate_or_goes_on_and_a_terminal_that_went_drains(
    certificate: bool, terminal: bool | None, done: str
) -> None:
    told: list[str] = []
    pair = SimpleNamespace(reload=lambda: told.append("read again")) if certificate else None
    server: Any = SimpleNamespace(certificate=pair, reporter=SimpleNamespace(note=told.append))
    stdin: Any = None if terminal is None else SimpleNamespace(closed=False, isatty=lambda: terminal)
    asked = asyncio.Event()
    _hung_up(server, asked, stdin)()
    assert told + ["ends"] * asked.is_set() == [done]
