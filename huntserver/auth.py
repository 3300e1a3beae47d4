"""Tokens: who connects, in which role. HS256 JWTs with one key; guests get theirs from the server.

Owns the key file and the claims. Never logs a token or a key; one algorithm is pinned.
"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

import jwt

from actors.actor import Caller
from actors.entity import Rejected

ALGORITHM: Final = "HS256"
ROLES: Final = ("player", "host", "admin")
ISSUER: Final = "huntserver"
GUEST_TTL_S: Final = 30 * 86_400
NAME_MAX: Final = 40
SUBJECT_MAX: Final = 64


class KeyFileError(Exception):
    """The key file cannot be used; the text names it and the cure."""


class Tokens:
    """Mints and checks tokens with one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise KeyFileError(f"the token key has {len(key)} bytes, it needs 32 or more")
        self._key = key

    def mint(self, role: str, subject: str, name: str = "", ttl_s: float = GUEST_TTL_S) -> str:
        """Return a token. Raises ValueError for a role or subject that is not allowed."""
        if role not in ROLES:
            raise ValueError(f"role {role!r} is not known, allowed are {', '.join(ROLES)}")
        if not 1 <= len(subject) <= SUBJECT_MAX or not subject.isprintable() or "/" in subject:
            raise ValueError(f"subject {subject!r} must be 1 to {SUBJECT_MAX} characters that can be shown, without /")
        if len(name) > NAME_MAX or (name and not name.isprintable()):
            raise ValueError(f"a name has at most {NAME_MAX} characters that can be shown")
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": subject, "role": role, "name": name, "iat": now, "exp": now + int(ttl_s)}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def guest(self, name: str) -> tuple[str, str]:
        """Return (player id, token) of a fresh guest."""
        player = "g" + secrets.token_urlsafe(9)
        return player, self.mint("player", player, name)

    def verify(self, token: str) -> Caller | Rejected:
        """Return who the token speaks for, or why it is refused."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, algorithms=[ALGORITHM], issuer=ISSUER, options={"require": ["exp", "sub", "role"]}
            )
        except jwt.ExpiredSignatureError:
            return Rejected("token_expired", "the token has expired; ask for a new one")
        except jwt.InvalidTokenError as error:
            return Rejected("bad_token", f"the token is not valid ({type(error).__name__})")
        role, subject, name = claims["role"], claims["sub"], claims.get("name", "")
        if role not in ROLES or not isinstance(subject, str) or not isinstance(name, str) or "/" in subject:
            return Rejected("bad_token", "the token's role, subject or name is not one of ours")
        return Caller(("p:" if role == "player" else "h:") + subject[:SUBJECT_MAX], role, name[:NAME_MAX])


def load_key(path: Path, *, make: bool) -> bytes:
    """Return the key in a file; with `make` a missing one is made (mode 0600). Raises `KeyFileError`."""
    try:
        data = path.read_bytes().strip()
    except FileNotFoundError:
        if not make:
            raise KeyFileError(f"{path}: no token key there; make one with: openssl rand -hex 32 > {path}") from None
        path.parent.mkdir(parents=True, exist_ok=True)
        data = secrets.token_hex(32).encode()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data + b"\n")
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) < 32:
        raise KeyFileError(f"{path}: holds {len(data)} bytes, a token key needs 32 or more")
    return data
