"""Sets of a hunt's things (clues, then treasures) as the bits of a number. Pure."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def bits(mask: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, rising; remembered, since all who have just joined have the same."""
    return tuple([i for i in range(mask.bit_length()) if mask >> i & 1])
