"""What wrong codes cost beside the rules: invites, codes of clues, check-ins, by player and address of a hunt.

A team waits after wrong codes by the hunt's own rules. Here are those whom no team holds back: who has none yet, and
guests who come anew for every try. A right code costs nothing. Kept in memory: a restart forgives. The nodes of a
cluster tell each other (`share`), so that trying at many of them gains nothing; one out of reach counts by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from actors.entity import Rejected
from huntserver.gateway.bucket import TokenBucket
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.proxies import network_of
from huntserver.limits import Limits

KEPT: Final = 20_000
"""Players and addresses with wrong codes that are remembered; of more, those that owe nothing go, then the oldest."""


class Trials:
    """Counts wrong codes; tells who has to wait before the next one."""

    def __init__(self, limits: Limits, clock: LoopClock) -> None:
        self._limits = limits
        self._clock = clock
        self.share: Callable[[bytes], None] = lambda body: None
        self._owed: dict[tuple[str, str], TokenBucket] = {}

    def waits(self, hunt: str, by: str, address: str) -> Rejected | None:
        """Return the refusal of who has tried too many, or None."""
        now_s = self._clock.now_s
        buckets = (self._owed.get((hunt, of)) for of in (by, network_of(address)))
        wait_s = max((bucket.lacks_s(now_s) for bucket in buckets if bucket is not None), default=0.0)
        if not wait_s:
            return None
        return Rejected("cool_down", "too many wrong codes; wait before the next one", True, int(wait_s * 1000) + 1)

    def wrong(self, hunt: str, by: str, address: str) -> None:
        """Charge a wrong code to an address, and to the player `by` ("": a team's cool-down holds the player back)."""
        network = network_of(address)
        self._wrong(hunt, by, network)
        self.share(msgspec.json.encode((hunt, by, network)))

    def heard(self, body: bytes) -> None:
        """Charge what another node tells of. Raises ValueError for what cannot be read."""
        self._wrong(*msgspec.json.decode(body, type=tuple[str, str, str]))

    def _wrong(self, hunt: str, by: str, network: str) -> None:
        limits = self._limits
        if by:
            self._charge((hunt, by), limits.wrong_codes_per_minute_per_player, limits.wrong_codes_burst_per_player)
        self._charge((hunt, network), limits.wrong_codes_per_minute_per_address, limits.wrong_codes_burst_per_address)

    def _charge(self, whom: tuple[str, str], per_minute: float, burst: float) -> None:
        now_s = self._clock.now_s
        bucket = self._owed.get(whom)
        if bucket is None:
            if len(self._owed) >= KEPT:
                self._forget(now_s)
            bucket = self._owed[whom] = TokenBucket(per_minute / 60, burst, now_s)
        bucket.take(now_s)

    def _forget(self, now_s: float) -> None:
        for whom in [whom for whom, bucket in self._owed.items() if bucket.is_full(now_s)]:
            del self._owed[whom]
        while len(self._owed) >= KEPT:
            del self._owed[next(iter(self._owed))]
