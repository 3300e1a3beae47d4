"""Clues that ask for an opinion: nothing is judged, the first answer is kept and counts as done. Pure."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from huntserver.game.clues.kind import GuessJudge, Kind
from huntserver.game.definition.part import Part, Wrong


class SurveyKeys(Part, frozen=True):
    """A survey has no keys of its own: its text asks."""


class SurveyJudge(GuessJudge):
    """Takes every answer that says something."""

    __slots__ = ()

    nothing: Final = "the answer is empty"
    replies: Final = False
    texts: Final[frozenset[str]] = frozenset()

    def normal(self, raw: str) -> str:
        """Return the answer as it was written."""
        return raw

    def mark(self, raw: str, normal: str) -> int:
        """Return 32 bits that stand for an answer; 0: it says nothing."""
        return (crc32(normal.encode(errors="surrogatepass")) or 1) if any(map(str.isprintable, raw.split())) else 0

    def fits(self, raw: str) -> bool:
        """Every answer will do."""
        return True

    def reply(self, raw: str, normal: str) -> str | None:
        """No answer is on the way to another."""
        return None


def check(wrong: Wrong, path: str, clue: SurveyKeys) -> None:
    """There is nothing to be wrong."""


KIND: Final = Kind("survey", SurveyKeys, owns=(), check=check, judge=lambda clue: SurveyJudge(), kept=True)
