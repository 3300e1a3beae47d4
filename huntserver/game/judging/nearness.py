"""Near misses: how many slips of the finger part a guess from an answer. Pure.

A slip is a letter too many, too few or wrong, or two neighbours changed (optimal string alignment). Numbers are never
near: one figure makes another number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SLIPS_MAX: Final = 5
LETTERS_A_SLIP: Final = 3
"""A text needs so many letters for each slip that is forgiven, or every short word would be near to every other."""


def near(guess: str, answers: Iterable[str], slips: int) -> str | None:
    """Return an answer that the guess misses by at most so many slips, or None. All texts are folded."""
    from rapidfuzz.distance import OSA  # loaded by the first hunt that has near misses

    for answer in answers:
        most = allowed(answer, slips)
        if most and abs(len(answer) - len(guess)) <= most and not _figures_differ(guess, answer):
            distance = OSA.distance(guess, answer, score_cutoff=most)
            if 0 < distance <= most:
                return answer
    return None


def allowed(answer: str, slips: int) -> int:
    """Return how many slips are forgiven in an answer of its length."""
    return min(slips, len(answer) // LETTERS_A_SLIP) if len(answer) > LETTERS_A_SLIP else 0


def _figures_differ(a: str, b: str) -> bool:
    return [c for c in a if c.isdecimal()] != [c for c in b if c.isdecimal()]
