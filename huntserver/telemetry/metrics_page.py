"""The page of metrics, made anew for so many who ask and no more: a page costs milliseconds of the event loop.

Owns the page that was made last. It needs no token, so strangers may ask for it as often as the door lets them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from huntserver.gateway.bucket import TokenBucket

PAGES_PER_S: Final = 4.0
"""Some 2 % of the loop at the most. A Prometheus asks every few seconds."""
PAGES_BURST: Final = 20


class MetricsPage:
    """`make` returns the page as things are now."""

    def __init__(self, make: Callable[[], bytes], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock_s = clock_s
        self._fresh = TokenBucket(PAGES_PER_S, PAGES_BURST, clock_s())
        self._page = b""

    def __call__(self) -> bytes:
        """Return the page, made now or, when it was asked for too often, a moment ago."""
        if not self._fresh.take(self._clock_s()) or not self._page:
            self._page = self._make()
        return self._page
