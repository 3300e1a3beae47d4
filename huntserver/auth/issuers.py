"""Tokens of others: issuers that the configuration trusts, with their public keys as a JWK set (RFC 7517).

Owns the keys and when they are read again. A token names its issuer and its key; the issuer's own algorithms, audience
and claims decide. Verification never waits: keys are fetched beside it, and a token with a key that is not known yet
is refused with a time, while the set is fetched anew. Never logs a token.
"""

from __future__ import annotations

import base64
import hashlib
import time
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, NamedTuple

import jwt

from actors.entity import Rejected
from huntserver.auth.validity import untimed, untimely
from huntserver.config import Issuer
from huntserver.game.names import fit_name

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones only: with a shared secret, whoever checks could mint."""
REFRESH_S: Final = 300.0
"""A key set is read again after so long: how soon a rotation without an unknown key is seen."""
ASK_AGAIN_S: Final = 10.0
"""Between two fetches for unknown keys: strangers cannot make us ask an issuer more often."""
FETCH_TIMEOUT_S: Final = 10.0
JWKS_BYTES_MAX: Final = 1 << 20
_WHY: Final = (
    (jwt.InvalidSignatureError, "another key signed it: is it another server's?"),
    (jwt.InvalidIssuerError, "its issuer is another one"),
    (jwt.InvalidAudienceError, "it is meant for another audience"),
    (jwt.InvalidAlgorithmError, "it is signed by a way that is not allowed here"),
    (jwt.DecodeError, "it is no JWT, or a part of one: copy the whole of it"),
)
"""What PyJWT raises, the particular before the general."""


def why_not(error: Exception) -> str:
    """Return why a token is refused, in words."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"the token is not valid: it has no {error.claim!r}"
    return (
        f"the token is not valid: {next((why for kind, why in _WHY if isinstance(error, kind)), type(error).__name__)}"
    )


class IssuerError(Exception):
    """An issuer cannot be used as it is configured; the text names it, the value seen and what is allowed."""


class Claims(NamedTuple):
    """What a good token of an issuer says."""

    role: str
    subject: str
    name: str


class KeySet:
    """The public keys of one issuer, read from a file or an address."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problem = "not read yet"
        self.read_at_s = float("-inf")  # monotonic, of the last attempt
        self._keys: dict[str, jwt.PyJWK] = {}

    def find(self, kid: str | None) -> jwt.PyJWK | None:
        """Return a key by its id; without one, the only key of the set."""
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid or "")

    def due(self, now_s: float, *, unknown_key: bool) -> bool:
        """Tell whether the set should be read again now."""
        return now_s - self.read_at_s >= (ASK_AGAIN_S if unknown_key or self.problem else REFRESH_S)

    def load(self, now_s: float) -> bool:
        """Read the set; keep the keys that are there when it cannot be read. Blocks: not for the event loop.

        Returns whether the set was good; `problem` says why not.
        """
        self.read_at_s = now_s
        try:
            keys = jwt.PyJWKSet.from_json(self._fetch().decode()).keys
            self._keys = {key.key_id or "": key for key in keys}
            self.problem = ""
        except (OSError, ValueError, HTTPException, jwt.PyJWTError) as error:
            self.problem = f"{self.source}: no usable JWK set ({type(error).__name__}: {error})"[:300]
        return not self.problem

    def _fetch(self) -> bytes:
        if "://" not in self.source:
            return Path(self.source).read_bytes()
        with urllib.request.urlopen(self.source, timeout=FETCH_TIMEOUT_S) as answer:
            data: bytes = answer.read(JWKS_BYTES_MAX + 1)
        if len(data) > JWKS_BYTES_MAX:
            raise ValueError(f"over {JWKS_BYTES_MAX} bytes")
        return data


class Issuers:
    """All issuers whose tokens count besides our own.

    `wanted` is called with a key set that should be read again: the caller does so off the loop (`KeySet.load`).
    """

    def __init__(self, issuers: Sequence[Issuer], wanted: Callable[[KeySet], None] = lambda keys: None) -> None:
        for issuer in issuers:
            check(issuer)
        self.known = {issuer.issuer: (issuer, KeySet(issuer.jwks)) for issuer in issuers}
        self._wanted = wanted

    def key_sets(self) -> list[KeySet]:
        """Return every issuer's keys."""
        return [keys for _, keys in self.known.values()]

    def verify(self, token: str, times: Sequence[float]) -> Claims | Rejected | None:
        """Judge a token of one of these issuers by the times that may be right; None: it names none of them."""
        named = self.known.get(str(unverified(token).get("iss", "")))
        if named is None:
            return None
        issuer, keys = named
        try:
            key = self._key(token, keys)
            if key is None:
                return Rejected("bad_token", "the token's key is not known (yet)", True, int(ASK_AGAIN_S * 1000))
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(issuer.algorithms),
                issuer=issuer.issuer,
                audience=issuer.audience or None,
                options=untimed("exp", audience=bool(issuer.audience)),
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            return Rejected("bad_token", why_not(error))
        return untimely(claims, times) or claimed(issuer, claims)

    def _key(self, token: str, keys: KeySet) -> jwt.PyJWK | None:
        kid = jwt.get_unverified_header(token).get("kid")
        key = keys.find(kid if isinstance(kid, str) else None)
        if keys.due(time.monotonic(), unknown_key=key is None):
            self._wanted(keys)
        return key


