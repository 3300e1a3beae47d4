"""Our own tokens: HS256 JWTs with one key; guests get theirs from the server.

Owns the claims. Never logs a token or a key; one algorithm is pinned. A token that names another issuer is judged by
`issuers`, with that issuer's own keys and algorithms.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final

import jwt
import msgspec

from actors.entity import Rejected
from actors.shard.actor import Caller
from actors.timekeeper import Timekeeper
from huntserver.auth.issuers import Issuers, unverified, why_not
from huntserver.auth.key_file import KeyFileError
from huntserver.auth.validity import EXPIRED, IN_DOUBT, NOT_YET, Times, is_within, untimed, untimely, wall_time
from huntserver.game.names import NAME_MAX, name_problem, shown_name

ALGORITHM: Final = "HS256"
ROLES: Final = ("player", "host", "admin", "watcher")
ISSUER: Final = "huntserver"
GUEST_TTL_S: Final = 30 * 86_400
RENEW_AFTER_S: Final = 86_400
SUBJECT_MAX: Final = 64
NAME_RULE: Final = f"a name has at most {NAME_MAX} characters that can be shown"

NO_TOKEN: Final = Rejected("bad_token", "send the token as: Authorization: Bearer TOKEN")
ERASED: Final = Rejected("bad_token", "this player was erased; ask for a new token")
_HEADER: Final = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
"""`{"alg":"HS256","typ":"JWT"}`, as our own tokens begin."""


class _Claims(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What stands in a token that we minted, and nothing else."""

    iss: str
    sub: str
    role: str
    exp: int
    iat: int
    name: str
    guest: bool = False


_PREFIXES: Final = {"player": "p:", "watcher": "w:"}
_decode_claims = msgspec.json.Decoder(_Claims).decode


