"""Whether a token is valid by the time: not from the future, not expired.

A wall clock may be wrong while play goes on by another time (`actors.timekeeper`), so a token counts that is valid by
either: phones come back all the time, and one whose token is refused gives up who it is. Owns the leeway. It must never
ask a clock itself, but for the default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jwt.types import Options

from actors.entity import Rejected

LEEWAY_S: Final = 5.0
"""How far the clocks of those who mint and those who check may be apart."""

EXPIRED: Final = Rejected("token_expired", "the token has expired; ask for a new one")
NOT_YET: Final = Rejected("bad_token", "the token is not valid: it is not valid yet: is a clock wrong?")
IN_DOUBT: Final = Rejected(
    "busy", "this server does not know yet what time it is, and judges and dates no token by it; come back", True, 1_000
)
"""What is said instead while the server's clock is in doubt: who hears one of the others gives up who he is. A guest
hears it, too: a token that is dated by a wrong clock is refused once it is right."""

Times = Callable[[], Sequence[float]]
"""The times that may be right, in s since 1970; new tokens are dated by the first."""


def wall_time() -> Sequence[float]:
    """Return the wall clock's time alone."""
    return (time.time(),)


def untimed(*required: str, audience: bool = True) -> Options:
    """Return how PyJWT shall judge all but the time, of which it knows the wall clock's only."""
    return {
        "require": list(required),
        "verify_aud": audience,
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }


def untimely(claims: Mapping[str, Any], times: Sequence[float]) -> Rejected | None:
    """Return why verified claims are not valid by any of the times; None: they are."""
    for name in ("exp", "iat", "nbf"):
        try:
            int(claims.get(name, 0))
        except (TypeError, ValueError, OverflowError):
            return Rejected("bad_token", f"the token is not valid: its {name!r} is no number of seconds")
    begins, ends = max(int(claims.get(name, 0)) for name in ("iat", "nbf")), int(claims["exp"])
    if any(is_within(begins, ends, now) for now in times):
        return None
    if ends <= times[0] - LEEWAY_S:
        return EXPIRED
    return NOT_YET


def is_within(begins: float, ends: float, now: float) -> bool:
    """Tell whether a time lies in a token's, give or take the leeway."""
    return begins <= now + LEEWAY_S and now < ends + LEEWAY_S