def claimed(issuer: Issuer, claims: dict[str, Any]) -> Claims | Rejected:
    """Return who a verified token speaks for.

    Ids of another issuer never meet those of our own tokens or of a third: they are a digest of issuer and subject.
    """
    subject = reach(claims, issuer.subject_claim)
    if not isinstance(subject, str | int) or subject == "":
        return Rejected("bad_token", f"the token has no {issuer.subject_claim}")
    digest = hashlib.sha256(f"{issuer.issuer}\0{subject}".encode()).digest()
    name = reach(claims, issuer.name_claim)
    shown = fit_name(name) if isinstance(name, str) else ""
    id = "x" + base64.b32encode(digest[:15]).decode().lower()
    return Claims(role_of(issuer, claims), id, shown)


def role_of(issuer: Issuer, claims: dict[str, Any]) -> str:
    """Return the highest role that the claims map to."""
    held = reach(claims, issuer.role_claim) if issuer.role_claim else None
    values = held if isinstance(held, list) else [held]
    roles = {issuer.roles.get(value) for value in values if isinstance(value, str)}
    return next((role for role in ("admin", "host") if role in roles), "player")


def reach(claims: dict[str, Any], path: str) -> Any:
    """Return a claim; a name that is there as it stands first, then dots as steps into objects."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def unverified(token: str) -> dict[str, Any]:
    """Return the claims of a token that nobody has verified; an empty dict for what is no token."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        return {}
    return claims


def check(issuer: Issuer) -> None:
    """Raise `IssuerError` for an issuer that cannot be used."""
    name = f"auth.issuers: {issuer.issuer!r}"
    if issuer.issuer == "huntserver":
        raise IssuerError(f"{name}: this is the `iss` of the server's own tokens, another issuer has its own")
    if not issuer.issuer:
        raise IssuerError("auth.issuers: issuer is empty, the `iss` of its tokens is needed")
    for algorithm in issuer.algorithms:
        if algorithm not in ALGORITHMS:
            raise IssuerError(f"{name}: algorithm {algorithm!r} is not taken, allowed are {', '.join(ALGORITHMS)}")
    if not issuer.algorithms:
        raise IssuerError(f"{name}: algorithms is empty, allowed are {', '.join(ALGORITHMS)}")
    for value, role in issuer.roles.items():
        if role not in ("player", "host", "admin"):
            raise IssuerError(f"{name}: roles.{value} is {role!r}, allowed are player, host, admin")
    scheme, _, rest = issuer.jwks.partition("://")
    local = rest.startswith(("127.0.0.1", "localhost", "[::1]"))
    if rest and scheme != "https" and not (scheme == "http" and local):
        raise IssuerError(f"{name}: jwks {issuer.jwks!r} is neither a path nor an https:// address")
