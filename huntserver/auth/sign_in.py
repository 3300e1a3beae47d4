"""One-time links that sign a host in at the console.

A link carries a code in its fragment, which browsers send to nobody; the page gives it back for a token. A code is
signed, so that a terminal can make one beside the server, and valid once: a file named by the code's id marks it as
used, also over a restart, and says by which use: so the nodes of a cluster can ask each other for the same one. No code
and no token is ever logged.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import jwt

from actors.entity import Rejected
from huntserver.auth.tokens import ALGORITHM, Tokens

ISSUER: Final = "huntserver.link"
"""Not that of tokens: a code opens nothing but the exchange, and a token is no code."""
LINK_TTL_S: Final = 15 * 60
CONSOLE_TTL_S: Final = 7 * 86_400
"""How long a browser stays signed in."""
ROLES: Final = ("host", "admin")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_OURS: Final = re.compile(r"[0-9a-f]{32}|\.[0-9a-f]{32}\.[0-9a-f]{16}")
USED: Final = Rejected("bad_token", "this link was used already; make another: huntserver token --link")
INVALID: Final = Rejected("bad_token", "this link is not one of this server's; make another: huntserver token --link")
EXPIRED: Final = Rejected("token_expired", "this link is older than 15 minutes; make another: huntserver token --link")


def link_code(key: bytes, *, role: str, subject: str, name: str, ttl_s: float = LINK_TTL_S) -> str:
    """Return the code of a new link, valid once within `ttl_s` seconds. Raises ValueError for a role of players, or a
    subject or name that tokens may not have."""
    if role not in ROLES:
        raise ValueError(f"role {role!r} cannot sign in by a link, allowed are {', '.join(ROLES)}")
    Tokens(key).mint(role, subject, name)  # judges subject and name
    now = int(time.time())
    claims = {"iss": ISSUER, "jti": secrets.token_hex(16), "sub": subject, "role": role, "name": name}
    return jwt.encode({**claims, "exp": now + int(ttl_s)}, key, algorithm=ALGORITHM)


class LinkClaims(NamedTuple):
    """What a code says: its id, and for whom it speaks."""

    id: str
    role: str
    subject: str
    name: str


def is_code_id(text: str) -> bool:
    """Tell whether a text is the id of a code."""
    return _ID.fullmatch(text) is not None


class SignIn:
    """Judges codes and makes tokens. `folder` holds the marks of used ones: a file each until it would expire anyway.

    `tokens` dates what is made, by the server's time. Codes are judged by the wall clock, by which a terminal beside
    the server dates them a moment before, and by which marks are forgotten.

    What reads or writes files is to be called beside the loop, and raises OSError.
    """

    def __init__(self, key: bytes, folder: Path, tokens: Tokens | None = None) -> None:
        self._key = key
        self._tokens = tokens or Tokens(key)
        self._folder = folder

    def is_in_doubt(self) -> bool:
        """Tell whether a token that is made now may be dated by a wrong clock."""
        return self._tokens.in_doubt()

    def use(self, code: str, by: str) -> LinkClaims | Rejected:
        """Use a code up here, under a name of this use; return what it says, or why not. When the mark cannot be
        written the code stays good."""
        try:
            claims: dict[str, Any] = jwt.decode(
                code,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "jti", "sub", "role", "name"]},
            )
        except jwt.ExpiredSignatureError:
            return EXPIRED
        except jwt.InvalidTokenError:
            return INVALID
        if not is_code_id(str(claims["jti"])) or claims["role"] not in ROLES:
            return INVALID
        if not self.mark(claims["jti"], by):
            return USED
        return LinkClaims(claims["jti"], claims["role"], claims["sub"], claims["name"])

    def session(self, claims: LinkClaims) -> dict[str, Any]:
        """Return `token` and `name` of whom a code speaks for."""
        token = self._tokens.mint(claims.role, claims.subject, claims.name, CONSOLE_TTL_S)
        return {"token": token, "player": f"h:{claims.subject}", "name": claims.name, "role": claims.role}

    def mark(self, id: str, by: str) -> bool:
        """Mark a code as used, durably; False: it was, by another use. Of two at once one is first: the file system
        says which."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget_expired()
        path, written = self._folder / id, self._folder / f".{id}.{secrets.token_hex(8)}"
        handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, by.encode())
            os.fsync(handle)
            os.link(written, path)
        except FileExistsError:
            return path.read_text() == by
        finally:
            os.close(handle)
            written.unlink()
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True

    def used(self) -> list[str]:
        """Return the ids of codes that were used and may not have expired yet."""
        if not self._folder.is_dir():
            return []
        return [path.name for path in self._folder.iterdir() if is_code_id(path.name)]

    def _forget_expired(self) -> None:
        before_s = time.time() - 2 * LINK_TTL_S
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if _OURS.fullmatch(path.name) and path.stat().st_mtime < before_s:
                    path.unlink()
