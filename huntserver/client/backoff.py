"""How long a client waits: before it connects again, and before it sends a refused command again. Pure.

Waits are whole ms, rounded down; `roll` is a random number in [0, 1). The formulas stand in `docs/clients.md`, and the
conformance vectors hold every client to them.
"""

from __future__ import annotations

from typing import Final

from huntserver.errors import REFUSALS, RESENT_WITH_SAME_KEY

RECONNECT_FIRST_MS: Final = 250
RECONNECT_MAX_MS: Final = 15_000
DELAYED_FIRST_MS: Final = 1_000
"""After a close code of 4100-4199 (come back after a delay) that no `goaway` gave a delay for."""
STABLE_MS: Final = 5_000
"""A connection that was greeted and lived so long ends a series of failures."""
RESEND_MAX_MS: Final = 5_000
DOUBLINGS_MAX: Final = 10


def resend_ms(code: str, after_ms: int | None, tries: int, roll: float, max_ms: int = RESEND_MAX_MS) -> int | None:
    """Return the wait before a refused command goes again with the same key; None: the refusal is its answer.

    `after_ms` is what the refusal named, `tries` how often the command was refused in this way before. Never less than
    `after_ms`; doubled with every try up to `max_ms`; then up to half as much again, as jitter.
    """
    if code not in RESENT_WITH_SAME_KEY:
        return None
    first = after_ms or REFUSALS[code].delay_ms
    return int(max(first, min(first << min(tries, DOUBLINGS_MAX), max_ms)) * (1 + roll / 2))


class Reconnecting:
    """When to connect again, as close codes, `goaway` and earlier failures say.

    `first_ms` and `max_ms` bound the backoff of connections that ended without a close code of ours.
    """

    __slots__ = ("_away_ms", "_fails", "_first_ms", "_max_ms")

    def __init__(self, first_ms: int = RECONNECT_FIRST_MS, max_ms: int = RECONNECT_MAX_MS) -> None:
        self._first_ms = first_ms
        self._max_ms = max_ms
        self._fails = 0
        self._away_ms: int | None = None

    def told(self, after_ms: int) -> None:
        """Note what a `goaway` asks for; it holds for the end of this connection."""
        self._away_ms = max(after_ms, 0)

    def stable(self) -> None:
        """The connection that ends now was a good one: failures are counted anew."""
        self._fails = 0

    def wait_ms(self, code: int | None, after_ms: int | None, roll: float) -> int | None:
        """Return the wait after a connection's end; None: do not come back.

        `code` is the close code, None if there was none; `after_ms` what the server said with it (a `Retry-After` of
        a refused handshake, a refused hello), if it did.
        """
        if code is not None and 4000 <= code < 4100:
            return None
        asked = self._away_ms if after_ms is None else after_ms
        fails, self._fails, self._away_ms = self._fails, self._fails + 1, None
        if asked is not None:
            return int(asked * (1 + roll / 2)) if after_ms is not None else asked
        if code is not None and 4200 <= code < 4300 and not fails:
            return 0
        delayed = code is not None and 4100 <= code < 4200
        first = max(DELAYED_FIRST_MS, self._first_ms) if delayed else self._first_ms
        most = max(self._max_ms, first)
        return int(min(first << min(fails, DOUBLINGS_MAX), most) * (0.5 + roll))
