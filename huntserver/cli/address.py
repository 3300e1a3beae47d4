"""A server's address as a person gives it: the WebSocket's, or what a browser's address bar shows."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import click

DEFAULT: Final = "ws://127.0.0.1:8080/ws"
_SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_PAGES: Final = ("/host", "/board", "/play", "/index.html")
"""Pages of a server, whose address is copied instead of the server's."""


class ServerAddress(click.ParamType[str]):
    """Turns `http://HOST:PORT/`, `HOST:PORT` and pages below into `ws://HOST:PORT/ws`; refuses what is no address."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the WebSocket's address. Raises `click.BadParameter` for what is none."""
        text = str(value).strip()
        parts = _parts(text)
        if parts is None:
            self.fail(f"{text!r} is no address of a server; write ws://HOST:PORT/ws or http://HOST:PORT", param, ctx)
        scheme, place, path = parts
        for page in _PAGES:
            path = path.removesuffix(page)
        return f"{scheme}://{place}{path}" if path.endswith("/ws") else f"{scheme}://{place}{path}/ws"


def _parts(text: str) -> tuple[str, str, str] | None:
    """Return scheme, host with port, and path without a slash at its end; None for what is no address."""
    try:
        parts = urlsplit(text if "://" in text else f"ws://{text}")
        given = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES or not parts.hostname or not given or any(c.isspace() for c in text):
        return None
    return _SCHEMES[parts.scheme.lower()], parts.netloc, parts.path.rstrip("/")


URL = click.option("--url", type=ServerAddress(), default=DEFAULT, show_default=True, help="address of the server")
