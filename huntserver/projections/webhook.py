"""One webhook as an operator writes it, its secret, and the signature of what is sent to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Final

import msgspec

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = (24, 64)


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that is told what happens. `name` names its file of positions and its lines in the log.

    `secret_file` holds its secret, `whsec_` and base64 of 24 to 64 bytes. `events`: the events that it is told, empty
    for all; `hunts`: of these hunts only, empty for all.
    """

    name: str
    url: str
    secret_file: str
    events: list[str] = []
    hunts: list[str] = []


class SecretError(ValueError):
    """A webhook's secret cannot be used; the text says why and never shows it."""


def secret_of(path: Path) -> bytes:
    """Return the secret in a file. Raises `SecretError`."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"{path}: cannot be read ({error})") from None
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        secret = b""
    least, most = SECRET_BYTES
    if not text.startswith(PREFIX) or not least <= len(secret) <= most:
        raise SecretError(
            f"{path}: is no secret; allowed is {PREFIX} and the base64 of {least} to {most} bytes, "
            f"made with: echo {PREFIX}$(openssl rand -base64 32)"
        )
    return secret


def signature(secret: bytes, id: str, at_s: int, body: bytes) -> str:
    """Return the signature header of a message that is sent at `at_s` (seconds since 1970)."""
    signed = b"%s.%d." % (id.encode(), at_s) + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