class Tokens:
    """Mints and checks tokens with one key; `issuers` judge the tokens of others.

    `erased` tells of a caller (`p:ID`) whether that player was erased: no token of ours speaks for them any more. A
    person of another issuer comes in again as another player: nothing tells that it is the same one.
    """

    def __init__(self, key: bytes, issuers: Issuers | None = None, erased: Callable[[str], bool] | None = None) -> None:
        if len(key) < 32:
            raise KeyFileError(f"the token key has {len(key)} bytes, it needs 32 or more")
        self._key = key
        self._issuers = issuers or Issuers(())
        self._erased = erased or (lambda by: False)
        self.times: Times = wall_time
        self.in_doubt: Callable[[], bool] = lambda: False

    def go_by(
        self, keeper: Timekeeper, *, has_read: Callable[[], bool] = lambda: True, wall: Times = wall_time
    ) -> None:
        """Date tokens by a server's time, judge them by it or the wall clock's; while in doubt none for good.

        `has_read`: the server has read its log, which may hold no record to tell the time by.
        """
        self.times = lambda: (keeper.now_ms() / 1000, *wall())
        self.in_doubt = lambda: not (keeper.is_told() or (keeper.proved and has_read()))

    def mint(self, role: str, subject: str, name: str = "", ttl_s: float = GUEST_TTL_S) -> str:
        """Return a token. Raises ValueError for a role or subject that is not allowed."""
        if role not in ROLES:
            raise ValueError(f"role {role!r} is not known, allowed are {', '.join(ROLES)}")
        if not _is_subject(subject):
            raise ValueError(f"subject {subject!r} must be 1 to {SUBJECT_MAX} characters that can be shown, without /")
        if not _is_name(name):
            raise ValueError(NAME_RULE)
        return self._signed(role, subject, name, ttl_s)

    def _signed(self, role: str, subject: str, name: str, ttl_s: float, **more: Any) -> str:
        now = int(self.times()[0])
        claims = {"iss": ISSUER, "sub": subject, "role": role, "name": name, "iat": now, "exp": now + int(ttl_s)}
        return jwt.encode({**claims, **more}, self._key, algorithm=ALGORITHM)

    def guest(self, name: str) -> tuple[str, str]:
        """Return (player id, token) of a fresh guest. Raises ValueError for a name that is not allowed."""
        if not _is_name(name):
            raise ValueError(NAME_RULE)
        player = "g" + secrets.token_urlsafe(9)
        return player, self._signed("player", player, name, GUEST_TTL_S, guest=True)

    def paired(self, player: str, name: str) -> str:
        """Return a guest's token for another device of a player that there is."""
        return self._signed("player", player, name, GUEST_TTL_S, guest=True)

    def renewed(self, token: str) -> str | None:
        """Return a fresh token for a guest whose own is a day old, None for all others. The token must be verified.

        None as well while the clock is in doubt: a token that is dated by a wrong one is refused once it is right.
        """
        ours = _claims_of(token)
        if self.in_doubt() or (ours is not None and not ours.guest):
            return None
        claims = msgspec.structs.asdict(ours) if ours else unverified(token)
        if (
            claims.get("iss") != ISSUER
            or claims.get("guest") is not True
            or self.times()[0] - claims["iat"] < RENEW_AFTER_S
        ):
            return None
        return self._signed("player", claims["sub"], claims["name"], GUEST_TTL_S, guest=True)

    def bearer(self, header: str) -> Caller | Rejected:
        """Return who an Authorization header speaks for (RFC 6750, 2.1), or why it is refused: `NO_TOKEN`, if it holds
        none."""
        scheme, _, token = header.partition(" ")
        return self.verify(token.strip()) if scheme.lower() == "bearer" else NO_TOKEN

    def verify(self, token: str) -> Caller | Rejected:
        """Return who the token speaks for, or why it is refused: for now alone, if it is for a clock in doubt."""
        caller = self._verified(token)
        if isinstance(caller, Rejected) and caller in (EXPIRED, NOT_YET) and self.in_doubt():
            return IN_DOUBT
        if isinstance(caller, Caller) and self._erased(caller.by):
            return ERASED
        return caller

    def _verified(self, token: str) -> Caller | Rejected:
        ours = self._ours(token)
        if ours is not None:
            return _caller(ours.role, ours.sub, ours.name)
        if self._issuers.known:
            others = self._issuers.verify(token, self.times())
            if others is not None:
                if isinstance(others, Rejected):
                    return others
                subject = self._living(others.subject) if others.role == "player" else others.subject
                return _caller(others.role, subject, others.name)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options=untimed("exp", "sub", "role"),
            )
        except jwt.InvalidTokenError as error:
            return Rejected("bad_token", why_not(error))
        return untimely(claims, self.times()) or _caller(claims["role"], claims["sub"], claims.get("name", ""))

    def _living(self, subject: str) -> str:
        """Return the id that a person of another issuer has now: another one after each erasure."""
        living, times = subject, 0
        while self._erased(f"p:{living}"):
            times += 1
            digest = hashlib.sha256(f"{subject}\0{times}".encode()).digest()
            living = "x" + base64.b32encode(digest[:15]).decode().lower()
        return living

    def _ours(self, token: str) -> _Claims | None:
        """Return the claims of a valid token of the very form that we mint; None: the library must judge it.

        The library's own way takes five times as long: felt when ten thousand players come (`docs/proof/load.md`, C).
        """
        signed, _, signature = token.rpartition(".")
        if not token.startswith(_HEADER) or not token.isascii():
            return None
        ours = base64.urlsafe_b64encode(hmac.digest(self._key, signed.encode(), "sha256")).rstrip(b"=")
        claims = _claims_of(token) if hmac.compare_digest(ours, signature.encode()) else None
        if claims is None:
            return None
        fresh = any(is_within(claims.iat, claims.exp, now) for now in self.times())
        return claims if claims.iss == ISSUER and fresh else None


def _claims_of(token: str) -> _Claims | None:
    """Return what a token of the very form that we mint says, whoever signed it; None: it is of another form."""
    signed, _, _ = token.rpartition(".")
    header, _, payload = signed.partition(".")
    if header != _HEADER:
        return None
    try:
        return _decode_claims(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None


def _caller(role: Any, subject: Any, name: Any) -> Caller | Rejected:
    if role not in ROLES or not _is_subject(subject) or not isinstance(name, str) or not _is_name(name):
        return Rejected("bad_token", "the token's role, subject or name is not one of ours")
    return Caller(_PREFIXES.get(role, "h:") + subject, role, name)


def _is_subject(subject: Any) -> bool:
    return (
        isinstance(subject, str) and 1 <= len(subject) <= SUBJECT_MAX and subject.isprintable() and "/" not in subject
    )


def _is_name(name: str) -> bool:
    return not name or (min(name) >= " " and not name_problem(shown_name(name)))
