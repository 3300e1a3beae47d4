"""The plain HTTP beside the protocol: guest tokens and definitions, on the same port."""

from __future__ import annotations

import json
import time
import urllib.request
from http.client import HTTPException
from typing import Any, Final

from huntserver.client.errors import Refused, Unreachable
from huntserver.client.failure import BETWEEN, unreachable, why

GUEST_S: Final = 10.0
"""For so long a busy server is asked again for a guest's token."""


def http_base(url: str) -> str:
    """Return the HTTP address on the same port as a WebSocket's."""
    base = url.replace("wss://", "https://").replace("ws://", "http://")
    return base.removesuffix("/ws").rstrip("/")


def http(
    method: str, url: str, body: bytes | None, headers: dict[str, str], *, within_s: float = 10.0
) -> tuple[int, dict[str, Any]]:
    """Send one HTTP request and wait for its answer, `within_s` at most; return status and JSON.

    Raises `Unreachable`.
    """
    try:
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=within_s) as answer:
            return answer.status, _object(answer.read())
    except urllib.request.HTTPError as error:
        try:
            return error.code, {"code": "http", "msg": f"HTTP {error.code}"} | _object(error.read())
        except (ValueError, OSError, HTTPException):
            raise Unreachable(f"no huntserver answers at {url} (HTTP {error.code}; {BETWEEN})") from error
    except OSError as error:
        raise Unreachable(unreachable(url, why(error))) from error
    except (ValueError, HTTPException) as error:  # no address at all, or an answer that is no JSON, or no HTTP
        what = " ".join(str(error).split())[:100]
        raise Unreachable(
            f"no huntserver answers at {url} ({what}; {BETWEEN}); write --url as ws://HOST:PORT/ws"
        ) from error


def _object(body: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError for what is none."""
    told = json.loads(body)
    if not isinstance(told, dict):
        raise ValueError("the answer is no JSON object")
    return told


def guest_token(url: str, name: str) -> str:
    """Return a new guest's token; `url` is the WebSocket's. Keep it: it is the player. Blocks, 10 s at most a request.

    A server that has just started may not know yet what time it is, and asks to come back: it is asked again for 10 s.
    Raises `Refused` (the server has no guests, too many came from here, it is busy still) and `Unreachable`.
    """
    by_s = time.monotonic() + GUEST_S
    while True:
        status, body = http("POST", http_base(url) + "/guest", json.dumps({"name": name}).encode(), {})
        if status == 200:
            break
        refused = Refused(body)
        pause_s = (refused.after_ms or 1_000) / 1000
        if refused.code != "busy" or time.monotonic() + pause_s > by_s:
            raise refused
        time.sleep(pause_s)
    if "token" not in body:
        raise Unreachable(f"no huntserver answers at {http_base(url)} (its answer has no token; {BETWEEN})")
    return str(body["token"])


def retry_after_ms(value: str) -> int | None:
    """Return a `Retry-After` in seconds as ms; a date, which the server never sends, counts as none."""
    return int(value) * 1000 if value.isascii() and value.isdigit() and len(value) < 7 else None
