"""A token bucket. Pure: time is an argument."""

from __future__ import annotations


class TokenBucket:
    """Holds up to `burst` tokens and gains `per_s` of them a second; starts full."""

    __slots__ = ("_at_s", "_left", "burst", "per_s")

    def __init__(self, per_s: float, burst: float, now_s: float) -> None:
        self.per_s = per_s
        self.burst = burst
        self._left = burst
        self._at_s = now_s

    def take(self, now_s: float, tokens: float = 1.0) -> float:
        """Take tokens; return 0.0, or the seconds until there are enough: then none were taken."""
        left = min(self.burst, self._left + (now_s - self._at_s) * self.per_s)
        self._at_s = now_s
        if left < tokens:
            self._left = left
            return (tokens - left) / self.per_s
        self._left = left - tokens
        return 0.0

    def lacks_s(self, now_s: float) -> float:
        """Return the seconds until there is a token; 0.0: there is one. Takes none."""
        left = min(self.burst, self._left + (now_s - self._at_s) * self.per_s)
        return max(0.0, (1.0 - left) / self.per_s)

    def owed(self, now_s: float) -> float:
        """Return how many tokens are taken and not gained back."""
        return max(0.0, self.burst - self._left - (now_s - self._at_s) * self.per_s)

    def owe(self, now_s: float, tokens: float) -> None:
        """See that so many tokens are owed at least."""
        if tokens > self.owed(now_s):
            self._left, self._at_s = max(0.0, self.burst - tokens), now_s

    def is_full(self, now_s: float) -> bool:
        """Tell whether nothing is owed: forgetting the bucket changes nothing."""
        return self._left + (now_s - self._at_s) * self.per_s >= self.burst
